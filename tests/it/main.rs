//! The integration tests, one binary: linking once is cheaper than linking once per file.
//!
//! They drive the built binaries from outside: the real `terraform`, the provider and the sandbox.

mod harness;
mod support;
mod tfplugin;
