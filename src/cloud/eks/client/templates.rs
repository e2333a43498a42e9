//! Launch templates (source: EC2 API model 2016-11-15).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;

use super::Client;
use super::endpoints::EC2;
use super::query::{Form, child, items, number, required, text};
use crate::cloud::eks::errors::{ApiError, Refusal};
use crate::cloud::eks::parts::Place;
use crate::cloud::eks::wire;

/// Which launch templates are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Templates<'a> {
    /// That of this id. There being none is an error.
    Id(&'a str),
    /// All that bear every one of these tags, be it none.
    Tags(&'a [(&'a str, &'a str)]),
}

impl Client {
    /// Makes a launch template, whose first version says `data`. The same request with the same token makes it once.
    pub(crate) async fn create_template(
        &self,
        place: Place<'_>,
        name: &str,
        token: &str,
        data: &wire::TemplateData,
        tags: &BTreeMap<String, String>,
    ) -> Result<wire::Template, ApiError> {
        let mut form = Form::new(&EC2, "CreateLaunchTemplate");
        form.put("LaunchTemplateName", name);
        form.put("ClientToken", token);
        if !tags.is_empty() {
            form.put("TagSpecification.1.ResourceType", "launch-template");
        }
        for (number, (key, value)) in (1..).zip(tags) {
            form.put(format!("TagSpecification.1.Tag.{number}.Key"), key);
            form.put(format!("TagSpecification.1.Tag.{number}.Value"), value);
        }
        form.extend(data.parameters());
        self.ask(place, form, |root| {
            warn(root);
            template(required(root, "launchTemplate")?)
        })
        .await
    }

    /// Makes a further version, which says `data` and nothing of the versions before it; its number.
    pub(crate) async fn create_template_version(
        &self,
        place: Place<'_>,
        id: &str,
        token: &str,
        data: &wire::TemplateData,
    ) -> Result<u64, ApiError> {
        let mut form = Form::new(&EC2, "CreateLaunchTemplateVersion");
        form.put("LaunchTemplateId", id);
        form.put("ClientToken", token);
        form.extend(data.parameters());
        self.ask(place, form, |root| {
            warn(root);
            version_number(required(root, "launchTemplateVersion")?)
        })
        .await
    }

    /// The launch templates that are meant, all pages of them.
    pub(crate) async fn templates(
        &self,
        place: Place<'_>,
        wanted: Templates<'_>,
    ) -> Result<Vec<wire::Template>, ApiError> {
        let mut form = Form::new(&EC2, "DescribeLaunchTemplates");
        match wanted {
            Templates::Id(id) => form.list("LaunchTemplateId", [id]),
            Templates::Tags(tags) => {
                for (number, (key, value)) in (1..).zip(tags) {
                    form.put(format!("Filter.{number}.Name"), format!("tag:{key}"));
                    form.list(&format!("Filter.{number}.Value"), [literal(value)]);
                }
            }
        }
        self.pages(place, form, |root| {
            required(root, "launchTemplates")?;
            items(root, "launchTemplates").map(template).collect()
        })
        .await
    }

    /// The versions of a launch template with what they say, all pages of them; or only one.
    pub(crate) async fn template_versions(
        &self,
        place: Place<'_>,
        id: &str,
        only: Option<u64>,
    ) -> Result<Vec<wire::TemplateVersion>, ApiError> {
        let mut form = Form::new(&EC2, "DescribeLaunchTemplateVersions");
        form.put("LaunchTemplateId", id);
        form.list("LaunchTemplateVersion", only.map(|number| number.to_string()));
        self.pages(place, form, |root| {
            required(root, "launchTemplateVersionSet")?;
            items(root, "launchTemplateVersionSet").map(version).collect()
        })
        .await
    }

    /// Deletes a launch template with all its versions.
    pub(crate) async fn delete_template(&self, place: Place<'_>, id: &str) -> Result<(), ApiError> {
        let mut form = Form::new(&EC2, "DeleteLaunchTemplate");
        form.put("LaunchTemplateId", id);
        self.ask(place, form, |_| Ok(())).await
    }

    /// Deletes versions. EC2 keeps the default version, and says per version what it did; what it did not delete is an
    /// error.
    pub(crate) async fn delete_template_versions(
        &self,
        place: Place<'_>,
        id: &str,
        numbers: &[u64],
    ) -> Result<(), ApiError> {
        let mut form = Form::new(&EC2, "DeleteLaunchTemplateVersions");
        form.put("LaunchTemplateId", id);
        form.list("LaunchTemplateVersion", numbers.iter().map(u64::to_string));
        let kept = self.ask(place, form, |root| Ok(not_deleted(root))).await?;
        kept.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// All pages of a list.
    async fn pages<T>(
        &self,
        place: Place<'_>,
        form: Form,
        read: impl Fn(Node<'_, '_>) -> Result<Vec<T>, String>,
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut page = form.clone();
            if let Some(token) = &next {
                page.put("NextToken", token);
            }
            let (found, more) =
                self.ask(place, page, |root| Ok((read(root)?, text(root, "nextToken")))).await?;
            all.extend(found);
            if more.is_none() || more == next {
                return Ok(all);
            }
            next = more;
        }
    }
}

/// A value that a filter takes as it is: else `*` and `?` stand for anything.
fn literal(value: &str) -> String {
    value.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

fn template(node: Node<'_, '_>) -> Result<wire::Template, String> {
    Ok(wire::Template {
        id: text(node, "launchTemplateId").ok_or("a launch template has no id")?,
        name: text(node, "launchTemplateName").unwrap_or_default(),
        latest: number(node, "latestVersionNumber").ok_or("a launch template has no latest version")?,
        tags: tags(node),
    })
}

fn tags(node: Node<'_, '_>) -> BTreeMap<String, String> {
    items(node, "tagSet")
        .filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())))
        .collect()
}

