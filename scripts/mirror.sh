#!/usr/bin/env bash
# mirror.sh BINARY FOLDER: makes `terraform init` find a built provider without any registry.
#
# Writes FOLDER/mirror, an unpacked filesystem mirror, and FOLDER/terraform.rc, a CLI configuration that installs
# gpuslice/gpuslice from it and everything else as usual. Use it with TF_CLI_CONFIG_FILE=FOLDER/terraform.rc.
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

[[ $# == 2 ]] || die "usage: scripts/mirror.sh BINARY FOLDER"
binary=$1
[[ -f $binary ]] || die "$binary is not a file: build it first (cargo build)"
mkdir -p "$2"
folder=$(cd "$2" && pwd)

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)
# OpenTofu reads the same source address below another host.
for host in registry.terraform.io registry.opentofu.org; do
  place=$folder/mirror/$host/gpuslice/gpuslice/$version/$(platform)
  rm -rf "$folder/mirror/$host/gpuslice/gpuslice"
  mkdir -p "$place"
  install -m 755 "$binary" "$place/terraform-provider-gpuslice_v$version"
done

cat >"$folder/terraform.rc" <<EOF
provider_installation {
  filesystem_mirror {
    path    = "$folder/mirror"
    include = ["gpuslice/gpuslice"]
  }
  direct {
    exclude = ["gpuslice/gpuslice"]
  }
}
EOF
