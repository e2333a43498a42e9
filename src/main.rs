//! The provider's binary: Terraform starts it; a person who does learns what it is.

use std::process::ExitCode;

use gpuslice::provider::Provider;
use gpuslice::tfplugin::{About, serve};

fn main() -> ExitCode {
    let about = About {
        name: "gpuslice",
        address: "registry.terraform.io/gpuslice/gpuslice",
        version: env!("CARGO_PKG_VERSION"),
        log_targets: &["gpuslice"],
    };
    serve(about, Provider::default)
}
