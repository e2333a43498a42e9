//! The provider's `kubernetes` block: a kubeconfig and a context in it, or an address with a token.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::Config;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, Kubeconfig, KubeconfigError};

use super::bearer::Fixed;
use super::{Names, Target, address, authorities, exec};
use crate::kubernetes::error::KubeError;
use crate::kubernetes::identity::Identity;
use crate::kubernetes::reach::KubernetesSettings;
use crate::nodepool::TokenSource;

const PATH: &str = "kubernetes.config_path";
const CONTEXT: &str = "kubernetes.config_context";
const HOST: &str = "kubernetes.host";
const TOKEN: &str = "kubernetes.token";
const AUTHORITY: &str = "kubernetes.cluster_ca_certificate";

const GRANT: &str = "Whoever administers the cluster can bind a Role or ClusterRole to it.";

const OF_KUBECONFIG: Names = Names { server: PATH, authority: PATH, credentials: PATH };
const OF_ADDRESS: Names = Names { server: HOST, authority: AUTHORITY, credentials: TOKEN };

/// What the block leads to.
pub(super) async fn target(settings: &KubernetesSettings) -> Result<Target, KubeError> {
    match (&settings.config_path, &settings.host) {
        (Some(path), None) => {
            for (setting, written) in
                [(TOKEN, &settings.token), (AUTHORITY, &settings.cluster_ca_certificate)]
            {
                if written.is_some() {
                    return wrong(setting, "It goes with kubernetes.host. A kubeconfig holds its own.");
                }
            }
            of_kubeconfig(path, settings.config_context.as_deref()).await
        }
        (None, Some(_)) if settings.config_context.is_some() => {
            wrong(CONTEXT, "It goes with kubernetes.config_path; kubernetes.host is an address by itself.")
        }
        (None, Some(host)) => of_address(host, settings),
        (Some(_), Some(_)) => wrong(HOST, "kubernetes.config_path is set too. Say one of them."),
        (None, None) => wrong(
            "The kubernetes block",
            "It says nothing about how to reach the cluster: set config_path, or host and token.",
        ),
    }
}

fn wrong<T>(setting: &'static str, why: impl Into<String>) -> Result<T, KubeError> {
    Err(KubeError::Settings { setting, why: why.into() })
}

fn of_address(host: &str, settings: &KubernetesSettings) -> Result<Target, KubeError> {
    let full = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let mut config = Config::new(address(&full, OF_ADDRESS)?);
    if let Some(text) = &settings.cluster_ca_certificate {
        config.root_cert = Some(authorities(&pem(text)?, OF_ADDRESS)?);
    }
    let Some(token) = &settings.token else {
        return wrong(TOKEN, "kubernetes.host is set, and no token to show there.");
    };
    let source: Arc<dyn TokenSource> = Arc::new(Fixed(token.clone()));
    let identity = Identity::new("the provider's kubernetes.token", GRANT);
    Ok(Target { config, tokens: Some(source), identity, names: OF_ADDRESS })
}

/// A certificate as clouds hand it out (base64) or as it is wanted (PEM).
fn pem(text: &str) -> Result<String, KubeError> {
    if text.contains("-----BEGIN") {
        return Ok(text.to_owned());
    }
    let packed: String = text.split_whitespace().collect();
    match STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) if text.contains("-----BEGIN") => Ok(text),
        _ => wrong(AUTHORITY, "It is neither PEM (-----BEGIN CERTIFICATE-----) nor the base64 of it."),
    }
}

