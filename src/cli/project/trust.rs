//! The folders that belong to the code base: whoever wrote it wrote what lies there, so no program there may be run and
//! no cache there believed.

use std::path::{Path, PathBuf};

use super::ancestors;
use super::layout::{Asked, Layout};

/// Returns the folders of the code base, as they really are: what was named, the projects it may belong to, and the
/// repositories around those.
///
/// The root of the file system and the user's home hold everything else too: they count only where they were named.
pub(super) fn untrusted(asked: &Asked, layouts: &[Layout]) -> Vec<PathBuf> {
    let named = asked.folders.iter().map(PathBuf::as_path).chain(asked.files.iter().filter_map(|file| file.parent()));
    let named: Vec<&Path> = named.collect();
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    let bases = layouts.iter().map(|layout| layout.base.as_path());
    let around = bases.clone().chain(named.iter().copied()).flat_map(ancestors::repositories);
    let wide = |folder: &PathBuf| folder.parent().is_none() || home.as_ref() == Some(folder);
    let wider = bases.chain(around).filter_map(|folder| folder.canonicalize().ok()).filter(|folder| !wide(folder));
    let mut found: Vec<PathBuf> = named.iter().filter_map(|folder| folder.canonicalize().ok()).chain(wider).collect();
    found.sort();
    // What lies in another one goes without saying.
    found.dedup_by(|inner, outer| inner.starts_with(outer));
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_repository_is_untrusted_and_the_root_only_where_it_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("it is there");
        fs::create_dir_all(top.join("repo/.git")).expect("a folder");
        fs::create_dir_all(top.join("repo/app/sql")).expect("a folder");
        fs::create_dir_all(top.join("repo/vendor/.git")).expect("a folder");
        fs::create_dir_all(top.join("alone")).expect("a folder");
        let check = |here: &str, folders: &[&str], files: &[&str], expect: &[&str]| {
            let all = |paths: &[&str]| -> Vec<PathBuf> { paths.iter().map(|path| top.join(path)).collect() };
            let asked = Asked { here: top.join(here), folders: all(folders), files: all(files) };
            assert_eq!(untrusted(&asked, &asked.candidates()), all(expect), "{here} {folders:?} {files:?}");
        };
        check("repo/app", &["repo/app"], &[], &["repo"]);
        check("repo", &[], &["repo/app/sql/q.sql"], &["repo"]);
        check("repo/vendor", &["repo/vendor"], &[], &["repo"]);
        check("alone", &["alone"], &[], &["alone"]);
        check("/", &["alone"], &[], &["alone"]);
        check("/", &["/"], &[], &["/"]);
    }
}
