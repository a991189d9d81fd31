//! Files of relations that hold nothing and look as large as production's.
//!
//! The planner multiplies rows a page by the file's length, and asks a b-tree for its height; it reads no other page.
//! So a heap is a hole of the right length, and a b-tree is the shortest well-formed empty tree of the right height
//! before such a hole. The format is that of PostgreSQL 12 to 18 (`src/include/storage/bufpage.h`,
//! `src/include/access/nbtree.h`). Knows files and numbers; what is how large, `size` and the statistics say.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of a page, as every binary distribution is built.
pub(super) const PAGE: usize = 8192;
/// Pages of one file; what is longer goes on in `path.1`, `path.2`, …
pub(super) const SEGMENT_PAGES: u64 = 131_072;
/// The most pages a relation is given, 4 TiB: the server opens every segment to tell the length.
pub(super) const MOST_PAGES: u64 = 4096 * SEGMENT_PAGES;
/// The greatest height of a tree; `_bt_getroot` meets no higher one in practice.
const MOST_LEVELS: u32 = 10;

/// Bytes of a page's header.
const HEADER: usize = 24;
/// Where a page's checksum stands; nought unless the cluster keeps them.
const CHECKSUM: usize = 8;
/// Bytes of a b-tree page's special space, at its end.
const SPECIAL: usize = 16;
/// `BTREE_MAGIC` and `BTREE_VERSION`.
const META: (u32, u32) = (0x0005_3162, 4);
const LEAF: u16 = 1;
const ROOT: u16 = 2;

/// Makes a relation's file so many pages long without writing any; cuts it where it is longer.
///
/// # Errors
/// What the file system says.
pub(super) fn set_length(path: &Path, pages: u64) -> io::Result<()> {
    let pages = pages.min(MOST_PAGES);
    let mut left = pages;
    for number in 0.. {
        let file = segment(path, number);
        let here = left.min(SEGMENT_PAGES);
        if number > 0 && here == 0 {
            if !file.exists() {
                return Ok(());
            }
            std::fs::remove_file(&file)?;
            continue;
        }
        let opened = if number == 0 { open(&file)? } else { create_like(path, &file)? };
        opened.set_len(here * PAGE as u64)?;
        left -= here;
    }
    Ok(())
}

/// Writes over an empty b-tree's file a well-formed empty one of so many levels above the leaves and so many pages.
///
/// No server may have read the file's first page yet: it is kept in shared memory.
///
/// # Errors
/// What the file system says; a file that is no b-tree of the format known here.
pub(super) fn write_btree(path: &Path, height: u32, pages: u64) -> io::Result<()> {
    let mut file = open(path)?;
    let mut meta = [0; PAGE];
    file.read_exact(&mut meta)?;
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    if meta[CHECKSUM..CHECKSUM + 2] != [0; 2] {
        return Err(invalid("the server keeps checksums of its pages"));
    }
    let tree = btree(&meta, height).ok_or_else(|| invalid("not a b-tree file of a known version"))?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&tree)?;
    drop(file);
    set_length(path, pages_of_btree(height, pages))
}

/// The pages of a b-tree of this height, which has some of its own.
pub(super) fn pages_of_btree(height: u32, pages: u64) -> u64 {
    pages.max(u64::from(height.min(MOST_LEVELS)) + 2)
}

/// The first pages of a well-formed empty b-tree, from the first one of an empty one; none where that is of no format
/// known here.
pub(super) fn btree(meta: &[u8], height: u32) -> Option<Vec<u8>> {
    let height = height.min(MOST_LEVELS);
    let known = meta.len() == PAGE && (u32_at(meta, HEADER), u32_at(meta, HEADER + 4)) == META;
    if !known || cfg!(target_endian = "big") {
        return None;
    }
    let mut tree = meta.to_vec();
    // The root, its level, and both again for the fast root.
    for (at, value) in [1, height, 1, height].into_iter().enumerate() {
        put(&mut tree, HEADER + 8 + at * 4, &value.to_le_bytes());
    }
    for level in (1..=height).rev() {
        let block = 1 + (height - level);
        let flags = if level == height { ROOT } else { 0 };
        tree.extend(tree_page(Some(block + 1), level, flags));
    }
    tree.extend(tree_page(None, 0, if height == 0 { LEAF | ROOT } else { LEAF }));
    Some(tree)
}

