//! Reading the four tables. Strict: a row that cannot be read in full is an error, never skipped.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::figures::Fixed;
use super::super::gpu::{Gpu, Grid, ProfileFacts};
use super::super::grid::Starts;
use super::super::machine::{Arch, Attachable, AttachableCount, GpuCount, Machine, MachineGpus, MigSupport};
use super::{AttachedFamily, by_id};

/// The text of the four tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    pub(super) gpus: &'a str,
    pub(super) mig_profiles: &'a str,
    pub(super) gpu_machines: &'a str,
    pub(super) attachable_gpus: &'a str,
}

/// A table of the catalogue is wrong. Cause: an edit of a file in `src/slicing/data`; remedy: mend that row.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A line is not CSV, or lacks a column.
    #[error("{table}: {source}")]
    Csv {
        /// The file.
        table: &'static str,
        /// What the reader says, with the line.
        source: csv::Error,
    },
    /// A field cannot be read.
    #[error("{table}, row of {row}: {problem}")]
    Field {
        /// The file.
        table: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong.
        problem: String,
    },
}

/// One row in hand, so that every complaint names it.
struct Row {
    table: &'static str,
    key: String,
}

impl Row {
    fn wrong(&self, problem: impl Display) -> TableError {
        TableError::Field { table: self.table, row: self.key.clone(), problem: problem.to_string() }
    }

    fn parse<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, TableError> {
        text.parse().map_err(|problem| self.wrong(format_args!("{text:?}: {problem}")))
    }

    fn optional<T: FromStr<Err: Display>>(&self, text: &str) -> Result<Option<T>, TableError> {
        if text.is_empty() { Ok(None) } else { self.parse(text).map(Some) }
    }

    fn list<T: FromStr<Err: Display>>(&self, text: &str) -> Result<Vec<T>, TableError> {
        text.split_ascii_whitespace().map(|word| self.parse(word)).collect()
    }
}

