//! A folder with a Terraform configuration, and the commands run in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::command::{self, Running};
use super::{Output, PROVIDER, Sandbox, json, tools};

/// A temporary folder with a configuration of its own, removed on drop.
///
/// Set `GPUSLICE_KEEP_WORKSPACES=1` to keep the folders and be told where they are.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Holds `cli.tfrc`, `home/`, `plugins/`, and the working folder `work/`.
    folder: TempDir,
    environment: BTreeMap<String, OsString>,
    patience: Duration,
}

impl Workspace {
    /// The provider under test, by `dev_overrides`: no `init` needed, nothing locked.
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::for_provider("gpuslice/gpuslice", Path::new(PROVIDER))
    }

    /// The provider under test, pointed at a sandbox.
    #[track_caller]
    pub(crate) fn on(sandbox: &Sandbox) -> Self {
        let mut workspace = Self::new();
        workspace.set_env("GPUSLICE_SANDBOX", sandbox.url());
        workspace
    }

    /// Any provider binary, by `dev_overrides` for the source address `source` (`namespace/type`).
    #[track_caller]
    pub(crate) fn for_provider(source: &str, binary: &Path) -> Self {
        let workspace = Self::empty();
        let kind = source.rsplit('/').next().expect("split yields at least one part");
        // Terraform looks for this name, whatever the binary is called where Cargo built it.
        let plugins = workspace.folder.path().join("plugins");
        fs::create_dir(&plugins).expect("a fresh folder");
        symlink(binary, plugins.join(format!("terraform-provider-{kind}"))).expect("a fresh folder");
        workspace.write_cli_config(&format!(
            "provider_installation {{\n  dev_overrides {{\n    {source:?} = {plugins:?}\n  }}\n}}\n"
        ));
        workspace
    }

    /// No provider but Terraform's built-in one, for tests of the tests themselves.
    #[track_caller]
    pub(crate) fn without_provider() -> Self {
        let workspace = Self::empty();
        workspace.write_cli_config("provider_installation {\n  dev_overrides {\n  }\n}\n");
        workspace
    }

    /// The provider under test from an unpacked filesystem mirror, written by the script that users run too.
    /// Commands need `init` first.
    #[track_caller]
    pub(crate) fn with_mirror() -> Self {
        let workspace = Self::empty();
        let mut script = Command::new(tools::repository().join("scripts/mirror.sh"));
        script.arg(PROVIDER).arg(workspace.folder.path());
        command::run(script).success();
        workspace
    }

    #[track_caller]
    fn empty() -> Self {
        let mut folder = tempfile::Builder::new().prefix("gpuslice-").tempdir().expect("a temporary folder");
        folder.disable_cleanup(std::env::var_os("GPUSLICE_KEEP_WORKSPACES").is_some_and(|keep| keep == "1"));
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).expect("a fresh folder");
        }
        let mut workspace = Self { environment: BTreeMap::new(), patience: command::PATIENCE, folder };
        let cli_config = workspace.cli_config();
        let home = workspace.folder.path().join("home");
        workspace.set_env("TF_CLI_CONFIG_FILE", cli_config);
        // No credentials files, no plugin cache, no checkpoint signature of the person who runs the tests.
        workspace.set_env("HOME", home);
        workspace.set_env("CHECKPOINT_DISABLE", "1");
        workspace.set_env("TF_IN_AUTOMATION", "1");
        workspace.set_env("TF_INPUT", "0");
        workspace.set_env("TF_CLI_ARGS", "-no-color");
        workspace
    }

    /// The working folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn cli_config(&self) -> PathBuf {
        self.folder.path().join("terraform.rc")
    }

    #[track_caller]
    fn write_cli_config(&self, text: &str) {
        fs::write(self.cli_config(), text).expect("a fresh folder");
    }

    /// Sets an environment variable for all later commands.
    pub(crate) fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// Takes an environment variable away from all later commands.
    pub(crate) fn unset_env(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Changes the time limit of all later commands.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Writes a file of the configuration, in place of what it held.
    #[track_caller]
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Reads a file of the working folder, such as `terraform.tfstate`.
    #[track_caller]
    pub(crate) fn read(&self, file: &str) -> String {
        let path = self.path().join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// `terraform` with these arguments, not started yet.
    #[track_caller]
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut terraform = Command::new(tools::terraform());
        terraform.args(args).current_dir(self.path());
        command::isolate(&mut terraform);
        terraform.envs(&self.environment);
        terraform
    }

    /// Runs `terraform` to its end. A command that hangs fails the test with its output.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.spawn(args).wait_with_timeout(self.patience)
    }

    /// Starts `terraform` in a process group of its own, to be interrupted or robbed of its provider.
    #[track_caller]
    pub(crate) fn spawn(&self, args: &[&str]) -> Running {
        command::spawn(self.command(args))
    }

    /// `init`, for workspaces made by [`Self::with_mirror`].
    #[track_caller]
    pub(crate) fn init(&self) -> Output {
        self.run(&["init"])
    }

    /// `validate`.
    #[track_caller]
    pub(crate) fn validate(&self) -> Output {
        self.run(&["validate"])
    }

    /// `plan -detailed-exitcode`: exit code 0 means no changes, 1 an error, 2 changes.
    #[track_caller]
    pub(crate) fn plan(&self) -> Output {
        self.run(&["plan", "-detailed-exitcode"])
    }

    /// `apply -auto-approve`.
    #[track_caller]
    pub(crate) fn apply(&self) -> Output {
        self.run(&["apply", "-auto-approve"])
    }

    /// `destroy -auto-approve`.
    #[track_caller]
    pub(crate) fn destroy(&self) -> Output {
        self.run(&["destroy", "-auto-approve"])
    }

    /// `refresh`, as the apply of a refresh-only plan.
    #[track_caller]
    pub(crate) fn refresh(&self) -> Output {
        self.run(&["apply", "-refresh-only", "-auto-approve"])
    }

    /// `import ADDRESS ID`.
    #[track_caller]
    pub(crate) fn import(&self, address: &str, id: &str) -> Output {
        self.run(&["import", address, id])
    }

    /// `state rm ADDRESS`.
    #[track_caller]
    pub(crate) fn state_rm(&self, address: &str) -> Output {
        self.run(&["state", "rm", address])
    }

    /// Plans, and demands that there is nothing to do.
    #[track_caller]
    pub(crate) fn assert_empty_plan(&self) {
        self.plan().exits(0);
    }

    /// The plan as JSON; it must succeed.
    #[track_caller]
    pub(crate) fn plan_json(&self) -> Value {
        self.run(&["plan", "-out=json.tfplan"]).success();
        parse(&self.run(&["show", "-json", "json.tfplan"]).success())
    }

    /// The state as JSON.
    #[track_caller]
    pub(crate) fn show_json(&self) -> Value {
        parse(&self.run(&["show", "-json"]).success())
    }

    /// The attribute values of the resource at `address` in the state.
    #[track_caller]
    pub(crate) fn attributes(&self, address: &str) -> Value {
        json::attributes(&self.show_json(), address).clone()
    }

    /// Whether the state holds the resource at `address`.
    #[track_caller]
    pub(crate) fn has(&self, address: &str) -> bool {
        json::find_resource(&self.show_json(), address).is_some()
    }

    /// Whether the resource at `address`, which must be in the state, is tainted: the next apply replaces it.
    #[track_caller]
    pub(crate) fn is_tainted(&self, address: &str) -> bool {
        let state = self.show_json();
        let resource = json::find_resource(&state, address);
        resource.unwrap_or_else(|| panic!("{address} is not in the state: {state:#}"))["tainted"] == true
    }

    /// The values of all outputs.
    #[track_caller]
    pub(crate) fn outputs(&self) -> Value {
        let all = parse(&self.run(&["output", "-json"]).success());
        let all = all.as_object().expect("outputs are an object").clone();
        all.into_iter().map(|(name, output)| (name, output["value"].clone())).collect()
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if std::env::var_os("GPUSLICE_KEEP_WORKSPACES").is_some_and(|keep| keep == "1") {
            eprintln!("kept {}", self.folder.path().display());
        }
    }
}

#[track_caller]
fn parse(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("not JSON: {error}\n{output}"))
}
