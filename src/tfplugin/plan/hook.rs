//! A resource's own part in planning.

use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::value::{PathError, Value};

/// What the plan amounts to so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// There is no object yet. A replacement's second plan looks like this too.
    Create,
    /// Something differs from the state.
    Update,
    /// Something differs that needs a new object.
    Replace,
    /// Nothing differs from the state.
    NoOp,
}

/// A plan in the making, handed to the resource after everything that its schema says has been done.
///
/// It must be changed by what is in it and by nothing else: Terraform plans again before it applies, and the second
/// plan must not differ from the first in anything that was known. The hook may be called twice for one plan, when
/// what it changed makes an update of what had been none; only the last call counts.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The configuration. Parts may be unknown.
    pub config: &'a Value,
    /// The state; `None` when there is no object yet.
    pub prior: Option<&'a Value>,
    /// The planned state so far. Configured values must stay as they are.
    pub planned: &'a mut Value,
    /// Changes that need a new object: those that the schema names are there already, more can be added.
    pub requires_replace: &'a mut Vec<AttributePath>,
    /// Private data: what is in the state, to be changed for what goes to apply.
    pub private: &'a mut Vec<u8>,
    /// Messages to the user.
    pub diagnostics: &'a mut Diagnostics,
}

impl Plan<'_> {
    /// What the plan amounts to so far.
    pub fn action(&self) -> Action {
        match self.prior {
            None => Action::Create,
            Some(_) if !self.requires_replace.is_empty() => Action::Replace,
            Some(prior) if prior == self.planned => Action::NoOp,
            Some(_) => Action::Update,
        }
    }

    /// Whether the planned value at this dotted path differs from the state. Without a state everything does.
    pub fn changed(&self, dotted: &str) -> bool {
        self.prior.is_none_or(|prior| prior.lookup(dotted) != self.planned.lookup(dotted))
    }

    /// The planned value at this dotted path; see [`Value::lookup`].
    pub fn get(&self, dotted: &str) -> &Value {
        self.planned.lookup(dotted)
    }

    /// Plans a value for a computed attribute that the configuration does not give.
    ///
    /// # Errors
    /// As [`Value::set_at`].
    pub fn set(&mut self, dotted: &str, value: impl Into<Value>) -> Result<(), PathError> {
        self.planned.set_at(&AttributePath::parse(dotted), value.into())
    }

    /// Plans a computed attribute to be known only after apply: a plan without other changes becomes an update.
    ///
    /// # Errors
    /// As [`Value::set_at`].
    pub fn set_unknown(&mut self, dotted: &str) -> Result<(), PathError> {
        self.set(dotted, Value::UNKNOWN)
    }

    /// Asks for a new object because of a change at this dotted path.
    pub fn replace_because_of(&mut self, dotted: &str) {
        let path = AttributePath::parse(dotted);
        if !self.requires_replace.contains(&path) {
            self.requires_replace.push(path);
        }
    }
}
