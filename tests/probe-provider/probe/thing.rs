//! `probe_thing`: every way in which a resource can end well or badly.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use gpuslice::duration::GoDuration;
use gpuslice::tfplugin::derived::Derived;
use gpuslice::tfplugin::diag::Diagnostics;
use gpuslice::tfplugin::plan::Plan;
use gpuslice::tfplugin::schema::Schema;
use gpuslice::tfplugin::value::Value;
use gpuslice::tfplugin::{Context, Identity, Import, MoveState, Operation, Resource};

use super::script::{self, End};
use super::{Settings, taking_over, thing_schema};

pub(crate) struct Thing {
    pub(super) settings: Settings,
}

impl Thing {
    /// The file that is the real object, if the provider block names a folder.
    pub(super) fn file(&self, id: &str) -> Option<PathBuf> {
        let settings = self.settings.lock().unwrap();
        Some(PathBuf::from(settings.as_ref()?.lookup("store").as_str()?).join(id))
    }

    /// Makes the real object as the state says, and fills what was not known.
    fn finish(&self, state: &mut Value, end: &End) {
        let status = if end.incomplete { "incomplete" } else { "ready" };
        set(state, "status", Value::from(status));
        if state.lookup("note").is_unknown() {
            set(state, "note", Value::from("none"));
        }
        if state.lookup("summary.text").is_unknown() {
            let text = format!(
                "{}: {}",
                state.lookup("summary.title").as_str().unwrap_or_default(),
                state.lookup("note").as_str().unwrap_or_default()
            );
            set(state, "summary.text", Value::from(text));
        }
        if state.lookup("size").is_unknown() {
            let size =
                [("width", Value::number(10)), ("height", Value::number(20)), ("unit", Value::from("cm"))];
            set(state, "size", Value::object(size));
        }
        for (side, length) in [("size.width", 10), ("size.height", 20)] {
            if state.lookup(side).is_unknown() {
                set(state, side, Value::number(length));
            }
        }
        self.write(state);
    }

    fn write(&self, state: &Value) {
        if let Some(file) = self.file(state.lookup("id").as_str().expect("an object has an id")) {
            std::fs::write(file, state.lookup("note").as_str().unwrap_or_default())
                .expect("a writable store");
        }
    }
}

fn set(state: &mut Value, path: &str, value: Value) {
    state.set_at(&path.into(), value).expect("the attribute exists");
}

fn script_for(value: &Value, operation: &str) -> String {
    value.lookup(&format!("on.{operation}")).as_str().unwrap_or_default().to_owned()
}

#[async_trait]
impl Resource for Thing {
    fn schema(&self) -> Schema {
        thing_schema::schema()
    }

    fn derived(&self) -> Vec<Derived> {
        thing_schema::derived()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        match config.lookup("name").as_str() {
            Some("wrong") => {
                diagnostics.extend(Diagnostics::error("No such name", "\"wrong\" is wrong.").at("name"));
            }
            Some("panic in validate") => panic!("a panic on demand"),
            _ => {}
        }
    }

    fn plan(&self, plan: &mut Plan<'_>) {
        if plan.get("name").as_str() == Some("panic in plan") {
            panic!("a panic on demand");
        }
        // As long as an object is incomplete, there is something to do about it.
        let incomplete =
            plan.prior.is_some_and(|prior| prior.lookup("status").as_str() == Some("incomplete"));
        if incomplete && plan.set_unknown("status").is_err() {
            panic!("status is an attribute");
        }
    }

    fn timeout(&self, operation: Operation, value: &Value) -> Option<Duration> {
        let text = value.lookup(&format!("timeouts.{operation}")).as_str()?;
        text.parse::<GoDuration>().ok().map(|duration| duration.0)
    }

    async fn read(&self, ctx: &Context, mut state: Value) -> Result<Option<Value>, Diagnostics> {
        let end = script::run(ctx, &script_for(&state, "read"), &state).await?;
        end.spoil(&mut state);
        let Some(file) = state.lookup("id").as_str().and_then(|id| self.file(id)) else {
            return Ok(Some(state));
        };
        let Ok(note) = std::fs::read_to_string(file) else { return Ok(None) };
        taking_over::fill(&mut state);
        set(&mut state, "note", Value::from(note));
        Ok(Some(state))
    }

    async fn create(&self, ctx: &Context, config: Value, planned: Value) -> Result<Value, Diagnostics> {
        tracing::debug!(target: "probe_provider", "creating");
        let mut state = planned;
        let id = format!("thing-{}", state.lookup("name").as_str().unwrap_or_default());
        set(&mut state, "id", Value::from(id));
        set(&mut state, "status", Value::from("incomplete"));
        self.write(&state);
        let end = script::run(ctx, &script_for(&config, "create"), &state).await?;
        self.finish(&mut state, &end);
        end.spoil(&mut state);
        ctx.set_private("complete");
        Ok(state)
    }

    async fn update(
        &self,
        ctx: &Context,
        config: Value,
        _prior: Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let mut state = planned;
        let end = script::run(ctx, &script_for(&config, "update"), &state).await?;
        self.finish(&mut state, &end);
        end.spoil(&mut state);
        ctx.set_private("updated");
        Ok(state)
    }

    async fn delete(&self, ctx: &Context, prior: Value) -> Result<(), Diagnostics> {
        let mut left = prior.clone();
        set(&mut left, "status", Value::from("half deleted"));
        script::run(ctx, &script_for(&prior, "delete"), &left).await?;
        if let Some(file) = prior.lookup("id").as_str().and_then(|id| self.file(id)) {
            // Gone already is gone.
            let _ = std::fs::remove_file(file);
        }
        Ok(())
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
