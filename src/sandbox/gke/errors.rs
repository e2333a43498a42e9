//! Google's error answers.

use serde_json::{Value, json};

use crate::sandbox::exchange::{Answer, Body};
use crate::sandbox::random::Random;

/// A request that the service does not carry out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    http: u16,
    /// The `google.rpc.Code` by name.
    status: &'static str,
    /// The old-style reason of `errors[]`.
    reason: &'static str,
    message: String,
    details: Vec<Value>,
    retry_after: Option<u64>,
}

fn refusal(http: u16, status: &'static str, reason: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { http, status, reason, message: message.into(), details: Vec::new(), retry_after: None }
}

impl Refusal {
    /// 400 for a request that can never work.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        refusal(400, "INVALID_ARGUMENT", "badRequest", message)
    }

    /// 400 from the JSON front end, with the field.
    pub(crate) fn field(violation: &super::fields::Violation) -> Self {
        let mut refused = Self::invalid(violation.description.clone());
        refused.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": violation.field, "description": violation.description}],
        }));
        refused
    }

    /// 400 for a request that may work later.
    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        refusal(400, "FAILED_PRECONDITION", "failedPrecondition", message)
    }

    /// 404, with the resource's path.
    pub(crate) fn not_found(resource: &str) -> Self {
        refusal(404, "NOT_FOUND", "notFound", format!("Not found: {resource}."))
    }

    /// 404 with a text of its own.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        refusal(404, "NOT_FOUND", "notFound", message)
    }

    /// 409 for a name that is taken.
    pub(crate) fn exists(resource: &str) -> Self {
        // The text is unverified; status and reason are Google's rule for ALREADY_EXISTS.
        refusal(409, "ALREADY_EXISTS", "alreadyExists", format!("Already exists: {resource}."))
    }

    /// 409 for a stale etag.
    pub(crate) fn aborted(message: impl Into<String>) -> Self {
        refusal(409, "ABORTED", "aborted", message)
    }

    /// 403.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        refusal(403, "PERMISSION_DENIED", "forbidden", message)
    }

    /// 429 because too many operations run on the cluster. Google sends no Retry-After here (unverified).
    pub(crate) fn too_many_operations(cluster: &str) -> Self {
        refusal(
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            format!(
                "Too many operations: cluster \"{cluster}\" hits the concurrent operations quota 5, \
                 please try again later."
            ),
        )
    }

    /// 429 because of the request rate.
    pub(crate) fn throttled(retry_after_seconds: u64) -> Self {
        let mut refused = refusal(
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            "Quota exceeded for quota metric 'All requests' and limit 'All requests per minute' of service \
             'container.googleapis.com'.",
        );
        refused.retry_after = Some(retry_after_seconds);
        refused
    }

    /// 401 without a usable token.
    pub(crate) fn unauthenticated() -> Self {
        let mut refused = refusal(
            401,
            "UNAUTHENTICATED",
            "required",
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie \
             or other valid authentication credential.",
        );
        refused.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "CREDENTIALS_MISSING",
            "domain": "googleapis.com",
            "metadata": {"service": "container.googleapis.com"},
        }));
        refused
    }

    /// 503.
    pub(crate) fn unavailable() -> Self {
        refusal(503, "UNAVAILABLE", "backendError", "The service is currently unavailable.")
    }

    /// The text for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The answer on the wire.
    pub(crate) fn answer(&self, random: &mut Random) -> Answer {
        let mut details = self.details.clone();
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RequestInfo",
            "requestId": format!("0x{}", random.hex(16)),
        }));
        let body = json!({"error": {
            "code": self.http,
            "message": self.message,
            "status": self.status,
            "errors": [{"message": self.message, "domain": "global", "reason": self.reason}],
            "details": details,
        }});
        let headers = self.retry_after.iter().map(|seconds| ("retry-after", seconds.to_string())).collect();
        Answer {
            status: self.http,
            headers,
            body: Body::Json(body),
            error_type: Some(self.status.to_owned()),
        }
    }
}

/// What Google's front end says to a path that no service owns: HTML, not JSON.
pub(crate) fn no_such_path(path: &str) -> Answer {
    let page = format!(
        "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>\
         <p>The requested URL <code>{}</code> was not found on this server.</html>",
        path.replace('&', "&amp;").replace('<', "&lt;")
    );
    Answer {
        status: 404,
        headers: Vec::new(),
        body: Body::Text("text/html; charset=UTF-8", page),
        error_type: Some("NOT_FOUND".to_owned()),
    }
}
