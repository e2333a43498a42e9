//! What a pool's state carries beside its attributes: Terraform stores it, and shows it to nobody.

use serde::{Deserialize, Serialize};

use crate::nodepool::pools::Pending;
use crate::provider::origin::Origin;
use crate::slicing::Sharing;
use crate::tfplugin::Diagnostics;

use super::companions::{Deleting, Held};

/// The version that this provider writes.
const VERSION: u64 = 1;

/// The private state of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Private {
    v: u64,
    /// Where the pool was made.
    pub(super) origin: Origin,
    /// The operation that was still running when the last apply ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) pending: Option<Pending>,
    /// The sharing that was seen on a pool whose resource has no attribute for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) sharing: Option<Shared>,
    /// The keys of device plugins' ConfigMaps that may exist for the pool: one, and more while an update goes on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) keys: Vec<Held>,
    /// A deletion that has begun.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) deleting: Option<Deleting>,
}

/// How GPUs were seen to be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "kebab-case")]
pub(super) enum Shared {
    TimeSlicing { replicas: u32 },
    Mps { replicas: u32 },
}

impl Shared {
    /// What was seen; `None` where nothing is shared.
    pub(super) fn of(sharing: Sharing) -> Option<Self> {
        match sharing {
            Sharing::None => None,
            Sharing::TimeSlicing { replicas } => Some(Shared::TimeSlicing { replicas }),
            Sharing::Mps { replicas } => Some(Shared::Mps { replicas }),
        }
    }

    /// The same in the words of the domain.
    pub(super) fn sharing(self) -> Sharing {
        match self {
            Shared::TimeSlicing { replicas } => Sharing::TimeSlicing { replicas },
            Shared::Mps { replicas } => Sharing::Mps { replicas },
        }
    }
}

#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

impl Private {
    /// For a pool made now.
    pub(super) fn new(origin: Origin, pending: Option<Pending>) -> Self {
        Private { v: VERSION, origin, pending, sharing: None, keys: Vec::new(), deleting: None }
    }

    /// The same pool with another operation left, or none.
    pub(super) fn with_pending(&self, pending: Option<Pending>) -> Self {
        Private { pending, ..self.clone() }
    }

    /// The same pool with these keys.
    pub(super) fn with_keys(&self, keys: Vec<Held>) -> Self {
        Private { keys, ..self.clone() }
    }

    /// Reads what Terraform stored. Nothing stored (an import, a move) takes the present origin.
    ///
    /// # Errors
    /// When it was written by a newer version of the provider, or is damaged: guessing could lose a pool.
    pub(super) fn read(bytes: &[u8], present: Origin) -> Result<Self, Diagnostics> {
        if bytes.is_empty() {
            return Ok(Private::new(present, None));
        }
        let version = serde_json::from_slice::<Versioned>(bytes).map_err(|error| damaged(&error))?.v;
        if version != VERSION {
            return Err(Diagnostics::error(
                "The state was written by another version of the provider",
                format!(
                    "The pool's private state has version {version}, and this provider knows version {VERSION} only. \
                     Use the provider version that wrote it, or a newer one."
                ),
            ));
        }
        serde_json::from_slice(bytes).map_err(|error| damaged(&error))
    }

    /// The bytes that Terraform is to store.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // Serialising plain structs of texts and numbers to memory has no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Refuses a pool of the sandbox outside it, and a pool of a cloud in the sandbox.
    ///
    /// # Errors
    /// When the two differ: acting on the wrong one would find nothing there and forget, or delete, a real pool.
    pub(super) fn belongs(&self, present: Origin) -> Result<(), Diagnostics> {
        match (self.origin, present) {
            (Origin::Cloud, Origin::Cloud) | (Origin::Sandbox, Origin::Sandbox) => Ok(()),
            (Origin::Cloud, Origin::Sandbox) => Err(Diagnostics::error(
                "This pool is at the cloud, and the provider talks to a sandbox",
                "GPUSLICE_SANDBOX is set, so the provider would look for the pool in the sandbox, not find it, and \
                 plan to forget it. Unset GPUSLICE_SANDBOX, or use a state of its own for the sandbox.",
            )),
            (Origin::Sandbox, Origin::Cloud) => Err(Diagnostics::error(
                "This pool is in a sandbox, and the provider talks to the cloud",
                "The pool was made with GPUSLICE_SANDBOX set. Set it to the sandbox's address again, or remove the \
                 pool from the state with `terraform state rm`.",
            )),
        }
    }
}

fn damaged(error: &serde_json::Error) -> Diagnostics {
    Diagnostics::error(
        "The pool's private state cannot be read",
        format!(
            "It is not what this provider writes ({error}). Restore the state from a backup, or remove the pool from \
             the state with `terraform state rm` and import it again; both leave the pool alone."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodepool::pools::PendingKind;

    fn pending() -> Pending {
        Pending {
            operation: "operation-1".to_owned(),
            location: "us-central1".to_owned(),
            kind: PendingKind::Create,
            since: "2026-01-02T03:04:05Z".to_owned(),
        }
    }

    #[test]
    fn the_stored_form_does_not_move() {
        let bytes = Private::new(Origin::Sandbox, Some(pending())).bytes();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"v":1,"origin":"sandbox","pending":{"op":"operation-1","location":"us-central1","kind":"create","since":"2026-01-02T03:04:05Z"}}"#
        );
        assert_eq!(Private::read(&bytes, Origin::Cloud).unwrap().pending, Some(pending()));
    }

    #[test]
    fn keys_and_a_begun_deletion_are_stored_and_not_missed() {
        let mut private = Private::new(Origin::Cloud, None);
        Held::add(&mut private.keys, "gpu", "slices", "ts4-3f9c01ab");
        private.deleting = Some(Deleting::Gone);
        let bytes = private.bytes();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"v":1,"origin":"cloud","keys":[{"namespace":"gpu","config_map":"slices","names":["ts4-3f9c01ab"]}],"deleting":{"pool":"gone"}}"#
        );
        assert_eq!(Private::read(&bytes, Origin::Cloud), Ok(private));
        let before = Private::read(br#"{"v":1,"origin":"cloud"}"#, Origin::Cloud);
        assert_eq!(before, Ok(Private::new(Origin::Cloud, None)));
    }

    #[test]
    fn nothing_stored_takes_the_present_origin() {
        assert_eq!(Private::read(b"", Origin::Sandbox).unwrap().origin, Origin::Sandbox);
    }

    #[test]
    fn a_newer_version_and_damage_are_errors() {
        let newer = Private::read(br#"{"v":2,"origin":"moon"}"#, Origin::Cloud).unwrap_err().to_string();
        assert!(newer.contains("version 2"), "{newer}");
        let damaged = Private::read(b"{", Origin::Cloud).unwrap_err().to_string();
        assert!(damaged.contains("cannot be read"), "{damaged}");
        assert!(Private::read(br#"{"v":1,"origin":"moon"}"#, Origin::Cloud).is_err());
    }

    #[test]
    fn a_pool_stays_on_its_side() {
        let cloud = Private::new(Origin::Cloud, None);
        assert!(cloud.belongs(Origin::Cloud).is_ok());
        assert!(cloud.belongs(Origin::Sandbox).is_err());
        assert!(Private::new(Origin::Sandbox, None).belongs(Origin::Cloud).is_err());
    }
}