/// A page of the tree: empty, or with one downlink that every key is greater than.
fn tree_page(downlink: Option<u32>, level: u32, flags: u16) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let (mut lower, mut upper) = (HEADER as u16, (PAGE - SPECIAL) as u16);
    if let Some(block) = downlink {
        // A pivot tuple without attributes: the block in its item pointer, then size 8 with INDEX_ALT_TID_MASK.
        upper -= 8;
        let words = [(block >> 16) as u16, block as u16, 0, 8 | 0x2000];
        for (at, word) in words.into_iter().enumerate() {
            put(&mut page, usize::from(upper) + at * 2, &word.to_le_bytes());
        }
        // Its line pointer: offset, LP_NORMAL, length.
        let pointer = u32::from(upper) | 1 << 15 | 8 << 17;
        put(&mut page, usize::from(lower), &pointer.to_le_bytes());
        lower += 4;
    }
    // pd_lower, pd_upper, pd_special, and the page size with layout version 4.
    for (at, word) in [lower, upper, (PAGE - SPECIAL) as u16, PAGE as u16 | 4].into_iter().enumerate() {
        put(&mut page, 12 + at * 2, &word.to_le_bytes());
    }
    put(&mut page, PAGE - SPECIAL + 8, &level.to_le_bytes());
    put(&mut page, PAGE - SPECIAL + 12, &flags.to_le_bytes());
    page
}

fn put(page: &mut [u8], at: usize, bytes: &[u8]) {
    page[at..at + bytes.len()].copy_from_slice(bytes);
}

fn u32_at(page: &[u8], at: usize) -> u32 {
    let bytes: [u8; 4] = page[at..at + 4].try_into().expect("four bytes of a page");
    u32::from_le_bytes(bytes)
}

fn segment(path: &Path, number: u64) -> PathBuf {
    if number == 0 {
        return path.to_path_buf();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Opens a later segment, made with the owner and the mode of the first one: the server's user may be another.
fn create_like(first: &Path, path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    if is_new {
        let like = std::fs::metadata(first)?;
        std::fs::set_permissions(path, like.permissions())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, chown};
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
                chown(path, Some(like.uid()), Some(like.gid()))?;
            }
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file as `CREATE INDEX` on an empty table leaves it: the metapage alone, without a root.
    fn fresh(folder: &Path) -> PathBuf {
        let path = folder.join("16384");
        let mut meta = vec![0; PAGE];
        put(&mut meta, HEADER, &META.0.to_le_bytes());
        put(&mut meta, HEADER + 4, &META.1.to_le_bytes());
        meta[HEADER + 40] = 1;
        std::fs::write(&path, meta).expect("a scratch file is written");
        path
    }

    fn total(path: &Path) -> u64 {
        let length = |number| std::fs::metadata(segment(path, number)).map(|file| file.len()).ok();
        (0..).map_while(length).sum::<u64>() / PAGE as u64
    }

    #[test]
    fn files_are_cut_into_segments_and_no_segment_is_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = fresh(folder.path());
        let check = |pages: u64, lengths: &[u64]| {
            set_length(&path, pages).expect("a sparse file grows");
            let seen: Vec<u64> = (0..8)
                .map_while(|number| std::fs::metadata(segment(&path, number)).ok())
                .map(|file| file.len() / PAGE as u64)
                .collect();
            assert_eq!(seen, lengths, "{pages} pages");
        };
        check(3, &[3]);
        check(SEGMENT_PAGES, &[SEGMENT_PAGES]);
        check(SEGMENT_PAGES * 2 + 5, &[SEGMENT_PAGES, SEGMENT_PAGES, 5]);
        check(SEGMENT_PAGES + 1, &[SEGMENT_PAGES, 1]);
        check(0, &[0]);
    }

    #[test]
    fn a_file_that_is_no_b_tree_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("1");
        std::fs::write(&path, vec![7; PAGE]).expect("a scratch file is written");
        let error = write_btree(&path, 2, 100).expect_err("no magic");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(std::fs::read(&path).expect("it is there"), vec![7; PAGE]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_search_from_the_root_reaches_an_empty_leaf(height in 0_u32..=MOST_LEVELS, pages in 0_u64..300_000) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = fresh(folder.path());
            write_btree(&path, height, pages).expect("a tree is written");
            prop_assert_eq!(total(&path), pages.max(u64::from(height) + 2));

            let mut head = vec![0; PAGE * (height as usize + 2)];
            open(&path).and_then(|mut file| file.read_exact(&mut head)).expect("the tree is read back");
            let page = |block: u32| &head[block as usize * PAGE..][..PAGE];
            prop_assert_eq!(page(0)[HEADER + 40], 1, "whether equal keys are equal images is kept");
            let (mut block, mut level) = (u32_at(page(0), HEADER + 8), u32_at(page(0), HEADER + 12));
            prop_assert_eq!(level, height);
            loop {
                let here = page(block);
                prop_assert_eq!(u32_at(here, PAGE - SPECIAL + 8), level);
                let flags = u32_at(here, PAGE - SPECIAL + 12) as u16;
                prop_assert_eq!(flags & ROOT != 0, level == height);
                prop_assert_eq!(flags & LEAF != 0, level == 0);
                if level == 0 {
                    break;
                }
                let item = (u32_at(here, HEADER) & 0x7fff) as usize;
                block = u32_at(here, item) << 16 | u32_at(here, item) >> 16;
                level -= 1;
            }
        }
    }
}
