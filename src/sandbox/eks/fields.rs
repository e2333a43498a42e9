//! Which fields the AWS APIs know, and requests checked and brought into one form by them.
//!
//! A request becomes JSON with the names of AWS's service models, whether it came as JSON or as a form. An unknown name
//! or a value of another type is refused with its path. EC2 does so; that EKS passes over unknown names in silence is
//! likely, but a misspelt field has to be noticed. The table is `fields.txt`, made from botocore's service models.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

static TABLE: LazyLock<BTreeMap<&'static str, Vec<Field>>> =
    LazyLock::new(|| parse(include_str!("fields.txt")));

/// One member of a shape.
#[derive(Debug)]
pub(super) struct Field {
    /// In the model.
    pub(super) name: &'static str,
    /// On the wire.
    pub(super) wire: &'static str,
    needed: bool,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text(Limits),
    Int(Limits),
    Number,
    Bool,
    Time,
    Enum(Vec<&'static str>),
    List(Box<Kind>, Limits),
    Map(Box<Kind>),
    Shape(&'static str),
    Any,
}

/// The smallest and largest length or number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    low: Option<i64>,
    high: Option<i64>,
}

/// A request that an AWS API would not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Violation {
    /// No such member.
    Unknown(String),
    /// A member that must be there.
    Missing(String),
    /// A value of another type, or outside its limits: the path and a sentence.
    Value(String, String),
}

fn parse(table: &'static str) -> BTreeMap<&'static str, Vec<Field>> {
    let mut shapes: BTreeMap<&'static str, Vec<Field>> = BTreeMap::new();
    let mut current = "";
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let Some(field) = line.strip_prefix("  ") else {
            current = line;
            shapes.entry(current).or_default();
            continue;
        };
        let mut words = field.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (name, wire, kind) = (word(), word(), parse_kind(word()));
        let needed = name.ends_with('!');
        let field = Field { name: name.trim_end_matches('!'), wire, needed, kind };
        shapes.entry(current).or_default().push(field);
    }
    shapes
}

fn parse_kind(spelling: &'static str) -> Kind {
    let (spelling, limits) = match spelling.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((kind, limits)) if !limits.contains(']') => (kind, parse_limits(limits)),
        _ => (spelling, Limits::default()),
    };
    if let Some(inner) = spelling.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Kind::List(Box::new(parse_kind(inner)), limits);
    }
    if let Some(inner) = spelling.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return Kind::Map(Box::new(parse_kind(inner)));
    }
    if let Some(values) = spelling.strip_prefix("enum ") {
        return Kind::Enum(values.split('|').collect());
    }
    match spelling {
        "string" | "blob" => Kind::Text(limits),
        "int" => Kind::Int(limits),
        "number" => Kind::Number,
        "bool" => Kind::Bool,
        "time" => Kind::Time,
        "any" => Kind::Any,
        shape => Kind::Shape(shape),
    }
}

fn parse_limits(text: &str) -> Limits {
    let (low, high) = text.split_once("..").unwrap_or((text, ""));
    Limits { low: low.parse().ok(), high: high.parse().ok() }
}

impl Limits {
    fn hold(self, number: i64) -> bool {
        self.low.is_none_or(|low| number >= low) && self.high.is_none_or(|high| number <= high)
    }

    fn sentence(self) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("between {low} and {high}"),
            (Some(low), None) => format!("at least {low}"),
            (None, high) => format!("at most {}", high.unwrap_or(i64::MAX)),
        }
    }
}

/// The members of a shape.
pub(super) fn members(shape: &str) -> &'static [Field] {
    TABLE.get(shape).map(Vec::as_slice).unwrap_or_default()
}

/// A request body as the service understands it. Nulls count as not given.
pub(super) fn read(shape: &str, body: &Value) -> Result<Map<String, Value>, Violation> {
    read_shape(shape, body, "")
}

fn read_shape(shape: &str, body: &Value, path: &str) -> Result<Map<String, Value>, Violation> {
    let Value::Object(object) = body else {
        return Err(Violation::Value(path.to_owned(), "is not an object".to_owned()));
    };
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let fields = members(shape);
    if let Some(unknown) = object.keys().find(|name| fields.iter().all(|field| field.wire != **name)) {
        return Err(Violation::Unknown(inner(unknown)));
    }
    let mut read = Map::new();
    for field in fields {
        match object.get(field.wire).filter(|value| !value.is_null()) {
            Some(value) => {
                let value = read_value(&field.kind, value, &inner(field.wire))?;
                read.insert(field.name.to_owned(), value);
            }
            None if field.needed => return Err(Violation::Missing(inner(field.wire))),
            None => {}
        }
    }
    Ok(read)
}

