//! Runs the Azure CLI.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Output, Stdio};

use azure_identity::Executor;

/// Runs a program to its end, and ends it when nobody waits any more.
#[derive(Debug, Default)]
pub(super) struct Command {
    /// Where programs are looked for, in place of the environment's `PATH`.
    pub(super) path: Option<OsString>,
}

#[async_trait::async_trait]
impl Executor for Command {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let mut command = tokio::process::Command::new(program);
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command.output().await
    }
}
