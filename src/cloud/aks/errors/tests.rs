use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;

fn answer(http: u16, body: &str) -> Refusal {
    let mut headers = HeaderMap::new();
    headers.insert("x-ms-request-id", "r1".parse().unwrap());
    headers.insert("x-ms-correlation-request-id", "c1".parse().unwrap());
    Refusal::of(&Answer {
        status: StatusCode::from_u16(http).unwrap(),
        headers,
        body: body.as_bytes().to_vec(),
    })
}

/// Azure Resource Manager's shape.
fn arm(http: u16, code: &str, message: &str) -> Refusal {
    answer(http, &json!({"error": {"code": code, "message": message}}).to_string())
}

/// AKS's own shape.
fn bare(http: u16, code: &str, message: &str) -> Refusal {
    answer(http, &json!({"code": code, "details": null, "message": message, "subcode": ""}).to_string())
}

#[test]
fn the_table_decides() {
    use ErrorKind::{Forbidden, Invalid, NoCapacity, Quota, Transport, Unauthenticated, Unsupported};
    let busy = "Operation is not allowed: Another agentpool operation (nodepool1 - Creating) is in progress";
    for (http, code, message, action) in [
        (409, "OperationNotAllowed", busy, Action::Busy),
        (409, "AnotherOperationInProgress", "", Action::Busy),
        (409, "SomethingNew", "a conflict", Action::Busy),
        (400, "OperationNotAllowed", busy, Action::Busy),
        (400, "OperationNotAllowed", "There has to be at least one system pool", Action::Final(Invalid)),
        (409, "OperationNotAllowed", "Managed cluster is in stopped state", Action::Final(Unsupported)),
        (409, "OperationNotAllowed", "exceeding approved standardNC quota", Action::Final(Quota)),
        (409, "EtagMismatch", "Operation is not allowed", Action::Stale),
        (412, "PreconditionFailed", "", Action::Stale),
        (429, "Throttled", "", Action::Throttled),
        (429, "TooManyRequests", "", Action::Throttled),
        (400, "InvalidParameter", "The value of parameter x is invalid", Action::Final(Invalid)),
        (400, "PropertyChangeNotAllowed", "", Action::Final(Invalid)),
        (400, "ErrCode_InsufficientVCPUQuota", "", Action::Final(Quota)),
        (400, "QuotaExceeded", "", Action::Final(Quota)),
        (400, "SkuNotAvailable", "", Action::Final(NoCapacity)),
        (401, "ExpiredAuthenticationToken", "", Action::Final(Unauthenticated)),
        (403, "AuthorizationFailed", "", Action::Final(Forbidden)),
        (403, "LinkedAuthorizationFailed", "", Action::Final(Forbidden)),
        (404, "ResourceNotFound", "", Action::NotFound),
        (404, "NotFound", "Could not find the agentpool", Action::NotFound),
        (404, "ResourceGroupNotFound", "", Action::NotFound),
        (404, "SubscriptionNotFound", "", Action::Final(Forbidden)),
        (404, "InvalidResourceType", "", Action::Final(Unsupported)),
        (404, "SomethingNew", "", Action::Final(Transport)),
        (409, "ScopeLocked", "", Action::Final(Forbidden)),
        (409, "MissingSubscriptionRegistration", "", Action::Final(Forbidden)),
        (409, "ResourceGroupBeingDeleted", "", Action::Final(Invalid)),
        (500, "InternalServerError", "", Action::Again),
        (503, "ServiceUnavailable", "", Action::Again),
        (408, "RequestTimeout", "", Action::Again),
        (418, "Teapot", "", Action::Final(Transport)),
    ] {
        assert_eq!(arm(http, code, message).action(), action, "{http} {code} {message}");
        assert_eq!(bare(http, code, message).action(), action, "bare {http} {code} {message}");
    }
}

#[test]
fn every_row_of_the_table_is_reached() {
    // A row that another one hides would be a rule that nobody follows.
    for (position, row) in TABLE.iter().enumerate() {
        let sample = arm(*row.http.start(), row.code, row.text);
        let decided = row.http.clone().any(|http| Refusal { http, ..sample.clone() }.action() == row.action);
        assert!(decided, "row {position}");
        let hides = |other: &Row| {
            let wider = other.http.contains(row.http.start()) && other.http.contains(row.http.end());
            wider && other.code.is_empty() && other.text.is_empty()
        };
        assert!(!TABLE[..position].iter().any(hides), "row {position} is hidden");
    }
}

