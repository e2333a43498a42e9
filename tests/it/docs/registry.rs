//! What a registry demands of the folder and of every page: the checks that HashiCorp's `tfplugindocs validate` makes.
//!
//! Source: HashiCorp, "Provider documentation" for the registry; terraform-plugin-docs, `internal/check`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::pages::{files, pages, read};
use super::resources;
use crate::support::tools::repository;

/// A registry cuts a page off beyond this, in bytes.
const LONGEST: usize = 500_000;

/// The most pages that a registry takes. (`tfplugindocs` allows 2000, an older page of HashiCorp's says 1000.)
const MOST: usize = 1000;

/// The folders that a registry reads.
const FOLDERS: [&str; 8] = [
    "actions",
    "data-sources",
    "ephemeral-resources",
    "functions",
    "guides",
    "list-resources",
    "resources",
    "state-stores",
];

/// The folder that is ours alone: why things are as they are.
const OURS: &str = "design";

#[test]
fn the_folder_is_one_that_a_registry_reads() {
    let made: BTreeSet<PathBuf> = pages().keys().cloned().collect();
    let found: BTreeSet<PathBuf> =
        files(&repository().join("docs")).into_iter().filter(|path| !path.starts_with(OURS)).collect();
    assert_eq!(found, made, "docs/ holds pages without a template, or lacks some");
    assert!(found.contains(Path::new("index.md")));
    assert!(found.len() <= MOST);
    for path in &found {
        let folder = path.parent().expect("a relative path").to_string_lossy().into_owned();
        assert!(
            folder.is_empty() || FOLDERS.contains(&folder.as_str()),
            "{}: in no folder of a registry",
            path.display()
        );
        assert_eq!(path.extension().unwrap_or_default(), "md", "{}", path.display());
    }
}

#[test]
fn every_resource_has_its_page_and_no_page_lacks_its_resource() {
    let documented: BTreeSet<String> = pages()
        .keys()
        .filter(|path| path.starts_with("resources"))
        .map(|path| format!("gpuslice_{}", path.file_stem().unwrap_or_default().to_string_lossy()))
        .collect();
    assert_eq!(documented, resources().into_iter().collect());
}

#[test]
fn every_page_has_its_front_matter_and_its_size() {
    for (path, text) in pages() {
        let page = path.display();
        assert!(text.len() < LONGEST, "{page}: {} bytes", text.len());
        let front = front_matter(text).unwrap_or_else(|| panic!("{page}: no front matter"));
        let names: Vec<&str> = front.keys().map(String::as_str).collect();
        assert_eq!(names, ["description", "page_title", "subcategory"], "{page}");
        assert!(!front["page_title"].is_empty() && !front["description"].is_empty(), "{page}");
        assert_eq!(
            headlines(text).filter(|line| line.starts_with("# ")).count(),
            1,
            "{page}: a page has one title"
        );
    }
}

/// Links between our own pages and to their sections lead somewhere.
#[test]
fn links_between_the_pages_lead_somewhere() {
    let pages = pages();
    for (path, text) in pages {
        for target in links(text) {
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let aimed = if file.is_empty() { path.clone() } else { resolve(path, file) };
            let Some(page) = pages.get(&aimed) else { panic!("{}: {target} leads nowhere", path.display()) };
            assert!(
                anchor.is_empty() || anchors(page).contains(anchor),
                "{}: no section {target}",
                path.display()
            );
        }
    }
}

/// What stands between the lines of dashes, as far as these pages need YAML: `name: value`, and `name: |-` with one
/// indented line.
fn front_matter(text: &str) -> Option<BTreeMap<String, String>> {
    let (front, _) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    let mut found = BTreeMap::new();
    let mut lines = front.lines();
    while let Some(line) = lines.next() {
        let (name, value) = line.split_once(':')?;
        let value = if value.trim() == "|-" { lines.next()?.strip_prefix("  ")? } else { value };
        found.insert(name.to_owned(), value.trim().trim_matches('"').to_owned());
    }
    Some(found)
}

/// The targets of all links that are no web addresses.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).filter(|target| !target.contains("://")).collect()
}

/// A target relative to the folder of the page that it stands on. It keeps its `.md` for those who read the pages in the
/// repository.
fn resolve(page: &Path, target: &str) -> PathBuf {
    let mut path = page.parent().expect("a relative path").to_owned();
    for part in Path::new(target) {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path
}

/// The headlines of a page: the lines with a number sign outside blocks of code.
fn headlines(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        in_code ^= line.starts_with("```");
        !in_code && line.starts_with('#')
    })
}

/// The anchors of a page: of its headlines, and those set by hand.
fn anchors(page: &str) -> BTreeSet<String> {
    let headlines = headlines(page).map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    });
    let by_hand = page.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    headlines.chain(by_hand.map(|(id, _)| id.to_owned())).collect()
}

#[test]
fn front_matter_links_and_anchors_are_read() {
    let page = "---\npage_title: \"A\"\ndescription: |-\n  B: c.\n---\n\n# A b\n\n[x](#a-b) [y](../y.md#z) [w](https://w)\n<a id=\"q\"></a>";
    let front = front_matter(page).expect("it has one");
    assert_eq!((front["page_title"].as_str(), front["description"].as_str()), ("A", "B: c."));
    assert_eq!(links(page), ["#a-b", "../y.md#z"]);
    assert_eq!(resolve(Path::new("guides/a.md"), "../y.md"), Path::new("y.md"));
    assert_eq!(anchors(page), ["a-b", "q"].map(str::to_owned).into());
    assert!(front_matter("# A").is_none());
    assert_eq!(headlines("# A\n```sh\n# no\n```\n## B").collect::<Vec<_>>(), ["# A", "## B"]);
}

#[test]
fn the_templates_hold_no_trailing_blanks() {
    let templates = repository().join("templates");
    for path in files(&templates) {
        let text = read(&templates.join(&path));
        assert!(
            text.lines().all(|line| line.trim_end() == line) && text.ends_with('\n'),
            "{}",
            path.display()
        );
    }
}
