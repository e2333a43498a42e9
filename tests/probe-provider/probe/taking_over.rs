//! How objects that exist become a `probe_thing`: import by id and by identity, and moves from other types.

use async_trait::async_trait;
use gpuslice::tfplugin::diag::Diagnostics;
use gpuslice::tfplugin::type_::Type;
use gpuslice::tfplugin::value::Value;
use gpuslice::tfplugin::{
    Context, Identity, IdentityAttribute, IdentitySchema, Import, ImportBy, MoveSource, MoveState, Moved,
};

use super::thing::Thing;

/// What an import or a move knows: the id, and what follows from it.
fn known(name: &str) -> Value {
    Value::object([("id", Value::from(format!("thing-{name}"))), ("name", Value::from(name))])
}

/// What a read adds to a state that is not much more than an id.
pub(super) fn fill(state: &mut Value) {
    let name = state.lookup("name").as_str().unwrap_or_default().to_owned();
    let mut set_if_null = |path: &str, value: Value| {
        if state.lookup(path).is_null() {
            state.set_at(&path.into(), value).expect("the attribute exists");
        }
    };
    set_if_null("status", Value::from("ready"));
    set_if_null("letters", Value::number(name.chars().count() as i64));
    let text = format!("{}: imported", name.to_uppercase());
    set_if_null(
        "summary",
        Value::object([("title", Value::from(name.to_uppercase())), ("text", Value::from(text))]),
    );
    let size = [("width", Value::number(10)), ("height", Value::number(20)), ("unit", Value::from("cm"))];
    set_if_null("size", Value::object(size));
}

#[async_trait]
impl Import for Thing {
    async fn import(&self, ctx: &Context, by: ImportBy) -> Result<Value, Diagnostics> {
        ctx.set_private("imported");
        match by {
            ImportBy::Id(id) => match id.strip_prefix("thing-") {
                Some(name) => Ok(known(name)),
                None => Err(Diagnostics::error(
                    "Not the id of a thing",
                    format!("{id:?} does not start with \"thing-\"."),
                )),
            },
            ImportBy::Identity(identity) => Ok(known(identity.lookup("name").as_str().unwrap_or_default())),
        }
    }
}

impl MoveState for Thing {
    fn sources(&self) -> Vec<&'static str> {
        vec!["terraform_data", "probe_counter"]
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<Moved>, Diagnostics> {
        let name = match (source.provider(), source.type_name.as_str()) {
            ("terraform", "terraform_data") => source.state["input"]["value"].as_str(),
            ("probe", "probe_counter") => source.state["name"].as_str(),
            _ => return Ok(None),
        };
        let name = name.ok_or_else(|| {
            Diagnostics::error("Nothing to make a thing of", "The source has no name in its state.")
        })?;
        Ok(Some(Moved { state: known(name), private: b"moved".to_vec() }))
    }
}

impl Identity for Thing {
    fn schema(&self) -> IdentitySchema {
        let name = IdentityAttribute {
            name: "name",
            type_: Type::String,
            required: true,
            description: "The name of the thing.",
        };
        IdentitySchema { version: 0, attributes: vec![name] }
    }

    fn identity(&self, state: &Value) -> Option<Value> {
        let name = state.lookup("name").as_str()?;
        Some(Value::object([("name", Value::from(name))]))
    }
}
