//! A working folder of Terraform with the probe provider, and a store for its real objects.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::probe_binary;
use crate::support::Workspace;
use crate::support::command::Running;

/// A workspace whose `main.tf` tells the probe provider what to do.
pub(super) struct ProbeWorkspace(Workspace);

impl Deref for ProbeWorkspace {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.0
    }
}

impl DerefMut for ProbeWorkspace {
    fn deref_mut(&mut self) -> &mut Workspace {
        &mut self.0
    }
}

impl ProbeWorkspace {
    pub(super) fn new(configuration: &str) -> Self {
        let workspace = Self(Workspace::for_provider("gpuslice/probe", &probe_binary()));
        std::fs::create_dir(workspace.store()).unwrap();
        workspace.write_provider("");
        workspace.write("main.tf", configuration);
        workspace
    }

    /// Writes the provider block, with these arguments beside the store.
    pub(super) fn write_provider(&self, arguments: &str) {
        let text = format!(
            r#"
            terraform {{
              required_providers {{
                probe = {{ source = "gpuslice/probe" }}
              }}
            }}
            provider "probe" {{
              store = {:?}
              {arguments}
            }}
            "#,
            self.store()
        );
        self.write("provider.tf", &text);
    }

    /// A workspace with one `probe_thing.x` of the name "pear", and these further arguments.
    pub(super) fn with_thing(arguments: &str) -> Self {
        let workspace = Self::new("");
        workspace.write_thing(arguments);
        workspace
    }

    /// Changes the arguments of `probe_thing.x`.
    pub(super) fn write_thing(&self, arguments: &str) {
        self.write(
            "main.tf",
            &format!("resource \"probe_thing\" \"x\" {{\n  name = \"pear\"\n  {arguments}\n}}\n"),
        );
    }

    /// Terraform's major and minor version.
    pub(super) fn version(&self) -> (u32, u32) {
        let version: Json = serde_json::from_str(&self.run(&["version", "-json"]).success().stdout).unwrap();
        let numbers: Vec<u32> = version["terraform_version"]
            .as_str()
            .unwrap()
            .split('.')
            .take(2)
            .map(|number| number.parse().unwrap())
            .collect();
        (numbers[0], numbers[1])
    }

    /// The folder of the real objects.
    pub(super) fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    /// The file that is the real object with this id.
    pub(super) fn object(&self, id: &str) -> PathBuf {
        self.store().join(id)
    }

    /// The private state of the first resource in the state.
    pub(super) fn private(&self) -> String {
        let state: Json = serde_json::from_str(&self.read("terraform.tfstate")).unwrap();
        let private = state["resources"][0]["instances"][0]["private"].as_str().unwrap_or_default();
        String::from_utf8(STANDARD.decode(private).unwrap()).unwrap()
    }

    /// An apply, stopped with its provider at work on `probe_thing.x`.
    pub(super) fn apply_until_at_work(&self) -> Running {
        let mut running = self.spawn(&["apply", "-auto-approve"]);
        let object = self.object("thing-pear");
        running.wait_until("the provider is at work", super::host::SOON, |_| object.exists());
        running
    }
}
