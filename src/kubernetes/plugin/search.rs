//! Where a key is that a pool's label names. A pool says by its label which key configures its nodes, and nothing says
//! which ConfigMap that key is in.

use super::place::{self, Place, Wanted};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::config::ConfigKey;
use crate::kubernetes::error::KubeError;
use crate::nodepool::Call;

/// What was found of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is here, with its text.
    Here(Place, ConfigKey),
    /// None of these ConfigMaps, each as `namespace/name`, has it.
    Nowhere(Vec<String>),
}

impl Cluster {
    /// Looks for the key in every ConfigMap that a device plugin reads; where none reads one, where it would be. Of
    /// several that have it the first by name counts.
    ///
    /// # Errors
    /// When what is installed may not be listed, a ConfigMap may not be read, or the cluster does not answer.
    pub async fn find_key(&self, call: &Call, wanted: &Wanted, name: &str) -> Result<Found, KubeError> {
        let installed = self.installed(call).await?;
        let mut places = place::candidates(&installed);
        places.retain(|place| wanted.allows(place));
        if places.is_empty() {
            places.push(place::choose(wanted, &installed)?);
        }
        let mut looked = Vec::new();
        for place in places {
            looked.push(place.full_name());
            let text = self.keys(call, &place).await?.and_then(|mut data| data.remove(name));
            if let Some(yaml) = text {
                return Ok(Found::Here(place, ConfigKey { name: name.to_owned(), yaml }));
            }
        }
        Ok(Found::Nowhere(looked))
    }
}
