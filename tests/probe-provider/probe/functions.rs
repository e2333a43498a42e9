//! The functions of the probe provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use gpuslice::tfplugin::type_::Type;
use gpuslice::tfplugin::value::Value;
use gpuslice::tfplugin::{Function, FunctionError, Parameter, Signature};

pub(crate) fn all() -> BTreeMap<String, Arc<dyn Function>> {
    let glue: Arc<dyn Function> = Arc::new(Glue);
    [("glue".to_owned(), glue), ("kind".to_owned(), Arc::new(Kind))].into()
}

/// Joins texts.
struct Glue;

impl Function for Glue {
    fn signature(&self) -> Signature {
        Signature::new("Joins texts", Type::String)
            .describe(
                "Joins any number of texts with a separator. An empty text is an error, \"panic\" a panic.",
            )
            .parameter(Parameter::new("separator", Type::String, "What comes between."))
            .variadic(Parameter::new("parts", Type::String, "The texts."))
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let texts: Vec<_> = arguments.iter().map(|argument| argument.as_str().unwrap_or_default()).collect();
        if let Some(position) = texts.iter().skip(1).position(|text| text.is_empty()) {
            return Err(FunctionError::argument(position + 1, "an empty text cannot be glued"));
        }
        assert!(!texts.contains(&"panic"), "a panic on demand");
        Ok(Value::from(texts[1..].join(texts[0])))
    }
}

/// Says what type a value has.
struct Kind;

impl Function for Kind {
    fn signature(&self) -> Signature {
        Signature::new("Says what type a value has", Type::String)
            .parameter(Parameter::new("value", Type::Dynamic, "Any value.").allow_null())
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        Ok(match arguments[0].as_dynamic() {
            Some((ty, _)) => Value::from(ty.to_string()),
            None => Value::from("null"),
        })
    }
}
