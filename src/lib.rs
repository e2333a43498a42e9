//! GPU node pools cut into slices, for Terraform.
//!
//! The map of the crate, in reading order:
//!
//! 1. [`slicing`]: the pure domain. GPUs, MIG profiles, layouts, sharing, and how many slices a machine gives.
//! 2. [`nodepool`]: the neutral node pool between HCL and the clouds, and the two traits every cloud implements.
//! 3. [`cloud`]: the clouds' own APIs. Each cloud's folder holds files of the same names.
//! 4. [`kubernetes`]: the cluster's half: the device plugin's configuration, and whether the slices appear.
//! 5. [`tfplugin`]: Terraform's plugin protocol, for any provider; it knows nothing of GPUs.
//! 6. [`provider`]: the HCL surface, where the other five meet.
//! 7. `sandbox` (feature `sandbox`): embedded clouds to try and to test against. It shares no wire type with [`cloud`].
//!
//! [`duration`] is the one parser for durations, used by HCL and command lines alike.
//!
//! Arrows: `slicing` ← `nodepool` ← `cloud`, `kubernetes` ← `provider` → `tfplugin`. `slicing` and `tfplugin` import nothing
//! else of the crate, and `provider` sees a cloud only through the traits of `nodepool`.
//! `tests/it/architecture.rs` holds these arrows in place; `ARCHITECTURE.md` says why they are so.

pub mod cloud;
pub mod duration;
pub mod kubernetes;
pub mod nodepool;
pub mod provider;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod slicing;
pub mod tfplugin;
