//! The clouds.
#![allow(missing_docs)]
pub mod gke;
use std::sync::Arc;
use crate::nodepool::{CloudRules, NodePools, PoolError};
use crate::slicing::Cloud;
#[derive(Debug, Clone, Default)]
pub struct GoogleSettings { pub credentials: Option<String>, pub access_token: Option<String>, pub impersonate_service_account: Option<String>, pub impersonate_service_account_delegates: Vec<String>, pub billing_project: Option<String>, pub user_project_override: Option<bool>, pub container_custom_endpoint: Option<String>, pub compute_custom_endpoint: Option<String> }
#[derive(Debug, Clone)]
pub struct Settings { pub google: GoogleSettings, pub sandbox: Option<url::Url>, pub user_agent: String }
pub fn rules(_: Cloud) -> Option<&'static dyn CloudRules> { None }
#[derive(Debug)]
pub struct Clouds;
impl Clouds { pub fn new(_: Settings) -> Self { Clouds } pub fn pools(&self, _: Cloud) -> Result<Arc<dyn NodePools>, PoolError> { unreachable!() } }
