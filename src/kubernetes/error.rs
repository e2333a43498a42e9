//! What keeps a cluster's Kubernetes API from doing what is asked, by cause and remedy.

use std::time::Duration;

use super::rights::Right;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Path, PoolError};

mod words;

pub(super) use words::sentence;

/// A request to a cluster without the wanted answer, or a cluster that nothing can be asked of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.summary(), self.detail())]
pub enum KubeError {
    /// What is set for reaching the cluster cannot be used. Remedy: as the text says.
    Settings {
        /// The setting, such as `kubernetes.config_path`.
        setting: &'static str,
        /// What is wrong with it, in full sentences.
        why: String,
    },
    /// There is no token or certificate to show. Remedy: log in.
    NoCredentials {
        /// Who was to be shown.
        identity: String,
        /// Why not, in full sentences.
        why: String,
    },
    /// The server's name has no address. Remedy: the network's DNS, or a public endpoint.
    NoAddress {
        /// Where the API should be.
        server: String,
        /// What the resolver says.
        why: String,
    },
    /// Nobody listens at the address. Remedy: the right address, or a started cluster.
    Refused {
        /// Where the API should be.
        server: String,
    },
    /// No way to the address. Remedy: the network, its firewalls and proxies.
    Unreachable {
        /// Where the API should be.
        server: String,
        /// What the network says.
        why: String,
    },
    /// The server is not whom it should be, or speaks another TLS. Remedy: the right authority.
    Tls {
        /// Where the API should be.
        server: String,
        /// What is wrong with its certificate or its TLS.
        why: String,
    },
    /// No answer in time. Remedy: the network; private clusters let packets of strangers vanish.
    TimedOut {
        /// Where the API should be.
        server: String,
        /// What was asked.
        right: Box<Right>,
        /// How long the answer was waited for.
        after: Duration,
    },
    /// The user interrupted.
    Interrupted {
        /// What was asked.
        right: Box<Right>,
    },
    /// 401: the cluster does not know the identity. Remedy: other credentials, or access for these.
    Unauthorized {
        /// Where the API is.
        server: String,
        /// Who was shown.
        identity: String,
        /// How it is given access.
        grant: String,
    },
    /// 403: the identity may not. Remedy: the right.
    Forbidden {
        /// What was asked.
        right: Box<Right>,
        /// Who was shown.
        identity: String,
        /// How it is given rights.
        grant: String,
        /// The server's words, which name the user that it sees.
        message: String,
    },
    /// Rights that will be needed are missing. Remedy: grant them, before anything is made.
    Lacking {
        /// All of them.
        rights: Vec<Right>,
        /// Who was shown.
        identity: String,
        /// How it is given rights.
        grant: String,
    },
    /// 404: the object, its namespace or its kind does not exist.
    Missing {
        /// What was asked.
        right: Box<Right>,
        /// The server's words.
        message: String,
    },
    /// 409: somebody else owns what was to be changed, or changed it meanwhile.
    Conflict {
        /// What was asked.
        right: Box<Right>,
        /// The server's words, which name the owner.
        message: String,
    },
    /// Any other refusal.
    Rejected {
        /// What was asked.
        right: Box<Right>,
        /// The status.
        code: u16,
        /// The server's words.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The connection broke before the whole answer was there.
    Broken {
        /// Where the API is.
        server: String,
        /// What was asked.
        right: Box<Right>,
        /// What is known of it.
        why: String,
    },
    /// An answer that no Kubernetes API gives, such as a proxy's page.
    Nonsense {
        /// Where the API should be.
        server: String,
        /// What was asked.
        right: Box<Right>,
        /// What was read.
        why: String,
    },
    /// More than one ConfigMap of device plugins. Remedy: name the one.
    SeveralConfigMaps {
        /// Each as `namespace/name (who mounts it)`.
        found: Vec<String>,
    },
    /// Nodes without a label would get our key, and no key `default` keeps them from it.
    NoDefault {
        /// The ConfigMap, as `namespace/name`.
        config_map: String,
    },
    /// Pods do not leave nodes that are to end. Remedy: room in their disruption budgets.
    PodsStay {
        /// Each as `namespace/name on node: why`.
        pods: Vec<String>,
        /// How long they were waited for.
        after: Duration,
    },
    /// The ConfigMap is marked as immutable. Remedy: another one.
    Immutable {
        /// The ConfigMap, as `namespace/name`.
        config_map: String,
    },
}

impl KubeError {
    /// Whether the API was not reached at all, or not understood: nothing is known of the cluster.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(
            self,
            KubeError::NoAddress { .. }
                | KubeError::Refused { .. }
                | KubeError::Unreachable { .. }
                | KubeError::Tls { .. }
                | KubeError::TimedOut { .. }
                | KubeError::Broken { .. }
                | KubeError::Nonsense { .. }
        )
    }

    /// Whether the same request may well succeed a moment later.
    pub(super) fn passes(&self) -> bool {
        match self {
            KubeError::Rejected { code, .. } => matches!(code, 429 | 500 | 502 | 503 | 504),
            KubeError::Refused { .. } | KubeError::Broken { .. } => true,
            _ => false,
        }
    }

    /// How long the server asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            KubeError::Rejected { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What kind of error it is, for what happens next.
    pub fn kind(&self) -> ErrorKind {
        match self {
            KubeError::Settings { .. }
            | KubeError::SeveralConfigMaps { .. }
            | KubeError::NoDefault { .. }
            | KubeError::Immutable { .. }
            | KubeError::Missing { .. }
            | KubeError::Conflict { .. }
            | KubeError::Rejected { .. } => ErrorKind::Invalid,
            KubeError::NoCredentials { .. } | KubeError::Unauthorized { .. } => ErrorKind::Unauthenticated,
            KubeError::Forbidden { .. } | KubeError::Lacking { .. } => ErrorKind::Forbidden,
            KubeError::Interrupted { .. } => ErrorKind::Interrupted,
            KubeError::TimedOut { .. } | KubeError::PodsStay { .. } => ErrorKind::TimedOut,
            KubeError::NoAddress { .. }
            | KubeError::Refused { .. }
            | KubeError::Unreachable { .. }
            | KubeError::Tls { .. }
            | KubeError::Broken { .. }
            | KubeError::Nonsense { .. } => ErrorKind::Transport,
        }
    }
}

impl From<KubeError> for PoolError {
    fn from(error: KubeError) -> Self {
        let attribute = match &error {
            KubeError::SeveralConfigMaps { .. }
            | KubeError::Immutable { .. }
            | KubeError::NoDefault { .. } => Some(Path::of("device_plugin.config_map")),
            _ => None,
        };
        PoolError { kind: error.kind(), summary: error.summary(), detail: error.detail(), attribute }
    }
}

#[cfg(test)]
mod tests;
