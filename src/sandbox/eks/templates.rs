//! EC2 launch templates.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Done, Eks, Template, TemplateVersion, strings};
use super::signature::Caller;
use super::{Context, Service, fields, paging, userdata};
use crate::sandbox::clock::{Millis, rfc3339_seconds};

/// The shape of the answer, and the answer.
type Answered = Result<(Option<&'static str>, Value), Refusal>;

impl Template {
    /// The number behind `$Latest`, `$Default` or a number; none where it is none of them.
    pub(super) fn number(&self, version: &str) -> Option<u64> {
        match version {
            "$Latest" => Some(self.latest()),
            "$Default" => Some(self.default),
            _ => version.parse().ok(),
        }
    }

    /// The newest version that is there.
    fn latest(&self) -> u64 {
        self.versions.keys().next_back().copied().unwrap_or(self.latest)
    }

    fn view(&self) -> Value {
        json!({
            "LaunchTemplateId": self.id,
            "LaunchTemplateName": self.name,
            "CreateTime": rfc3339_seconds(self.created_at),
            "CreatedBy": format!("arn:aws:iam::{}:user/sandbox", self.account),
            "DefaultVersionNumber": self.default,
            "LatestVersionNumber": self.latest(),
            "Tags": tag_list(&self.tags),
        })
    }

    fn version_view(&self, number: u64) -> Option<Value> {
        let version = self.versions.get(&number)?;
        Some(json!({
            "LaunchTemplateId": self.id,
            "LaunchTemplateName": self.name,
            "VersionNumber": number,
            "VersionDescription": version.description,
            "CreateTime": rfc3339_seconds(version.created_at),
            "CreatedBy": format!("arn:aws:iam::{}:user/sandbox", self.account),
            "DefaultVersion": number == self.default,
            "LaunchTemplateData": version.data,
        }))
    }
}

fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

impl Eks {
    /// Carries out an action of EC2.
    pub(super) fn template_action(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        action: &str,
        body: &Map<String, Value>,
    ) -> Answered {
        let read = |shape: &str| {
            let read = fields::read(shape, &Value::Object(body.clone()));
            read.map_err(|violation| Refusal::unreadable(Service::Ec2, &violation))
        };
        match action {
            "CreateLaunchTemplate" => {
                self.create_template(context, caller, &read("ec2.CreateLaunchTemplateRequest")?)
            }
            "CreateLaunchTemplateVersion" => {
                self.create_version(context.now, caller, &read("ec2.CreateLaunchTemplateVersionRequest")?)
            }
            "DescribeLaunchTemplates" => {
                self.describe_templates(caller, &read("ec2.DescribeLaunchTemplatesRequest")?)
            }
            "DescribeLaunchTemplateVersions" => {
                self.describe_versions(caller, &read("ec2.DescribeLaunchTemplateVersionsRequest")?)
            }
            "ModifyLaunchTemplate" => self.modify_template(caller, &read("ec2.ModifyLaunchTemplateRequest")?),
            "DeleteLaunchTemplate" => self.delete_template(caller, &read("ec2.DeleteLaunchTemplateRequest")?),
            "DeleteLaunchTemplateVersions" => {
                self.delete_versions(caller, &read("ec2.DeleteLaunchTemplateVersionsRequest")?)
            }
            _ => Err(Refusal::new(
                400,
                "InvalidAction",
                format!("The action {action} is not valid for this web service."),
            )),
        }
    }

    fn create_template(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        body: &Map<String, Value>,
    ) -> Answered {
        let shape = Some("ec2.answer.CreateLaunchTemplateResult");
        let name = body["LaunchTemplateName"].as_str().unwrap_or_default();
        let token = token(caller, "template", body);
        if let Some(done) = token.as_ref().and_then(|token| self.tokens.get(token)) {
            check_repeated(done, body)?;
            let template = self.templates.get(&done.result).ok_or_else(|| no_template_id(&done.result))?;
            return Ok((shape, json!({"LaunchTemplate": template.view()})));
        }
        let valid = |c: char| c.is_ascii_alphanumeric() || "().-/_".contains(c);
        if !(3..=128).contains(&name.len()) || !name.chars().all(valid) {
            return Err(Refusal::new(
                400,
                "InvalidLaunchTemplateName.MalformedException",
                "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and \
                 the following characters: - ( ) . / _.",
            ));
        }
        if self.own_templates(caller).any(|template| template.name == name) {
            return Err(Refusal::new(
                400,
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            ));
        }
        let version = new_version(body, None, context.now)?;
        let id = format!("lt-{}", context.random.hex(17));
        let template = Template {
            id: id.clone(),
            name: name.to_owned(),
            account: caller.account.clone(),
            region: caller.region.clone(),
            created_at: context.now,
            tags: tags_of(body)?,
            default: 1,
            latest: 1,
            versions: BTreeMap::from([(1, version)]),
        };
        let view = template.view();
        self.templates.insert(id.clone(), template);
        if let Some(token) = token {
            self.tokens.insert(token, Done { request: json!(body), result: id });
        }
        Ok((shape, json!({"LaunchTemplate": view})))
    }

    fn create_version(&mut self, now: Millis, caller: &Caller, body: &Map<String, Value>) -> Answered {
        let shape = Some("ec2.answer.CreateLaunchTemplateVersionResult");
        let id = self.named_template(caller, body)?.id.clone();
        let token = token(caller, &id, body);
        let template = self.templates.get_mut(&id).ok_or_else(|| no_template_id(&id))?;
        if let Some(done) = token.as_ref().and_then(|token| self.tokens.get(token)) {
            check_repeated(done, body)?;
            let number = done.result.parse().unwrap_or(0);
            let view = template.version_view(number).ok_or_else(|| no_version(&id, &done.result))?;
            return Ok((shape, json!({"LaunchTemplateVersion": view})));
        }
        let source = match body.get("SourceVersion").and_then(Value::as_str) {
            None => None,
            Some(asked) => {
                let number = template.number(asked).ok_or_else(|| no_version(&id, asked))?;
                Some(template.versions.get(&number).ok_or_else(|| no_version(&id, asked))?.data.clone())
            }
        };
        let version = new_version(body, source, now)?;
        template.latest += 1;
        let number = template.latest;
        template.versions.insert(number, version);
        let view = template.version_view(number);
        if let Some(token) = token {
            self.tokens.insert(token, Done { request: json!(body), result: number.to_string() });
        }
        Ok((shape, json!({"LaunchTemplateVersion": view})))
    }

    fn describe_templates(&self, caller: &Caller, body: &Map<String, Value>) -> Answered {
        let list = |key: &str| body.get(key).map(strings).unwrap_or_default();
        let (ids, names) = (list("LaunchTemplateIds"), list("LaunchTemplateNames"));
        let own: Vec<_> = self.own_templates(caller).collect();
        if let Some(id) = ids.iter().find(|id| own.iter().all(|template| template.id != **id)) {
            return Err(no_template_id(id));
        }
        if let Some(name) = names.iter().find(|name| own.iter().all(|template| template.name != **name)) {
            return Err(no_template_name(name));
        }
        let filters = filters(body)?;
        let wanted = |template: &&&Template| {
            (ids.is_empty() || ids.contains(&template.id))
                && (names.is_empty() || names.contains(&template.name))
                && filters.iter().all(|(name, values)| template.fits(name, values))
        };
        let views: Vec<_> = own.iter().filter(wanted).map(|template| template.view()).collect();
        let shown = paging::cut("LaunchTemplates", views, body, "MaxResults", 200)?;
        Ok((Some("ec2.answer.DescribeLaunchTemplatesResult"), shown))
    }

    fn describe_versions(&self, caller: &Caller, body: &Map<String, Value>) -> Answered {
        let template = self.named_template(caller, body)?;
        let asked = body.get("Versions").map(strings).unwrap_or_default();
        let mut numbers = Vec::new();
        for version in &asked {
            let number = template.number(version).filter(|number| template.versions.contains_key(number));
            numbers.push(number.ok_or_else(|| no_version(&template.id, version))?);
        }
        if asked.is_empty() {
            let bound =
                |key: &str| body.get(key).and_then(Value::as_str).and_then(|text| template.number(text));
            let (low, high) = (bound("MinVersion").unwrap_or(0), bound("MaxVersion").unwrap_or(u64::MAX));
            // The newest first.
            let within = |number: &&u64| (low..=high).contains(*number);
            numbers = template.versions.keys().rev().filter(within).copied().collect();
        }
        let views: Vec<_> = numbers.iter().filter_map(|number| template.version_view(*number)).collect();
        let shown = paging::cut("LaunchTemplateVersions", views, body, "MaxResults", 200)?;
        Ok((Some("ec2.answer.DescribeLaunchTemplateVersionsResult"), shown))
    }

    fn modify_template(&mut self, caller: &Caller, body: &Map<String, Value>) -> Answered {
        let id = self.named_template(caller, body)?.id.clone();
        let template = self.templates.get_mut(&id).ok_or_else(|| no_template_id(&id))?;
        if let Some(asked) = body.get("DefaultVersion").and_then(Value::as_str) {
            let number = template.number(asked).filter(|number| template.versions.contains_key(number));
            template.default = number.ok_or_else(|| no_version(&id, asked))?;
        }
        Ok((Some("ec2.answer.ModifyLaunchTemplateResult"), json!({"LaunchTemplate": template.view()})))
    }

    fn delete_template(&mut self, caller: &Caller, body: &Map<String, Value>) -> Answered {
        let template = self.named_template(caller, body)?;
        let (id, view) = (template.id.clone(), template.view());
        self.templates.remove(&id);
        Ok((Some("ec2.answer.DeleteLaunchTemplateResult"), json!({"LaunchTemplate": view})))
    }

    fn delete_versions(&mut self, caller: &Caller, body: &Map<String, Value>) -> Answered {
        let template = self.named_template(caller, body)?;
        let (id, name) = (template.id.clone(), template.name.clone());
        let template = self.templates.get_mut(&id).ok_or_else(|| no_template_id(&id))?;
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for asked in body.get("Versions").map(strings).unwrap_or_default() {
            let number: u64 = asked.parse().unwrap_or(0);
            let mut item =
                json!({"LaunchTemplateId": id, "LaunchTemplateName": name, "VersionNumber": number});
            let error = if number == template.default {
                // With which code EC2 says so is unverified.
                Some(("unexpectedError", "The default version of a launch template cannot be deleted"))
            } else if template.versions.remove(&number).is_none() {
                Some(("launchTemplateVersionDoesNotExist", "The launch template version does not exist"))
            } else {
                None
            };
            match error {
                None => gone.push(item),
                Some((code, message)) => {
                    item["ResponseError"] = json!({"Code": code, "Message": message});
                    kept.push(item);
                }
            }
        }
        let result = json!({"SuccessfullyDeletedLaunchTemplateVersions": gone,
            "UnsuccessfullyDeletedLaunchTemplateVersions": kept});
        Ok((Some("ec2.answer.DeleteLaunchTemplateVersionsResult"), result))
    }

    fn own_templates(&self, caller: &Caller) -> impl Iterator<Item = &Template> {
        let (account, region) = (caller.account.clone(), caller.region.clone());
        self.templates
            .values()
            .filter(move |template| template.account == account && template.region == region)
    }

    /// The template that a request names by id or name.
    fn named_template(&self, caller: &Caller, body: &Map<String, Value>) -> Result<&Template, Refusal> {
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        match (text("LaunchTemplateId"), text("LaunchTemplateName")) {
            (Some(id), None) => self
                .own_templates(caller)
                .find(|template| template.id == id)
                .ok_or_else(|| no_template_id(id)),
            (None, Some(name)) => self
                .own_templates(caller)
                .find(|template| template.name == name)
                .ok_or_else(|| no_template_name(name)),
            _ => Err(Refusal::new(
                400,
                "MissingParameter",
                "You must specify either the launch template ID or launch template name, but not both.",
            )),
        }
    }
}

impl Template {
    /// Whether it is among what a filter wants. Of a filter that is not served here nothing is.
    fn fits(&self, filter: &str, values: &[String]) -> bool {
        let among = |text: &String| values.contains(text);
        match filter.strip_prefix("tag:") {
            Some(key) => self.tags.get(key).is_some_and(among),
            None if filter == "tag-key" => self.tags.keys().any(among),
            None => filter == "launch-template-name" && among(&self.name),
        }
    }
}

/// Filters by name, as far as they are served.
fn filters(body: &Map<String, Value>) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let list = body.get("Filters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let read = list.iter().map(|filter| {
        let name = filter["Name"].as_str().unwrap_or_default().to_owned();
        if name.starts_with("tag:") || ["tag-key", "launch-template-name"].contains(&name.as_str()) {
            Ok((name, strings(&filter["Values"])))
        } else {
            Err(Refusal::new(400, "InvalidParameterValue", format!("The filter '{name}' is invalid")))
        }
    });
    read.collect()
}

