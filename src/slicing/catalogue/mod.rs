//! The catalogue: every GPU model and machine type known to this version.
//!
//! The data are four tables in `data/`, embedded in the binary and read on first use, so that a start-up which
//! needs none of them (three processes per `terraform plan`) does not pay for them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::cloud::Cloud;
use super::gpu::{Gpu, ProfileFacts};
use super::machine::{Arch, Attachable, Machine, MachineGpus, MigSupport};
use super::suggest;

mod tables;

pub use tables::TableError;

/// GPU models and machine types, looked up by name.
#[derive(Debug)]
pub struct Catalogue {
    gpus: Vec<Arc<Gpu>>,
    machines: Vec<Arc<Machine>>,
    attached: Vec<AttachedFamily>,
}

/// Machine types to which GPUs are attached, such as GKE's `n1-*`.
#[derive(Debug)]
struct AttachedFamily {
    cloud: Cloud,
    prefix: String,
    choices: Vec<Attachable>,
    source: String,
}

const EMBEDDED: tables::Tables<'static> = tables::Tables {
    gpus: include_str!("../data/gpus.csv"),
    mig_profiles: include_str!("../data/mig_profiles.csv"),
    gpu_machines: include_str!("../data/gpu_machines.csv"),
    attachable_gpus: include_str!("../data/attachable_gpus.csv"),
};

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
    // The input is part of the binary, so this fails always or never, and a unit test has seen it succeed.
    Catalogue::read(&EMBEDDED).expect("the embedded tables are valid")
});

impl Catalogue {
    /// The catalogue of this version.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    fn read(tables: &tables::Tables<'_>) -> Result<Self, TableError> {
        let gpus: Vec<Arc<Gpu>> = tables::gpus(tables)?.into_iter().map(Arc::new).collect();
        let machines = tables::machines(tables, &gpus)?.into_iter().map(Arc::new).collect();
        let attached = tables::attached(tables, &gpus)?;
        Ok(Self { gpus, machines, attached })
    }

    /// A GPU model by its id or an alias, such as `a100-40gb` or GKE's `nvidia-tesla-a100`.
    #[must_use]
    pub fn gpu(&self, id_or_alias: &str) -> Option<&Arc<Gpu>> {
        self.gpus.iter().find(|gpu| gpu.is_called(id_or_alias))
    }

    /// Every GPU model.
    pub fn gpus(&self) -> impl Iterator<Item = &Arc<Gpu>> {
        self.gpus.iter()
    }

    /// The profiles of a GPU model, smallest first; `None` when there is no such model.
    #[must_use]
    pub fn profiles(&self, id_or_alias: &str) -> Option<&[ProfileFacts]> {
        self.gpu(id_or_alias).map(|gpu| gpu.profiles.as_slice())
    }

    /// A machine type by name, in one cloud or in any. Azure names are found whatever their case, and the
    /// answer holds the cloud's own spelling.
    #[must_use]
    pub fn machine(&self, cloud: Option<Cloud>, name: &str) -> Option<Arc<Machine>> {
        let in_question = |candidate: Cloud| cloud.is_none_or(|cloud| cloud == candidate);
        self.machines
            .iter()
            .find(|machine| {
                in_question(machine.cloud) && machine.cloud.same_machine_name(&machine.name, name)
            })
            .cloned()
            .or_else(|| {
                let family = self.attached.iter().find(|family| {
                    in_question(family.cloud)
                        && name.strip_prefix(family.prefix.as_str()).is_some_and(|size| !size.is_empty())
                })?;
                Some(Arc::new(family.machine(name)))
            })
    }

    /// The machine types of one cloud that have their own row, in the order of the table.
    pub fn machines(&self, cloud: Cloud) -> impl Iterator<Item = &Arc<Machine>> {
        self.machines.iter().filter(move |machine| machine.cloud == cloud)
    }

    /// The cloud of a machine type: by the tables, else by the shape of its name. `None` when neither tells.
    #[must_use]
    pub fn cloud_of(&self, machine_type: &str) -> Option<Cloud> {
        match self.machine(None, machine_type) {
            Some(machine) => Some(machine.cloud),
            None => Cloud::from_machine_name_shape(machine_type),
        }
    }

    /// The machine type, of one cloud or of any, whose name is nearest to a wrong one.
    /// `None` when nothing is near enough to be meant.
    #[must_use]
    pub fn nearest_machine(&self, cloud: Option<Cloud>, wrong: &str) -> Option<&Arc<Machine>> {
        let candidates =
            self.machines.iter().filter(|machine| cloud.is_none_or(|cloud| cloud == machine.cloud));
        suggest::nearest(wrong, candidates, |machine| &machine.name)
    }

    /// The GPU model whose id or alias is nearest to a wrong one. `None` when nothing is near enough.
    #[must_use]
    pub fn nearest_gpu(&self, wrong: &str) -> Option<&Arc<Gpu>> {
        let names = self
            .gpus
            .iter()
            .flat_map(|gpu| std::iter::once(&gpu.id).chain(&gpu.aliases).map(move |name| (name, gpu)));
        suggest::nearest(wrong, names, |(name, _)| name).map(|(_, gpu)| gpu)
    }
}

impl AttachedFamily {
    fn machine(&self, name: &str) -> Machine {
        let any_mig = self.choices.iter().any(|choice| choice.gpu.has_mig());
        let mig = if any_mig {
            MigSupport::Unverified { note: "it depends on the GPU that is attached".to_owned() }
        } else {
            let models: Vec<_> = self.choices.iter().map(|choice| choice.gpu.name.as_str()).collect();
            MigSupport::No {
                reason: format!(
                    "none of the GPUs that can be attached to it has MIG ({})",
                    models.join(", ")
                ),
            }
        };
        Machine {
            cloud: self.cloud,
            name: name.to_owned(),
            gpus: MachineGpus::Attached(self.choices.clone()),
            gpu_memory_gb: None,
            vcpus: None,
            memory_gib: None,
            arch: Arch::X86_64,
            mig,
            accelerator_type: None,
            source: self.source.clone(),
            notes: String::new(),
        }
    }
}

/// The GPUs by id, for the tables that refer to them.
fn by_id(gpus: &[Arc<Gpu>]) -> BTreeMap<&str, &Arc<Gpu>> {
    gpus.iter().map(|gpu| (gpu.id.as_str(), gpu)).collect()
}

#[cfg(test)]
mod tests;
