//! A launch template of the user's own: what it says beside the node group.
//!
//! EKS takes some things from the template only, some from the node group only, and some from either but not from both
//! (source: EKS user guide, "Customize managed nodes with launch templates").

use super::super::errors::Trouble;
use super::super::{Eks, parts, wire};
use crate::cloud::limits::Limits;
use crate::nodepool::pools::{Call, ErrorKind};
use crate::nodepool::{NodePoolSpec, Path, PoolError};

fn invalid(summary: String, detail: String, attribute: &str) -> PoolError {
    PoolError { kind: ErrorKind::Invalid, summary, detail, attribute: Some(Path::of(attribute)) }
}

impl Eks {
    /// The version of the user's own template that a pool is made with.
    ///
    /// # Errors
    /// When it is not there, holds what EKS refuses, or says otherwise than the pool.
    pub(super) async fn own_template(
        &self,
        call: &Call,
        limits: &Limits,
        spec: &NodePoolSpec,
        template: &wire::LaunchTemplate,
    ) -> Result<wire::TemplateVersion, PoolError> {
        let place = super::super::place(&spec.cluster)?;
        let wire::LaunchTemplate { id, version } = template;
        let found = match version.parse() {
            Ok(number) => self.api.version(limits, place, id, number).await,
            Err(_) => Ok(None),
        };
        let explained =
            |trouble: Trouble| trouble.explain(&format!("look at the launch template {id}"), call.timeout);
        let found = found.map_err(explained)?.ok_or_else(|| {
            invalid(
                format!("There is no version {version} of the launch template {id}"),
                format!(
                    "`aws ec2 describe-launch-template-versions --region {} --launch-template-id {id}` lists the \
                     versions that there are in the account {}.",
                    place.region, place.account
                ),
                "eks.launch_template.version",
            )
        })?;
        check(spec, template, &found)?;
        Ok(found)
    }
}

/// What EKS would refuse, and what would be other machines than were planned.
fn check(
    spec: &NodePoolSpec,
    template: &wire::LaunchTemplate,
    found: &wire::TemplateVersion,
) -> Result<(), PoolError> {
    let which = format!("version {} of the launch template {}", template.version, template.id);
    if found.data.market_type.as_deref() == Some("spot") {
        return Err(invalid(
            format!("A node group cannot be made with {which}"),
            "It asks for spot instances, which EKS takes from the node group only. Make a version without, and set \
             capacity_type = \"spot\"."
                .to_owned(),
            "eks.launch_template.version",
        ));
    }
    if let Some(own) = found.data.instance_type.as_ref().filter(|own| **own != spec.machine_type) {
        return Err(invalid(
            format!("The launch template is for {own}, and the pool for {}", spec.machine_type),
            format!(
                "Set machine_type to {own:?}, or name a version of the template without an instance type. ({which})"
            ),
            "machine_type",
        ));
    }
    if let Some(image) = &found.data.image_id {
        let written = [
            ("eks.ami_type", spec.options.text("ami_type").is_some()),
            ("eks.release_version", spec.options.text("release_version").is_some()),
            ("kubernetes_version", spec.kubernetes_version.is_some()),
        ];
        if let Some((attribute, _)) = written.iter().find(|(_, written)| *written) {
            return Err(invalid(
                format!("The launch template has an image of its own, beside which EKS takes no {attribute}"),
                format!(
                    "The image {image} decides the operating system, its release and the Kubernetes version. Remove \
                     {attribute}, or name a version of the template without an image. ({which})"
                ),
                attribute,
            ));
        }
    }
    Ok(())
}

/// The body without what the template says itself.
pub(super) fn fit(
    mut body: wire::CreateNodegroup,
    spec: &NodePoolSpec,
    found: &wire::TemplateVersion,
) -> Result<wire::CreateNodegroup, PoolError> {
    if found.data.instance_type.is_some() {
        body.instance_types = None;
    }
    if found.data.image_id.is_some() {
        body.ami_type = None;
        body.version = None;
        body.release_version = None;
    } else if body.ami_type.is_none() {
        // EKS's own choice has no driver for GPUs.
        body.ami_type = Some(parts::image(spec).map_err(super::super::untranslatable)?);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::eks::testing::{options, spec};

    fn pool(more: &serde_json::Value) -> NodePoolSpec {
        let mut all = json!({"launch_template": {"id": "lt-1", "version": 3}});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        NodePoolSpec { options: options(&all), ..spec() }
    }

    fn judged(spec: &NodePoolSpec, data: wire::TemplateShown) -> Result<wire::CreateNodegroup, String> {
        let template = parts::own_template(&spec.options).unwrap();
        let found = wire::TemplateVersion { number: 3, data };
        let told = |error: PoolError| error.attribute.unwrap().to_string();
        check(spec, &template, &found).map_err(told)?;
        let body = super::super::translate::create(spec, template, "token".to_owned()).unwrap();
        fit(body, spec, &found).map_err(told)
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn what_the_template_says_is_not_said_again() {
        let plain = judged(&pool(&json!({})), wire::TemplateShown::default()).unwrap();
        assert_eq!(plain.instance_types, Some(vec!["p4d.24xlarge".to_owned()]));
        assert_eq!(plain.ami_type, text("BOTTLEROCKET_x86_64_NVIDIA"), "EKS's own choice has no driver");

        let data = wire::TemplateShown {
            image_id: text("ami-1"),
            instance_type: text("p4d.24xlarge"),
            ..wire::TemplateShown::default()
        };
        let whole = judged(&pool(&json!({})), data).unwrap();
        assert_eq!((whole.instance_types, whole.ami_type), (None, None));
    }

    #[test]
    fn what_clashes_is_refused_with_the_attribute() {
        let image = || wire::TemplateShown { image_id: text("ami-1"), ..wire::TemplateShown::default() };
        let other =
            wire::TemplateShown { instance_type: text("g5.xlarge"), ..wire::TemplateShown::default() };
        let spot = wire::TemplateShown { market_type: text("spot"), ..wire::TemplateShown::default() };
        let refused = |spec: &NodePoolSpec, data| judged(spec, data).unwrap_err();
        assert_eq!(refused(&pool(&json!({})), other), "machine_type");
        assert_eq!(refused(&pool(&json!({})), spot), "eks.launch_template.version");
        let release = pool(&json!({"release_version": "1.52.0-5e8d3f52"}));
        assert_eq!(refused(&release, image()), "eks.release_version");
        let version = NodePoolSpec { kubernetes_version: text("1.34"), ..pool(&json!({})) };
        assert_eq!(refused(&version, image()), "kubernetes_version");
        let ami_type = pool(&json!({"ami_type": "BOTTLEROCKET_x86_64_NVIDIA"}));
        assert_eq!(refused(&ami_type, image()), "eks.ami_type");
    }
}