fn rows<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<Vec<T>, TableError> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|source| TableError::Csv { table, source })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GpuRow {
    id: String,
    name: String,
    memory_gb: String,
    memory_units: String,
    compute_slices: String,
    also_reported_gb: String,
    aliases: String,
    pci_device_ids: String,
    confidence: String,
    source: String,
    remark: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileRow {
    gpu: String,
    profile: String,
    profile_id: String,
    max_instances: String,
    starts: String,
    size: String,
    grid: String,
    sm_count: String,
    usable_gib: String,
    figures: String,
    confidence: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MachineRow {
    cloud: String,
    machine_type: String,
    gpu: String,
    gpu_count: String,
    gpu_memory_gb: String,
    vcpus: String,
    memory_gib: String,
    arch: String,
    mig: String,
    mig_note: String,
    accelerator_type: String,
    source: String,
    notes: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachableRow {
    cloud: String,
    machine_types: String,
    gpu: String,
    gpu_count: String,
    max_vcpus: String,
    accelerator_type: String,
    source: String,
}

pub(super) fn gpus(tables: &Tables<'_>) -> Result<Vec<Gpu>, TableError> {
    let mut gpus = Vec::new();
    for row in rows::<GpuRow>("gpus.csv", tables.gpus)? {
        let at = Row { table: "gpus.csv", key: row.id.clone() };
        let grid = match (at.optional(&row.memory_units)?, at.optional(&row.compute_slices)?) {
            (Some(memory_units), Some(compute_slices)) => Some(Grid { memory_units, compute_slices }),
            (None, None) => None,
            _ => return Err(at.wrong("memory_units and compute_slices go together")),
        };
        gpus.push(Gpu {
            id: row.id,
            name: row.name,
            memory_gb: at.optional(&row.memory_gb)?,
            grid,
            also_reported_gb: at.list(&row.also_reported_gb)?,
            aliases: at.list(&row.aliases)?,
            pci_device_ids: at.list(&row.pci_device_ids)?,
            profiles: Vec::new(),
            confidence: at.parse(&row.confidence)?,
            source: row.source,
            remark: row.remark,
        });
    }
    for row in rows::<ProfileRow>("mig_profiles.csv", tables.mig_profiles)? {
        let at = Row { table: "mig_profiles.csv", key: format!("{} {}", row.gpu, row.profile) };
        let gpu = gpus
            .iter_mut()
            .find(|gpu| gpu.id == row.gpu)
            .ok_or_else(|| at.wrong("gpus.csv has no such GPU"))?;
        let facts = profile_facts(&at, row)?;
        if let Some(placements) = &facts.placements {
            let units = gpu.grid.map_or(0, |grid| u16::from(grid.memory_units));
            let end =
                placements.starts.iter().map(|&start| u16::from(start) + u16::from(placements.size)).max();
            if end.is_none_or(|end| end > units) || units > 16 || placements.size == 0 {
                return Err(at.wrong("the placements leave the GPU's grid"));
            }
        }
        gpu.profiles.push(facts);
    }
    Ok(gpus)
}

fn profile_facts(at: &Row, row: ProfileRow) -> Result<ProfileFacts, TableError> {
    let placements = match (at.optional(&row.size)?, row.starts.is_empty()) {
        (Some(size), false) => Some(Starts { starts: at.list(&row.starts)?, size }),
        (None, true) => None,
        _ => return Err(at.wrong("starts and size go together")),
    };
    let placements_confidence = at.optional(&row.grid)?;
    if placements_confidence.is_some() != placements.is_some() {
        return Err(at.wrong("grid says how well starts and size are founded, and goes with them"));
    }
    let (sm_count, usable_gib) = (at.optional(&row.sm_count)?, at.optional(&row.usable_gib)?);
    let figures_confidence = at.optional(&row.figures)?;
    if figures_confidence.is_some() != (sm_count.is_some() || usable_gib.is_some()) {
        return Err(at.wrong("figures says how well sm_count and usable_gib are founded, and goes with them"));
    }
    Ok(ProfileFacts {
        profile: at.parse(&row.profile)?,
        profile_id: at.optional(&row.profile_id)?,
        max_instances: at.parse(&row.max_instances)?,
        placements,
        placements_confidence,
        sm_count,
        usable_gib,
        figures_confidence,
        confidence: at.parse(&row.confidence)?,
        source: row.source,
    })
}

pub(super) fn machines(tables: &Tables<'_>, gpus: &[Arc<Gpu>]) -> Result<Vec<Machine>, TableError> {
    let gpus = by_id(gpus);
    let mut machines = Vec::new();
    for row in rows::<MachineRow>("gpu_machines.csv", tables.gpu_machines)? {
        let at = Row { table: "gpu_machines.csv", key: row.machine_type.clone() };
        let gpu = gpus.get(row.gpu.as_str()).ok_or_else(|| at.wrong("gpus.csv has no such GPU"))?;
        let count = gpu_count(&at, &row.gpu_count)?;
        machines.push(Machine {
            cloud: at.parse(&row.cloud)?,
            gpus: MachineGpus::BuiltIn { gpu: Arc::clone(gpu), count },
            gpu_memory_gb: at.optional::<Fixed<2>>(&row.gpu_memory_gb)?,
            vcpus: at.optional(&row.vcpus)?,
            memory_gib: at.optional(&row.memory_gib)?,
            arch: arch(&at, &row.arch)?,
            mig: mig_support(&at, &row, gpu)?,
            accelerator_type: Some(row.accelerator_type).filter(|name| !name.is_empty()),
            name: row.machine_type,
            source: row.source,
            notes: row.notes,
        });
    }
    Ok(machines)
}

fn gpu_count(at: &Row, text: &str) -> Result<GpuCount, TableError> {
    if text == "fraction" {
        return Ok(GpuCount::UnknownFraction);
    }
    let Some((numerator, denominator)) = text.split_once('/') else {
        return Ok(GpuCount::Whole(at.parse::<std::num::NonZeroU32>(text)?.get()));
    };
    let (numerator, denominator) = (at.parse(numerator)?, at.parse(denominator)?);
    if numerator == 0 || numerator >= denominator {
        return Err(at.wrong("a fraction lies between 0 and 1"));
    }
    Ok(GpuCount::Fraction { numerator, denominator })
}

fn arch(at: &Row, text: &str) -> Result<Arch, TableError> {
    match text {
        "x86_64" => Ok(Arch::X86_64),
        "arm64" => Ok(Arch::Arm64),
        _ => Err(at.wrong(format_args!("{text:?} is not an architecture"))),
    }
}

fn mig_support(at: &Row, row: &MachineRow, gpu: &Gpu) -> Result<MigSupport, TableError> {
    let note = row.mig_note.clone();
    match (row.mig.as_str(), note.is_empty(), gpu.has_mig()) {
        ("yes", true, true) => Ok(MigSupport::Yes),
        ("no", true, false) => Ok(MigSupport::No { reason: format!("{} has no MIG", gpu.name) }),
        ("no", false, _) => Ok(MigSupport::No { reason: note }),
        ("hardware", false, true) => Ok(MigSupport::HardwareOnly { note }),
        ("unverified", false, true) => Ok(MigSupport::Unverified { note }),
        _ => Err(at.wrong(
            "mig is yes, hardware, unverified or no; all but yes need a mig_note, except no on a GPU without MIG",
        )),
    }
}

pub(super) fn attached(tables: &Tables<'_>, gpus: &[Arc<Gpu>]) -> Result<Vec<AttachedFamily>, TableError> {
    let gpus = by_id(gpus);
    let mut families: Vec<AttachedFamily> = Vec::new();
    for row in rows::<AttachableRow>("attachable_gpus.csv", tables.attachable_gpus)? {
        let at = Row { table: "attachable_gpus.csv", key: format!("{} {}", row.machine_types, row.gpu) };
        let gpu = gpus.get(row.gpu.as_str()).ok_or_else(|| at.wrong("gpus.csv has no such GPU"))?;
        let cloud = at.parse(&row.cloud)?;
        let prefix =
            row.machine_types.strip_suffix('*').ok_or_else(|| at.wrong("machine_types ends in a *"))?;
        let count = AttachableCount { gpus: at.parse(&row.gpu_count)?, max_vcpus: at.parse(&row.max_vcpus)? };

        let known = families.iter().position(|family| family.cloud == cloud && family.prefix == prefix);
        let index = known.unwrap_or_else(|| {
            let (prefix, source) = (prefix.to_owned(), row.source.clone());
            families.push(AttachedFamily { cloud, prefix, choices: Vec::new(), source });
            families.len() - 1
        });
        let choices = &mut families[index].choices;
        match choices.iter_mut().find(|choice| choice.gpu.id == row.gpu) {
            Some(choice) => choice.counts.push(count),
            None => choices.push(Attachable {
                gpu: Arc::clone(gpu),
                counts: vec![count],
                accelerator_type: row.accelerator_type,
            }),
        }
    }
    Ok(families)
}
