//! Who a cluster sees: what is told when it does not know somebody, or lets them do nothing.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// An identity in words.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Where its credentials come from.
    words: String,
    /// How it is given rights.
    pub(super) grant: String,
    /// Whom the last token names.
    subject: Arc<Mutex<Option<String>>>,
}

impl Identity {
    /// An identity whose tokens have not been seen yet.
    pub(super) fn new(words: impl Into<String>, grant: impl Into<String>) -> Self {
        Identity { words: words.into(), grant: grant.into(), subject: Arc::default() }
    }

    /// Remembers whom a token names.
    pub(super) fn saw(&self, token: &str) {
        let subject = subject(token);
        *self.subject.lock().unwrap_or_else(PoisonError::into_inner) = subject;
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        match &*self.subject.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(subject) => write!(f, " ({subject})"),
            None => Ok(()),
        }
    }
}

/// Whom a token names, where it is a JSON Web Token: nothing is verified, it is only told. Microsoft's name users by
/// `upn` and applications by `appid`, Kubernetes' own and most others by `sub`.
fn subject(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let user = ["upn", "unique_name", "preferred_username", "email"].into_iter().find_map(claim);
    match (user, claim("appid"), claim("oid")) {
        (Some(user), _, _) => Some(user.to_owned()),
        (None, Some(application), Some(object)) => {
            Some(format!("application {application}, object {object}"))
        }
        (None, Some(application), None) => Some(format!("application {application}")),
        (None, None, _) => claim("sub").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_names_whom_it_is_for() {
        let cases = [
            (token(r#"{"upn":"a@example.com","appid":"1","oid":"2","sub":"3"}"#), Some("a@example.com")),
            (token(r#"{"appid":"1","oid":"2","sub":"3"}"#), Some("application 1, object 2")),
            (
                token(r#"{"sub":"system:serviceaccount:ci:terraform"}"#),
                Some("system:serviceaccount:ci:terraform"),
            ),
            (token("not JSON"), None),
            ("ya29.opaque".to_owned(), None),
            ("sandbox".to_owned(), None),
        ];
        for (token, wanted) in cases {
            assert_eq!(subject(&token).as_deref(), wanted, "{token}");
        }
    }

    #[test]
    fn the_last_token_counts() {
        let identity = Identity::new("the credentials", "");
        assert_eq!(identity.to_string(), "the credentials");
        let copy = identity.clone();
        copy.saw(&token(r#"{"sub":"me"}"#));
        assert_eq!(identity.to_string(), "the credentials (me)");
    }
}
