//! A rule for addresses that secrets are sent to.

use url::Url;

use crate::cloud::is_private;
use crate::tfplugin::schema::Validator;

/// An address that secrets may be sent to. `encrypted` forbids this machine's own plain ones too.
pub(super) fn private(description: &str, example: &'static str, encrypted: bool) -> Validator {
    Validator::new(description, move |value| {
        let Some(text) = value.as_str() else { return Ok(()) };
        let url = Url::parse(text).ok().filter(Url::has_host);
        let url = url.ok_or_else(|| format!("{text:?} is no address. Write one such as {example:?}."))?;
        if url.scheme() == "https" || is_private(&url) && !encrypted {
            Ok(())
        } else {
            Err(format!(
                "Secrets would be sent to {text:?} unencrypted. Write an address that begins with https://."
            ))
        }
    })
}
