//! A provider for tests of the plugin layer: what it does, the configuration tells it to do.

mod probe;

use std::process::ExitCode;

fn main() -> ExitCode {
    gpuslice::tfplugin::serve(probe::ABOUT, probe::Probe::default)
}
