//! A tree in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use planlint::source::TreePath;
use planlint::tree::{Content, FileKind, Tree, TreeError, TreeFile};

/// Files by path.
#[derive(Clone, Default)]
pub struct Memory(BTreeMap<TreePath, Arc<str>>);

impl Memory {
    /// The same files and one more, or another text for one.
    pub fn with(&self, path: &str, text: &str) -> Self {
        let mut files = self.0.clone();
        files.insert(TreePath::new(path), Arc::from(text));
        Self(files)
    }
}

/// Reads a folder of ours.
pub fn folder(root: &Path) -> Memory {
    let mut memory = Memory::default();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of ours") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("a text of ours");
                let relative = path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/");
                memory = memory.with(&relative, &text);
            }
        }
    }
    memory
}

impl Tree for Memory {
    fn list(&self) -> Result<Vec<TreeFile>, TreeError> {
        Ok(self
            .0
            .iter()
            .map(|(path, text)| TreeFile { path: path.clone(), bytes: text.len() as u64, kind: FileKind::File })
            .collect())
    }

    fn read(&self, path: &TreePath) -> Result<Content, TreeError> {
        self.0.get(path).map(|text| Content::Text(text.clone())).ok_or_else(|| TreeError::NotFound(path.clone()))
    }
}
