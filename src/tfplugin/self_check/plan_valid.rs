//! Is a plan one that the configuration allows?

use super::super::diag::Diagnostics;
use super::super::path::{AttributePath, Step};
use super::super::schema::{Attribute, Block, BlockNesting, Nesting, Schema};
use super::super::value::Value;
use super::Problems;
use super::show::show;

/// Checks a planned state ("Provider produced invalid plan"). `prior` and `config` are null on create and destroy.
///
/// A configured value stays as it is, or as it was in the prior state; only computed attributes may get a value that
/// the configuration does not give; collections of configured objects keep their size; paths that need a new object
/// exist.
pub fn check_plan(
    schema: &Schema,
    config: &Value,
    prior: &Value,
    planned: &Value,
    requires_replace: &[AttributePath],
) -> Diagnostics {
    let mut problems = Problems::new("Invalid plan");
    if let Err(mismatch) = planned.conforms_to(&schema.ty()) {
        problems
            .add(&mismatch.path, format!("the planned state does not have the schema's type: {mismatch}"));
        return problems.found;
    }
    let values = Values { config, prior, planned };
    body(schema.attributes(), schema.blocks(), values, &AttributePath::ROOT, &mut problems);
    for path in requires_replace {
        if !exists(prior, path) && !exists(planned, path) {
            problems.add(path, "needs a new object, but is neither in the prior nor in the planned state");
        }
    }
    problems.found
}

/// Whether a path leads somewhere: to any value, or into one that is unknown.
fn exists(value: &Value, path: &AttributePath) -> bool {
    let [step, rest @ ..] = path.steps() else { return true };
    if value.is_unknown() {
        return true;
    }
    let step = AttributePath::new(vec![step.clone()]);
    value.at(&step).is_some_and(|part| exists(part, &AttributePath::new(rest.to_vec())))
}

/// The three views of one value.
#[derive(Debug, Clone, Copy)]
struct Values<'a> {
    config: &'a Value,
    prior: &'a Value,
    planned: &'a Value,
}

impl<'a> Values<'a> {
    fn part(self, step: Step) -> Values<'a> {
        let path = AttributePath::new(vec![step]);
        let Values { config, prior, planned } = self;
        Values { config: config.part(&path), prior: prior.part(&path), planned: planned.part(&path) }
    }
}

/// The root object, or a block.
fn body(
    attributes: &[Attribute],
    blocks: &[Block],
    values: Values<'_>,
    at: &AttributePath,
    problems: &mut Problems,
) {
    match (values.config.is_null(), values.planned.is_null()) {
        (false, true) => problems.add(at, "is planned to be absent, but the configuration has it"),
        (true, false) => problems.add(at, "is planned to be present, but the configuration does not have it"),
        (true, true) => {}
        (false, false) => {
            parts(attributes, values, at, problems);
            for inner in blocks {
                let values = values.part(Step::Attribute(inner.name().to_owned()));
                block(inner, values, &at.clone().attribute(inner.name()), problems);
            }
        }
    }
}

fn parts(attributes: &[Attribute], values: Values<'_>, at: &AttributePath, problems: &mut Problems) {
    for inner in attributes {
        let values = values.part(Step::Attribute(inner.name().to_owned()));
        attribute(inner, values, &at.clone().attribute(inner.name()), problems);
    }
}

fn attribute(attribute: &Attribute, values: Values<'_>, at: &AttributePath, problems: &mut Problems) {
    let Values { config, prior, planned } = values;
    let hidden = attribute.is_sensitive();
    let kept = !prior.is_null() && !config.is_null() && same(planned, prior);
    let free = attribute.is_computed() && (config.is_null() || !attribute.is_optional());
    if same(planned, config) || kept || free {
        return;
    }
    if config.is_null() {
        problems.add(
            at,
            format!("is planned to be {}, but is neither configured nor computed", show(planned, hidden)),
        );
        return;
    }
    if let Some((nesting, inner)) = attribute.as_nested() {
        object(nesting, inner, values, at, problems);
        return;
    }
    let or_prior = match prior {
        Value::Null => String::new(),
        prior => format!(" and the prior value {}", show(prior, hidden)),
    };
    let (planned, config) = (show(planned, hidden), show(config, hidden));
    problems.add(at, format!("is planned to be {planned}, unlike the configured value {config}{or_prior}"));
}

