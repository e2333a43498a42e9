//! Kubeconfigs: what `listClusterUserCredential` and `listClusterAdminCredential` answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Context;
use super::errors::Refusal;
use super::model::{Accounts, Aks, Cluster};
use super::seed::TENANT;
use crate::sandbox::kubernetes::Proof;

/// The application that stands for all AKS API servers in Entra ID (source: AKS documentation on kubelogin).
const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// The application that people sign in with (source: as above).
const CLIENT: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// Whose credentials are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    User,
    Admin,
}

impl Aks {
    /// The one kubeconfig that AKS has for this kind of user.
    pub(super) fn credentials(
        &self,
        context: &Context<'_>,
        key: &str,
        whose: Whose,
    ) -> Result<Value, Refusal> {
        let cluster = self.cluster(key)?;
        if whose == Whose::Admin && cluster.accounts == Accounts::EntraOnly {
            // The text is AKS's (source: Azure/AKS issues); the code is unverified.
            return Err(Refusal::bad_request(
                "Getting static credential is not allowed because this cluster is set to disable local accounts.",
            ));
        }
        let Some(directory) = context.directory else {
            return Err(Refusal::bad_request("The cluster has no API server here."));
        };
        let failed =
            |error: std::io::Error| Refusal::bad_request(format!("The API server has no port: {error}"));
        let access = directory.access(&cluster.id()).map_err(failed)?;
        let (word, suffix) = match whose {
            Whose::User => ("clusterUser", ""),
            Whose::Admin => ("clusterAdmin", "-admin"),
        };
        let proof = match (whose, cluster.accounts) {
            (Whose::User, Accounts::Entra | Accounts::EntraOnly) => Proof::Program(kubelogin()),
            _ => Proof::Certificate(directory.authority.administrator().clone()),
        };
        let user = format!("{word}_{}_{}", cluster.group, cluster.name);
        let text = access.kubeconfig(&cluster.name, &user, &format!("{}{suffix}", cluster.name), &proof);
        Ok(json!({"kubeconfigs": [{"name": word, "value": STANDARD.encode(text)}]}))
    }
}

/// The program that fetches a token for the user of an Entra cluster.
fn kubelogin() -> Value {
    json!({
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "kubelogin",
        "args": ["get-token", "--environment", "AzurePublicCloud", "--server-id", SERVER, "--client-id", CLIENT,
            "--tenant-id", TENANT, "--login", "devicecode"],
        "env": null,
        "installHint": "kubelogin is not installed which is required to connect to AAD enabled cluster.",
        "provideClusterInfo": false,
    })
}

impl Cluster {
    /// The part of the cluster's properties that tells who may come in.
    pub(super) fn show_accounts(&self, properties: &mut Value) {
        properties["disableLocalAccounts"] = json!(self.accounts == Accounts::EntraOnly);
        if self.accounts != Accounts::Local {
            properties["aadProfile"] = json!({"managed": true, "enableAzureRBAC": true, "adminGroupObjectIDs": null, "tenantID": TENANT});
        }
    }
}