#[test]
fn a_404_that_is_not_azures_is_no_missing_pool() {
    for body in ["<html><title>404</title></html>", "{}", "", "[]"] {
        let refusal = answer(404, body);
        assert!(!refusal.from_azure);
        assert_eq!(refusal.action(), Action::Final(ErrorKind::Transport), "{body}");
    }
}

#[test]
fn only_what_the_server_may_have_done_leaves_doubt() {
    let lost = ApiError::NoAnswer(NoAnswer::Lost { host: "h".into(), why: "cut".into() });
    let unsent = ApiError::NoAnswer(NoAnswer::NotSent { host: "h".into(), why: "refused".into() });
    assert!(lost.leaves_doubt() && !unsent.leaves_doubt() && !ApiError::Taken.leaves_doubt());
    assert!(ApiError::Refused(Box::new(arm(503, "ServiceUnavailable", "x"))).leaves_doubt());
    assert!(!ApiError::Refused(Box::new(arm(400, "BadRequest", "x"))).leaves_doubt());
    assert!(!ApiError::Refused(Box::new(arm(409, "OperationNotAllowed", "in progress"))).leaves_doubt());
}

#[test]
fn errors_say_what_why_and_how_to_mend() {
    let of = |error: ApiError| error.explain("create the node pool mig2g");
    let refused = |refusal| ApiError::Refused(Box::new(refusal));
    let vm_size =
        "The VM size of AgentPoolProfile:mig2g is not allowed in your subscription in location 'eastus'.";
    let property = "Changing property 'properties.gpuProfile.nvidia.managementMode' is not allowed.";
    let quota = "Insufficient vcpu quota requested 96, remaining 0 for family standardNCADSA100v4Family for region eastus.";
    let errors = [
        refused(bare(400, "BadRequest", vm_size)),
        refused(bare(400, "PropertyChangeNotAllowed", property)),
        refused(bare(400, "InvalidParameter", "Something else is wrong")),
        refused(bare(400, "ErrCode_InsufficientVCPUQuota", quota)),
        refused(bare(400, "QuotaExceeded", "Quota exceeded")),
        refused(arm(409, "SkuNotAvailable", "The requested VM size is not available in the location")),
        refused(arm(403, "AuthorizationFailed", "The client 'x' has no authorization to perform action 'y'")),
        refused(arm(403, "LinkedAuthorizationFailed", "no permission on the linked scope")),
        refused(arm(403, "RequestDisallowedByPolicy", "Resource 'mig2g' was disallowed by policy")),
        refused(arm(404, "SubscriptionNotFound", "The subscription 's' could not be found")),
        refused(arm(409, "ScopeLocked", "The scope is locked")),
        refused(arm(409, "MissingSubscriptionRegistration", "The subscription is not registered")),
        refused(arm(409, "ReadOnlyDisabledSubscription", "The subscription is disabled")),
        refused(bare(400, "OperationNotAllowed", "The managed cluster is stopped")),
        refused(arm(
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for API version",
        )),
        refused(arm(401, "ExpiredAuthenticationToken", "The access token has expired")),
        refused(arm(401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer")),
        refused(arm(412, "PreconditionFailed", "The etag does not match")),
        refused(arm(503, "ServiceUnavailable", "Try later")),
        refused(answer(404, "<html>not here</html>")),
        ApiError::NoAnswer(NoAnswer::NotSent { host: "h".into(), why: "refused".into() }),
        ApiError::NoAnswer(NoAnswer::Lost { host: "h".into(), why: "cut".into() }),
        ApiError::Nonsense { url: "https://h/x".into(), why: "it shows no node pool".into() },
        ApiError::Auth(AuthError::Elsewhere("The address https://x is not on https://h.".into())),
        ApiError::Taken,
    ];
    let shown: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let error = of(error);
            let at = error.attribute.map(|path| format!(" [{path}]")).unwrap_or_default();
            format!("{}{at}\n  {}", error.summary, error.detail)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
