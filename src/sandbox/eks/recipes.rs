//! From a node group's request and its launch template to how its machines are made, with what EKS refuses in between.
//!
//! Source: AWS guide to launch templates of managed node groups. Texts without a source are unverified.

use serde_json::{Map, Value, json};

use super::amis::{self, Family};
use super::errors::Refusal;
use super::model::{Cluster, Eks, Recipe, Template, TemplateVersion, strings};
use super::{hardware, rules, userdata};

/// What a template of a node group must not hold, and what EKS calls it.
const FORBIDDEN: &[(&str, &str)] = &[
    ("/IamInstanceProfile", "an IAM instance profile"),
    ("/InstanceInitiatedShutdownBehavior", "a shutdown behavior"),
    ("/HibernationOptions", "hibernation options"),
    ("/NetworkInterfaces/0/SubnetId", "a subnet"),
    ("/InstanceMarketOptions/SpotOptions", "spot options"),
];

/// The type of machines when nobody names one.
const DEFAULT_TYPE: &str = "t3.medium";

impl Eks {
    /// How the machines of a group will be made, and its `launchTemplate` with a number as the version.
    pub(super) fn recipe(
        &self,
        cluster: &Cluster,
        body: &Map<String, Value>,
    ) -> Result<(Recipe, Option<Value>), Refusal> {
        let none = Value::Null;
        let given = |key: &str| body.get(key).unwrap_or(&none);
        let mut recipe = Recipe::default();
        let mut shown = None;
        let mut data = &none;
        if let Some(asked) = body.get("launchTemplate") {
            let (template, number, version) = self.asked_template(cluster, asked)?;
            data = &version.data;
            check_template(data, body)?;
            recipe.template = Some((template.id.clone(), number));
            shown = Some(json!({"id": template.id, "name": template.name, "version": number.to_string()}));
            recipe.user_data = match data["UserData"].as_str() {
                Some(encoded) => userdata::decode(encoded).map_err(Refusal::request)?,
                None => String::new(),
            };
        }
        let types = strings(given("instanceTypes"));
        let own_type = data["InstanceType"].as_str();
        recipe.machine_type =
            own_type.or(types.first().map(String::as_str)).unwrap_or(DEFAULT_TYPE).to_owned();
        for name in types.iter().map(String::as_str).chain(own_type) {
            if hardware::machine(name).is_none() {
                // Source of the text: reports of EKS users.
                return Err(Refusal::parameter(format!(
                    "The following supplied instance types do not exist: [{name}]"
                )));
            }
        }
        let arm = recipe.machine().is_some_and(|machine| machine.arm);
        let own_image = data["ImageId"].is_string();
        let asked = given("amiType").as_str();
        recipe.ami_type = match asked {
            _ if own_image => "CUSTOM",
            Some("CUSTOM") => {
                return Err(Refusal::parameter("AMI type CUSTOM needs a launch template with an AMI ID"));
            }
            Some(asked) => asked,
            None => amis::default(arm),
        }
        .to_owned();
        let ami = amis::ami(&recipe.ami_type);
        if ami.family != Family::Custom && ami.arm != arm {
            return Err(Refusal::parameter(format!(
                "[{}] is not a valid instance type for requested amiType {}",
                recipe.machine_type, recipe.ami_type
            )));
        }
        if let Some(why) = userdata::unmergeable(ami.family, &recipe.user_data) {
            return Err(Refusal::request(why));
        }
        let asked = (given("version").as_str(), given("releaseVersion").as_str());
        (recipe.version, recipe.release) = rules::check_versions(cluster, ami.family, asked, None)?;
        Ok((recipe, shown))
    }

    /// The template and its version that a request names.
    pub(super) fn asked_template(
        &self,
        cluster: &Cluster,
        asked: &Value,
    ) -> Result<(&Template, u64, &TemplateVersion), Refusal> {
        let text = |key: &str| asked[key].as_str();
        if text("id").is_some() == text("name").is_some() {
            // Source of the text: hashicorp's AWS provider.
            return Err(Refusal::parameter(
                "Either provide launch template ID or launch template name in the request.",
            ));
        }
        let template = self.templates.values().find(|template| {
            (Some(template.id.as_str()) == text("id") || Some(template.name.as_str()) == text("name"))
                && template.account == cluster.account
                && template.region == cluster.region
        });
        let what = text("id").or(text("name")).unwrap_or_default();
        let Some(template) = template else {
            return Err(Refusal::request(format!("Launch template {what} does not exist.")));
        };
        let wanted = text("version").unwrap_or("$Default");
        let number = template.number(wanted);
        let found = number.and_then(|number| Some((number, template.versions.get(&number)?)));
        let Some((number, version)) = found else {
            return Err(Refusal::request(format!(
                "Launch template version {wanted} of {what} does not exist."
            )));
        };
        Ok((template, number, version))
    }
}

/// What must not be in the template, and what must not be in both.
fn check_template(data: &Value, body: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some((_, what)) = FORBIDDEN.iter().find(|(path, _)| data.pointer(path).is_some()) {
        return Err(Refusal::request(format!("Launch template should not specify {what}.")));
    }
    let market = data.pointer("/InstanceMarketOptions/MarketType").and_then(Value::as_str);
    let block = body.get("capacityType").is_some_and(|kind| kind == "CAPACITY_BLOCK");
    if market.is_some() && (market != Some("capacity-block") || !block) {
        return Err(Refusal::request("Launch template should not request Spot instances."));
    }
    if block && (market.is_none() || !data["InstanceType"].is_string()) {
        return Err(Refusal::request(
            "A node group on a capacity block needs a launch template with its instance type and market type",
        ));
    }
    let has = |key: &str| body.get(key).is_some();
    let clash = |what: &str| {
        Err(Refusal::parameter(format!("{what} cannot be specified when it is in the launch template, too.")))
    };
    for key in ["diskSize", "remoteAccess"] {
        if has(key) {
            // Source of the text: reports of EKS users, of diskSize.
            let words = if key == "diskSize" { "Disk size" } else { "Remote access configuration" };
            return Err(Refusal::parameter(format!("{words} must be specified within the launch template.")));
        }
    }
    if data["ImageId"].is_string() {
        for key in ["version", "releaseVersion"] {
            if has(key) {
                // Source of the text: reports of EKS users.
                return Err(Refusal::request(
                    "You cannot specify the field version or releaseVersion when using a custom AMI.",
                ));
            }
        }
        if body.get("amiType").is_some_and(|kind| kind != "CUSTOM") {
            return clash("An AMI type");
        }
    }
    if data["InstanceType"].is_string() && has("instanceTypes") {
        return clash("Instance types");
    }
    if let Some(groups) = data.get("SecurityGroupIds").and_then(Value::as_array)
        && groups.iter().any(|group| !group.as_str().unwrap_or_default().starts_with("sg-"))
    {
        return Err(Refusal::request("Launch template has an invalid security group"));
    }
    Ok(())
}
