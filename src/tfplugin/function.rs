//! Functions that configurations call as `provider::NAME::FUNCTION(…)`. Pure: no clock, no network, no credentials.

use super::type_::Type;
use super::value::Value;

/// A function.
pub trait Function: Send + Sync {
    /// Asked once.
    fn signature(&self) -> Signature;

    /// Computes. `arguments` are wholly known and of the signature's types, the variadic ones at the end, unless a
    /// parameter allows null or unknown values. The result must be of the signature's type.
    ///
    /// # Errors
    /// Whatever the arguments do not allow; name the argument where one is to blame.
    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError>;
}

/// What a function takes and gives.
#[derive(Debug, Clone)]
pub struct Signature {
    /// One line, without a full stop.
    pub summary: &'static str,
    /// Markdown.
    pub description: String,
    /// The fixed parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Takes all further arguments.
    pub variadic: Option<Parameter>,
    /// The result's type.
    pub returns: Type,
    /// What to use instead, if the function is to be used no more. Empty otherwise.
    pub deprecation: &'static str,
}

impl Signature {
    /// A function without parameters.
    #[must_use]
    pub fn new(summary: &'static str, returns: Type) -> Self {
        Self {
            summary,
            description: summary.to_owned(),
            parameters: Vec::new(),
            variadic: None,
            returns,
            deprecation: "",
        }
    }

    /// Says more than the summary. Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// One more fixed parameter.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Takes any number of arguments after the fixed ones.
    #[must_use]
    pub fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }

    /// The parameter that the argument at a position belongs to.
    pub(super) fn parameter_at(&self, position: usize) -> Option<&Parameter> {
        self.parameters.get(position).or(self.variadic.as_ref())
    }
}

/// One parameter of a function.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Shown in messages and documentation.
    pub name: &'static str,
    /// What the host converts the argument to.
    pub type_: Type,
    /// Without it the host refuses null by itself.
    pub allow_null: bool,
    /// Without it the host answers unknown by itself, without a call.
    pub allow_unknown: bool,
    /// Markdown.
    pub description: String,
}

impl Parameter {
    /// A parameter that is given, and known.
    #[must_use]
    pub fn new(name: &'static str, type_: Type, description: impl Into<String>) -> Self {
        Self { name, type_, allow_null: false, allow_unknown: false, description: description.into() }
    }

    /// The function is called with null too.
    #[must_use]
    pub fn allow_null(mut self) -> Self {
        self.allow_null = true;
        self
    }

    /// The function is called with unknown values too.
    #[must_use]
    pub fn allow_unknown(mut self) -> Self {
        self.allow_unknown = true;
        self
    }
}

/// Why a function has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// What is wrong and how to mend it. The host puts the function's name before it.
    pub text: String,
    /// The zero-based position of the argument that is to blame.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// An error of no single argument.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// An error of the argument at a zero-based position.
    #[must_use]
    pub fn argument(position: usize, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some(position) }
    }
}
