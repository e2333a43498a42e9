//! From templates to pages, and the comparison with what is on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gpuslice::slicing::Cloud;

use super::{permissions, provider, resource, sandbox, schema, tables};
use crate::support::tools::repository;

/// The command that rewrites the pages, as messages name it.
const REWRITE: &str = "make docs";

/// The prefix of all resource names, which their pages leave out.
const PREFIX: &str = "gpuslice_";

/// All pages as they should be: path below `docs/`, and text. Made once, since several tests ask.
pub(super) fn pages() -> &'static BTreeMap<PathBuf, String> {
    static PAGES: OnceLock<BTreeMap<PathBuf, String>> = OnceLock::new();
    PAGES.get_or_init(make)
}

fn make() -> BTreeMap<PathBuf, String> {
    let templates = repository().join("templates");
    files(&templates)
        .into_iter()
        .map(|path| {
            let template = read(&templates.join(&path));
            let subject = Subject::of(&path);
            (path, render(&template, &subject))
        })
        .collect()
}

/// What a page is about.
struct Subject {
    /// The resource's full name, on a resource's page.
    resource: Option<String>,
}

impl Subject {
    fn of(page: &Path) -> Subject {
        let name = page.file_stem().unwrap_or_default().to_string_lossy();
        Subject { resource: page.starts_with("resources").then(|| format!("{PREFIX}{name}")) }
    }

    /// What the words between braces stand for.
    fn word(&self, word: &str, argument: &str) -> String {
        let schema = || self.resource.as_deref().map_or_else(provider, |name| resource(name).schema());
        match (word, argument) {
            ("schema", "") => schema::section(&schema()),
            ("description", "") => schema().description().to_owned(),
            ("changes", "") => tables::changes(&schema()),
            ("timeouts", "") => {
                let name = self.resource.as_deref().expect("only resources have timeouts");
                tables::timeouts(resource(name).as_ref())
            }
            ("machines", cloud) => tables::machines(self::cloud(cloud)),
            ("profiles", cloud) => tables::profiles(self::cloud(cloud)),
            ("doubtful", cloud) => tables::doubtful(self::cloud(cloud)),
            ("permissions", cloud) => permissions::table(cloud),
            ("sandbox", "clusters") => sandbox::clusters(),
            ("sandbox", "faults") => sandbox::faults(),
            ("sandbox", "actors") => sandbox::actors(),
            ("sandbox", "help") => sandbox::help(),
            ("file", path) => fenced(path),
            _ => panic!("a template says {{{{{word} {argument}}}}}, which stands for nothing"),
        }
    }
}

#[track_caller]
fn cloud(name: &str) -> Cloud {
    name.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A file of the repository as a block of code.
fn fenced(path: &str) -> String {
    let language = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("tf") => "terraform",
        Some("sh") => "shell",
        Some("yaml") => "yaml",
        other => panic!("{path}: in what language is {other:?}?"),
    };
    format!("```{language}\n{}\n```", read(&repository().join(path)).trim_end())
}

/// Replaces every `{{word argument}}` of a template.
fn render(template: &str, subject: &Subject) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").expect("every {{ has its }}");
        let (word, argument) = inside.trim().split_once(' ').unwrap_or((inside.trim(), ""));
        page += before;
        page += &subject.word(word, argument.trim());
        rest = after;
    }
    page + rest
}

/// Every file below a folder, by its path from there.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(&here).unwrap_or_else(|error| panic!("{}: {error}", here.display())) {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("below the folder").to_owned());
            }
        }
    }
    found.sort();
    found
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_pages_are_what_the_code_says() {
    let docs = repository().join("docs");
    let mut stale = Vec::new();
    for (path, text) in pages() {
        let on_disk = docs.join(path);
        if fs::read_to_string(&on_disk).is_ok_and(|found| found == *text) {
            continue;
        }
        if std::env::var_os("GPUSLICE_WRITE").is_some_and(|write| write == "1") {
            fs::create_dir_all(on_disk.parent().expect("a page is in a folder"))
                .expect("docs/ can be written");
            fs::write(&on_disk, text).expect("docs/ can be written");
        } else {
            stale.push(format!("docs/{}", path.display()));
        }
    }
    assert!(stale.is_empty(), "not what the code says, run `{REWRITE}` and review: {}", stale.join(", "));
}

#[test]
fn words_between_braces_are_replaced() {
    let subject = Subject { resource: None };
    let page = render("a {{ description }} b", &subject);
    assert_eq!(page, format!("a {} b", provider().description()));
}

#[test]
#[should_panic(expected = "stands for nothing")]
fn a_misspelt_word_is_an_error() {
    let _ = render("{{schemas}}", &Subject { resource: None });
}
