//! The attributes of `probe_thing`: one of each kind that the plugin layer treats in its own way.

use gpuslice::tfplugin::derived::Derived;
use gpuslice::tfplugin::schema::{Attribute, Block, Schema, Validator};
use gpuslice::tfplugin::type_::Type;
use gpuslice::tfplugin::value::Value;

pub(crate) fn schema() -> Schema {
    let script = |name: &str| Attribute::string(name).optional();
    let timeout = |name: &str| Attribute::string(name).optional();
    Schema::new(0)
        .describe("An object that does what its scripts say.")
        .attribute(Attribute::string("id").computed().use_state())
        .attribute(
            Attribute::string("name")
                .required()
                .requires_replace()
                .validate(Validator::not_empty())
                .equivalent(|prior, configured| match (prior.as_str(), configured.as_str()) {
                    (Some(prior), Some(configured)) => prior.eq_ignore_ascii_case(configured),
                    _ => false,
                }),
        )
        .attribute(Attribute::string("note").optional_computed())
        .attribute(Attribute::map("tags", Type::String).optional())
        .attribute(Attribute::string("secret").optional().sensitive())
        .attribute(Attribute::string("status").computed())
        .attribute(
            Attribute::object(
                "size",
                vec![
                    Attribute::number("width").optional_computed().use_state(),
                    Attribute::number("height").optional_computed().use_state(),
                    Attribute::string("unit").optional_computed().default("cm"),
                ],
            )
            .optional_computed()
            .use_state(),
        )
        .attribute(Attribute::number("letters").computed())
        .attribute(
            Attribute::object(
                "summary",
                vec![Attribute::string("title").computed(), Attribute::string("text").computed()],
            )
            .computed(),
        )
        .attribute(
            Attribute::object("on", ["create", "read", "update", "delete"].map(script).into()).optional(),
        )
        .block(Block::single("timeouts", ["create", "read", "update", "delete"].map(timeout).into()))
}

pub(crate) fn derived() -> Vec<Derived> {
    vec![
        Derived::new("letters", &["name"], |inputs| {
            Value::number(inputs.str("name").unwrap_or_default().chars().count() as i64)
        }),
        Derived::new("summary.title", &["name"], |inputs| {
            Value::from(inputs.str("name").unwrap_or_default().to_uppercase())
        }),
        Derived::new("summary.text", &["summary.title", "note"], |inputs| {
            let title = inputs.str("summary.title").unwrap_or_default();
            Value::from(format!("{title}: {}", inputs.str("note").unwrap_or("nothing to say")))
        }),
    ]
}
