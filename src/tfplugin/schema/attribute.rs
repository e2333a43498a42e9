//! Attributes, plain and nested.

use std::sync::Arc;

use super::body_type;
use super::modifier::{Change, Equivalence, Replace};
use super::validator::Validator;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Value;

/// One attribute of a schema, block or nested attribute. It is optional until said otherwise.
#[derive(Debug, Clone)]
pub struct Attribute {
    name: String,
    kind: AttributeKind,
    description: String,
    deprecation: Option<String>,
    setter: Setter,
    sensitive: bool,
    default: Option<Value>,
    validators: Vec<Validator>,
    use_state: bool,
    replace: Option<Replace>,
    equivalence: Option<Equivalence>,
}

/// What an attribute holds.
#[derive(Debug, Clone)]
pub enum AttributeKind {
    /// A value of this type.
    Plain(Type),
    /// Objects whose attributes have rules of their own.
    Nested {
        /// One object, or a collection of them.
        nesting: Nesting,
        /// The attributes of each object.
        attributes: Vec<Attribute>,
    },
}

/// How many objects a nested attribute holds, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

/// Who gives the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setter {
    /// The configuration, always.
    Required,
    /// The configuration, or nobody: then it is null.
    Optional,
    /// The provider.
    Computed,
    /// The configuration, else the provider.
    OptionalComputed,
}

impl Attribute {
    /// An attribute of any type.
    pub fn of_type(name: impl Into<String>, ty: Type) -> Attribute {
        Attribute::new(name.into(), AttributeKind::Plain(ty))
    }

    /// A text.
    pub fn string(name: impl Into<String>) -> Attribute {
        Attribute::of_type(name, Type::String)
    }

    /// A number.
    pub fn number(name: impl Into<String>) -> Attribute {
        Attribute::of_type(name, Type::Number)
    }

    /// A truth value.
    pub fn bool(name: impl Into<String>) -> Attribute {
        Attribute::of_type(name, Type::Bool)
    }

    /// A list of plain values.
    pub fn list(name: impl Into<String>, element: Type) -> Attribute {
        Attribute::of_type(name, Type::list(element))
    }

    /// A set of plain values.
    pub fn set(name: impl Into<String>, element: Type) -> Attribute {
        Attribute::of_type(name, Type::set(element))
    }

    /// A map of plain values.
    pub fn map(name: impl Into<String>, element: Type) -> Attribute {
        Attribute::of_type(name, Type::map(element))
    }

    /// One object whose attributes have rules of their own.
    pub fn object(name: impl Into<String>, attributes: Vec<Attribute>) -> Attribute {
        Attribute::nested_as(name, Nesting::Single, attributes)
    }

    /// A list of such objects.
    pub fn list_nested(name: impl Into<String>, attributes: Vec<Attribute>) -> Attribute {
        Attribute::nested_as(name, Nesting::List, attributes)
    }

    /// A set of such objects. Planning cannot tell which element was which before: computed attributes in it keep
    /// their values only while Terraform itself matches the elements, and a change that needs a new object must be
    /// declared on the set.
    pub fn set_nested(name: impl Into<String>, attributes: Vec<Attribute>) -> Attribute {
        Attribute::nested_as(name, Nesting::Set, attributes)
    }

    /// A map of such objects.
    pub fn map_nested(name: impl Into<String>, attributes: Vec<Attribute>) -> Attribute {
        Attribute::nested_as(name, Nesting::Map, attributes)
    }

    fn nested_as(name: impl Into<String>, nesting: Nesting, attributes: Vec<Attribute>) -> Attribute {
        Attribute::new(name.into(), AttributeKind::Nested { nesting, attributes })
    }

    fn new(name: String, kind: AttributeKind) -> Attribute {
        Attribute {
            name,
            kind,
            description: String::new(),
            deprecation: None,
            setter: Setter::Optional,
            sensitive: false,
            default: None,
            validators: Vec::new(),
            use_state: false,
            replace: None,
            equivalence: None,
        }
    }

    /// The configuration must give a value.
    #[must_use]
    pub fn required(mut self) -> Attribute {
        self.setter = Setter::Required;
        self
    }

    /// The configuration may give a value; without one the attribute is null.
    #[must_use]
    pub fn optional(mut self) -> Attribute {
        self.setter = Setter::Optional;
        self
    }

    /// The provider gives the value, the configuration must not.
    #[must_use]
    pub fn computed(mut self) -> Attribute {
        self.setter = Setter::Computed;
        self
    }

