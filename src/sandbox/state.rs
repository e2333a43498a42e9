//! The whole world, and how it survives a restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::clock::Millis;
use super::clouds::Clouds;
use super::kubernetes::{Authority, Kubernetes};
use super::random::Random;

/// The version of the state file; another one is not read.
const VERSION: u32 = 4;

/// Everything that exists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct World {
    v: u32,
    pub(crate) random: Random,
    pub(crate) clouds: Clouds,
    pub(crate) kubernetes: Kubernetes,
    /// Vouches for the API servers of all clusters.
    pub(crate) authority: Authority,
}

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// Reading or writing failed: mend the path or its rights.
    #[error("state file {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// Not written by a sandbox, or cut short by hand: remove it to start anew.
    #[error("state file {} is not a sandbox's state ({source}); remove it to start anew", path.display())]
    Content { path: PathBuf, source: serde_json::Error },
    /// Written by another version: remove it to start anew.
    #[error("state file {} has version {found}, this sandbox reads {VERSION}; remove it to start anew", path.display())]
    Version { path: PathBuf, found: u32 },
}

impl World {
    /// The world at its beginning.
    pub(crate) fn seeded(now: Millis, seed: u64, authority: Authority) -> Self {
        let mut random = Random::new(seed);
        let clouds = Clouds::seeded(now, &mut random);
        Self { v: VERSION, random, clouds, kubernetes: Kubernetes::default(), authority }
    }

    /// The world as it was left; none where the file does not exist.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, StateError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateError::Io { path: path.to_owned(), source }),
        };
        #[derive(Deserialize)]
        struct Header {
            v: u32,
        }
        let content = |source| StateError::Content { path: path.to_owned(), source };
        let header: Header = serde_json::from_slice(&text).map_err(content)?;
        if header.v != VERSION {
            return Err(StateError::Version { path: path.to_owned(), found: header.v });
        }
        serde_json::from_slice(&text).map(Some).map_err(content)
    }

    /// Writes the file beside its place and moves it there, so that a kill leaves the old or the new state.
    pub(crate) fn save(&self, path: &Path) -> Result<(), StateError> {
        let failed = |source| StateError::Io { path: path.to_owned(), source };
        let text = serde_json::to_vec(self)
            .map_err(|source| StateError::Content { path: path.to_owned(), source })?;
        let beside = path.with_extension(format!("tmp{}", std::process::id()));
        // Not synced to the disk: this is for kills, not for power cuts, and it happens on every change.
        fs::write(&beside, text).map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert!(World::load(&path).unwrap().is_none());
        let world = World::seeded(5, 1, Authority::new().unwrap());
        world.save(&path).unwrap();
        let again = World::load(&path).unwrap().unwrap();
        assert_eq!(serde_json::to_value(&world).unwrap(), serde_json::to_value(&again).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_of_something_else_is_refused_with_advice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for (text, part) in
            [("{}", "not a sandbox's state"), ("{\"v\":99}", "has version 99"), ("x", "remove it")]
        {
            fs::write(&path, text).unwrap();
            let message = World::load(&path).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
