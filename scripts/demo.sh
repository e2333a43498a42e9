#!/usr/bin/env bash
# The provider from init to destroy with the real terraform, against the embedded sandbox: no cloud account, no
# network. Exit code 0 means that every step did what its heading says.
#
# GPUSLICE_BIN: a folder with both binaries, to run those instead of building.
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

EXAMPLE=$ROOT/examples/two-clouds
# NVIDIA's name of a profile that exists, but not on the example's A100.
WRONG_PROFILE=1g.18gb
# How long a cloud operation takes in the sandbox.
LATENCY=2s

sandbox=
folder=

step() { printf '\n== %s\n' "$*"; }

cleanup() {
  local code=$?
  trap - EXIT INT TERM
  if [[ -n $sandbox ]]; then
    kill "$sandbox" 2>/dev/null || true
    wait "$sandbox" 2>/dev/null || true
  fi
  [[ -z $folder ]] || rm -rf "$folder"
  ((code == 0)) || say "the demo failed (exit code $code)"
  exit "$code"
}

# run WANTED COMMAND...: quiet when the exit code is WANTED, else prints the output and ends the demo.
run() {
  local wanted=$1 code=0
  shift
  "$@" >"$folder/log" 2>&1 || code=$?
  if ((code != wanted)); then
    cat "$folder/log" >&2
    die "$* ended with exit code $code instead of $wanted"
  fi
}

# show PATTERN: the lines that tell what the last command did; without them it did something else.
show() {
  grep -E "$1" "$folder/log" || die "expected to read $1 in: $(cat "$folder/log")"
}

terraform() { "$GPUSLICE_TERRAFORM" "$@"; }

# read_json EXPRESSION: reads the working folder's JSON files. Terraform is the one JSON reader that is sure to be
# here. It runs beside the configuration, so that it looks at nothing else, and prints text of several lines between
# markers.
read_json() {
  terraform -chdir="$folder/json" console <<<"$1" | sed -e '/^<<EOT$/d' -e '/^EOT$/d' -e 's/^"\(.*\)"$/\1/'
}

step "Build the provider and the sandbox"
need_compiler
need_rust
need_terraform
if [[ -z ${GPUSLICE_BIN:-} ]]; then
  # The debug profile: it builds in half the time, and the demo waits for the sandbox's clouds, not for code.
  (cd "$ROOT" && cargo build --locked --features sandbox --bins)
  GPUSLICE_BIN=${CARGO_TARGET_DIR:-$ROOT/target}/debug
fi

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
folder=$(mktemp -d "$WORK/demo.XXXXXX")
mkdir "$folder/json"

