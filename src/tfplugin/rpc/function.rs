//! Calling functions. They answer with one error and no diagnostics.

use std::sync::Arc;

use super::catalog::{Catalog, FunctionKind};
use super::wire;
use crate::tfplugin::FunctionError;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::proto::tfplugin6 as tf;

pub(super) fn call(catalog: &Catalog, request: &tf::call_function::Request) -> tf::call_function::Response {
    let result = match catalog.functions().get(&request.name).map(Arc::as_ref) {
        Some(kind) => result(kind, &request.arguments),
        None => {
            Err(FunctionError::new(format!("this version of the provider has no function {}", request.name)))
        }
    };
    match result {
        Ok(result) => tf::call_function::Response { result: Some(result), error: None },
        Err(error) => failed(&error),
    }
}

fn result(kind: &FunctionKind, arguments: &[tf::DynamicValue]) -> Result<tf::DynamicValue, FunctionError> {
    let signature = kind.signature();
    let (given, wanted) = (arguments.len(), signature.parameters.len());
    if given < wanted || (given > wanted && signature.variadic.is_none()) {
        return Err(FunctionError::new(format!("the function takes {wanted} arguments, {given} were given")));
    }
    let decode = |(position, argument): (usize, &tf::DynamicValue)| {
        // The count was checked, so there is a parameter for every argument.
        let parameter = signature
            .parameter_at(position)
            .ok_or_else(|| FunctionError::argument(position, "there is no parameter for this argument"))?;
        wire::decode(Some(argument), &parameter.type_, &format!("the argument {}", parameter.name))
            .map_err(|diagnostics| FunctionError::argument(position, sentences(&diagnostics)))
    };
    let values = arguments.iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?;
    let value = kind.function.call(values)?;
    wire::encode(&value, &signature.returns, "the function's result")
        .map_err(|diagnostics| FunctionError::new(sentences(&diagnostics)))
}

/// An answer that is an error.
pub(super) fn failed(error: &FunctionError) -> tf::call_function::Response {
    let function_argument = error.argument.and_then(|position| i64::try_from(position).ok());
    let error = tf::FunctionError { text: error.text.clone(), function_argument };
    tf::call_function::Response { result: None, error: Some(error) }
}

/// Diagnostics as the one text that a function's error has.
pub(super) fn sentences(diagnostics: &Diagnostics) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail))
        .collect::<Vec<_>>()
        .join("\n")
}
