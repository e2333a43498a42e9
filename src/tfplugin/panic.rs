//! Panics, for the person who sees one. The call in which it happens answers with a diagnostic (see `rpc::guard`);
//! this hook adds what a report needs, in the only shape that hosts recognise in a plugin's output.

use std::backtrace::Backtrace;
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// Writes a `panic: ` block with a backtrace for every panic. Terraform shows such a block when it ends, up to a
/// hundred lines of it, and finds it by its first word.
pub(super) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let block = block(info, &Backtrace::force_capture());
        // One write, so that no log line of another thread cuts the block in two.
        let _ = std::io::stderr().write_all(block.as_bytes());
    }));
}

fn block(info: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let backtrace = named_frames(&backtrace.to_string());
    let message = message(info.payload());
    let place = info.location().map(|place| format!("\n\nat {place}")).unwrap_or_default();
    format!("panic: {message}{place}\n\n{backtrace}\n")
}

/// The frames that have names: a stripped binary has few, and a host shows no more than a hundred lines.
fn named_frames(backtrace: &str) -> String {
    let named = backtrace.lines().filter(|line| !line.ends_with(": <unknown>"));
    named.collect::<Vec<_>>().join("\n")
}

/// What a panic said, as far as it can be told.
pub(super) fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_without_names_are_left_out() {
        let backtrace = "   0: <unknown>\n   1: start_thread\n             at ./a.c:1:2\n  12: <unknown>\n";
        assert_eq!(named_frames(backtrace), "   1: start_thread\n             at ./a.c:1:2");
    }

    #[test]
    fn both_kinds_of_messages_are_understood() {
        assert_eq!(message(&"literal"), "literal");
        assert_eq!(message(&"made".to_owned()), "made");
        assert_eq!(message(&7), "no message");
    }
}
