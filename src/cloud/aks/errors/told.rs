//! What Azure tells of an error, in either of the two shapes that occur, down to its real cause.
//!
//! Azure Resource Manager answers `{"error": {"code", "message", "details": […], "innererror"}}`, AKS itself the same
//! without the envelope, and wraps the errors of Compute and Network in codes of its own: the cause is nested in
//! `details`, or stands in the message as the text of another error.

use serde_json::Value;

/// How deep nested errors are followed; more would be a loop of somebody's making.
const DEEPEST: usize = 8;

/// An error as Azure tells it, with its causes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Azure's word for it, such as `OperationNotAllowed`; empty in an answer that is not Azure's.
    pub code: String,
    pub message: String,
    /// The errors behind it as code and message, outermost first.
    pub causes: Vec<(String, String)>,
}

impl Told {
    /// The error in a body; `None` when it is not one of Azure's.
    pub(crate) fn in_body(body: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(body).ok()?;
        match json.get("error") {
            Some(error) => Self::in_value(error),
            None => Self::in_value(&json),
        }
    }

    /// The error that an `ErrorDetail` of ARM holds; `None` when it says nothing.
    pub(crate) fn in_value(error: &Value) -> Option<Self> {
        let (code, message) = code_and_message(error)?;
        let mut told = Told { code, message, causes: Vec::new() };
        told.walk(error, DEEPEST);
        Some(told)
    }

    fn walk(&mut self, error: &Value, left: usize) {
        if left == 0 {
            return;
        }
        let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
        let inner = ["innererror", "innerError", "error"].into_iter().filter_map(|name| error.get(name));
        for cause in details.chain(inner) {
            if let Some(cause) = code_and_message(cause)
                && !self.causes.contains(&cause)
            {
                self.causes.push(cause);
            }
            self.walk(cause, left - 1);
        }
    }

    /// Every code: the error's own, those of its causes, and those that its messages quote.
    pub(crate) fn codes(&self) -> Vec<String> {
        let own = [(&self.code, &self.message)];
        let all = own.into_iter().chain(self.causes.iter().map(|(code, message)| (code, message)));
        let mut codes = Vec::new();
        for (code, message) in all {
            codes.push(code.clone());
            codes.extend(quoted_codes(message));
        }
        codes.retain(|code| !code.is_empty());
        codes
    }

    /// Whether one of its codes is this one. The older service prefixes some with `ErrCode_`.
    pub(crate) fn has_code(&self, wanted: &str) -> bool {
        let bare = |code: &str| code.strip_prefix("ErrCode_").unwrap_or(code).to_owned();
        self.codes().iter().any(|code| bare(code).eq_ignore_ascii_case(wanted))
    }

    /// Azure's words: the outer message, and those of the causes that it does not quote already.
    pub(crate) fn words(&self) -> String {
        let mut words =
            if self.message.trim().is_empty() { self.code.clone() } else { one_line(&self.message) };
        for (code, message) in &self.causes {
            let message = if message.trim().is_empty() { code.clone() } else { one_line(message) };
            if !words.contains(&message) {
                words.push_str(if words.ends_with(['.', '!', '?', ':']) { " " } else { ". " });
                words.push_str(&message);
            }
        }
        words
    }

    /// The same with the code of the innermost cause before it, unless the words hold it.
    pub(crate) fn coded_words(&self) -> String {
        let (code, words) = (self.cause_code(), self.words());
        if code.is_empty() || words.contains(code) { words } else { format!("{code}: {words}") }
    }

    /// The code of the innermost cause, which says more than its wrapping.
    pub(crate) fn cause_code(&self) -> &str {
        let inner = self.causes.iter().rev().map(|(code, _)| code.as_str()).find(|code| !code.is_empty());
        inner.unwrap_or(&self.code)
    }
}

fn code_and_message(error: &Value) -> Option<(String, String)> {
    let text = |name: &str| match error.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let (code, message) = (text("code"), text("message"));
    (!code.is_empty() || !message.is_empty()).then_some((code, message))
}

/// The codes of errors that a message quotes: `Code="SkuNotAvailable"`, or `ERROR CODE: SkuNotAvailable`, as the two
/// generations of Azure's SDK for Go print them.
fn quoted_codes(message: &str) -> Vec<String> {
    let after = |mark: &str| {
        message
            .split(mark)
            .skip(1)
            .map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
            })
            .collect::<Vec<_>>()
    };
    ["Code=\"", "ERROR CODE: ", "\"code\":\"", "\"code\": \""].iter().flat_map(|mark| after(mark)).collect()
}

/// A message without its line breaks and rulers.
fn one_line(message: &str) -> String {
    let words = message.split_whitespace().filter(|word| !word.chars().all(|c| c == '-'));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(json: &Value) -> Told {
        Told::in_body(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn both_shapes_are_read() {
        let arm = of(&json!({"error": {"code": "A", "message": "b"}}));
        let bare = of(&json!({"code": "A", "message": "b", "details": null, "subcode": ""}));
        assert_eq!(arm, bare);
        for nothing in ["", "<html>", "{}", "[]", "{\"error\": \"no\"}", "{\"value\": []}"] {
            assert_eq!(Told::in_body(nothing.as_bytes()), None, "{nothing}");
        }
    }

    #[test]
    fn the_cause_is_found_however_deep() {
        let told = of(&json!({"error": {
            "code": "CreateVMSSAgentPoolFailed", "message": "Cannot create the scale set.",
            "details": [{"code": "Wrapped", "message": "Cannot create the scale set", "innererror": {
                "code": "SkuNotAvailable", "message": "None left\n----\nin eastus"
            }}],
        }}));
        assert_eq!(told.cause_code(), "SkuNotAvailable");
        assert!(told.has_code("skunotavailable") && told.has_code("CreateVMSSAgentPoolFailed"));
        assert_eq!(told.words(), "Cannot create the scale set. None left in eastus");
    }

    #[test]
    fn codes_are_found_in_texts() {
        let track_1 = "autorest/azure: Service returned an error. Status=409 Code=\"ZonalAllocationFailed\" Message=\"x\"";
        let track_2 = "RESPONSE 409: 409 Conflict\nERROR CODE: SkuNotAvailable\n----";
        for (message, code) in [(track_1, "ZonalAllocationFailed"), (track_2, "SkuNotAvailable")] {
            let told = of(&json!({"code": "ReconcileVMSSAgentPoolFailed", "message": message}));
            assert!(told.has_code(code), "{message}");
        }
        assert!(of(&json!({"code": "ErrCode_InsufficientVCPUQuota"})).has_code("InsufficientVCPUQuota"));
    }
}