    /// The configuration may give a value, else the provider does. With [`Attribute::use_state`] this means "unset
    /// leaves it unchanged".
    #[must_use]
    pub fn optional_computed(mut self) -> Attribute {
        self.setter = Setter::OptionalComputed;
        self
    }

    /// What the attribute means, in Markdown.
    #[must_use]
    pub fn describe(mut self, markdown: impl Into<String>) -> Attribute {
        self.description = markdown.into();
        self
    }

    /// Terraform does not show the value.
    #[must_use]
    pub fn sensitive(mut self) -> Attribute {
        self.sensitive = true;
        self
    }

    /// Deprecates the attribute; the message says what to use instead, and is shown when it is configured.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Attribute {
        self.deprecation = Some(message.into());
        self
    }

    /// The value planned when the configuration gives none. Makes the attribute optional and computed, which the
    /// protocol demands of attributes with a default.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Attribute {
        self.default = Some(value.into());
        self.setter = Setter::OptionalComputed;
        self
    }

    /// Adds a rule for configured values.
    #[must_use]
    pub fn validate(mut self, validator: Validator) -> Attribute {
        self.validators.push(validator);
        self
    }

    /// An update keeps the value of the state when the configuration gives none, null included. On an object it
    /// holds for every attribute below that the configuration does not give.
    ///
    /// Without it a computed value without configuration becomes unknown as soon as anything else changes.
    #[must_use]
    pub fn use_state(mut self) -> Attribute {
        self.use_state = true;
        self
    }

    /// A change needs a new object in the place of the old one.
    #[must_use]
    pub fn requires_replace(mut self) -> Attribute {
        self.replace = Some(Replace::Always);
        self
    }

    /// A change for which `decide` answers true needs a new object in the place of the old one.
    ///
    /// Inside a collection that is not known yet, `decide` is asked about the collection as a whole.
    #[must_use]
    pub fn requires_replace_if(
        mut self,
        decide: impl Fn(&Change<'_>) -> bool + Send + Sync + 'static,
    ) -> Attribute {
        self.replace = Some(Replace::If(Arc::new(decide)));
        self
    }

    /// When `same(prior, configured)` answers true, the two are spellings of one value, and the prior one is kept.
    ///
    /// For texts, numbers and bools only. A collection may be known in part when it is planned: its known elements
    /// would be planned as configured, and changed to the prior spelling once all of it is known, which Terraform
    /// forbids. Put it on the attributes of nested objects, or keep the prior spelling when reading.
    #[must_use]
    pub fn equivalent(mut self, same: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static) -> Attribute {
        self.equivalence = Some(Equivalence(Arc::new(same)));
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    pub fn kind(&self) -> &AttributeKind {
        &self.kind
    }

    /// The nesting and attributes of a nested attribute.
    pub fn as_nested(&self) -> Option<(Nesting, &[Attribute])> {
        match &self.kind {
            AttributeKind::Plain(_) => None,
            AttributeKind::Nested { nesting, attributes } => Some((*nesting, attributes)),
        }
    }

    /// The attributes of each object of a nested attribute; none for a plain one.
    pub fn nested(&self) -> &[Attribute] {
        self.as_nested().map_or(&[], |(_, attributes)| attributes)
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        match &self.kind {
            AttributeKind::Plain(ty) => ty.clone(),
            AttributeKind::Nested { nesting, attributes } => {
                let object = body_type(attributes, &[]);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Set => Type::set(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }

    /// The description, in Markdown.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What to use instead, when it is deprecated.
    pub fn deprecation(&self) -> Option<&str> {
        self.deprecation.as_deref()
    }

    /// Whether the configuration must give a value.
    pub fn is_required(&self) -> bool {
        self.setter == Setter::Required
    }

    /// Whether the configuration may give a value.
    pub fn is_optional(&self) -> bool {
        matches!(self.setter, Setter::Optional | Setter::OptionalComputed)
    }

    /// Whether the provider may give the value.
    pub fn is_computed(&self) -> bool {
        matches!(self.setter, Setter::Computed | Setter::OptionalComputed)
    }

    /// Whether Terraform hides the value.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// The value planned when the configuration gives none.
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// The rules for configured values.
    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    /// See [`Attribute::use_state`].
    pub fn uses_state(&self) -> bool {
        self.use_state
    }

    /// See [`Attribute::requires_replace`].
    pub fn replace(&self) -> Option<&Replace> {
        self.replace.as_ref()
    }

    /// See [`Attribute::equivalent`].
    pub fn equivalence(&self) -> Option<&Equivalence> {
        self.equivalence.as_ref()
    }
}
