//! A node-pool resource, as Terraform sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::cloud;
use crate::duration::GoDuration;
use crate::nodepool::Problems;
use crate::nodepool::checks;
use crate::tfplugin::{
    AttributePath, Context, Derived, Diagnostic, Diagnostics, Identity, Import, MoveState, Operation, Plan,
    Resource, Schema, Value,
};

use super::super::diagnostics;
use super::super::session::Session;
use super::lifecycle::Lifecycle;
use super::{Kind, checking, clouds, derived, from_value, planning, schema};

/// A node pool of one kind.
#[derive(Debug)]
pub struct NodePoolResource {
    pub(super) kind: Kind,
    pub(super) session: Arc<Session>,
    pub(super) lifecycle: Lifecycle,
}

impl NodePoolResource {
    pub(crate) fn new(kind: Kind, session: Arc<Session>) -> Self {
        let lifecycle = Lifecycle { session: Arc::clone(&session), kind };
        NodePoolResource { kind, session, lifecycle }
    }
}

#[async_trait]
impl Resource for NodePoolResource {
    fn schema(&self) -> Schema {
        schema::nodepool(self.kind)
    }

    fn derived(&self) -> Vec<Derived> {
        derived::all(self.kind, &self.session)
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let mut problems = Problems::default();
        let read = from_value::config(config, &mut problems);
        let cloud = from_value::cloud_of(&read);
        on_incomplete(config, &mut problems);
        checking::validate(config, &mut problems);
        clouds::check_options(config, cloud, &mut problems);
        checks::check(&read, cloud.map(cloud::rules), &mut problems);
        diagnostics.extend(diagnostics::of_problems(&problems, false));
        timeouts(config, diagnostics);
    }

    fn plan(&self, plan: &mut Plan<'_>) {
        planning::plan(plan, self.kind, &self.session);
    }

    fn timeout(&self, operation: Operation, value: &Value) -> Option<Duration> {
        let default = match operation {
            Operation::Create | Operation::Update | Operation::Delete => clouds::patience(value),
            Operation::Read | Operation::Import | Operation::Configure => clouds::READING,
        };
        let written = value.lookup(&format!("timeouts.{operation}")).as_str().map(str::parse::<GoDuration>);
        Some(match written {
            Some(Ok(duration)) => duration.0,
            Some(Err(_)) | None => default,
        })
    }

    async fn read(&self, ctx: &Context, state: Value) -> Result<Option<Value>, Diagnostics> {
        self.lifecycle.read(ctx, state).await
    }

    async fn create(&self, ctx: &Context, config: Value, planned: Value) -> Result<Value, Diagnostics> {
        self.lifecycle.create(ctx, &config, planned).await
    }

    async fn update(
        &self,
        ctx: &Context,
        config: Value,
        prior: Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        self.lifecycle.update(ctx, &config, &prior, planned).await
    }

    async fn delete(&self, ctx: &Context, prior: Value) -> Result<(), Diagnostics> {
        self.lifecycle.delete(ctx, prior).await
    }

    fn importer(&self) -> Option<&dyn Import> {
        Some(self)
    }

    fn mover(&self) -> Option<&dyn MoveState> {
        Some(self)
    }

    fn identity(&self) -> Option<&dyn Identity> {
        Some(self)
    }
}

/// What to do with a pool that is not ready is no part of the pool, so nothing else reads the word.
fn on_incomplete(config: &Value, problems: &mut Problems) {
    const WORDS: [&str; 2] = ["keep", "fail"];
    if let Some(word) = config.lookup("on_incomplete").as_str().filter(|word| !WORDS.contains(word)) {
        from_value::not_one_of("on_incomplete", word, &WORDS, problems);
    }
}

/// The durations of the block are read when they are needed; a wrong one is told now.
fn timeouts(config: &Value, diagnostics: &mut Diagnostics) {
    for operation in schema::OPERATIONS {
        let written = config.lookup("timeouts").lookup(operation);
        if let Some(Err(error)) = written.as_str().map(str::parse::<GoDuration>) {
            let path = AttributePath::parse("timeouts").attribute(operation);
            diagnostics.push(Diagnostic::error("This is no duration", format!("{error}.")).at(path));
        }
    }
}
