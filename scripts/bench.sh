#!/usr/bin/env bash
# Measures speed and size against their budgets and prints a table. Fails when a figure is over its budget.
# Arguments select figures: scripts/bench.sh size memory
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

need_compiler
need_rust
need_terraform
cd "$ROOT"

# The provider exactly as it is released, without the sandbox's features. Kept elsewhere, because the next build puts
# its own, with these features, in the same place.
cargo build --locked --release --bin terraform-provider-gpuslice
mkdir -p "$WORK/bench"
cp "${CARGO_TARGET_DIR:-target}/release/terraform-provider-gpuslice" "$WORK/bench/"
export GPUSLICE_PROVIDER=$WORK/bench/terraform-provider-gpuslice
exec cargo bench --locked --features sandbox --bench figures -- "$@"