async fn of_kubeconfig(path: &str, context: Option<&str>) -> Result<Target, KubeError> {
    let file = Kubeconfig::read_from(expanded(path)).or_else(|error| match error {
        KubeconfigError::ReadConfig(why, _) => wrong(PATH, format!("The file {path} cannot be read: {why}")),
        other => wrong(PATH, format!("The file {path} is no kubeconfig: {other}")),
    })?;
    let chosen = Chosen::of(&file, path, context)?;
    let Some(server) = &chosen.cluster.server else {
        return wrong(PATH, format!("The cluster {:?} in {path} has no server.", chosen.cluster_name));
    };
    let mut config = Config::new(address(server, OF_KUBECONFIG)?);
    config.tls_server_name.clone_from(&chosen.cluster.tls_server_name);
    config.accept_invalid_certs = chosen.cluster.insecure_skip_tls_verify.unwrap_or(false);
    if let Some(pem) = authority_of(&chosen.cluster)? {
        config.root_cert = Some(authorities(&pem, OF_KUBECONFIG)?);
    }
    if let Some(proxy) = chosen.cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty()) {
        let parsed = proxy.parse().or_else(|_| wrong(PATH, format!("The proxy-url {proxy:?} is no URL.")))?;
        config.proxy_url = Some(parsed);
    }
    let mut words = format!("the user {:?} of the context {:?} in {path}", chosen.user_name, chosen.context);
    let mut user = chosen.user;
    if let Some(provider) = &user.auth_provider {
        return wrong(
            PATH,
            format!(
                "The user {:?} in {path} uses the auth-provider {:?}, which kubectl has dropped as well. Make the \
                 kubeconfig anew with the cloud's own tool: it then names a credential plugin.",
                chosen.user_name, provider.name
            ),
        );
    }
    let mut tokens: Option<Arc<dyn TokenSource>> = None;
    if let Some(plugin) = user.exec.take() {
        let name = plugin.command.clone().unwrap_or_default();
        words = format!("{words}, by the credential plugin {name:?}");
        let about =
            ExecAuthCluster::try_from(&chosen.cluster).or_else(|error| wrong(PATH, error.to_string()))?;
        let given = exec::ask(plugin, Some(about)).await.map_err(|error| KubeError::NoCredentials {
            identity: words.clone(),
            why: format!("{}. {}", error.summary, error.detail),
        })?;
        match given {
            exec::Given::Tokens(plugin) => tokens = Some(Arc::from(plugin as Box<dyn TokenSource>)),
            exec::Given::Certificate(pair) => {
                user.client_certificate_data = Some(STANDARD.encode(pair.certificate));
                user.client_key_data = Some(STANDARD.encode(pair.key).into());
            }
        }
    }
    config.auth_info = user;
    Ok(Target { config, tokens, identity: Identity::new(words, GRANT), names: OF_KUBECONFIG })
}

/// What a context leads to.
struct Chosen {
    context: String,
    cluster_name: String,
    cluster: Cluster,
    user_name: String,
    user: AuthInfo,
}

impl Chosen {
    fn of(file: &Kubeconfig, path: &str, context: Option<&str>) -> Result<Self, KubeError> {
        let known = || {
            let names: Vec<_> = file.contexts.iter().map(|one| one.name.as_str()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let Some(name) = context.or(file.current_context.as_deref()).filter(|name| !name.is_empty()) else {
            return wrong(
                PATH,
                format!("{path} has no current context. Name one in {CONTEXT}. It has: {}.", known()),
            );
        };
        let found = file.contexts.iter().find(|one| one.name == name).and_then(|one| one.context.as_ref());
        let Some(found) = found else {
            let setting = if context.is_some() { CONTEXT } else { PATH };
            return wrong(setting, format!("{path} has no context {name:?}. It has: {}.", known()));
        };
        let cluster = file.clusters.iter().find(|one| one.name == found.cluster);
        let Some(cluster) = cluster.and_then(|one| one.cluster.clone()) else {
            return wrong(
                PATH,
                format!(
                    "The context {name:?} in {path} names the cluster {:?}, which it lacks.",
                    found.cluster
                ),
            );
        };
        let user_name = found.user.clone().unwrap_or_default();
        let user = file.auth_infos.iter().find(|one| one.name == user_name);
        let Some(user) = user.and_then(|one| one.auth_info.clone()) else {
            return wrong(
                PATH,
                format!("The context {name:?} in {path} names the user {user_name:?}, which it lacks."),
            );
        };
        Ok(Chosen { context: name.to_owned(), cluster_name: found.cluster.clone(), cluster, user_name, user })
    }
}

fn authority_of(cluster: &Cluster) -> Result<Option<String>, KubeError> {
    if let Some(data) = &cluster.certificate_authority_data {
        let bytes = STANDARD.decode(data.trim());
        let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        return match text {
            Some(text) => Ok(Some(text)),
            None => wrong(PATH, "Its certificate-authority-data is not the base64 of PEM."),
        };
    }
    let Some(file) = &cluster.certificate_authority else { return Ok(None) };
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) => wrong(PATH, format!("Its certificate-authority {file:?} cannot be read: {error}.")),
    }
}

/// A path with `~/` as the home folder.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}
