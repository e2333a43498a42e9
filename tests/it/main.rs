//! The integration tests, one binary: linking once is cheaper than linking once per file.
//!
//! They drive the built binaries from outside: the real `terraform`, the provider and the sandbox.

#![allow(
    clippy::disallowed_methods,
    reason = "tests read the environment of their run, and wait for processes"
)]

mod architecture;
mod demo;
mod harness;
mod sandbox_gke;
mod support;
mod tfplugin;
