//! `probe_counter`: a resource of schema version 2, with nothing special but its past.

use async_trait::async_trait;
use gpuslice::tfplugin::diag::Diagnostics;
use gpuslice::tfplugin::schema::{Attribute, Block, Schema};
use gpuslice::tfplugin::value::Value;
use gpuslice::tfplugin::{Context, Resource, UpgradeState};
use serde_json::Value as Json;

pub(crate) struct Counter;

#[async_trait]
impl Resource for Counter {
    fn schema(&self) -> Schema {
        Schema::new(2)
            .attribute(Attribute::string("name").required())
            .attribute(Attribute::number("count_to").optional())
            .block(Block::list("step", vec![Attribute::number("by").required()]))
    }

    async fn read(&self, _: &Context, state: Value) -> Result<Option<Value>, Diagnostics> {
        Ok(Some(state))
    }

    async fn create(&self, _: &Context, _: Value, planned: Value) -> Result<Value, Diagnostics> {
        Ok(planned)
    }

    async fn update(&self, _: &Context, _: Value, _: Value, planned: Value) -> Result<Value, Diagnostics> {
        Ok(planned)
    }

    async fn delete(&self, _: &Context, _: Value) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn upgrader(&self) -> Option<&dyn UpgradeState> {
        Some(self)
    }
}

impl UpgradeState for Counter {
    /// Version 0 called the name "title", version 1 kept the number as text.
    fn upgrade(&self, from: i64, mut state: Json) -> Result<Json, Diagnostics> {
        if from == 0 {
            state["name"] = state["title"].take();
            state.as_object_mut().expect("attributes").remove("title");
        }
        if let Some(text) = state["count_to"].as_str() {
            let number: i64 = text.parse().map_err(|_| {
                Diagnostics::error("The state cannot be upgraded", format!("{text:?} is not a number."))
                    .at("count_to")
            })?;
            state["count_to"] = number.into();
        }
        Ok(state)
    }
}
