//! The provider's binary: Terraform starts it; a person who does learns what it is.

use std::process::ExitCode;
use std::sync::Arc;

use gpuslice::provider::Provider;
use gpuslice::tfplugin::{About, serve};

fn main() -> ExitCode {
    serve(About { name: "gpuslice", address: "registry.terraform.io/gpuslice/gpuslice", version: env!("CARGO_PKG_VERSION") }, Arc::new(Provider::default()))
}
