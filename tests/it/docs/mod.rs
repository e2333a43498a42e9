//! The reference documentation: made from the code, and held to it.
//!
//! Each page of `docs/` that the registry shows is made from a page of `templates/` of the same name, in which words
//! between double braces stand for what the code knows: the schema, what a change does, the machine types. A test
//! makes every page anew and fails when the file on disk differs; `make docs` rewrites them.
//!
//! - [`pages`]: from templates to pages, and the comparison with what is on disk;
//! - [`schema`], [`tables`], [`sandbox`] and [`permissions`]: what the words between braces stand for;
//! - [`registry`]: what a registry demands of the folder and of every page;
//! - [`examples`]: every example is formatted, and valid for the real provider;
//! - [`messages`]: what a guide quotes is what the provider says;
//! - [`golden`]: what Terraform is told of the provider, so that no change of it goes unseen.

mod examples;
mod golden;
mod messages;
mod pages;
mod permissions;
mod registry;
mod sandbox;
mod schema;
mod tables;

use std::sync::Arc;

use gpuslice::cloud;
use gpuslice::nodepool::CloudRules;
use gpuslice::provider::Provider;
use gpuslice::slicing::Cloud;
use gpuslice::tfplugin::{Provider as _, Resource, Schema};

/// The schema of the provider block.
fn provider() -> Schema {
    Provider::default().schema()
}

/// A resource by its full type name.
#[track_caller]
fn resource(name: &str) -> Arc<dyn Resource> {
    let mut all = Provider::default().resources();
    all.remove(name).unwrap_or_else(|| panic!("the provider has no resource {name}"))
}

/// The full type names of all resources.
fn resources() -> Vec<String> {
    Provider::default().resources().into_keys().collect()
}

/// The clouds, in the order of lists.
fn clouds() -> Vec<(Cloud, &'static dyn CloudRules)> {
    Cloud::ALL.into_iter().map(|cloud| (cloud, cloud::rules(cloud))).collect()
}
