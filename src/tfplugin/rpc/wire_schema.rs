//! Schemas and signatures as messages.

use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::schema::{Attribute, AttributeKind, Block, BlockNesting, Nesting, Schema};
use crate::tfplugin::{IdentitySchema, Parameter, Signature};

/// All descriptions are Markdown.
const MARKDOWN: i32 = tf::StringKind::Markdown as i32;

pub(super) fn schema(schema: &Schema) -> tf::Schema {
    let message = schema.deprecation();
    tf::Schema {
        version: schema.version(),
        block: Some(tf::schema::Block {
            version: schema.version(),
            attributes: attributes(schema.attributes()),
            block_types: schema.blocks().iter().map(nested_block).collect(),
            description: schema.description().to_owned(),
            description_kind: MARKDOWN,
            deprecated: message.is_some(),
            deprecation_message: message.unwrap_or_default().to_owned(),
            computed: false,
        }),
    }
}

fn attributes(attributes: &[Attribute]) -> Vec<tf::schema::Attribute> {
    attributes.iter().map(attribute).collect()
}

fn attribute(attribute: &Attribute) -> tf::schema::Attribute {
    use tf::schema::object::NestingMode;

    let (ty, nested_type) = match attribute.kind() {
        AttributeKind::Plain(ty) => (ty.to_json_bytes(), None),
        AttributeKind::Nested { nesting, attributes: inner } => {
            let nesting = match nesting {
                Nesting::Single => NestingMode::Single,
                Nesting::List => NestingMode::List,
                Nesting::Set => NestingMode::Set,
                Nesting::Map => NestingMode::Map,
            };
            let object = tf::schema::Object {
                attributes: attributes(inner),
                nesting: nesting.into(),
                ..tf::schema::Object::default()
            };
            (Vec::new(), Some(object))
        }
    };
    let message = attribute.deprecation();
    tf::schema::Attribute {
        name: attribute.name().to_owned(),
        r#type: ty,
        nested_type,
        description: attribute.description().to_owned(),
        required: attribute.is_required(),
        optional: attribute.is_optional(),
        computed: attribute.is_computed(),
        sensitive: attribute.is_sensitive(),
        description_kind: MARKDOWN,
        deprecated: message.is_some(),
        write_only: false,
        deprecation_message: message.unwrap_or_default().to_owned(),
    }
}

fn nested_block(block: &Block) -> tf::schema::NestedBlock {
    use tf::schema::nested_block::NestingMode;

    let nesting = match block.nesting() {
        BlockNesting::Single => NestingMode::Single,
        BlockNesting::List => NestingMode::List,
        BlockNesting::Set => NestingMode::Set,
    };
    let message = block.deprecation();
    tf::schema::NestedBlock {
        type_name: block.name().to_owned(),
        block: Some(tf::schema::Block {
            version: 0,
            attributes: attributes(block.attributes()),
            block_types: block.blocks().iter().map(nested_block).collect(),
            description: block.description().to_owned(),
            description_kind: MARKDOWN,
            deprecated: message.is_some(),
            deprecation_message: message.unwrap_or_default().to_owned(),
            computed: false,
        }),
        nesting: nesting.into(),
        min_items: block.min_items().into(),
        max_items: block.max_items().into(),
    }
}

pub(super) fn identity(schema: &IdentitySchema) -> tf::ResourceIdentitySchema {
    let attributes =
        schema.attributes.iter().map(|attribute| tf::resource_identity_schema::IdentityAttribute {
            name: attribute.name.to_owned(),
            r#type: attribute.type_.to_json_bytes(),
            required_for_import: attribute.required,
            optional_for_import: !attribute.required,
            description: attribute.description.to_owned(),
        });
    tf::ResourceIdentitySchema { version: schema.version, identity_attributes: attributes.collect() }
}

pub(super) fn function(signature: &Signature) -> tf::Function {
    tf::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(tf::function::Return { r#type: signature.returns.to_json_bytes() }),
        summary: signature.summary.to_owned(),
        description: signature.description.clone(),
        description_kind: MARKDOWN,
        deprecation_message: signature.deprecation.to_owned(),
    }
}

fn parameter(parameter: &Parameter) -> tf::function::Parameter {
    tf::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: parameter.type_.to_json_bytes(),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.clone(),
        description_kind: MARKDOWN,
    }
}
