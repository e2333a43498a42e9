//! Every example is formatted as `terraform fmt` wants it, and valid for the real provider.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pages::{files, read};
use crate::support::tools::{self, repository};
use crate::support::{Workspace, command};

/// The provider's source, which an example that is a part of a configuration leaves out.
pub(super) const REQUIRED: &str = "terraform {\n  required_providers {\n    gpuslice = {\n      source = \"gpuslice/gpuslice\"\n    }\n  }\n}\n";

/// The version of Terraform that brought `identity` to import blocks (source: Terraform's change log, 1.12.0).
const IDENTITY: (u64, u64) = (1, 12);

#[test]
fn every_example_is_formatted() {
    let workspace = Workspace::without_provider();
    let examples = repository().join("examples");
    let examples = examples.to_str().expect("a path in UTF-8");
    let _ = workspace.run(&["fmt", "-check", "-diff", "-recursive", examples]).success();
}

#[test]
fn every_example_is_valid() {
    let examples = repository().join("examples");
    let mut validated = 0;
    for path in
        files(&examples).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "tf"))
    {
        if path.ends_with("import-by-identity.tf") {
            continue; // has a test of its own, for the Terraform it needs
        }
        let workspace = Workspace::new();
        lay_out(&workspace, &examples.join(&path));
        let output = workspace.validate();
        assert!(output.code() == Some(0), "examples/{}\n{output}", path.display());
        validated += 1;
    }
    assert!(validated >= 4, "only {validated} examples were found");
}

#[test]
fn the_import_by_identity_is_valid() {
    let importable = |name: &String| super::resource(name).importer().is_some();
    for resource in super::resources().into_iter().filter(importable) {
        let example = format!("examples/resources/{resource}/import-by-identity.tf");
        is_valid_with_identities(&repository().join(example));
    }
}

fn is_valid_with_identities(example: &Path) {
    let terraform = terraform_with_identities();
    let workspace = Workspace::new();
    lay_out(&workspace, example);
    let mut validate = workspace.command(&["validate"]);
    let environment: Vec<_> =
        validate.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    validate = std::process::Command::new(terraform);
    validate.arg("validate").current_dir(workspace.path()).env_clear().envs(environment);
    let _ = command::run(validate).success();
}

/// Puts an example into a workspace, with what it leaves out to be a whole configuration.
fn lay_out(workspace: &Workspace, example: &Path) {
    let text = read(example);
    workspace.write("example.tf", &text);
    if !text.contains("required_providers") {
        workspace.write("versions.tf", REQUIRED);
    }
    // An import is shown without the resource that it is for.
    if text.contains("import {") && !text.contains("resource \"") {
        let resource = example.with_file_name("resource.tf");
        fs::copy(&resource, workspace.path().join("resource.tf")).expect("the example beside it");
    }
}

/// A Terraform that knows identities: the one under test, or the one from the Python package.
fn terraform_with_identities() -> PathBuf {
    let usual = tools::terraform();
    if version_of(&usual) >= IDENTITY { usual } else { tools::terraform_from_the_python_package() }
}

fn version_of(terraform: &Path) -> (u64, u64) {
    let mut version = std::process::Command::new(terraform);
    version.args(["version", "-json"]);
    let output = command::run(version).success();
    let version: Value = serde_json::from_str(&output.stdout).expect("a version in JSON");
    let mut numbers =
        version["terraform_version"].as_str().expect("a version").split('.').map(str::parse::<u64>);
    let mut next = || numbers.next().and_then(Result::ok).expect("a number");
    (next(), next())
}
