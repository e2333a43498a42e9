//! Asking a running sandbox, from the command line.

use std::time::Duration;

/// A running sandbox gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The URL is none, or nobody listens there: start `gpuslice-sandbox serve`, or give its URL.
    #[error("no sandbox answers at {url}: {source}; start one with `gpuslice-sandbox serve`, or give --url")]
    NoAnswer {
        /// As given.
        url: String,
        /// What the HTTP client said.
        source: reqwest::Error,
    },
    /// The sandbox refuses, and says why.
    #[error("{0}")]
    Refused(String),
}

/// A kubeconfig for one cluster of the sandbox at `url`, as YAML.
///
/// # Errors
/// See [`AskError`].
pub async fn kubeconfig(url: &str, cluster: &str) -> Result<String, AskError> {
    let no_answer = |source| AskError::NoAnswer { url: url.to_owned(), source };
    // The sandbox is on this machine, whatever proxies there are.
    let client =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().map_err(no_answer)?;
    let asked = format!("{}/sandbox/kubeconfig", url.trim_end_matches('/'));
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("cluster", cluster).finish();
    let answer = client.get(format!("{asked}?{query}")).send().await.map_err(no_answer)?;
    let fine = answer.status().is_success();
    let text = answer.text().await.map_err(no_answer)?;
    if fine { Ok(text) } else { Err(AskError::Refused(sentence(&text))) }
}

/// The sandbox's own errors are `{"error": sentence}`.
fn sentence(text: &str) -> String {
    let read: Result<serde_json::Value, _> = serde_json::from_str(text);
    let told = read.ok().and_then(|value| Some(value.get("error")?.as_str()?.to_owned()));
    told.unwrap_or_else(|| text.to_owned())
}
