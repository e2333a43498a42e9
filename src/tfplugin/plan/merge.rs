//! The first draft of a plan: what the configuration and the state say, attribute by attribute.
//!
//! For an attribute that the configuration gives, the configuration counts, or the prior value when the two are
//! spellings of one value. For one that it does not give:
//!
//! | attribute | planned |
//! |---|---|
//! | has a default | the default |
//! | not computed | null |
//! | computed, and what encloses it did not exist before | unknown |
//! | computed, keeps its state | the prior value, null included |
//! | computed, and nothing differs from the state | the prior value |
//! | computed, and something differs | unknown |
//!
//! A computed object that is not configured but exists goes on existing, its parts each by their own rule: leaving
//! the whole object out means the same as leaving out every part of it. Parts that are required or have a default
//! are then unchanged: the former cannot be left out on their own, and the latter act once the object is configured.

use std::collections::BTreeMap;

use super::super::derived::Derived;
use super::super::path::AttributePath;
use super::super::schema::{Attribute, Block, BlockNesting, Nesting, Schema};
use super::super::value::Value;

pub(super) struct Merge<'a> {
    pub(super) derived: &'a [Derived],
    /// Whether anything at all differs from the state.
    pub(super) differs: bool,
}

/// What surrounds the attribute in question.
#[derive(Debug, Clone)]
struct Place {
    path: AttributePath,
    /// Something further out keeps its state.
    keep: bool,
    /// The enclosing object is not configured, only computed.
    unset: bool,
}

impl Place {
    fn child(&self, name: &str) -> Place {
        Place { path: self.path.clone().attribute(name), ..self.clone() }
    }
}

/// An attribute's value in the configuration, proposed by Terraform, and in the state.
#[derive(Debug, Clone, Copy)]
struct Sources<'a> {
    config: &'a Value,
    proposed: &'a Value,
    /// `None` when the enclosing object did not exist before.
    prior: Option<&'a Value>,
}

static NULL: Value = Value::Null;

impl<'a> Sources<'a> {
    /// The same for a part of an object.
    fn part(self, name: &str) -> Sources<'a> {
        Sources {
            config: self.config.get(name).unwrap_or(&NULL),
            proposed: self.proposed.get(name).unwrap_or(&NULL),
            prior: self.prior.and_then(|prior| prior.get(name)),
        }
    }
}

