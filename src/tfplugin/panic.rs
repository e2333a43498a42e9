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
    let message = message(info.payload());
    let place = info.location().map(|place| format!("\n\nat {place}")).unwrap_or_default();
    format!("panic: {message}{place}\n\n{backtrace}\n")
}

/// What a panic said, as far as it can be told.
pub(super) fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
