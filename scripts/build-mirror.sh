#!/usr/bin/env bash
# Builds the provider and writes the mirror from which `terraform init` installs it.
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

need_compiler
need_rust
cd "$ROOT"
cargo build --locked --release --bin terraform-provider-gpuslice
scripts/mirror.sh target/release/terraform-provider-gpuslice "$WORK/install"
say "to use it: export TF_CLI_CONFIG_FILE=$WORK/install/terraform.rc"
