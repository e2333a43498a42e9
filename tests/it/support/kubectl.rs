//! `kubectl`, a client of Kubernetes that nobody here wrote, pointed at a cluster of a sandbox.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::command::{self, Running};
use super::{Output, SANDBOX, Sandbox};

/// `kubectl` for one cluster, with a home of its own.
#[derive(Debug)]
pub(crate) struct Kubectl {
    program: PathBuf,
    folder: TempDir,
}

impl Kubectl {
    /// For a cluster of a sandbox, by the sandbox's own kubeconfig. None, with a reason on standard error, where there is
    /// no kubectl: it is in no package registry that a test could fetch it from.
    #[track_caller]
    pub(crate) fn of(sandbox: &Sandbox, cluster: &str) -> Option<Self> {
        let kubectl = Self::without_config()?;
        let mut print = Command::new(SANDBOX);
        command::isolate(&mut print);
        print.args(["kubeconfig", "--cluster", cluster, "--url", sandbox.url()]);
        kubectl.set_config(&command::run(print).success().stdout);
        Some(kubectl)
    }

    /// For a kubeconfig that comes later.
    pub(crate) fn without_config() -> Option<Self> {
        let program = find()?;
        let folder =
            tempfile::Builder::new().prefix("gpuslice-kubectl-").tempdir().expect("a temporary folder");
        Some(Self { program, folder })
    }

    /// Writes the kubeconfig.
    pub(crate) fn set_config(&self, text: &str) {
        fs::write(self.folder.path().join("config"), text).expect("a writable folder");
    }

    /// A folder for files of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("a writable folder");
    }

    fn command(&self, arguments: &str) -> Command {
        let mut kubectl = Command::new(&self.program);
        command::isolate(&mut kubectl);
        kubectl.env("HOME", self.folder.path()).env("KUBECONFIG", self.folder.path().join("config"));
        kubectl.current_dir(self.folder.path()).args(arguments.split_whitespace());
        kubectl
    }

    /// Runs it with arguments that hold no blanks themselves.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &str) -> Output {
        command::run(self.command(arguments))
    }

    /// As [`Self::run`], with one more argument that may hold anything.
    #[track_caller]
    pub(crate) fn run_with(&self, arguments: &str, last: &str) -> Output {
        let mut kubectl = self.command(arguments);
        kubectl.arg(last);
        command::run(kubectl)
    }

    /// Starts it.
    #[track_caller]
    pub(crate) fn spawn(&self, arguments: &str) -> Running {
        command::spawn(self.command(arguments))
    }

    /// What it prints, when it succeeds.
    #[track_caller]
    pub(crate) fn print(&self, arguments: &str) -> String {
        self.run(arguments).success().stdout.trim().to_owned()
    }
}

/// `GPUSLICE_KUBECTL`, else the one in `PATH`.
fn find() -> Option<PathBuf> {
    if let Some(path) = env::var_os("GPUSLICE_KUBECTL").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "GPUSLICE_KUBECTL is {}, which is not a file", path.display());
        return Some(path);
    }
    let search = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&search).map(|folder| folder.join("kubectl")).find(|path| path.is_file());
    if found.is_none() {
        eprintln!(
            "skipped: this test drives kubectl, and there is none in PATH; install it, or set GPUSLICE_KUBECTL to its path"
        );
    }
    found
}
