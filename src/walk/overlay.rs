//! Buffers laid over another tree: what an editor holds unsaved, what standard input brings.

use std::collections::BTreeMap;

use crate::source::TreePath;
use crate::tree::{Content, FileKind, Tree, TreeError, TreeFile};

/// A tree whose buffers hide the files of the same path below, and add those that are not there.
pub struct Overlay<'a> {
    /// The tree below.
    pub over: &'a dyn Tree,
    /// The buffers.
    pub buffers: BTreeMap<TreePath, Content>,
}

impl Tree for Overlay<'_> {
    fn list(&self) -> Result<Vec<TreeFile>, TreeError> {
        let mut files = self.over.list()?;
        files.retain(|file| !self.buffers.contains_key(&file.path));
        let bytes = |content: &Content| content.text().map_or(0, |text| text.len() as u64);
        let buffer = |(path, content): (&TreePath, &Content)| TreeFile {
            path: path.clone(),
            bytes: bytes(content),
            kind: FileKind::File,
        };
        files.extend(self.buffers.iter().map(buffer));
        files.sort();
        Ok(files)
    }

    fn read(&self, path: &TreePath) -> Result<Content, TreeError> {
        match self.buffers.get(path) {
            Some(content) => Ok(content.clone()),
            None => self.over.read(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct One;

    impl Tree for One {
        fn list(&self) -> Result<Vec<TreeFile>, TreeError> {
            Ok(vec![TreeFile { path: TreePath::new("b.sql"), bytes: 3, kind: FileKind::File }])
        }

        fn read(&self, path: &TreePath) -> Result<Content, TreeError> {
            match path.as_str() {
                "b.sql" => Ok(Content::Text(Arc::from("old"))),
                _ => Err(TreeError::NotFound(path.clone())),
            }
        }
    }

    #[test]
    fn buffers_hide_files_and_add_some() {
        let read = |overlay: &Overlay<'_>, path: &str| match overlay.read(&TreePath::new(path)) {
            Ok(Content::Text(text)) => text.to_string(),
            other => format!("{other:?}"),
        };
        let buffers = BTreeMap::from([("a.sql", "SELECT"), ("b.sql", "new!")]);
        let buffers =
            buffers.into_iter().map(|(path, text)| (TreePath::new(path), Content::Text(Arc::from(text)))).collect();
        let overlay = Overlay { over: &One, buffers };
        let listed = overlay.list().expect("lists");
        assert_eq!(
            listed.iter().map(|file| (file.path.as_str(), file.bytes)).collect::<Vec<_>>(),
            [("a.sql", 6), ("b.sql", 4)]
        );
        assert_eq!(read(&overlay, "b.sql"), "new!");
        assert_eq!(read(&overlay, "a.sql"), "SELECT");
        assert_eq!(read(&Overlay { over: &One, buffers: BTreeMap::new() }, "b.sql"), "old");
        assert!(overlay.read(&TreePath::new("c.sql")).is_err());
    }
}
