//! Refusals: the `Status` object that an API server answers with, in its words.

use serde_json::{Value, json};

use crate::sandbox::exchange::{Answer, Body};

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    code: u16,
    reason: &'static str,
    message: String,
    details: Value,
    /// Whole seconds, sent as a header too.
    retry_after: Option<u64>,
}

/// What an error is about: the resource's plural, its group, the object's name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) plural: &'a str,
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    field: String,
    reason: &'static str,
    text: String,
}

impl Cause {
    pub(crate) fn required(field: &str, why: &str) -> Self {
        let text =
            if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self { field: field.to_owned(), reason: "FieldValueRequired", text }
    }

    pub(crate) fn invalid(field: &str, value: &str, why: &str) -> Self {
        let text = format!("Invalid value: {value:?}: {why}");
        Self { field: field.to_owned(), reason: "FieldValueInvalid", text }
    }

    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self { field: field.to_owned(), reason: "FieldValueForbidden", text: format!("Forbidden: {why}") }
    }

    pub(crate) fn unsupported(field: &str, value: &str, choices: &[&str]) -> Self {
        let choices: Vec<_> = choices.iter().map(|choice| format!("{choice:?}")).collect();
        let text = format!("Unsupported value: {value:?}: supported values: {}", choices.join(", "));
        Self { field: field.to_owned(), reason: "FieldValueNotSupported", text }
    }

    pub(crate) fn too_long(field: &str, most: usize) -> Self {
        let text = format!("Too long: may not be more than {most} bytes");
        Self { field: field.to_owned(), reason: "FieldValueTooLong", text }
    }
}

impl About<'_> {
    /// `configmaps "x"`, `daemonsets.apps "x"`.
    fn words(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        format!("{}{dot}{} {:?}", self.plural, self.group, self.name)
    }

    fn details(&self) -> Value {
        let mut details = json!({"name": self.name, "kind": self.plural});
        if !self.group.is_empty() {
            details["group"] = json!(self.group);
        }
        details
    }
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null, retry_after: None }
    }

    fn about(self, about: &About<'_>) -> Self {
        Self { details: about.details(), ..self }
    }

    /// No such object.
    pub(crate) fn not_found(about: &About<'_>) -> Self {
        Self::new(404, "NotFound", format!("{} not found", about.words())).about(about)
    }

    /// No such path.
    pub(crate) fn no_such_path() -> Self {
        let refusal = Self::new(404, "NotFound", "the server could not find the requested resource");
        Self { details: json!({}), ..refusal }
    }

    pub(crate) fn already_exists(about: &About<'_>) -> Self {
        Self::new(409, "AlreadyExists", format!("{} already exists", about.words())).about(about)
    }

    /// The object is no longer the one that the caller read.
    pub(crate) fn modified(about: &About<'_>) -> Self {
        Self::conflict(
            about,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn conflict(about: &About<'_>, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {}: {why}", about.words());
        Self::new(409, "Conflict", message).about(about)
    }

    /// A server-side apply that wants what others own.
    pub(crate) fn apply_conflict(causes: &[Value], message: String) -> Self {
        Self { details: json!({"causes": causes}), ..Self::new(409, "Conflict", message) }
    }

    pub(crate) fn forbidden(about: &About<'_>, why: &str) -> Self {
        let words = if about.name.is_empty() {
            let dot = if about.group.is_empty() { "" } else { "." };
            format!("{}{dot}{}", about.plural, about.group)
        } else {
            about.words()
        };
        Self::new(403, "Forbidden", format!("{words} is forbidden: {why}")).about(about)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// An object that breaks rules.
    pub(crate) fn invalid(kind: &str, about: &About<'_>, causes: &[Cause]) -> Self {
        let dot = if about.group.is_empty() { "" } else { "." };
        let texts: Vec<_> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.text)).collect();
        let joined = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let listed: Vec<_> = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.text, "field": cause.field}))
            .collect();
        let details = json!({"name": about.name, "group": about.group, "kind": kind, "causes": listed});
        let message = format!("{kind}{dot}{} {:?} is invalid: {joined}", about.group, about.name);
        Self { details, ..Self::new(422, "Invalid", message) }
    }

    /// A patch that cannot be carried out on this object.
    pub(crate) fn unprocessable(why: &str) -> Self {
        let message = format!("the server rejected our request due to an error in our request: {why}");
        Self::new(422, "Invalid", message)
    }

    /// An option of a patch that is wrong; `required` fields are named so by their text.
    pub(crate) fn bad_options(field: &str, why: &str) -> Self {
        let cause = if why.starts_with("is required") {
            Cause::required(field, why)
        } else {
            Cause::forbidden(field, why)
        };
        Self::invalid("PatchOptions", &About { plural: "", group: "meta.k8s.io", name: "" }, &[cause])
    }

    /// An option of a list or watch that is wrong.
    pub(crate) fn bad_list_options(field: &str, why: &str) -> Self {
        let about = About { plural: "", group: "meta.k8s.io", name: "" };
        Self::invalid("ListOptions", &about, &[Cause::forbidden(field, why)])
    }

    /// An applied object that its type does not know. The real server answers 500 to it too.
    pub(crate) fn untyped(message: &str) -> Self {
        Self::new(500, "", message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: {accepted}"
            ),
        )
    }

    /// A version of the future.
    pub(crate) fn too_large(wanted: u64, present: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {present}");
        let refusal = Self::new(504, "Timeout", message);
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
        Self { details: json!({"causes": causes, "retryAfterSeconds": 1}), retry_after: Some(1), ..refusal }
    }

    /// A version of the past that is no longer kept.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn too_many_requests(retry_after: u64) -> Self {
        let refusal = Self::new(
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        );
        Self { details: json!({"retryAfterSeconds": retry_after}), retry_after: Some(retry_after), ..refusal }
    }

    /// An eviction that a disruption budget forbids for now.
    pub(crate) fn budget(message: String) -> Self {
        Self::new(429, "TooManyRequests", message)
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code});
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }

    pub(crate) fn answer(&self) -> Answer {
        let retry_after = self.retry_after.map(|seconds| ("retry-after", seconds.to_string()));
        Answer {
            status: self.code,
            headers: retry_after.into_iter().collect(),
            body: Body::Json(self.status()),
            error_type: Some(self.reason.to_owned()),
        }
    }
}
