//! The record file: one JSON line for each exchange with a cloud. Headers are never written, so no credential is.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::exchange::{Answer, Body, Call};

/// Appends to the record file.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// The root of the URLs.
    root: String,
    file: Mutex<File>,
}

impl Recorder {
    pub(crate) fn open(path: &Path, root: &str) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { root: root.to_owned(), file: Mutex::new(file) })
    }

    /// Writes one exchange in one write; `answer` is none where the connection is cut.
    pub(crate) fn write(&self, call: &Call, answer: Option<&Answer>, fault: Option<&str>) -> io::Result<()> {
        self.write_from(&self.root, call, answer, fault)
    }

    /// As [`Self::write`], for a server with another address.
    pub(crate) fn write_from(
        &self,
        root: &str,
        call: &Call,
        answer: Option<&Answer>,
        fault: Option<&str>,
    ) -> io::Result<()> {
        let mut line = line(root, call, answer, fault).to_string();
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())
    }
}

fn line(root: &str, call: &Call, answer: Option<&Answer>, fault: Option<&str>) -> Value {
    let response = answer.map(|answer| match &answer.body {
        Body::Json(value) => value.clone(),
        Body::Text(_, text) => json!(text),
        Body::Empty => Value::Null,
    });
    json!({
        "method": call.method,
        "url": format!("{root}{}", call.target),
        "request_body": body(&call.body),
        "status": answer.map_or(0, |answer| answer.status),
        "response_body": response,
        "error_type": answer.and_then(|answer| answer.error_type.clone()),
        "fault": fault,
    })
}

/// A body as a JSON value, as text only when it is none, null when it is empty.
fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn a_line_holds_the_exchange_and_no_header() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer secret".parse().unwrap());
        let call = Call {
            method: "POST".to_owned(),
            target: "/v1/x%20y?alt=json".to_owned(),
            path: "/v1/x y".to_owned(),
            query: "alt=json".to_owned(),
            headers,
            body: b"{\"a\":1}".to_vec(),
        };
        let answer = Answer::ok(json!({"b": 2}));
        let written = line("http://h", &call, Some(&answer), None);
        assert_eq!(
            written,
            json!({"method": "POST", "url": "http://h/v1/x%20y?alt=json", "request_body": {"a": 1}, "status": 200,
                "response_body": {"b": 2}, "error_type": null, "fault": null})
        );
        assert_eq!(line("http://h", &call, None, Some("drop_connection"))["status"], 0);
        assert_eq!(body(b"no json"), json!("no json"));
    }
}
