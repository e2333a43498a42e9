//! What the integration tests stand on, so that a test of a bad day is a dozen lines.
//!
//! - [`workspace`]: a folder with a Terraform configuration, and the commands run in it;
//! - [`sandbox`]: a sandbox process of the test's own, its faults, actors and record;
//! - [`command`]: children with a time limit, in process groups, that can be interrupted;
//! - [`moto`]: another emulator of AWS, by other people;
//! - [`output`]: what a command said, and assertions on it;
//! - [`api_server`]: of a cluster of a sandbox, asked directly; [`kubectl`]: for such a cluster;
//! - [`aws`]: AWS's APIs, asked as a colleague would;
//! - [`json`]: look-ups in the JSON of `terraform show`;
//! - [`processes`]: the provider below a running `terraform`, to kill it;
//! - [`tools`]: where `terraform` and Python are.
//!
//! Everything here panics when it fails, with what the command printed: a test needs no error handling.

// Support is written ahead of the tests that use it, and each platform's tests use another part.
#![allow(dead_code, unused_imports)]

pub(crate) mod api_server;
pub(crate) mod aws;
pub(crate) mod command;
pub(crate) mod json;
pub(crate) mod kubectl;
pub(crate) mod moto;
pub(crate) mod output;
pub(crate) mod processes;
pub(crate) mod sandbox;
pub(crate) mod tools;
pub(crate) mod workspace;

pub(crate) use api_server::ApiServer;
pub(crate) use aws::Aws;
pub(crate) use kubectl::Kubectl;
pub(crate) use moto::Moto;
pub(crate) use output::{Checked, Output};
pub(crate) use sandbox::Sandbox;
pub(crate) use workspace::Workspace;

/// The provider that Cargo built for this test run.
pub(crate) const PROVIDER: &str = env!("CARGO_BIN_EXE_terraform-provider-gpuslice");

/// The sandbox that Cargo built for this test run.
pub(crate) const SANDBOX: &str = env!("CARGO_BIN_EXE_gpuslice-sandbox");
