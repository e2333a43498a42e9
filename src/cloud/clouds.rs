//! One API per cloud, made when first asked for.

use std::sync::{Arc, OnceLock};

use super::aks::Aks;
use super::eks::Eks;
use super::gke::Gke;
use super::settings::Settings;
use crate::nodepool::{NodePools, PoolError};
use crate::slicing::Cloud;

/// The clouds, with credentials. Making it touches neither the network nor any credentials.
#[derive(Debug)]
pub struct Clouds {
    settings: Settings,
    aks: OnceLock<Arc<dyn NodePools>>,
    gke: OnceLock<Arc<dyn NodePools>>,
    eks: OnceLock<Arc<dyn NodePools>>,
}

impl Clouds {
    /// The clouds as these settings reach them; what the settings leave open comes from the environment.
    pub fn new(settings: Settings) -> Self {
        Clouds {
            settings: settings.completed_from_environment(),
            aks: OnceLock::new(),
            gke: OnceLock::new(),
            eks: OnceLock::new(),
        }
    }

    /// The node pools of a cloud. Credentials are first looked for when the first request is made.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn pools(&self, cloud: Cloud) -> Result<Arc<dyn NodePools>, PoolError> {
        match cloud {
            Cloud::Aks => Ok(Arc::clone(self.aks.get_or_init(|| Arc::new(Aks::new(&self.settings))))),
            Cloud::Gke => {
                if let Some(made) = self.gke.get() {
                    return Ok(Arc::clone(made));
                }
                // Two first calls at once make two; one of them is kept, since the gates and caches must be shared.
                let made: Arc<dyn NodePools> = Arc::new(Gke::new(&self.settings)?);
                Ok(Arc::clone(self.gke.get_or_init(|| made)))
            }
            Cloud::Eks => Ok(Arc::clone(self.eks.get_or_init(|| Arc::new(Eks::new(&self.settings))))),
        }
    }
}
