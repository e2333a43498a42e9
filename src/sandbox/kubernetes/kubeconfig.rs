//! How a cluster is reached: what the clouds' APIs hand out, and kubeconfig files.

use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::authority::{Authority, Identity};
use super::doors::Doors;

/// How one cluster's API server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// `127.0.0.1:8643`.
    pub(crate) host: String,
    /// The authority's certificate, base64 of PEM, as GKE and kubeconfig files have it.
    pub(crate) authority: String,
}

/// Where all clusters are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'a> {
    pub(crate) doors: &'a Doors,
    pub(crate) authority: &'a Authority,
}

/// What a kubeconfig proves its user with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    Token(String),
    Certificate(Identity),
    /// A program that fetches tokens: the `exec` object.
    Program(Value),
}

impl Directory<'_> {
    /// How a cluster is reached; its port is opened if it was not.
    ///
    /// # Errors
    /// The system gives no port.
    pub(crate) fn access(&self, cluster: &str) -> io::Result<Access> {
        let host = self.doors.address(cluster)?.to_string();
        Ok(Access { host, authority: STANDARD.encode(self.authority.certificate()) })
    }
}

impl Access {
    /// A kubeconfig of one cluster, one user and one context.
    pub(crate) fn kubeconfig(&self, cluster: &str, user: &str, context: &str, proof: &Proof) -> String {
        let proof = match proof {
            Proof::Token(token) => format!("    token: {token}\n"),
            Proof::Certificate(identity) => format!(
                "    client-certificate-data: {}\n    client-key-data: {}\n",
                STANDARD.encode(&identity.certificate),
                STANDARD.encode(&identity.key)
            ),
            // JSON is YAML too.
            Proof::Program(exec) => format!("    exec: {exec}\n"),
        };
        let mut text = String::from("apiVersion: v1\nkind: Config\npreferences: {}\n");
        let (host, authority) = (&self.host, &self.authority);
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "clusters:\n- name: {cluster}\n  cluster:\n    certificate-authority-data: {authority}\n    \
             server: https://{host}\nusers:\n- name: {user}\n  user:\n{proof}contexts:\n- name: {context}\n  \
             context:\n    cluster: {cluster}\n    user: {user}\ncurrent-context: {context}\n"
        );
        text
    }
}
