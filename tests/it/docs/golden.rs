//! What Terraform is told of the provider, in golden files: an accidental change of it breaks somebody's configuration
//! or state. Review a change of these files as one of the interface.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use gpuslice::tfplugin::{Attribute, Block};
use serde_json::Value;

use super::{provider, resource, resources, schema, tables};
use crate::support::Workspace;

/// The whole answer to `GetProviderSchema`, as Terraform understood it from the wire.
#[test]
fn the_schema_that_terraform_reads() {
    let workspace = Workspace::new();
    workspace.write(
        "main.tf",
        "terraform {\n  required_providers {\n    gpuslice = { source = \"gpuslice/gpuslice\" }\n  }\n}\n",
    );
    let output = workspace.run(&["providers", "schema", "-json"]).success();
    let answer: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let providers = answer["provider_schemas"].as_object().expect("an object");
    let (_, mut found) =
        providers.iter().next().map(|(name, schema)| (name, schema.clone())).expect("one provider");
    // Identities are shown by newer versions of Terraform only; the test below has them.
    let found = found.as_object_mut().expect("an object");
    found.retain(|_, value| !value.as_object().is_some_and(serde_json::Map::is_empty));
    found.remove("resource_identity_schemas");
    insta::assert_snapshot!(serde_json::to_string_pretty(found).expect("JSON from JSON"));
}

/// What planning does with each attribute, which no schema on the wire says.
#[test]
fn what_planning_does_with_each_attribute() {
    let mut text = String::new();
    schema::walk(provider().attributes(), "provider.", &mut |path, attribute| {
        line(&mut text, path, attribute);
    });
    for name in resources() {
        let resource = resource(&name);
        let schema = resource.schema();
        let _ = writeln!(text, "\n{name}, version {}", schema.version());
        schema::walk(schema.attributes(), "", &mut |path, attribute| line(&mut text, path, attribute));
        for derived in resource.derived() {
            let inputs: Vec<_> = derived.inputs.iter().map(ToString::to_string).collect();
            let sticky = if derived.sticky { ", kept while these stay" } else { "" };
            let _ = writeln!(
                text,
                "{} follows from {} ({:?}){sticky}",
                derived.path,
                inputs.join(", "),
                derived.rule
            );
        }
        for one in resource.identity().map(|identity| identity.schema().attributes).unwrap_or_default() {
            let _ = writeln!(
                text,
                "identity {}: {}{}",
                one.name,
                one.type_,
                if one.required { "" } else { ", optional" }
            );
        }
    }
    insta::assert_snapshot!(text);
}

fn line(text: &mut String, path: &str, attribute: &Attribute) {
    let mut words = vec![match attribute {
        one if one.is_required() => "required".to_owned(),
        one if one.is_optional() && one.is_computed() => "optional, else the provider's".to_owned(),
        one if one.is_optional() => "optional".to_owned(),
        _ => "the provider's".to_owned(),
    }];
    if let Some(default) = attribute.default_value() {
        words.push(format!("default {}", schema::default_word(default)));
    }
    let marks = [
        (attribute.is_sensitive(), "sensitive"),
        (attribute.uses_state(), "unset means unchanged"),
        (attribute.equivalence().is_some(), "equal spellings are no change"),
        (attribute.replace().is_some(), "a change replaces"),
    ];
    words.extend(marks.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| mark.to_owned()));
    let _ = writeln!(text, "{path}: {}", words.join("; "));
}

/// The resources that are something at a cloud.
fn node_pools() -> impl Iterator<Item = String> {
    resources().into_iter().filter(|name| resource(name).importer().is_some())
}

#[test]
fn what_a_change_does() {
    let tables: Vec<_> =
        node_pools().map(|name| format!("{name}\n{}", tables::changes(&resource(&name).schema()))).collect();
    insta::assert_snapshot!(tables.join("\n\n"));
}

/// A settable attribute that is not in the table would change in place without anybody having decided so.
#[test]
fn every_settable_attribute_has_its_change_class() {
    let classed: Vec<&str> = gpuslice::nodepool::change::COMMON.iter().map(|row| row.attribute).collect();
    let clouds: Vec<String> = super::clouds().iter().map(|(cloud, _)| cloud.to_string()).collect();
    let mut anywhere = BTreeSet::new();
    for name in node_pools() {
        let schema = resource(&name).schema();
        let attributes = schema.attributes().iter().filter(|one| one.is_required() || one.is_optional());
        let settable = attributes
            .map(Attribute::name)
            .chain(schema.blocks().iter().map(Block::name))
            .filter(|name| !clouds.iter().any(|cloud| cloud == name));
        for one in settable {
            assert!(classed.contains(&one), "{name}.{one} has no change class");
            anywhere.insert(one.to_owned());
        }
    }
    for one in classed {
        assert!(anywhere.contains(one), "{one} has a change class, and no resource has such an attribute");
    }
}