fn read_value(kind: &Kind, value: &Value, path: &str) -> Result<Value, Violation> {
    let wrong = |what: String| Err(Violation::Value(path.to_owned(), what));
    match (kind, value) {
        (Kind::Text(limits), Value::String(text)) => {
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            if limits.hold(length) {
                Ok(value.clone())
            } else {
                wrong(format!("{text:?} has {length} characters, and must have {}", limits.sentence()))
            }
        }
        (Kind::Int(limits), _) => match integer(value) {
            Some(number) if limits.hold(number) => Ok(number.into()),
            Some(number) => wrong(format!("{number} is not {}", limits.sentence())),
            None => wrong(format!("{value} is not a whole number")),
        },
        // Forms have texts only.
        (Kind::Bool, Value::String(text)) if text == "true" || text == "false" => Ok((text == "true").into()),
        (Kind::Bool, Value::Bool(_))
        | (Kind::Number, Value::Number(_) | Value::String(_))
        | (Kind::Time, Value::String(_))
        | (Kind::Any, _) => Ok(value.clone()),
        (Kind::Enum(names), Value::String(text)) => {
            if names.contains(&text.as_str()) {
                Ok(value.clone())
            } else {
                wrong(format!("{text:?} is not one of {}", names.join(", ")))
            }
        }
        (Kind::List(inner, limits), _) => {
            let Some(items) = items(value) else { return wrong("is not a list".to_owned()) };
            if !limits.hold(i64::try_from(items.len()).unwrap_or(i64::MAX)) {
                return wrong(format!("has {} elements, and must have {}", items.len(), limits.sentence()));
            }
            let read = items.iter().zip(1..).map(|(item, number)| {
                let spelt = if value.is_array() {
                    format!("{path}[{}]", number - 1)
                } else {
                    format!("{path}.{number}")
                };
                read_value(inner, item, &spelt)
            });
            Ok(Value::Array(read.collect::<Result<_, _>>()?))
        }
        (Kind::Map(inner), Value::Object(entries)) => {
            let read = entries
                .iter()
                .map(|(key, item)| Ok((key.clone(), read_value(inner, item, &format!("{path}[{key}]"))?)));
            Ok(Value::Object(read.collect::<Result<_, _>>()?))
        }
        (Kind::Shape(shape), Value::Object(_)) => read_shape(shape, value, path).map(Value::Object),
        _ => wrong(format!("{value} is of another type")),
    }
}

/// A whole number; in forms it is a text.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The items of a list: of JSON, or of a form, where they are numbered, with or without the word `member`.
fn items(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(items) => Some(items.iter().collect()),
        Value::Object(numbered) => match numbered.get("member") {
            Some(inner) if numbered.len() == 1 => items(inner),
            _ => {
                let mut numbered: Vec<(u32, &Value)> = numbered
                    .iter()
                    .map(|(key, item)| Some((key.parse().ok()?, item)))
                    .collect::<Option<_>>()?;
                numbered.sort_by_key(|(number, _)| *number);
                Some(numbered.into_iter().map(|(_, item)| item).collect())
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_of_eks_is_read_as_it_is() {
        let body = json!({"nodegroupName": "a", "nodeRole": "r", "subnets": ["s"], "labels": {"a": "b"},
            "scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 0}, "diskSize": null});
        let read = Value::Object(read("eks.CreateNodegroupRequest", &body).unwrap());
        let mut expected = body;
        expected.as_object_mut().unwrap().remove("diskSize");
        assert_eq!(read, expected);
    }

    #[test]
    fn a_form_becomes_what_the_model_calls_it() {
        let body = json!({"LaunchTemplateName": "t", "LaunchTemplateData": {
            "SecurityGroupId": {"1": "sg-a", "2": "sg-b"}, "EbsOptimized": "true",
            "BlockDeviceMapping": {"1": {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": "200"}}}}});
        let read = Value::Object(read("ec2.CreateLaunchTemplateRequest", &body).unwrap());
        assert_eq!(
            read,
            json!({"LaunchTemplateName": "t", "LaunchTemplateData": {"SecurityGroupIds": ["sg-a", "sg-b"],
                "EbsOptimized": true,
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 200}}]}})
        );
        let tags =
            json!({"Tags": {"member": {"1": {"Key": "k", "Value": "v", "PropagateAtLaunch": "false"}}}});
        let read = super::read("autoscaling.CreateOrUpdateTagsType", &tags).unwrap();
        assert_eq!(read["Tags"], json!([{"Key": "k", "Value": "v", "PropagateAtLaunch": false}]));
    }

    #[test]
    fn what_the_models_do_not_allow_is_refused_with_its_place() {
        let create = |change: Value| {
            let mut body = json!({"nodegroupName": "a", "nodeRole": "r", "subnets": ["s"]});
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            read("eks.CreateNodegroupRequest", &body).unwrap_err()
        };
        assert_eq!(create(json!({"lables": {}})), Violation::Unknown("lables".to_owned()));
        assert_eq!(create(json!({"nodeRole": null})), Violation::Missing("nodeRole".to_owned()));
        for (change, place, words) in [
            (json!({"subnets": "a"}), "subnets", "not a list"),
            (json!({"diskSize": "big"}), "diskSize", "not a whole number"),
            (json!({"amiType": "AL3"}), "amiType", "not one of"),
            (json!({"labels": {"a": ""}}), "labels[a]", "0 characters"),
            (json!({"scalingConfig": {"maxSize": 0}}), "scalingConfig.maxSize", "not at least 1"),
            (json!({"taints": [{"effect": "NoSchedule"}]}), "taints[0].effect", "not one of NO_SCHEDULE"),
        ] {
            let Violation::Value(path, what) = create(change) else { panic!("another violation") };
            assert!(path == place && what.contains(words), "{path}: {what}");
        }
    }
}
