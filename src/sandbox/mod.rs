//! The embedded clouds, to try gpuslice without an account and to test it against: `gpuslice-sandbox`.
//!
//! The sandbox shares no type with the rest of the crate but durations. It reads and writes the clouds' JSON by its own
//! tables, so that a misspelt field fails a test instead of being mirrored; and clients that nobody here wrote (gcloud,
//! Google's Python client) and Google's discovery document judge it, as do
//! Microsoft's Python client and its models.
//!
//! In reading order:
//! - `server`: HTTP on loopback; `answering`: replies as HTTP. `asking`: from the command line. `control`: the sandbox's own API. `handling`: from a call to its reply.
//! - `exchange`: a call and its answer. `record`: the file of them. `state`: the world and its file.
//! - `faults` and their `fault_kinds`, `actors`: what goes wrong and what others do; `matching` and `parameters` are how
//!   both are told.
//! - `nodes`: what every cloud's machines have in common. `clock`, `random`: time and names.
//! - `clouds`: all clouds behind one door. `context`: what a call is carried out with.
//! - `gke`: Google Kubernetes Engine. `aks`: Azure Kubernetes Service. `eks`: Amazon EKS. `kubernetes`: their clusters' API servers.

mod actors;
mod aks;
mod answering;
mod asking;
mod clock;
mod clouds;
mod context;
mod control;
mod eks;
mod exchange;
mod fault_kinds;
mod faults;
mod gke;
mod handling;
mod kubernetes;
mod matching;
mod nodes;
mod parameters;
mod random;
mod record;
mod server;
mod state;

pub use asking::{AskError, kubeconfig};
pub use server::{Options, Server, StartError};
