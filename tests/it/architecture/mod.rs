//! The arrows between the modules, and the few rules about files, held in place by reading the source.
//!
//! - [`imports`] finds what a source file takes from other modules of the crate;
//! - [`arrows`] says which module may take from which;
//! - [`files`] knows the rules about files: their length, the clouds' equal names, words that stay out.
//!
//! Each rule is a function from text to complaints, so that a test can show it an offence and see it complain.

mod arrows;
mod files;
mod imports;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::tools;

/// Everything below a folder of the repository, as (path from the repository's root, full path), sorted.
fn walk(folder: &str) -> Vec<(String, PathBuf)> {
    let root = tools::repository();
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a readable folder").path();
            if is_not_ours(&path) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let relative =
                    path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                found.push((relative, path));
            }
        }
    }
    found.sort();
    found
}

/// What tools leave in the repository's folder: built, fetched, or Git's own.
fn is_not_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    ["target", ".work", ".git", "__pycache__", ".terraform"].iter().any(|ours| name == *ours)
}

/// The text of a file; `None` when it is not text.
fn text_of(path: &Path) -> Option<String> {
    String::from_utf8(fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).ok()
}

/// Fails with all complaints at once.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
