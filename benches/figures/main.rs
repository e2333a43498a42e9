//! Speed and size of the provider, beside their budgets: `make bench`.
//!
//! Measured as a user meets it: the released binary below the real `terraform`. Medians of several runs; where
//! Terraform's own time is large, the same configuration with built-in resources is measured in turn and taken off.
//!
//! Arguments select figures by a part of their name in the table below; none means all.

#![allow(clippy::disallowed_methods, reason = "as in the tests")]

#[path = "../../tests/it/support/mod.rs"]
mod support;

/// The plugin host of the wire tests; it starts what [`probe_binary`] names.
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/tfplugin/host.rs"]
mod host;

mod configs;
mod plans;
mod refresh;
mod startup;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use table::{Figure, Table};

type Measurement = fn(&Path) -> Vec<Figure>;

const ALL: [(&str, Measurement); 8] = [
    ("size", |provider| vec![size(provider)]),
    ("handshake", |provider| vec![startup::handshake(provider)]),
    ("calls", startup::calls),
    ("one_resource", |provider| vec![plans::one_resource(provider)]),
    ("no_change", |provider| vec![plans::no_change(provider)]),
    ("memory", |provider| vec![plans::memory(provider)]),
    ("refresh", refresh::thousand),
    ("end_noticed", |provider| vec![plans::end_noticed(provider)]),
];

fn main() -> ExitCode {
    // `cargo bench` adds this one.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let provider = provider();
    let mut figures = Vec::new();
    for (name, measure) in ALL {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            eprintln!("measuring {name}");
            figures.extend(measure(&provider));
        }
    }
    eprintln!("\n{}", Table(&figures));
    if figures.iter().any(Figure::is_over) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The binary as it is released, without the features that this program is built with.
fn provider() -> PathBuf {
    let path = std::env::var_os("GPUSLICE_PROVIDER").map_or_else(|| support::PROVIDER.into(), PathBuf::from);
    assert!(path.is_file(), "no provider at {}", path.display());
    path
}

/// What [`host`] starts: here, the provider itself.
fn probe_binary() -> PathBuf {
    provider()
}

/// Megabytes of the stripped binary.
fn size(provider: &Path) -> Figure {
    let bytes = provider.metadata().expect("checked at the start").len();
    #[expect(clippy::cast_precision_loss, reason = "far below the point where a float loses count")]
    let megabytes = bytes as f64 / 1e6;
    Figure::new("size of the binary", "MB", vec![megabytes], 20.0)
}