fn new_version(
    body: &Map<String, Value>,
    source: Option<Value>,
    now: Millis,
) -> Result<TemplateVersion, Refusal> {
    let mut data = source.unwrap_or_else(|| json!({}));
    // A version from another one has what it says, and of the rest what that one said.
    for (key, value) in body["LaunchTemplateData"].as_object().into_iter().flatten() {
        data[key] = value.clone();
    }
    if let Some(encoded) = data["UserData"].as_str() {
        userdata::decode(encoded).map_err(|why| Refusal::new(400, "InvalidUserData.Malformed", why))?;
    }
    if let Some(data) = data.as_object_mut() {
        data.retain(|_, value| !value.is_null());
    }
    let description = body.get("VersionDescription").and_then(Value::as_str).map(str::to_owned);
    Ok(TemplateVersion { data, description, created_at: now })
}

/// The tags of the template itself.
fn tags_of(body: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    let list = body.get("TagSpecifications").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for specification in list {
        if specification["ResourceType"] != "launch-template" {
            return Err(Refusal::new(
                400,
                "InvalidParameterValue",
                "'launch-template' is the only valid resource type of tags here",
            ));
        }
        for tag in specification["Tags"].as_array().into_iter().flatten() {
            let text = |key: &str| tag[key].as_str().unwrap_or_default().to_owned();
            tags.insert(text("Key"), text("Value"));
        }
    }
    Ok(tags)
}

fn token(caller: &Caller, what: &str, body: &Map<String, Value>) -> Option<String> {
    let token = body.get("ClientToken")?.as_str()?;
    Some(format!("ec2/{}/{}/{what}#{token}", caller.account, caller.region))
}

fn check_repeated(done: &Done, body: &Map<String, Value>) -> Result<(), Refusal> {
    if done.request == json!(body) {
        return Ok(());
    }
    Err(Refusal::new(
        400,
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    ))
}

fn no_template_id(id: &str) -> Refusal {
    Refusal::new(
        400,
        "InvalidLaunchTemplateId.NotFound",
        format!("The specified launch template, with template ID {id}, does not exist."),
    )
}

fn no_template_name(name: &str) -> Refusal {
    Refusal::new(
        400,
        "InvalidLaunchTemplateName.NotFoundException",
        format!("The specified launch template, with template name {name}, does not exist."),
    )
}

fn no_version(id: &str, version: &str) -> Refusal {
    Refusal::new(
        400,
        "InvalidLaunchTemplateId.VersionNotFound",
        format!("Could not find the specified version {version} for the launch template with ID {id}."),
    )
}
