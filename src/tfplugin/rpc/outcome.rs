//! What a provider's method came to: its result, and everything that the user is to be told.

use super::guard::Panicked;
use crate::tfplugin::Context;
use crate::tfplugin::diag::{Diagnostic, Diagnostics};

/// Splits a result into what was made and what is to be said: the context's warnings first, in the order in which
/// they were given. A failure always says something, or the host would take it for a success.
pub(super) fn outcome<T>(ctx: &Context, result: Result<T, Diagnostics>) -> (Option<T>, Diagnostics) {
    let mut diagnostics = ctx.warnings();
    match result {
        Ok(value) => (Some(value), diagnostics),
        Err(errors) => {
            let silent = !errors.has_errors();
            diagnostics.extend(errors);
            if silent {
                diagnostics.push(Diagnostic::error(
                    "The provider failed without a reason",
                    "It reported a failure and no error. This is a bug in the provider, please report it.",
                ));
            }
            (None, diagnostics)
        }
    }
}

/// As [`outcome`], where a panic is one more way to fail.
pub(super) fn outcome_or_panic<T>(
    ctx: &Context,
    rpc: &str,
    about: &str,
    result: Result<Result<T, Diagnostics>, Panicked>,
) -> (Option<T>, Diagnostics) {
    outcome(ctx, result.unwrap_or_else(|panicked| Err(panicked.diagnostics(rpc, about))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfplugin::Operation;

    #[test]
    fn a_failure_always_says_something() {
        let ctx = Context::new(Operation::Read);
        ctx.warn(Diagnostic::warning("first", ""));
        let (made, said) = outcome::<()>(&ctx, Err(Diagnostics::warning("second", "")));
        assert_eq!(made, None);
        assert!(said.has_errors());
        let summaries: Vec<_> = said.iter().map(|diagnostic| diagnostic.summary.as_str()).collect();
        assert_eq!(summaries, ["first", "second", "The provider failed without a reason"]);
        let (made, said) = outcome(&ctx, Ok(1));
        assert_eq!((made, said.has_errors(), said.len()), (Some(1), false, 1));
    }
}