step "Start the sandbox: an embedded AKS and GKE that speak their real APIs"
: >"$folder/sandbox.log"
"$GPUSLICE_BIN/gpuslice-sandbox" serve --listen 127.0.0.1:0 --latency "$LATENCY" >>"$folder/sandbox.log" 2>&1 &
sandbox=$!
url=
for ((tries = 0; tries < 100 && ${#url} == 0; tries++)); do
  kill -0 "$sandbox" 2>/dev/null || die "the sandbox ended at once: $(cat "$folder/sandbox.log")"
  url=$(sed -n 's/^gpuslice-sandbox listening on //p' "$folder/sandbox.log")
  [[ -n $url ]] || sleep 0.1
done
[[ -n $url ]] || die "the sandbox did not start: $(cat "$folder/sandbox.log")"
echo "$url"

# Nothing of the caller's own set-up takes part.
for name in $(compgen -e | grep '^TF_' || true); do unset "$name"; done
"$ROOT/scripts/mirror.sh" "$GPUSLICE_BIN/terraform-provider-gpuslice" "$folder"
export TF_CLI_CONFIG_FILE=$folder/terraform.rc TF_CLI_ARGS=-no-color TF_INPUT=0 TF_IN_AUTOMATION=1
# The sandbox is on this machine, and a proxy is not the way to it.
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
export CHECKPOINT_DISABLE=1 GPUSLICE_SANDBOX=$url
mkdir "$folder/work"
cp "$EXAMPLE"/*.tf "$folder/work"
cd "$folder/work"

step "terraform init: installs the provider from a mirror on this disk"
run 0 terraform init
show '^- Install'

step "terraform validate"
run 0 terraform validate
show .

step "One resource for both clouds: what differs between them is in a variable"
sed -n -e '/^  default = {$/,/^  }$/p' -e '/^resource /,/^}$/p' main.tf

step "terraform plan: the slices are known before anything exists"
run 2 terraform plan -detailed-exitcode -out=demo.tfplan
show '^Plan:'
terraform show -json demo.tfplan >"$folder/json/plan.json"
# The pools as planned, by cloud.
pools="{ for r in jsondecode(file(\"plan.json\")).planned_values.root_module.resources : r.index => r.values }"
read_json "join(\"\\n\", [for cloud, p in $pools : format(\"%-6s  %v slices per GPU, %v per node, %v in total, %v GiB \
each, requested as %v\", cloud, p.slices.per_gpu, p.slices.per_node, p.slices.total, p.slices.memory_gib, \
p.slices.resource_name)])"

step "terraform apply: creates both node pools"
run 0 terraform apply demo.tfplan
show 'Creation complete|^Apply complete'

# nodes CLOUD: the nodes of a cloud's pool, as its cluster would show them, go to nodes.json.
nodes() {
  local cluster
  cluster=$(read_json "($pools)[\"$1\"].cluster_id")
  curl -sSf --get --data-urlencode "cluster=$cluster" "$url/sandbox/nodes" >"$folder/json/nodes.json"
}
mine="[for n in jsondecode(file(\"nodes.json\")) : n if n.pool == \"mig1g\"]"

step "The sandbox's own nodes, beside the plan"
for cloud in azure google; do
  slices="($pools)[\"$cloud\"].slices"
  offers="tonumber(lookup(n.allocatable, $slices.resource_name, \"0\"))"
  as_planned="[for n in $mine : $offers == $slices.per_node]"
  # A node advertises its slices some time after it is ready, in the sandbox as in the cloud.
  same=false
  for ((tries = 0; tries < 60; tries++)); do
    nodes "$cloud"
    same=$(read_json "length($as_planned) == ($pools)[\"$cloud\"].node_count && alltrue($as_planned)")
    [[ $same != true ]] || break
    sleep 0.5
  done
  read_json "join(\"\\n\", [for n in $mine : format(\"%-6s  %-30s  planned %v, allocatable %v\", \"$cloud\", \
    n.name, $slices.per_node, $offers)])"
  [[ $same == true ]] || die "the nodes of $cloud do not offer the slices that were planned"
done

step "What a workload needs to land on the slices: the same on both clouds"
terraform output -json scheduling >"$folder/json/scheduling.json"
read_json "jsondecode(file(\"scheduling.json\")).azure"
same=$(read_json "length(distinct([for pool in values(jsondecode(file(\"scheduling.json\"))) : jsonencode(pool)])) == 1")
[[ $same == true ]] || die "the clouds differ: $(cat "$folder/json/scheduling.json")"

step "terraform plan again: nothing to do"
run 0 terraform plan -detailed-exitcode
show '^No changes'

step "A profile that these GPUs do not have is refused at plan, with what each cloud offers"
run 1 terraform plan -var "mig_profile=$WRONG_PROFILE"
# Without the warning that everything here is a sandbox.
sed -e '1,/^Error: /{ /^Error: /!d; }' -e '/^$/d' "$folder/log"
grep -q "^Error: .*$WRONG_PROFILE" "$folder/log" || die "the message does not name $WRONG_PROFILE"
[[ $(grep -c "1g.10gb: 7 slices" "$folder/log") == 2 ]] || die "the message does not tell what there is to choose from"

step "terraform destroy"
run 0 terraform destroy -auto-approve
show '^Destroy complete'
for cloud in azure google; do
  nodes "$cloud"
  [[ $(read_json "length($mine)") == 0 ]] || die "nodes of $cloud are left in the sandbox after destroy"
done

step "Stop the sandbox"
kill "$sandbox"
wait "$sandbox" 2>/dev/null || true
sandbox=
printf '\nAll steps done.\n'
