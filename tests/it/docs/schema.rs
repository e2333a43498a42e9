//! A schema as the sections of a registry page: Required, Optional, Read-Only, and one section for each nested object.

use std::fmt::Write as _;

use gpuslice::tfplugin::schema::{AttributeKind, BlockNesting, Nesting};
use gpuslice::tfplugin::{Attribute, Block, Schema, Type, Value};

/// The whole section. Attributes keep the order of the schema, which is an order to read them in.
pub(super) fn section(schema: &Schema) -> String {
    let mut text = String::from("## Schema\n");
    let body = Body { attributes: schema.attributes(), blocks: schema.blocks() };
    let mut nested = Vec::new();
    for (group, lines) in body.groups(&Place::ROOT, &mut nested) {
        let _ = write!(text, "\n### {group}\n\n{}", lines.concat());
    }
    for object in nested {
        object.write(&mut text);
    }
    text.truncate(text.trim_end().len());
    text
}

/// What an object is made of.
#[derive(Clone, Copy)]
struct Body<'a> {
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

/// Where an object is, for its anchor and its headline.
#[derive(Clone)]
struct Place(Vec<String>);

impl Place {
    const ROOT: Place = Place(Vec::new());

    fn of(&self, name: &str) -> Place {
        Place(self.0.iter().map(String::as_str).chain([name]).map(str::to_owned).collect())
    }

    fn link(&self, kind: &str) -> String {
        format!("(see [below for nested schema](#{kind}--{}))", self.0.join("--"))
    }
}

/// An object that has a section of its own.
struct Nested<'a> {
    kind: &'static str,
    place: Place,
    body: Body<'a>,
}

impl Nested<'_> {
    fn write(&self, text: &mut String) {
        let Nested { kind, place, body } = self;
        let _ = write!(
            text,
            "\n<a id=\"{kind}--{}\"></a>\n### Nested Schema for `{}`\n",
            place.0.join("--"),
            place.0.join(".")
        );
        let mut deeper = Vec::new();
        for (group, lines) in body.groups(place, &mut deeper) {
            let _ = write!(text, "\n{group}:\n\n{}", lines.concat());
        }
        for object in deeper {
            object.write(text);
        }
    }
}

const ATTRIBUTE: &str = "nestedatt";
const BLOCK: &str = "nestedblock";

impl<'a> Body<'a> {
    /// The groups that are not empty, each with its lines; what needs a section of its own goes to `nested`.
    fn groups(self, place: &Place, nested: &mut Vec<Nested<'a>>) -> Vec<(&'static str, Vec<String>)> {
        let mut groups = [("Required", Vec::new()), ("Optional", Vec::new()), ("Read-Only", Vec::new())];
        for attribute in self.attributes {
            let group = match attribute {
                one if one.is_required() => 0,
                one if one.is_optional() => 1,
                _ => 2,
            };
            let here = place.of(attribute.name());
            let mut line =
                line(attribute.name(), &label(attribute), attribute.deprecation(), attribute.description());
            if !attribute.nested().is_empty() {
                line = format!("{line} {}", here.link(ATTRIBUTE));
                let body = Body { attributes: attribute.nested(), blocks: &[] };
                nested.push(Nested { kind: ATTRIBUTE, place: here, body });
            }
            groups[group].1.push(format!("{line}\n"));
        }
        for block in self.blocks {
            let here = place.of(block.name());
            let line = line(block.name(), block_label(block), block.deprecation(), block.description());
            groups[1].1.push(format!("{line} {}\n", here.link(BLOCK)));
            let body = Body { attributes: block.attributes(), blocks: block.blocks() };
            nested.push(Nested { kind: BLOCK, place: here, body });
        }
        groups.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
    }
}

fn line(name: &str, label: &str, deprecation: Option<&str>, description: &str) -> String {
    let deprecated = deprecation.map(|message| format!(" **Deprecated** {message}")).unwrap_or_default();
    format!("- `{name}` ({label}){deprecated} {description}")
}

fn label(attribute: &Attribute) -> String {
    let label = match attribute.kind() {
        AttributeKind::Plain(ty) => type_label(ty),
        AttributeKind::Nested { nesting, .. } => match nesting {
            Nesting::Single => "Attributes".to_owned(),
            Nesting::List => "Attributes List".to_owned(),
            Nesting::Set => "Attributes Set".to_owned(),
            Nesting::Map => "Attributes Map".to_owned(),
        },
    };
    if attribute.is_sensitive() { format!("{label}, Sensitive") } else { label }
}

fn type_label(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", type_label(element)),
        Type::Set(element) => format!("Set of {}", type_label(element)),
        Type::Map(element) => format!("Map of {}", type_label(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

fn block_label(block: &Block) -> &'static str {
    match block.nesting() {
        BlockNesting::Single => "Block",
        BlockNesting::List => "Block List",
        BlockNesting::Set => "Block Set",
    }
}

/// Every attribute below these with its dotted path, an object before its parts.
pub(super) fn walk<'a>(attributes: &'a [Attribute], prefix: &str, with: &mut dyn FnMut(&str, &'a Attribute)) {
    for attribute in attributes {
        let path = format!("{prefix}{}", attribute.name());
        with(&path, attribute);
        walk(attribute.nested(), &format!("{path}."), with);
    }
}

/// A default as descriptions spell it.
pub(super) fn default_word(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("`{number}`"),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_kind_of_attribute_has_its_line() {
    let schema = Schema::new(0)
        .attribute(Attribute::string("a").required().describe("An A."))
        .attribute(Attribute::map("b", Type::list(Type::Number)).optional().sensitive().describe("A B."))
        .attribute(Attribute::bool("c").computed().deprecated("Use d.").describe("A C."))
        .attribute(
            Attribute::list_nested(
                "d",
                vec![Attribute::object("e", vec![Attribute::string("f").describe("An F.")])],
            )
            .describe("A D."),
        )
        .block(Block::single("g", vec![Attribute::string("h").describe("An H.")]).describe("A G."));
    insta::assert_snapshot!(section(&schema));
}

/// What editors show when the pointer rests on a name comes from the same descriptions.
#[test]
fn every_attribute_is_described_and_says_its_default() {
    let mut complaints = Vec::new();
    let mut judge = |page: &str, path: &str, attribute: &Attribute| {
        let description = attribute.description();
        if !description.ends_with('.') || description.contains('\n') {
            complaints.push(format!("{page}.{path}: {description:?} is no sentence on one line"));
        }
        // Outside code a page takes `<name>` for HTML, and shows nothing.
        if description.split('`').step_by(2).any(|prose| prose.contains('<')) {
            complaints.push(format!("{page}.{path}: {description:?} has an angle bracket outside code"));
        }
        let default = attribute.default_value().map(default_word);
        if let Some(default) = default
            && !(description.contains(&default) && description.contains("default"))
        {
            complaints
                .push(format!("{page}.{path}: the description does not say that {default} is the default"));
        }
    };
    walk(super::provider().attributes(), "", &mut |path, attribute| judge("provider", path, attribute));
    for name in super::resources() {
        let schema = super::resource(&name).schema();
        walk(schema.attributes(), "", &mut |path, attribute| judge(&name, path, attribute));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
