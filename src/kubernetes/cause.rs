//! From a failed request to its cause: the client's own errors say little more than "client error (Connect)", and what
//! really happened stands at the end of their chain of sources.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::error::{KubeError, sentence};
use super::identity::Identity;
use super::rights::Right;
use crate::nodepool::PoolError;

/// Who asked whom for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) server: &'a str,
    pub(super) identity: &'a Identity,
    pub(super) right: &'a Right,
    /// How long one request may take.
    pub(super) limit: Duration,
}

/// The cause of a failed request.
pub(super) fn cause(error: &kube::Error, asked: Asked<'_>) -> KubeError {
    let server = asked.server.to_owned();
    let right = Box::new(asked.right.clone());
    match error {
        kube::Error::Api(status) => refusal(status, asked),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            KubeError::Nonsense { server, right, why: error.to_string() }
        }
        other => connection(other, asked),
    }
}

fn refusal(status: &kube::core::Status, asked: Asked<'_>) -> KubeError {
    let right = Box::new(asked.right.clone());
    let message = in_full(status);
    match status.code {
        401 => KubeError::Unauthorized {
            server: asked.server.to_owned(),
            identity: asked.identity.to_string(),
            grant: asked.identity.grant.clone(),
        },
        403 => KubeError::Forbidden {
            right,
            identity: asked.identity.to_string(),
            grant: asked.identity.grant.clone(),
            message,
        },
        404 => KubeError::Missing { right, message },
        409 => KubeError::Conflict { right, message },
        code => {
            let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
            let retry_after = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
            KubeError::Rejected { right, code, message, retry_after }
        }
    }
}

/// What the server says, with the causes that its first sentence leaves out: a disruption budget's name is only there.
fn in_full(status: &kube::core::Status) -> String {
    let message = if status.message.is_empty() { &status.reason } else { &status.message };
    let causes =
        status.details.iter().flat_map(|details| &details.causes).map(|cause| cause.message.as_str());
    let more: Vec<&str> = causes.filter(|cause| !cause.is_empty() && !message.contains(cause)).collect();
    if more.is_empty() { message.clone() } else { format!("{} {}", sentence(message), more.join("; ")) }
}

fn connection(error: &kube::Error, asked: Asked<'_>) -> KubeError {
    let server = asked.server.to_owned();
    let links = chain(error);
    let whole = || {
        // The client's own words for where it was say nothing of why.
        let own = |text: &&str| !text.starts_with("ServiceError") && !text.starts_with("client error (");
        let mut texts: Vec<&str> = links.iter().map(|link| link.text.as_str()).filter(own).collect();
        texts.dedup();
        if texts.is_empty() { "no reason is given".to_owned() } else { texts.join(": ") }
    };
    for link in &links {
        match &link.kind {
            Kind::Credentials(why) => {
                return KubeError::NoCredentials { identity: asked.identity.to_string(), why: why.clone() };
            }
            Kind::Tls => return KubeError::Tls { server, why: link.text.clone() },
            Kind::Io(io::ErrorKind::ConnectionRefused) => return KubeError::Refused { server },
            Kind::Io(io::ErrorKind::TimedOut) => {
                return KubeError::TimedOut {
                    server,
                    right: Box::new(asked.right.clone()),
                    after: asked.limit,
                };
            }
            Kind::Dns => {
                // The link after this one is the resolver's own word.
                let why = links.last().map(|last| last.text.clone()).unwrap_or_default();
                return KubeError::NoAddress { server, why };
            }
            Kind::Io(_) | Kind::Other => {}
        }
    }
    let connecting = links.iter().any(|link| link.text.contains("client error (Connect)"));
    if connecting {
        KubeError::Unreachable { server, why: whole() }
    } else {
        KubeError::Broken { server, right: Box::new(asked.right.clone()), why: whole() }
    }
}

/// One error of a chain.
struct Link {
    text: String,
    kind: Kind,
}

enum Kind {
    Credentials(String),
    Tls,
    Dns,
    Io(io::ErrorKind),
    Other,
}

/// The errors behind an error, the outermost first, without those that only repeat the next one.
fn chain(error: &kube::Error) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // "a: b" followed by "b" says the same twice.
        if let Some(last) = links.last_mut()
            && last.text != text
            && let Some(head) = last.text.strip_suffix(&text)
        {
            last.text = head.trim_end_matches([':', ' ']).to_owned();
        }
        let repeats = links.last().is_some_and(|last| last.text == text);
        let kind = kind_of(error, &text);
        if repeats && matches!(kind, Kind::Other) {
            // Nothing new.
        } else {
            links.push(Link { text, kind });
        }
        // An error that an `io::Error` was made of is not its source.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    links.retain(|link| !link.text.is_empty());
    links
}

fn kind_of(error: &(dyn Error + 'static), text: &str) -> Kind {
    if let Some(error) = error.downcast_ref::<PoolError>() {
        Kind::Credentials(format!("{}. {}", error.summary, error.detail))
    } else if error.is::<rustls::Error>() {
        Kind::Tls
    } else if text.starts_with("dns error") {
        Kind::Dns
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        Kind::Io(error.kind())
    } else {
        Kind::Other
    }
}
