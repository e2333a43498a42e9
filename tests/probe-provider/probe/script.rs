//! What is to go wrong, in one string: `"checkpoint, sleep 20s or warn, panic"`.

use std::time::Duration;

use gpuslice::duration::GoDuration;
use gpuslice::tfplugin::Context;
use gpuslice::tfplugin::diag::{Diagnostic, Diagnostics};
use gpuslice::tfplugin::value::Value;

/// How a script ended, if not by an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// A wait was interrupted, and the script prefers to carry on another time.
    pub(crate) incomplete: bool,
    /// What is to be done to the result, so that it is one that no provider may return.
    spoil: Option<String>,
}

impl End {
    /// Makes the finished result a forbidden one, if the script wants it.
    pub(crate) fn spoil(&self, state: &mut Value) {
        match self.spoil.as_deref() {
            Some("unknown") => set(state, "note", Value::UNKNOWN),
            Some("wrong") => set(state, "note", Value::from("not what was planned")),
            Some("misshapen") => *state = Value::object([("nonsense", Value::from(true))]),
            Some("null") => *state = Value::Null,
            _ => {}
        }
    }
}

/// Does what the script says to an object with this state. Steps, separated by commas:
///
/// - `checkpoint`: keep the state so far, with the private bytes `checkpoint`
/// - `sleep 2s`: wait; interrupted, fail. `sleep 2s or warn`: interrupted, end with a warning
/// - `deaf 2s`: wait, and notice no interruption
/// - `warn`, `fail`, `panic`: what they say; `fail silently`: fail without a reason
/// - `unknown`, `wrong`, `null`, `misshapen`: make the result one that no provider may return
pub(crate) async fn run(ctx: &Context, script: &str, state: &Value) -> Result<End, Diagnostics> {
    let mut end = End::default();
    for step in script.split(',').map(str::trim).filter(|step| !step.is_empty()) {
        let mut words = step.split(' ');
        match (words.next(), words.next()) {
            (Some("checkpoint"), None) => ctx.checkpoint(state.clone(), "checkpoint"),
            (Some("sleep"), Some(time)) => {
                let Err(interruption) = ctx.unless_interrupted(tokio::time::sleep(duration(time))).await
                else {
                    continue;
                };
                if step.ends_with("or warn") {
                    ctx.warn(Diagnostic::warning("Not finished", format!("The work was {interruption}.")));
                    end.incomplete = true;
                    return Ok(end);
                }
                return Err(Diagnostics::error("Not finished", format!("The work was {interruption}.")));
            }
            (Some("deaf"), Some(time)) => tokio::time::sleep(duration(time)).await,
            (Some("warn"), None) => {
                ctx.warn(Diagnostic::warning("A warning on demand", "As the script says."));
            }
            (Some("fail"), None) => {
                return Err(Diagnostics::error("A failure on demand", "As the script says."));
            }
            (Some("fail"), Some("silently")) => return Err(Diagnostics::new()),
            (Some("panic"), None) => panic!("a panic on demand"),
            (Some(spoil @ ("unknown" | "wrong" | "misshapen" | "null")), None) => {
                end.spoil = Some(spoil.to_owned());
            }
            _ => return Err(Diagnostics::error("No such step in a script", step)),
        }
    }
    Ok(end)
}

fn set(state: &mut Value, attribute: &str, value: Value) {
    state.set_at(&attribute.into(), value).expect("the attribute exists");
}

fn duration(text: &str) -> Duration {
    text.parse::<GoDuration>().expect("a duration in the script").0
}
