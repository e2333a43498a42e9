//! The calls to EKS, through its SDK.

use std::collections::BTreeMap;

use aws_sdk_eks::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;

use super::{Client, answers, requests};
use crate::cloud::eks::errors::ApiError;
use crate::cloud::eks::parts::Place;
use crate::cloud::eks::wire;

impl Client {
    /// The cluster.
    pub(crate) async fn cluster(&self, place: Place<'_>) -> Result<wire::Cluster, ApiError> {
        let asked = self.eks(place).await?.describe_cluster().name(place.cluster).send().await;
        let answer = asked.map_err(|error| refused(error, place, "eks:DescribeCluster"))?;
        whole(answer.cluster, place, "it shows no cluster").map(answers::cluster)
    }

    /// Asks for a node group. The same request with the same token makes it once.
    ///
    /// It is sent once: were it repeated in here, nobody could tell an own group, whose first answer was lost, from
    /// another's.
    pub(crate) async fn create(
        &self,
        place: Place<'_>,
        body: &wire::CreateNodegroup,
    ) -> Result<wire::Nodegroup, ApiError> {
        let call = self.eks(place).await?.create_nodegroup().cluster_name(place.cluster);
        let call = requests::create(call, body).map_err(|why| nonsense(place, why))?;
        let once = aws_sdk_eks::Config::builder().retry_config(RetryConfig::disabled());
        let asked = call.customize().config_override(once).send().await;
        let answer = asked.map_err(|error| refused(error, place, "eks:CreateNodegroup"))?;
        shown(answer.nodegroup, place)
    }

    /// A node group.
    pub(crate) async fn nodegroup(&self, place: Place<'_>, name: &str) -> Result<wire::Nodegroup, ApiError> {
        let call = self.eks(place).await?.describe_nodegroup().cluster_name(place.cluster);
        let asked = call.nodegroup_name(name).send().await;
        let answer = asked.map_err(|error| refused(error, place, "eks:DescribeNodegroup"))?;
        shown(answer.nodegroup, place)
    }

    /// Asks for a change that keeps the nodes.
    pub(crate) async fn update_config(
        &self,
        place: Place<'_>,
        name: &str,
        body: &wire::UpdateNodegroupConfig,
    ) -> Result<wire::Update, ApiError> {
        let call = self.eks(place).await?.update_nodegroup_config().cluster_name(place.cluster);
        let call =
            requests::update_config(call.nodegroup_name(name), body).map_err(|why| nonsense(place, why))?;
        let answer = call.send().await.map_err(|error| refused(error, place, "eks:UpdateNodegroupConfig"))?;
        whole(answer.update, place, "it shows no update").map(answers::update)
    }

    /// Asks for a change that replaces the nodes.
    pub(crate) async fn update_version(
        &self,
        place: Place<'_>,
        name: &str,
        body: &wire::UpdateNodegroupVersion,
    ) -> Result<wire::Update, ApiError> {
        let call = self.eks(place).await?.update_nodegroup_version().cluster_name(place.cluster);
        let call = requests::update_version(call.nodegroup_name(name), body);
        let answer =
            call.send().await.map_err(|error| refused(error, place, "eks:UpdateNodegroupVersion"))?;
        whole(answer.update, place, "it shows no update").map(answers::update)
    }

    /// How far an update of a node group is.
    pub(crate) async fn update(
        &self,
        place: Place<'_>,
        name: &str,
        id: &str,
    ) -> Result<wire::Update, ApiError> {
        let call = self.eks(place).await?.describe_update().name(place.cluster);
        let asked = call.nodegroup_name(name).update_id(id).send().await;
        let answer = asked.map_err(|error| refused(error, place, "eks:DescribeUpdate"))?;
        whole(answer.update, place, "it shows no update").map(answers::update)
    }

    /// Asks for the end of a node group.
    pub(crate) async fn delete(&self, place: Place<'_>, name: &str) -> Result<wire::Nodegroup, ApiError> {
        let call = self.eks(place).await?.delete_nodegroup().cluster_name(place.cluster);
        let asked = call.nodegroup_name(name).send().await;
        let answer = asked.map_err(|error| refused(error, place, "eks:DeleteNodegroup"))?;
        shown(answer.nodegroup, place)
    }

    /// Sets tags of what has this ARN, and leaves the others.
    pub(crate) async fn tag(
        &self,
        place: Place<'_>,
        arn: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let call = self.eks(place).await?.tag_resource().resource_arn(arn).set_tags(Some(tags));
        call.send().await.map_err(|error| refused(error, place, "eks:TagResource")).map(|_| ())
    }

    /// Removes tags of what has this ARN; those that it does not have count as removed.
    pub(crate) async fn untag(&self, place: Place<'_>, arn: &str, keys: &[String]) -> Result<(), ApiError> {
        let call = self.eks(place).await?.untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(keys.to_vec()));
        call.send().await.map_err(|error| refused(error, place, "eks:UntagResource")).map(|_| ())
    }
}

fn refused<E>(error: SdkError<E, Response>, place: Place<'_>, permission: &str) -> ApiError
where
    E: std::error::Error + Send + Sync + 'static,
{
    ApiError::of_sdk(error, &host(place)).for_want_of(permission)
}

fn shown(
    group: Option<aws_sdk_eks::types::Nodegroup>,
    place: Place<'_>,
) -> Result<wire::Nodegroup, ApiError> {
    // Somebody in between may say "200" to everything.
    let group = group.filter(|group| group.nodegroup_name.is_some());
    whole(group, place, "it shows no node group").map(answers::nodegroup)
}

fn whole<T>(part: Option<T>, place: Place<'_>, lacking: &str) -> Result<T, ApiError> {
    part.ok_or_else(|| nonsense(place, lacking.to_owned()))
}

fn nonsense(place: Place<'_>, why: String) -> ApiError {
    ApiError::Nonsense { url: host(place), why }
}

/// Who is asked, for messages.
fn host(place: Place<'_>) -> String {
    format!("EKS in {}", place.region)
}