impl Merge<'_> {
    pub(super) fn root(&self, schema: &Schema, config: &Value, proposed: &Value, prior: &Value) -> Value {
        let place = Place { path: AttributePath::ROOT, keep: false, unset: false };
        let sources = Sources { config, proposed, prior: Some(prior).filter(|prior| !prior.is_null()) };
        self.body(schema.attributes(), schema.blocks(), sources, &place)
    }

    fn body(&self, attributes: &[Attribute], blocks: &[Block], sources: Sources<'_>, place: &Place) -> Value {
        let mut planned = BTreeMap::new();
        for attribute in attributes {
            let name = attribute.name();
            planned.insert(name.to_owned(), self.attribute(attribute, sources.part(name), place.child(name)));
        }
        for block in blocks {
            let name = block.name();
            planned.insert(name.to_owned(), self.block(block, sources.part(name), &place.child(name)));
        }
        Value::Object(planned)
    }

    fn attribute(&self, attribute: &Attribute, sources: Sources<'_>, mut place: Place) -> Value {
        place.keep |= attribute.uses_state();
        let Sources { config, prior, .. } = sources;
        if config.is_unknown() {
            return config.clone();
        }
        if !config.is_null() {
            place.unset = false;
            return match prior {
                Some(prior) if is_spelling(attribute, prior, config) => prior.clone(),
                _ => self.configured(attribute, sources, &place),
            };
        }
        match attribute.default_value() {
            Some(default) if !place.unset => {
                // Terraform knows nothing of defaults, and proposes the prior value.
                let sources = Sources { config: default, proposed: &NULL, ..sources };
                return self.configured(attribute, sources, &place);
            }
            // A default in an object that is not configured says only that the value never becomes unknown.
            Some(_) => place.keep = true,
            None => {}
        }
        // A required part cannot be left out on its own, so the object that is left out keeps it.
        let goes_with_object = place.unset && attribute.is_required();
        place.keep |= goes_with_object;
        if attribute.is_computed() || goes_with_object {
            self.computed(attribute, sources, place)
        } else {
            // As it is: in a place of type dynamic there are several nulls.
            config.clone()
        }
    }

    /// An attribute that the configuration or a default gives.
    fn configured(&self, attribute: &Attribute, sources: Sources<'_>, place: &Place) -> Value {
        match attribute.as_nested() {
            None => sources.config.clone(),
            Some((Nesting::Single, inner)) => {
                let prior = sources.prior.filter(|prior| !prior.is_null());
                self.body(inner, &[], Sources { prior, ..sources }, place)
            }
            Some((_, inner)) => self.elements(inner, &[], sources, place),
        }
    }

    /// A computed attribute that nobody gives.
    fn computed(&self, attribute: &Attribute, sources: Sources<'_>, mut place: Place) -> Value {
        let prior = sources.prior;
        if let Some((Nesting::Single, inner)) = attribute.as_nested() {
            let existing = prior.filter(|prior| !prior.is_null());
            let made_here = !attribute.is_optional() && self.has_derived_parts(&place.path);
            if existing.is_some() || made_here {
                place.unset = true;
                return self.body(inner, &[], Sources { prior: existing, ..sources }, &place);
            }
        }
        match prior {
            Some(prior) if place.keep || !self.differs => prior.clone(),
            Some(prior) if self.derived.iter().any(|derived| derived.path == place.path) => prior.clone(),
            _ => Value::UNKNOWN,
        }
    }

    fn has_derived_parts(&self, path: &AttributePath) -> bool {
        self.derived.iter().any(|derived| derived.path != *path && path.is_prefix_of(&derived.path))
    }

    /// The objects of a configured collection: those of lists by index, of maps by key.
    fn elements(&self, inner: &[Attribute], blocks: &[Block], sources: Sources<'_>, place: &Place) -> Value {
        let element = |sources: Sources<'_>, path: AttributePath| {
            let Sources { config, prior, .. } = sources;
            if config.is_null() || config.is_unknown() {
                return config.clone();
            }
            let prior = prior.filter(|prior| !prior.is_null());
            self.body(inner, blocks, Sources { prior, ..sources }, &Place { path, ..place.clone() })
        };
        let Sources { config, proposed, prior } = sources;
        match config {
            Value::List(configs) => {
                let (proposed, priors) = (proposed.as_list(), prior.and_then(Value::as_list));
                let planned = configs.iter().enumerate().map(|(i, config)| {
                    let proposed = proposed.and_then(|proposed| proposed.get(i)).unwrap_or(&NULL);
                    let prior = priors.and_then(|priors| priors.get(i));
                    element(Sources { config, proposed, prior }, place.path.clone().index(i))
                });
                Value::List(planned.collect())
            }
            Value::Map(configs) => {
                let (proposed, priors) = (proposed.as_map(), prior.and_then(Value::as_map));
                let planned = configs.iter().map(|(key, config)| {
                    let proposed = proposed.and_then(|proposed| proposed.get(key)).unwrap_or(&NULL);
                    let prior = priors.and_then(|priors| priors.get(key));
                    (key.clone(), element(Sources { config, proposed, prior }, place.path.clone().key(key)))
                });
                Value::Map(planned.collect())
            }
            Value::Set(configs) => {
                // Terraform has filled in what it could match; the rest is as on create. Where filled-in elements
                // turn out equal to others, the set would be smaller than configured, which is not allowed.
                let matched = proposed.as_set().filter(|matched| matched.len() == configs.len());
                if matched.is_some() && prior == Some(proposed) {
                    return proposed.clone();
                }
                let matched = matched.unwrap_or(configs);
                let create = |config| Sources { config, proposed: &NULL, prior: None };
                Value::set(matched.iter().map(|config| element(create(config), place.path.clone())))
            }
            other => other.clone(),
        }
    }

    fn block(&self, block: &Block, sources: Sources<'_>, place: &Place) -> Value {
        let Sources { config, prior, .. } = sources;
        match block.nesting() {
            _ if config.is_unknown() => config.clone(),
            _ if config.is_null() => block.empty_value(),
            BlockNesting::Single => {
                let prior = prior.filter(|prior| !prior.is_null());
                self.body(block.attributes(), block.blocks(), Sources { prior, ..sources }, place)
            }
            BlockNesting::List | BlockNesting::Set => {
                self.elements(block.attributes(), block.blocks(), sources, place)
            }
        }
    }
}

/// Whether the configured value is but another spelling of the prior one.
fn is_spelling(attribute: &Attribute, prior: &Value, config: &Value) -> bool {
    !prior.is_null()
        && config.is_wholly_known()
        && attribute.equivalence().is_some_and(|equivalence| equivalence.holds(prior, config))
}
