//! What the sandbox says of itself: its clusters, the faults and actors that it knows, its command line.

use std::process::Command;

use serde_json::Value;

use super::tables::{RULE, row};
use crate::support::{SANDBOX, Sandbox, command};

/// The clusters that are there at the start.
pub(super) fn clusters() -> String {
    let clusters = Sandbox::start().clusters();
    table(["cloud", "`cluster_id`", "what it is"], &clusters, |cluster| {
        [cloud(cluster), code(&cluster["cluster_id"]), word(&cluster["note"]).to_owned()]
    })
}

/// The kinds of faults and their parameters.
pub(super) fn faults() -> String {
    let answer = Sandbox::start().get("/sandbox/faults");
    let kinds = answer["kinds"].as_array().expect("a list of kinds");
    table(["kind", "what happens", "`params`"], kinds, |kind| {
        let params = kind["params"].as_object().expect("an object of parameters");
        let params: Vec<_> = params.iter().map(|(name, text)| format!("`{name}`: {}", word(text))).collect();
        [code(&kind["kind"]), word(&kind["meaning"]).to_owned(), params.join("; ")]
    })
}

/// The kinds of actors and their fields.
pub(super) fn actors() -> String {
    let answer = Sandbox::start().get("/sandbox/actors");
    let kinds = answer["kinds"].as_array().expect("a list of kinds");
    table(["cloud", "kind", "fields", "what happens"], kinds, |kind| {
        let fields: Vec<_> = kind["fields"].as_array().expect("a list of fields").iter().map(code).collect();
        [cloud(kind), code(&kind["kind"]), fields.join(", "), word(&kind["meaning"]).to_owned()]
    })
}

/// What `gpuslice-sandbox serve --help` prints.
pub(super) fn help() -> String {
    let mut help = Command::new(SANDBOX);
    help.args(["serve", "--help"]);
    let printed = command::run(help).success();
    format!("```text\n{}\n```", printed.stdout.trim_end())
}

fn table<const N: usize>(head: [&str; N], rows: &[Value], cells: impl Fn(&Value) -> [String; N]) -> String {
    let mut text = row(head) + &row([RULE; N]);
    for one in rows {
        let cells = cells(one);
        text += &row(cells.iter().map(String::as_str));
    }
    text.trim_end().to_owned()
}

/// The cloud's name as people write it.
fn cloud(of: &Value) -> String {
    word(&of["cloud"]).to_uppercase()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn code(value: &Value) -> String {
    format!("`{}`", word(value))
}