/// EC2 makes a template whose data cannot work, and only warns of it.
fn warn(root: Node<'_, '_>) {
    let Some(warning) = child(root, "warning") else { return };
    for error in items(warning, "errorSet") {
        let said = |name| text(error, name).unwrap_or_default();
        tracing::warn!(code = said("code"), message = said("message"), "EC2 warns of the launch template");
    }
}

fn version_number(node: Node<'_, '_>) -> Result<u64, String> {
    number(node, "versionNumber").ok_or_else(|| "a version has no number".to_owned())
}

fn version(node: Node<'_, '_>) -> Result<wire::TemplateVersion, String> {
    Ok(wire::TemplateVersion {
        number: version_number(node)?,
        data: shown(required(node, "launchTemplateData")?),
    })
}

fn shown(data: Node<'_, '_>) -> wire::TemplateShown {
    let of = |parent: &str, name: &str| text(child(data, parent)?, name);
    let mut security_group_ids = texts(data, "securityGroupIdSet");
    if security_group_ids.is_empty()
        && let Some(interface) = items(data, "networkInterfaceSet").next()
    {
        security_group_ids = texts(interface, "groupSet");
    }
    let reservation = child(data, "capacityReservationSpecification")
        .and_then(|specification| child(specification, "capacityReservationTarget"));
    let user_data = text(data, "userData").map(|encoded| match STANDARD.decode(&encoded) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => encoded,
    });
    wire::TemplateShown {
        image_id: text(data, "imageId"),
        instance_type: text(data, "instanceType"),
        user_data,
        http_tokens: of("metadataOptions", "httpTokens"),
        imds_hop_limit: of("metadataOptions", "httpPutResponseHopLimit").and_then(|limit| limit.parse().ok()),
        disks: items(data, "blockDeviceMappingSet").filter_map(disk).collect(),
        security_group_ids,
        key_name: text(data, "keyName"),
        placement_group: of("placement", "groupName"),
        market_type: of("instanceMarketOptions", "marketType"),
        capacity_reservation_id: reservation.and_then(|target| text(target, "capacityReservationId")),
        tags: items(data, "tagSpecificationSet")
            .filter_map(|specification| Some((text(specification, "resourceType")?, tags(specification))))
            .collect(),
    }
}

fn disk(mapping: Node<'_, '_>) -> Option<wire::Disk> {
    let volume = child(mapping, "ebs")?;
    let switch = |name: &str| text(volume, name).map(|value| value == "true");
    Some(wire::Disk {
        device: text(mapping, "deviceName").unwrap_or_default(),
        volume_gb: number(volume, "volumeSize"),
        volume_type: text(volume, "volumeType"),
        encrypted: switch("encrypted"),
        delete_on_termination: switch("deleteOnTermination"),
        kms_key_id: text(volume, "kmsKeyId"),
    })
}

/// The texts of a list.
fn texts(node: Node<'_, '_>, name: &str) -> Vec<String> {
    let elements = child(node, name).into_iter().flat_map(|list| list.children());
    elements
        .filter_map(|element| element.text().filter(|_| element.is_element()))
        .map(str::to_owned)
        .collect()
}

/// What EC2 says of versions that it did not delete. One that is gone already is no trouble.
fn not_deleted(root: Node<'_, '_>) -> Option<Refusal> {
    let told = |item| {
        let error = child(item, "responseError")?;
        let code = text(error, "code").unwrap_or_default();
        let message = text(error, "message").unwrap_or_default();
        (code != "launchTemplateVersionDoesNotExist").then_some((code, message))
    };
    let (code, message) = items(root, "unsuccessfullyDeletedLaunchTemplateVersionSet").find_map(told)?;
    Some(Refusal { code, message, ..Refusal::default() })
}