/// A configured nested attribute whose plan is not simply the configuration.
fn object(
    nesting: Nesting,
    inner: &[Attribute],
    values: Values<'_>,
    at: &AttributePath,
    problems: &mut Problems,
) {
    let Values { config, planned, .. } = values;
    if planned.is_null() {
        problems.add(at, "is planned to be absent, but the configuration has it");
        return;
    }
    if planned.is_unknown() {
        problems.add(at, "is planned to be wholly unknown although it is configured; only its parts may be");
        return;
    }
    match (nesting, planned, config) {
        (Nesting::Single, _, _) => parts(inner, values, at, problems),
        (Nesting::List, Value::List(elements), Value::List(configured))
            if elements.len() == configured.len() =>
        {
            for index in 0..elements.len() {
                let at = at.clone().index(index);
                parts(inner, values.part(Step::Index(index as i64)), &at, problems);
            }
        }
        (Nesting::Map, Value::Map(entries), Value::Map(configured)) if entries.len() == configured.len() => {
            for key in entries.keys() {
                let at = at.clone().key(key);
                if configured.contains_key(key) {
                    parts(inner, values.part(Step::Key(key.clone())), &at, problems);
                } else {
                    problems.add(&at, "is planned, but the configuration has no such key");
                }
            }
        }
        // Which element is which cannot be told: only how many there may be.
        (Nesting::Set, Value::Set(elements), Value::Set(configured)) => {
            let most = elements.len();
            let least = if most <= 1 || planned.is_wholly_known() { most } else { 1 };
            let exact = configured.len() <= 1 || config.is_wholly_known();
            if exact && !(least..=most).contains(&configured.len()) {
                counts(planned, config, at, problems);
            }
        }
        _ => counts(planned, config, at, problems),
    }
}

fn counts(planned: &Value, config: &Value, at: &AttributePath, problems: &mut Problems) {
    let count = |value: &Value| match value {
        Value::Map(entries) => entries.len().to_string(),
        other => {
            other.as_elements().map_or("an unknown number of".to_owned(), |parts| parts.len().to_string())
        }
    };
    let (planned, config) = (count(planned), count(config));
    problems.add(at, format!("is planned to have {planned} elements, the configuration has {config}"));
}

fn block(block: &Block, values: Values<'_>, at: &AttributePath, problems: &mut Problems) {
    let Values { config, planned, .. } = values;
    if block.nesting() != BlockNesting::Single && planned.is_null() {
        problems.add(at, "is planned to be null; without any block there must be an empty collection");
        return;
    }
    if planned == config {
        return;
    }
    if config.is_unknown() {
        problems.add(at, "is planned, although it is unknown yet how often the block is written");
        return;
    }
    if planned.is_unknown() {
        problems.add(at, "is planned to be unknown; only attributes in a block may be");
        return;
    }
    if let Some(elements) = planned.as_elements()
        && elements.iter().any(Value::is_unknown)
    {
        problems.add(at, "has a block that is planned to be wholly unknown; only attributes in it may be");
        return;
    }
    match (block.nesting(), planned) {
        (BlockNesting::Single, _) => body(block.attributes(), block.blocks(), values, at, problems),
        (BlockNesting::List, Value::List(elements)) => {
            if config.as_elements().map_or(0, <[Value]>::len) != elements.len() {
                counts(planned, config, at, problems);
                return;
            }
            for index in 0..elements.len() {
                let at = at.clone().index(index);
                body(
                    block.attributes(),
                    block.blocks(),
                    values.part(Step::Index(index as i64)),
                    &at,
                    problems,
                );
            }
        }
        (BlockNesting::List | BlockNesting::Set, _) => {}
    }
}

/// Equal but for what is known of unknown parts.
fn same(a: &Value, b: &Value) -> bool {
    let same_parts =
        |a: &[Value], b: &[Value]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    match (a, b) {
        (Value::Unknown(_), Value::Unknown(_)) => true,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => same_parts(a, b),
        (Value::Set(a), Value::Set(b)) => same_parts(a, b),
        (Value::Map(a), Value::Map(b)) | (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (Value::Dynamic(a), Value::Dynamic(b)) => a.0 == b.0 && same(&a.1, &b.1),
        _ => a == b,
    }
}
