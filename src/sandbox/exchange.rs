//! One request and its answer, as the emulated clouds see them: no HTTP library's types below this point.

use http::HeaderMap;
use serde_json::Value;

/// A request to an emulated cloud.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Upper-case HTTP method.
    pub(crate) method: String,
    /// Path and query as they were sent.
    pub(crate) target: String,
    /// The path, percent-decoded, without the query.
    pub(crate) path: String,
    /// The query as it was sent, without the question mark.
    pub(crate) query: String,
    /// All headers. Never written to the record file.
    pub(crate) headers: HeaderMap,
    /// The body's bytes.
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// The first value of a query parameter, percent-decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The root of the URLs by which the caller reaches the sandbox, also through a proxy that adds TLS.
    pub(crate) fn base(&self) -> String {
        let scheme = self.header("x-forwarded-proto").unwrap_or("http");
        format!("{scheme}://{}", self.header("host").unwrap_or("127.0.0.1"))
    }

    /// A header's text, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What travels back as the body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// A JSON document.
    Json(Value),
    /// Anything else, with its content type.
    Text(&'static str, String),
    /// No body at all.
    Empty,
}

impl Body {
    /// The bytes that go out.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            // Google pretty-prints; clients must not care, and readers of a record do not need it.
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Text(_, text) => text.clone().into_bytes(),
            Self::Empty => Vec::new(),
        }
    }

    /// The content type that goes out; none without a body.
    pub(crate) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Json(_) => Some("application/json; charset=UTF-8"),
            Self::Text(kind, _) => Some(kind),
            Self::Empty => None,
        }
    }
}

/// An answer of an emulated cloud.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// HTTP status code.
    pub(crate) status: u16,
    /// Headers beyond content type and length.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Body,
    /// The cloud's own name of the error, such as `FAILED_PRECONDITION`; none on success.
    pub(crate) error_type: Option<String>,
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Json(body), error_type: None }
    }
}
