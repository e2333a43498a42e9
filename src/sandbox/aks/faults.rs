//! Faults in Azure's words.

use super::errors::Refusal;
use super::headers;
use super::model::Aks;
use super::routes;
use crate::sandbox::context::Context;
use crate::sandbox::exchange::{Answer, Call};
use crate::sandbox::fault_kinds::Refused;

impl Aks {
    /// The error that a fault answers a call with.
    pub(crate) fn refuse(&mut self, context: &mut Context<'_>, call: &Call, refused: &Refused) -> Answer {
        let answer = refusal(call, refused).answer();
        headers::dress(answer, call, context.now, None, &mut self.requests)
    }
}

fn refusal(call: &Call, refused: &Refused) -> Refusal {
    let part = |index: usize| call.path.split('/').nth(index).unwrap_or_default();
    match refused {
        Refused::Throttle { retry_after } => Refusal::throttled(whole_seconds(*retry_after)),
        // AKS itself works on clusters in the background (source: Azure/telescope pull request 1213).
        Refused::Busy => Refusal::busy("Another operation (Updating)"),
        Refused::QuotaOperations => Refusal::bare(
            409,
            "AnotherOperationInProgress",
            "Another operation on this cluster is in progress. Try again later.",
        ),
        Refused::Quota { resource } => Refusal::bare(
            400,
            "ErrCode_InsufficientVCPUQuota",
            format!(
                "Insufficient vcpu quota requested 24, remaining 0 for family {} for region eastus. Surge nodes would \
                 also consume vcpu quota.",
                resource.as_deref().unwrap_or("StandardNCADSA100v4Family")
            ),
        ),
        Refused::NotFound { what } => match *what {
            "subscription" => Refusal::subscription_not_found(part(2)),
            "group" => Refusal::group_not_found(part(4)),
            "cluster" => Refusal::resource_not_found("managedClusters", part(8), part(4)),
            _ => resource_not_found(call),
        },
        Refused::Etag { status: "412" } => Refusal::precondition(
            "The etag in the If-Match header does not match the etag of the agent pool.",
        ),
        // Source: Azure/terraform-azurerm-aks issue 604.
        Refused::Etag { .. } => Refusal::bare(
            409,
            "EtagMismatch",
            "Operation is not allowed: the etag does not match. The resource was changed by another operation.",
        ),
        Refused::Permission => Refusal::arm(
            403,
            "AuthorizationFailed",
            format!(
                "The client 'sandbox' with object id '00000000-0000-0000-0000-00000000000b' does not have authorization \
                 to perform action 'Microsoft.ContainerService/managedClusters/agentPools/{}' over scope '{}' or the \
                 scope is invalid. If access was recently granted, please refresh your credentials.",
                action(&call.method),
                call.path
            ),
        ),
        Refused::Unauthenticated => {
            Refusal::unauthenticated("ExpiredAuthenticationToken", "The access token has expired.")
        }
        Refused::Unavailable => Refusal::arm(
            503,
            "ServiceUnavailable",
            "The service is temporarily unavailable. Please try again later.",
        ),
    }
}

/// The 404 of whatever the path names.
fn resource_not_found(call: &Call) -> Refusal {
    let part = |index: usize| call.path.split('/').nth(index).unwrap_or_default();
    match routes::target(&call.method, &call.path).map(|target| target.route) {
        Ok(routes::Route::Pool(pool)) => Refusal::pool_not_found(&pool),
        Ok(routes::Route::Operation(id) | routes::Route::OperationResult(id)) => super::no_operation(&id),
        _ => Refusal::resource_not_found("managedClusters", part(8), part(4)),
    }
}

/// The last word of an action in Azure's permissions.
fn action(method: &str) -> &'static str {
    match method {
        "GET" => "read",
        "DELETE" => "delete",
        _ => "write",
    }
}

/// Retry-After counts in whole seconds.
fn whole_seconds(duration: std::time::Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
