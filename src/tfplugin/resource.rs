//! Resources: what a provider creates, keeps and destroys.

use std::time::Duration;

use async_trait::async_trait;

use super::capability::{Identity, Import, MoveState, UpgradeState};
use super::context::{Context, Operation};
use super::derived::Derived;
use super::diag::Diagnostics;
use super::plan::Plan;
use super::schema::Schema;
use super::value::Value;

/// A kind of resource.
///
/// What the frame does around these methods: it reads and writes the wire, applies the schema's defaults, validators
/// and plan modifiers, fills derived leaves, keeps private state, turns panics into diagnostics, and answers with
/// the last [checkpoint](Context::checkpoint) whatever way a method ends.
#[async_trait]
pub trait Resource: Send + Sync {
    /// Asked once.
    fn schema(&self) -> Schema;

    /// Computed attributes that follow from others, in the order of their dependence. Asked once.
    fn derived(&self) -> Vec<Derived> {
        Vec::new()
    }

    /// Judges a configuration beyond what the schema says. Values may be unknown, and the provider is not
    /// configured yet.
    fn validate(&self, _config: &Value, _diagnostics: &mut Diagnostics) {}

    /// Changes a plan beyond what the schema says. It must give the same answer for the same question (the host
    /// asks twice and compares), so: no clock, no chance, no network.
    fn plan(&self, _plan: &mut Plan<'_>) {}

    /// How long an operation may take, usually from the `timeouts` block in `value`: the planned state for a
    /// create or an update, the stored state for a read or a delete. It becomes [`Context::deadline`]; ending in
    /// time, with words that help, is the resource's own business.
    fn timeout(&self, _operation: Operation, _value: &Value) -> Option<Duration> {
        None
    }

    /// Looks at the real object. `None`: it is gone. `state` may be little more than an id after an import or a
    /// move, and nothing in the answer may be unknown.
    async fn read(&self, ctx: &Context, state: Value) -> Result<Option<Value>, Diagnostics>;

    /// Creates. The answer is `planned` with its unknown leaves filled. An error with a checkpoint makes the object
    /// tainted: the next apply destroys it. An answer with a [warning](Context::warn) does not.
    async fn create(&self, ctx: &Context, config: Value, planned: Value) -> Result<Value, Diagnostics>;

    /// Changes. The answer is `planned` with its unknown leaves filled. An error never taints; without a checkpoint
    /// the stored state stays as it was.
    async fn update(
        &self,
        ctx: &Context,
        config: Value,
        prior: Value,
        planned: Value,
    ) -> Result<Value, Diagnostics>;

    /// Destroys. What is gone already is destroyed. An error with a checkpoint keeps that state, an error without
    /// one the stored state.
    async fn delete(&self, ctx: &Context, prior: Value) -> Result<(), Diagnostics>;

    /// How existing objects come under management.
    fn importer(&self) -> Option<&dyn Import> {
        None
    }

    /// How the state of resources of other types, of this or another provider, becomes this one's.
    fn mover(&self) -> Option<&dyn MoveState> {
        None
    }

    /// How state of older schema versions becomes this version's. Needed as soon as the version is not 0.
    fn upgrader(&self) -> Option<&dyn UpgradeState> {
        None
    }

    /// The small object that names a resource to the outside.
    fn identity(&self) -> Option<&dyn Identity> {
        None
    }
}
