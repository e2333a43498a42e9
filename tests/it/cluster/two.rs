//! Configurations with two pools.

use crate::mig_pool::{PROVIDER, Pool};

impl Pool {
    /// With another pool beside this one, as the resource `second`, and with that name at the cloud.
    pub(super) fn and_second(self, other: &Pool) -> Self {
        let other = other.clone().text("name", "second").hcl();
        let block = other.strip_prefix(PROVIDER).expect("what every configuration begins with");
        self.beside(&block.replacen("\"pool\"", "\"second\"", 1))
    }
}
