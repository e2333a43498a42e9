//! What a source file takes from other modules of the crate.
//!
//! Read from tokens, not from lines: comments and strings do not count, the inside of macros does, and grouped
//! and relative paths (`use crate::{a, b::C}`, `super::super::a`) are resolved.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path into the crate, from its root: `crate::cloud::gke::Client` is `["cloud", "gke", "Client"]`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// The module that a file of `src` holds: `src/cloud/gke/mod.rs` is `["cloud", "gke"]`.
pub(super) fn module_of(file: &str) -> Vec<String> {
    let file = file.strip_prefix("src/").unwrap_or(file);
    let file = file.strip_suffix(".rs").unwrap_or(file);
    let mut module: Vec<_> = file.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Every path of `text` that leads to another place of the crate; `file` is where the text stands.
pub(super) fn imports(file: &str, text: &str) -> Vec<Import> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut found = Vec::new();
    visit(tokens, &module_of(file), &mut found);
    found
}

fn visit(tokens: TokenStream, module: &[String], found: &mut Vec<Import>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => {
                // `mod name { … }`: inside it, `super` means this module.
                let inline = match (
                    at.checked_sub(2).map(|at| &tokens[at]),
                    at.checked_sub(1).map(|at| &tokens[at]),
                ) {
                    (Some(TokenTree::Ident(keyword)), Some(TokenTree::Ident(name))) if keyword == "mod" => {
                        Some(name)
                    }
                    _ => None,
                };
                let mut inside = module.to_vec();
                inside.extend(inline.map(ToString::to_string));
                visit(group.stream(), &inside, found);
                at += 1;
            }
            // A path's head: not a segment of another path (`a::super`), but `$crate` counts.
            TokenTree::Ident(head) if !follows_colons(&tokens, at) && colons(&tokens, at + 1) => {
                let base = match head.to_string().as_str() {
                    "crate" | "gpuslice" => Some(Vec::new()),
                    "super" => module.split_last().map(|(_, parent)| parent.to_vec()),
                    _ => None,
                };
                if let Some(base) = base {
                    path(&tokens, &mut (at + 3), base, head.span().start().line, found);
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads a path from `at` on, after its leading `::`, and adds what it leads to.
fn path(tokens: &[TokenTree], at: &mut usize, mut base: Vec<String>, line: usize, found: &mut Vec<Import>) {
    loop {
        match tokens.get(*at) {
            Some(TokenTree::Ident(segment)) => {
                match segment.to_string().as_str() {
                    "super" => drop(base.pop()),
                    "self" => {}
                    name => base.push(name.to_owned()),
                }
                *at += 1;
                if !colons(tokens, *at) {
                    break;
                }
                *at += 2;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for branch in
                    inner.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
                {
                    if !branch.is_empty() {
                        path(branch, &mut 0, base.clone(), line, found);
                    }
                }
                return;
            }
            // `*`, `<…>` or the end.
            _ => break,
        }
    }
    found.push(Import { path: base, line });
}

/// Whether `::` stands at `at`.
fn colons(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>, joint: bool| {
        matches!(token, Some(TokenTree::Punct(punct))
            if punct.as_char() == ':' && (!joint || punct.spacing() == Spacing::Joint))
    };
    is_colon(tokens.get(at), true) && is_colon(tokens.get(at + 1), false)
}

fn follows_colons(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && colons(tokens, at - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(file: &str, text: &str) -> Vec<String> {
        imports(file, text).into_iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn a_file_is_a_module() {
        assert_eq!(module_of("src/lib.rs"), Vec::<String>::new());
        assert_eq!(module_of("src/duration.rs"), ["duration"]);
        assert_eq!(module_of("src/cloud/gke/mod.rs"), ["cloud", "gke"]);
        assert_eq!(module_of("src/cloud/gke/wire.rs"), ["cloud", "gke", "wire"]);
    }

    #[test]
    fn groups_are_expanded() {
        let text = "use crate::{a, b::{self, C, d::*}, e::F as G};";
        assert_eq!(paths("src/x.rs", text), ["a", "b", "b::C", "b::d", "e::F"]);
    }

    #[test]
    fn relative_paths_are_resolved() {
        assert_eq!(
            paths("src/x/y.rs", "use super::z::A; fn f() { super::super::b::c() }"),
            ["x::z::A", "b::c"]
        );
        assert_eq!(paths("src/x/mod.rs", "use super::b;"), ["b"]);
        assert_eq!(paths("src/x/y.rs", "mod tests { use super::*; use super::super::z; }"), ["x::y", "x::z"]);
    }

    #[test]
    fn macros_count_and_comments_and_strings_do_not() {
        let text =
            "//! [`crate::a`]\n// crate::b\nfn f() { println!(\"crate::c {}\", crate::d::E); $crate::g!() }";
        let found = imports("src/x.rs", text);
        assert_eq!(paths("src/x.rs", text), ["d::E", "g"]);
        assert_eq!(found[0].line, 3);
    }

    #[test]
    fn other_crates_and_types_do_not_count() {
        assert_eq!(
            paths("src/x.rs", "use std::super_::a; use http::crate_; self::f(); Self::g(); x::crate::y"),
            [""; 0]
        );
        assert_eq!(paths("src/main.rs", "fn main() { gpuslice::provider::serve() }"), ["provider::serve"]);
    }

    #[test]
    fn visibility_is_no_import() {
        assert_eq!(paths("src/x.rs", "pub(crate) fn f() {} pub(in crate::x) fn g() {}"), ["x"]);
    }
}
