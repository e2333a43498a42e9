//! Amazon EKS: node groups, their updates and tags; the launch templates of EC2; STS's caller identity; and the part of
//! Auto Scaling that node groups show: tags and machines.
//!
//! A client reaches each service at its own endpoint below the sandbox's address, `/eks`, `/ec2`, `/sts` and
//! `/autoscaling` (boto3 and the AWS SDKs take such a URL as `endpoint_url` or `AWS_ENDPOINT_URL_EKS`…), or all of them
//! at the address itself (`AWS_ENDPOINT_URL`): the paths of EKS are its own, and `/` is that of the service that the
//! request is signed for. Faults and actors match `/clusters/…` and `/tags/…` for EKS, `/ec2/CreateLaunchTemplate`,
//! `/sts/GetCallerIdentity`, `/autoscaling/DeleteTags` for the others, wherever the call came in.
//!
//! - [`routes`]: which service and call is meant. [`fields`], [`xml`]: requests and answers by botocore's models.
//!   [`paging`]: pages of lists. [`errors`]: AWS's errors.
//! - [`signature`], [`sigv4`], [`sessions`]: who calls. [`token`], [`access`]: who comes to a cluster, and what they may
//!   do there.
//! - [`nodegroups`], [`updates`], [`tags`], [`clusters`], [`templates`], [`scaling`]: the other calls.
//! - [`rules`], [`recipes`], [`hardware`], [`amis`]: what the service accepts. [`userdata`], [`bottlerocket`]: what
//!   machines make of their user data.
//! - [`model`], [`nodes`], [`operations`], [`rollout`], [`rolls`]: what exists and how it changes with time.
//! - [`seed`]: what is there at the start. [`actors`]: what others do. [`faults`]: what goes wrong.

use serde_json::Value;

use crate::sandbox::context::Context;
use crate::sandbox::exchange::{Answer, Call};

mod access;
mod actors;
mod amis;
mod bottlerocket;
mod clusters;
mod errors;
mod faults;
mod fields;
mod hardware;
mod model;
mod nodegroups;
mod nodes;
mod operations;
mod paging;
mod recipes;
mod rollout;
mod rolls;
mod routes;
mod rules;
mod scaling;
mod seed;
mod sessions;
mod signature;
mod sigv4;
mod tags;
mod templates;
mod token;
mod updates;
mod userdata;
mod xml;

#[cfg(test)]
mod tests;

pub(crate) use actors::Act;
use errors::Refusal;
pub(crate) use model::Eks;
pub(crate) use nodes::instance_id;
use routes::Route;
pub(crate) use routes::addressed;
use signature::Caller;

/// One of AWS's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Eks,
    Ec2,
    Sts,
    AutoScaling,
}

impl Service {
    /// The namespace of its XML.
    fn namespace(self) -> &'static str {
        match self {
            Self::Eks | Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        }
    }

    /// By which requests are signed for it.
    fn signing_name(self) -> &'static str {
        match self {
            Self::Eks => "eks",
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
            Self::AutoScaling => "autoscaling",
        }
    }

    /// The version of the API that a form has to name.
    fn version(self) -> &'static str {
        match self {
            Self::Eks | Self::Ec2 => "2016-11-15",
            Self::Sts => "2011-06-15",
            Self::AutoScaling => "2011-01-01",
        }
    }
}

impl Eks {
    /// Carries out one call.
    pub(crate) fn answer(&mut self, context: &mut Context<'_>, call: &Call) -> Answer {
        let service = routes::service(&call.path);
        let request_id = self.requests.uuid();
        let mut answer = match self.carry_out(context, call, service, &request_id) {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(service, &request_id),
        };
        answer.headers.push(("x-amzn-requestid", request_id));
        answer
    }

    fn carry_out(
        &mut self,
        context: &mut Context<'_>,
        call: &Call,
        service: Service,
        request_id: &str,
    ) -> Result<Answer, Refusal> {
        let caller = self.caller(call, service, context.now)?;
        if service == Service::Eks {
            let route = routes::route(call, &caller)?;
            return self.dispatch(context, call, route, &caller).map(Answer::ok);
        }
        let mut form = xml::form(&call.body);
        form.extend(xml::form(call.query.as_bytes()));
        let (action, body) = routes::action(service, &form)?;
        let (shape, result) = match service {
            Service::Ec2 => self.template_action(context, &caller, &action, &body)?,
            Service::AutoScaling => self.scaling_action(context, &caller, &action, &body)?,
            Service::Eks | Service::Sts => self.identity_action(context, &caller, &action, &body)?,
        };
        let body = xml::answer(service, &action, shape, &result, request_id);
        Ok(Answer { status: 200, headers: Vec::new(), body, error_type: None })
    }

    /// Hands a call to EKS to its module.
    fn dispatch(
        &mut self,
        context: &mut Context<'_>,
        call: &Call,
        route: Route,
        caller: &Caller,
    ) -> Result<Value, Refusal> {
        match route {
            Route::ListClusters => self.list_clusters(caller),
            Route::DescribeCluster(cluster) => self.describe_cluster(context, &cluster),
            Route::ListGroups(cluster) => self.list_groups(&cluster, call),
            Route::CreateGroup(cluster) => {
                self.create_group(context, &cluster, routes::body(call, "eks.CreateNodegroupRequest")?)
            }
            Route::DescribeGroup(cluster, group) => self.describe_group(&cluster, &group),
            Route::DeleteGroup(cluster, group) => self.delete_group(context, &cluster, &group),
            Route::UpdateConfig(cluster, group) => {
                let body = routes::body(call, "eks.UpdateNodegroupConfigRequest")?;
                self.update_config(context, &cluster, &group, &body)
            }
            Route::UpdateVersion(cluster, group) => {
                let body = routes::body(call, "eks.UpdateNodegroupVersionRequest")?;
                self.update_version(context, &cluster, &group, &body)
            }
            Route::ListUpdates(cluster) => self.list_updates(&cluster, call),
            Route::DescribeUpdate(cluster, id) => self.describe_update(&cluster, &id, call),
            Route::ListTags(arn) => self.list_tags(&arn),
            Route::Tag(arn) => self.tag(&arn, &routes::body(call, "eks.TagResourceRequest")?),
            Route::Untag(arn) => self.untag(&arn, call),
            Route::ListEntries(cluster) => self.list_entries(&cluster, call),
            Route::CreateEntry(cluster) => {
                let body = routes::body(call, "eks.CreateAccessEntryRequest")?;
                self.create_entry(context, &cluster, &body)
            }
            Route::DescribeEntry(cluster, principal) => self.describe_entry(&cluster, &principal),
            Route::UpdateEntry(cluster, principal) => {
                let body = routes::body(call, "eks.UpdateAccessEntryRequest")?;
                self.update_entry(context, &cluster, &principal, &body)
            }
            Route::DeleteEntry(cluster, principal) => self.delete_entry(&cluster, &principal),
            Route::ListPolicies(cluster, principal) => self.list_policies(&cluster, &principal, call),
            Route::AssociatePolicy(cluster, principal) => {
                let body = routes::body(call, "eks.AssociateAccessPolicyRequest")?;
                self.associate_policy(context, &cluster, &principal, &body)
            }
            Route::DisassociatePolicy(cluster, principal, policy) => {
                self.disassociate_policy(&cluster, &principal, &policy)
            }
        }
    }
}
