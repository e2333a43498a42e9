//! From a cloud's checkpoints to Terraform's.

use crate::nodepool::CloudRules;
use crate::nodepool::pools::{Checkpoint, Progress};
use crate::tfplugin::{Context, Diagnostic, Value};

use super::super::origin::Origin;
use super::planning::INCOMPLETE;
use super::private::Private;
use super::to_value::{Purpose, fill, seen};

/// Where the checkpoints of one create or update go.
#[derive(Debug, Clone)]
pub(super) struct Reports {
    /// The call.
    pub(super) ctx: Context,
    /// Whether the state comes from the planned one (create) or from what is seen of the pool (update).
    pub(super) base: Base,
    /// The rules of the pool's cloud; `None` for a call that checkpoints nothing.
    pub(super) rules: Option<&'static dyn CloudRules>,
    /// What the state carries beside its attributes, but for the operation that is going on.
    pub(super) private: Private,
}

/// What a checkpoint's state starts from.
#[derive(Debug, Clone)]
pub(super) enum Base {
    /// A create: the planned state, whose unknown leaves are filled as they come to be known.
    Planned(Value),
    /// An update: the prior state, brought up to what is seen after each step.
    Prior(Value),
    /// A read or a delete, which checkpoints nothing.
    Nothing,
}

impl Reports {
    /// Where to report a call that keeps no checkpoints.
    pub(super) fn none(ctx: &Context) -> Self {
        Reports {
            ctx: ctx.clone(),
            base: Base::Nothing,
            rules: None,
            private: Private::new(Origin::Cloud, None),
        }
    }

    /// The state at a checkpoint.
    fn state(&self, checkpoint: &Checkpoint) -> Option<Value> {
        let refreshed = |base: &Value| {
            let (pool, rules) = (checkpoint.pool.as_ref()?, self.rules?);
            Some(seen(pool, base, Purpose::Refresh, rules))
        };
        let mut state = match &self.base {
            Base::Nothing => return None,
            Base::Planned(planned) => match refreshed(planned) {
                Some(seen) => fill(planned, &seen),
                None => planned.clone(),
            },
            Base::Prior(prior) => refreshed(prior).unwrap_or_else(|| prior.clone()),
        }
        .null_unknowns();
        if let Value::Object(attributes) = &mut state {
            attributes.insert("id".to_owned(), Value::string(checkpoint.id.to_string()));
            if checkpoint.pending.is_some() {
                attributes.insert("status".to_owned(), Value::string(INCOMPLETE));
            }
        }
        Some(state)
    }
}

impl Progress for Reports {
    fn checkpoint(&self, checkpoint: Checkpoint) {
        if let Some(state) = self.state(&checkpoint) {
            self.ctx.checkpoint(state, self.private.with_pending(checkpoint.pending).bytes());
        }
    }

    fn warn(&self, summary: String, detail: String) {
        self.ctx.warn(Diagnostic::warning(summary, detail));
    }
}
