//! Credential plugins: programs that a kubeconfig names, which print a token or a certificate (source: Kubernetes,
//! "Client authentication", client-go credential plugins).
//!
//! They are run here and not by the client library, which waits for them without end, lets them ask at a terminal that
//! Terraform's plugins do not have, and shows nothing of what they say when they fail.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::nodepool::access::ClientCertificate;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{PoolError, TokenSource};

/// How long a plugin may take. Those of the clouds ask a server for a token.
const LIMIT: Duration = Duration::from_secs(60);

/// A token is no longer used this long before its end.
const MARGIN: Duration = Duration::from_secs(60);

/// A plugin, and the last token that it gave.
#[derive(Debug)]
pub(super) struct Plugin {
    exec: ExecConfig,
    cluster: Option<ExecAuthCluster>,
    last: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    /// `None`: it is good for as long as this process is there.
    until: Option<SystemTime>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

/// What a plugin gave.
pub(super) enum Given {
    /// A token; the plugin is asked again when it ends.
    Tokens(Box<Plugin>),
    /// A certificate.
    Certificate(ClientCertificate),
}

/// Runs the plugin once, to see which kind it is.
///
/// # Errors
/// When it does not start, fails, takes too long or prints something else.
pub(super) async fn ask(exec: ExecConfig, cluster: Option<ExecAuthCluster>) -> Result<Given, PoolError> {
    let plugin = Plugin { exec, cluster, last: Mutex::new(None) };
    let status = plugin.run().await?;
    match (status.client_certificate_data, status.client_key_data, &status.token) {
        (Some(certificate), Some(key), None) => {
            Ok(Given::Certificate(ClientCertificate { certificate, key }))
        }
        (_, _, Some(_)) => {
            *plugin.last.lock().await = plugin.token_of(status.token, status.expiration_timestamp)?;
            Ok(Given::Tokens(Box::new(plugin)))
        }
        _ => Err(plugin.failed("it printed neither a token nor a certificate with its key")),
    }
}

#[async_trait::async_trait]
impl TokenSource for Plugin {
    async fn token(&self) -> Result<String, PoolError> {
        // Held over the run, so that requests at once run the plugin once.
        let mut last = self.last.lock().await;
        if let Some(token) = last.as_ref()
            && token.until.is_none_or(|until| now() + MARGIN < until)
        {
            return Ok(token.text.clone());
        }
        let status = self.run().await?;
        let token = self.token_of(status.token, status.expiration_timestamp)?;
        let text = token.as_ref().map(|token| token.text.clone());
        *last = token;
        text.ok_or_else(|| self.failed("it gave a token before, and gives none now"))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Credential {
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Status")
            .field("expiration_timestamp", &self.expiration_timestamp)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    fn name(&self) -> &str {
        self.exec.command.as_deref().unwrap_or_default()
    }

    fn failed(&self, why: &str) -> PoolError {
        let hint =
            self.exec.install_hint.as_deref().map(|hint| format!(" {}", hint.trim())).unwrap_or_default();
        PoolError {
            kind: ErrorKind::Unauthenticated,
            summary: format!("The credential plugin {:?} gave no credentials", self.name()),
            detail: format!("The kubeconfig names it, and {why}.{hint}"),
            attribute: None,
        }
    }

    fn token_of(&self, text: Option<String>, until: Option<String>) -> Result<Option<Token>, PoolError> {
        let until = until
            .map(|until| {
                OffsetDateTime::parse(&until, &Rfc3339)
                    .map(SystemTime::from)
                    .map_err(|_| self.failed(&format!("the end of its token, {until:?}, is no instant")))
            })
            .transpose()?;
        Ok(text.map(|text| Token { text, until }))
    }

    async fn run(&self) -> Result<Status, PoolError> {
        if self.name().is_empty() {
            return Err(self.failed("it names no command"));
        }
        if self.exec.interactive_mode == Some(ExecInteractiveMode::Always) {
            return Err(
                self.failed("it wants to ask at a terminal (interactiveMode: Always), which is not there")
            );
        }
        let mut command = Command::new(self.name());
        command.args(self.exec.args.iter().flatten());
        for variable in self.exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        let mut spec = json!({"interactive": false});
        if self.exec.provide_cluster_info
            && let Some(cluster) = &self.cluster
        {
            spec["cluster"] = json!(cluster);
        }
        let info = json!({"apiVersion": self.exec.api_version, "kind": "ExecCredential", "spec": spec});
        command.env("KUBERNETES_EXEC_INFO", info.to_string());
        for name in self.exec.drop_env.iter().flatten() {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = match tokio::time::timeout(LIMIT, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(self.failed(&format!("it does not start: {error}"))),
            Err(_) => return Err(self.failed(&format!("it did not end within {} seconds", LIMIT.as_secs()))),
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            // The last lines say why; what is before them is often a usage text.
            let said = said[said.len().saturating_sub(5)..].join(" ");
            let said = if said.is_empty() { "nothing".to_owned() } else { said.chars().take(800).collect() };
            return Err(self.failed(&format!("it ended with {}, saying: {said}", output.status)));
        }
        // What it printed may be a secret, so only the place is told.
        let credential: Credential = serde_json::from_slice(&output.stdout).map_err(|error| {
            self.failed(&format!(
                "what it printed is no ExecCredential in JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        Ok(credential.status)
    }
}

#[expect(clippy::disallowed_methods, reason = "a plugin says by the wall clock when its token ends")]
fn now() -> SystemTime {
    SystemTime::now()
}
