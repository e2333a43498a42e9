//! The proposed state, as Terraform makes it from configuration and state before it asks the provider.

use std::collections::BTreeMap;

use super::super::schema::{Attribute, Block, BlockNesting, Nesting, Schema};
use super::super::value::Value;

static NULL: Value = Value::Null;

/// What Terraform would send as the proposed state: configured values, and prior ones for what is computed and not
/// configured. For tests of planning without Terraform.
///
/// An element of a set is matched with a prior one from which it differs only by computed values.
pub fn proposed_new(schema: &Schema, prior: &Value, config: &Value) -> Value {
    if config.is_null() {
        return Value::Null;
    }
    body(schema.attributes(), schema.blocks(), prior, config)
}

fn body(attributes: &[Attribute], blocks: &[Block], prior: &Value, config: &Value) -> Value {
    if config.is_null() || config.is_unknown() {
        return config.clone();
    }
    let pick = |name: &str| (prior.get(name).unwrap_or(&NULL), config.get(name).unwrap_or(&NULL));
    let of_attributes = attributes.iter().map(|inner| {
        let (prior, config) = pick(inner.name());
        (inner.name().to_owned(), attribute(inner, prior, config))
    });
    let of_blocks = blocks.iter().map(|inner| {
        let (prior, config) = pick(inner.name());
        (inner.name().to_owned(), block(inner, prior, config))
    });
    Value::Object(of_attributes.chain(of_blocks).collect::<BTreeMap<_, _>>())
}

fn attribute(attribute: &Attribute, prior: &Value, config: &Value) -> Value {
    if config.is_null() && attribute.is_computed() {
        // What only a configuration can have set was configured before, and so has been removed now.
        let removed = attribute.is_optional() && holds_configured(attribute, prior);
        return if removed { Value::Null } else { prior.clone() };
    }
    match attribute.as_nested() {
        None => config.clone(),
        Some((Nesting::Single, inner)) => body(inner, &[], prior, config),
        Some((_, inner)) => elements(inner, &[], prior, config),
    }
}

fn holds_configured(attribute: &Attribute, value: &Value) -> bool {
    attribute.nested().iter().any(|inner| {
        let holds = |object: &Value| {
            object.get(inner.name()).is_some_and(|value| {
                !value.is_null() && (!inner.is_computed() || holds_configured(inner, value))
            })
        };
        match value {
            Value::Map(entries) => entries.values().any(holds),
            other => other.as_elements().map_or_else(|| holds(other), |elements| elements.iter().any(holds)),
        }
    })
}

fn block(block: &Block, prior: &Value, config: &Value) -> Value {
    match block.nesting() {
        _ if config.is_null() => block.empty_value(),
        BlockNesting::Single => body(block.attributes(), block.blocks(), prior, config),
        BlockNesting::List | BlockNesting::Set => elements(block.attributes(), block.blocks(), prior, config),
    }
}

fn elements(attributes: &[Attribute], blocks: &[Block], prior: &Value, config: &Value) -> Value {
    let element = |prior: &Value, config: &Value| body(attributes, blocks, prior, config);
    match config {
        Value::List(configs) => {
            let priors = prior.as_list().unwrap_or(&[]);
            let each = configs.iter().enumerate();
            Value::List(each.map(|(i, config)| element(priors.get(i).unwrap_or(&NULL), config)).collect())
        }
        Value::Map(configs) => {
            let each = configs.iter().map(|(key, config)| {
                let prior = prior.as_map().and_then(|priors| priors.get(key)).unwrap_or(&NULL);
                (key.clone(), element(prior, config))
            });
            Value::Map(each.collect())
        }
        Value::Set(configs) => {
            let mut priors: Vec<&Value> = prior.as_set().map_or(Vec::new(), |priors| priors.iter().collect());
            let each = configs.iter().map(|config| {
                let matching = priors.iter().position(|prior| may_come_from(attributes, prior, config));
                let prior = matching.map_or(&NULL, |at| priors.remove(at));
                element(prior, config)
            });
            Value::set(each.collect::<Vec<_>>())
        }
        other => other.clone(),
    }
}

/// Whether a prior object may have come from this configuration: it only adds what is computed. Sets inside cannot be
/// matched, and an object that is not configured at all is none that could have been added.
fn may_come_from(attributes: &[Attribute], prior: &Value, config: &Value) -> bool {
    let (Value::Object(priors), Value::Object(configs)) = (prior, config) else { return prior == config };
    configs.iter().all(|(name, config)| {
        let prior = priors.get(name).unwrap_or(&NULL);
        let Some(attribute) = attributes.iter().find(|attribute| attribute.name() == name) else {
            return prior == config;
        };
        match (attribute.as_nested(), prior, config) {
            _ if prior == config => true,
            (None, _, _) => attribute.is_computed() && config.is_null(),
            (Some((Nesting::Single, inner)), _, _) => may_come_from(inner, prior, config),
            (Some((Nesting::List, inner)), Value::List(priors), Value::List(configs)) => {
                let mut pairs = priors.iter().zip(configs);
                priors.len() == configs.len()
                    && pairs.all(|(prior, config)| may_come_from(inner, prior, config))
            }
            (Some((Nesting::Map, inner)), Value::Map(priors), Value::Map(configs)) => {
                priors.len() == configs.len()
                    && priors.iter().all(|(key, prior)| {
                        configs.get(key).is_some_and(|config| may_come_from(inner, prior, config))
                    })
            }
            _ => false,
        }
    })
}
