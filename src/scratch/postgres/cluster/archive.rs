//! A stopped server's folder as one run of bytes, which is read faster than hundreds of files, and is whole or is not.
//!
//! A line of JSON says what is inside; the content of the files follows, and a checksum over everything.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// What an archive says of itself.
#[derive(Default, Serialize, Deserialize)]
struct Contents {
    /// Whatever its maker wants to know again.
    note: String,
    /// Folders, each before what lies in it.
    folders: Vec<String>,
    /// Files with their sizes in bytes, in the order of their content.
    files: Vec<(String, usize)>,
}

/// Bytes of the checksum.
const SUM: usize = 8;

/// Packs a folder. Links and other things that no server makes are left out.
///
/// # Errors
/// Those of the file system.
pub(super) fn pack(folder: &Path, note: &str) -> io::Result<Vec<u8>> {
    let mut contents = Contents { note: note.to_owned(), ..Contents::default() };
    let mut bytes = Vec::new();
    gather(folder, "", &mut contents, &mut bytes)?;
    let mut packed = serde_json::to_vec(&contents)?;
    packed.push(b'\n');
    packed.append(&mut bytes);
    let sum = xxh3_64(&packed);
    packed.extend(sum.to_le_bytes());
    Ok(packed)
}

fn gather(folder: &Path, way: &str, contents: &mut Contents, bytes: &mut Vec<u8>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, Ok(name)) = (entry.file_type()?, entry.file_name().into_string()) else { continue };
        let name = if way.is_empty() { name } else { format!("{way}/{name}") };
        if kind.is_dir() {
            contents.folders.push(name.clone());
            gather(&entry.path(), &name, contents, bytes)?;
        } else if kind.is_file() {
            let size = File::open(entry.path())?.read_to_end(bytes)?;
            contents.files.push((name, size));
        }
    }
    Ok(())
}

/// Unpacks an archive into a new folder, open to its owner alone, hands everything made to `owned`, and returns the
/// note; none where the bytes are no whole archive.
///
/// # Errors
/// Those of the file system.
pub(super) fn unpack(packed: &[u8], to: &Path, owned: fn(&Path) -> io::Result<()>) -> io::Result<Option<String>> {
    let Some((contents, mut bytes)) = open(packed) else { return Ok(None) };
    let folder = |path: &Path| DirBuilder::new().mode(0o700).create(path).and_then(|()| owned(path));
    folder(to)?;
    for way in &contents.folders {
        folder(&to.join(way))?;
    }
    for (way, size) in &contents.files {
        let path = to.join(way);
        let (content, rest) = bytes.split_at(*size);
        File::options().write(true).create_new(true).mode(0o600).open(&path)?.write_all(content)?;
        owned(&path)?;
        bytes = rest;
    }
    Ok(Some(contents.note))
}

/// The parts of a whole archive: what it says of itself, and the content of its files.
fn open(packed: &[u8]) -> Option<(Contents, &[u8])> {
    let (packed, sum) = packed.split_at(packed.len().checked_sub(SUM)?);
    if xxh3_64(packed).to_le_bytes() != sum {
        return None;
    }
    let line = packed.iter().position(|byte| *byte == b'\n')?;
    let contents: Contents = serde_json::from_slice(&packed[..line]).ok()?;
    let bytes = &packed[line + 1..];
    let inside = |way: &str| Path::new(way).components().all(|part| matches!(part, Component::Normal(_)));
    let names = contents.folders.iter().chain(contents.files.iter().map(|(way, _)| way));
    let sizes = contents.files.iter().try_fold(0_usize, |sum, (_, size)| sum.checked_add(*size));
    (sizes == Some(bytes.len()) && names.into_iter().all(|way| inside(way))).then_some((contents, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_comes_out_as_it_went_in_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/b")).expect("folders");
        fs::write(from.join("a/b/c"), "text").expect("a file");
        fs::write(from.join("empty"), "").expect("a file");
        let packed = pack(&from, "a note").expect("it is packed");
        assert_eq!(unpack(&packed, &to, |_| Ok(())).expect("it is unpacked"), Some("a note".to_owned()));
        assert_eq!(fs::read(to.join("a/b/c")).expect("a file"), b"text");
        assert_eq!(fs::read(to.join("empty")).expect("a file"), b"");
        for cut in [0, 3, packed.len() / 2, packed.len() - 1] {
            assert_eq!(unpack(&packed[..cut], &folder.path().join("cut"), |_| Ok(())).expect("no fault"), None);
        }
        let mut turned = packed;
        turned[5] ^= 1;
        assert_eq!(unpack(&turned, &folder.path().join("turned"), |_| Ok(())).expect("no fault"), None);
        assert!(!folder.path().join("cut").exists() && !folder.path().join("turned").exists());
    }
}
