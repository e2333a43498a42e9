use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;

fn refusal(http: u16, status: &str, reason: &str, message: &str) -> Refusal {
    let mut error = json!({"code": http, "message": message, "status": status});
    if !reason.is_empty() {
        error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
    }
    error["details"] = json!([{"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "0x1"}]);
    Refusal::of(&Answer {
        status: StatusCode::from_u16(http).unwrap(),
        headers: HeaderMap::new(),
        body: json!({"error": error}).to_string().into_bytes(),
    })
}

fn bare(http: u16, body: &str) -> Refusal {
    Refusal::of(&Answer {
        status: StatusCode::from_u16(http).unwrap(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    })
}

#[test]
fn the_table_decides() {
    for (http, status, reason, message, action) in [
        (
            400,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            "Operation operation-1 is currently creating …",
            Action::Busy,
        ),
        (400, "", "failedPrecondition", "cluster is running incompatible operation", Action::Busy),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "",
            "Too many operations: cluster \"X\" hits the concurrent operations quota 5, please try again later.",
            Action::Busy,
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            "Quota exceeded for quota metric …",
            Action::Throttled,
        ),
        (403, "", "rateLimitExceeded", "Rate Limit Exceeded", Action::Throttled),
        (
            403,
            "PERMISSION_DENIED",
            "forbidden",
            "Insufficient regional quota to satisfy request: resource \"NVIDIA_A100_GPUS\"",
            Action::Final(ErrorKind::Quota),
        ),
        (
            403,
            "PERMISSION_DENIED",
            "",
            "The API requires a quota project",
            Action::Final(ErrorKind::Forbidden),
        ),
        (
            403,
            "PERMISSION_DENIED",
            "",
            "Required container.nodePools.create",
            Action::Final(ErrorKind::Forbidden),
        ),
        (401, "UNAUTHENTICATED", "", "Invalid credentials", Action::Final(ErrorKind::Unauthenticated)),
        (404, "NOT_FOUND", "notFound", "Not found: projects/…", Action::NotFound),
        (409, "ALREADY_EXISTS", "", "Already exists", Action::Exists),
        (409, "ABORTED", "", "etag mismatch", Action::Stale),
        (500, "INTERNAL", "", "Internal error", Action::Again),
        (503, "UNAVAILABLE", "", "try later", Action::Again),
        (400, "INVALID_ARGUMENT", "badRequest", "no", Action::Final(ErrorKind::Invalid)),
        (418, "", "", "teapot", Action::Final(ErrorKind::Transport)),
    ] {
        assert_eq!(refusal(http, status, reason, message).action(), action, "{http} {status} {message}");
    }
}

#[test]
fn every_row_of_the_table_is_reached() {
    // A row that another one hides would be a rule that nobody follows.
    for (position, row) in TABLE.iter().enumerate() {
        let sample = Refusal {
            http: *row.http.start(),
            status: row.status.to_owned(),
            message: row.text.to_owned(),
            reasons: vec![row.reason.to_owned()],
            request_id: None,
            retry_after: None,
            from_google: true,
        };
        assert_eq!(sample.action(), row.action, "row {position}");
        let earlier = &TABLE[..position];
        let hidden = earlier.iter().any(|other| {
            other.http == row.http
                && other.status.is_empty()
                && other.reason.is_empty()
                && other.text.is_empty()
        });
        assert!(!hidden, "row {position} is hidden");
    }
}

#[test]
fn a_404_that_is_not_googles_is_no_missing_pool() {
    for body in ["<html><title>404</title></html>", "{}", ""] {
        let refusal = bare(404, body);
        assert!(!refusal.from_google);
        assert_eq!(refusal.action(), Action::Final(ErrorKind::Transport), "{body}");
    }
}

#[test]
fn only_what_the_server_may_have_done_leaves_doubt() {
    let lost = ApiError::NoAnswer(NoAnswer::Lost { host: "h".into(), why: "cut".into() });
    let unsent = ApiError::NoAnswer(NoAnswer::NotSent { host: "h".into(), why: "refused".into() });
    assert!(lost.leaves_doubt() && !unsent.leaves_doubt());
    assert!(ApiError::Refused(Box::new(refusal(503, "UNAVAILABLE", "", "x"))).leaves_doubt());
    assert!(!ApiError::Refused(Box::new(refusal(400, "INVALID_ARGUMENT", "", "x"))).leaves_doubt());
}

#[test]
fn errors_say_what_why_and_how_to_mend() {
    let of = |refusal: Refusal| ApiError::Refused(Box::new(refusal)).explain("create the node pool mig1g");
    let errors = [
        refusal(
            400,
            "INVALID_ARGUMENT",
            "badRequest",
            "Cannot use default machine type (e2-medium) with GPUs",
        ),
        refusal(400, "INVALID_ARGUMENT", "", "Something else is wrong"),
        refusal(
            403,
            "PERMISSION_DENIED",
            "",
            "Insufficient regional quota to satisfy request: resource \"X\"",
        ),
        refusal(403, "PERMISSION_DENIED", "", "Required \"container.nodePools.create\" permission(s)"),
        refusal(403, "PERMISSION_DENIED", "accessNotConfigured", "Kubernetes Engine API has not been used"),
        refusal(401, "UNAUTHENTICATED", "", "Request had invalid authentication credentials"),
        refusal(409, "ABORTED", "", "The etag does not match"),
        refusal(503, "UNAVAILABLE", "", "The service is currently unavailable"),
        bare(404, "<html>not here</html>"),
    ];
    let shown: Vec<String> = errors
        .into_iter()
        .map(|refusal| {
            let error = of(refusal);
            let at = error.attribute.map(|path| format!(" [{path}]")).unwrap_or_default();
            format!("{}{at}\n  {}", error.summary, error.detail)
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
