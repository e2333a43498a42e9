#!/usr/bin/env bash
# The provider from init to destroy with the real terraform, against the embedded sandbox: no cloud account, no
# network. Exit code 0 means that every step did what its heading says.
#
# GPUSLICE_BIN: a folder with both binaries, to run those instead of building.
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

EXAMPLE=$ROOT/examples/three-clouds
# NVIDIA's name of a profile that exists, but not on the example's GPUs.
WRONG_PROFILE=1g.18gb
# Empty where there is none: the demo then shows the sandbox's own list of nodes.
kubectl=$(command -v kubectl >/dev/null && echo kubectl || true)
# How long a cloud operation takes in the sandbox.
LATENCY=2s
# How long the demo waits for slices. With operations that short they are there in a second or two, or never.
PATIENCE=5s

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
  # Without the ids, which make long lines of short ones.
  grep -E "$1" "$folder/log" | sed 's/ \[id=.*\]$//' || die "expected to read $1 in: $(cat "$folder/log")"
}

# diagnostics: the errors and warnings of the last command, without the one that everything here is a sandbox.
diagnostics() {
  awk '/^(Error|Warning): /{ on = !/talks to a sandbox/ } on && NF' "$folder/log"
}

terraform() { "$GPUSLICE_TERRAFORM" "$@"; }

# read_json EXPRESSION: reads the working folder's JSON files. Terraform is the one JSON reader that is sure to be
# here. It runs beside the configuration, so that it looks at nothing else, and prints text of several lines between
# markers.
read_json() {
  terraform -chdir="$folder/json" console <<<"$1" | sed -e '/^<<EOT$/d' -e '/^EOT$/d' -e 's/^"\(.*\)"$/\1/'
}

# ask PATH: a GET to the sandbox's own API about the cluster.
ask() { curl -sSf --get --data-urlencode "cluster=$2" "$url/sandbox/$1"; }

# actor KIND: lets somebody else act in the AKS cluster.
actor() {
  curl -sSf --data "{\"kind\": \"$1\", \"cluster\": \"$aks\"}" "$url/sandbox/actors" >/dev/null
  echo "(sandbox actor: $1)"
}

# uids [CLOUD]: the nodes of the example's pools, which stay the same while the machines do.
uids() {
  ask nodes "$aks" >"$folder/json/azure.json"
  ask nodes "$gke" >"$folder/json/google.json"
  ask nodes "$eks" >"$folder/json/amazon.json"
  read_json "join(\" \", sort([for n in $nodes : n.uid if contains([\"mig1g\", \"notebooks\"], n.pool) \
&& contains([n.cloud, \"\"], \"${1:-}\")]))"
}
# An expression of Terraform's, whose braces are not the shell's.
# shellcheck disable=SC2016
nodes='concat([for c in ["azure", "google", "amazon"] : [for n in jsondecode(file("${c}.json")) : merge(n, { cloud = c })]]...)'

# show_nodes: all nodes of all clusters with their pool, how their GPUs are sliced, and what pods can ask for.
show_nodes() {
  local cluster pool
  if [[ -z $kubectl ]]; then
    uids >/dev/null
    echo "(kubectl is not installed: the sandbox's own list)"
    printf '%-38s  %-12s  %-8s  %-12s  %s\n' NODE POOL PROFILE SHARING ALLOCATABLE
    read_json "join(\"\\n\", [for n in $nodes : format(\"%-38s  %-12s  %-8s  %-12s  %s\", n.name, n.pool, \
lookup(n.labels, \"gpuslice/profile\", \"-\"), lookup(n.labels, \"gpuslice/sharing\", \"-\"), \
lookup(n.allocatable, \"nvidia.com/gpu\", \"-\"))])"
    return
  fi
  for cluster in "$aks" "$gke" "$eks"; do
    case $cluster in
      "$aks") pool=agentpool ;;
      "$gke") pool='cloud\.google\.com/gke-nodepool' ;;
      *) pool='eks\.amazonaws\.com/nodegroup' ;;
    esac
    "$GPUSLICE_BIN/gpuslice-sandbox" kubeconfig --cluster "$cluster" --url "$url" >"$folder/kubeconfig"
    kubectl --kubeconfig "$folder/kubeconfig" get nodes --output "custom-columns=NODE:.metadata.name,\
POOL:.metadata.labels.$pool,PROFILE:.metadata.labels.gpuslice/profile,SHARING:.metadata.labels.gpuslice/sharing,\
ALLOCATABLE:.status.allocatable.nvidia\.com/gpu"
  done
}

# check_nodes: every node offers what the state says of its pool.
check_nodes() {
  local same
  uids >/dev/null
  terraform output -json slices >"$folder/json/slices.json"
  same=$(read_json "alltrue([for n in $nodes : tonumber(lookup(n.allocatable, \"nvidia.com/gpu\", \"0\")) == \
jsondecode(file(\"slices.json\"))[n.cloud][n.pool == \"mig1g\" ? \"inference\" : \"notebooks\"].per_node \
if contains([\"mig1g\", \"notebooks\"], n.pool)])")
  [[ $same == true ]] || die "the nodes do not offer the slices that were planned"
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

step "Start the sandbox: an embedded AKS, GKE and EKS that speak their real APIs"
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
# In a cloud slices take minutes; here they take seconds, and so does giving up on them.
export TF_VAR_patience=$PATIENCE
mkdir "$folder/work"
cp "$EXAMPLE"/*.tf "$folder/work"
cd "$folder/work"

step "terraform init: installs the provider from a mirror on this disk"
run 0 terraform init
show '^- Install'

step "Two resources for all clouds: what differs between the clouds is in a variable"
sed -n -e '/^  default = {$/,/^  }$/p' -e '/^resource /,/^}$/p' main.tf

step "terraform plan: the slices are known before anything exists"
run 2 terraform plan -detailed-exitcode -out=demo.tfplan
show '^Plan:'
terraform show -json demo.tfplan >"$folder/json/plan.json"
# The pools as planned, in the order of their clouds.
pools="[for r in jsondecode(file(\"plan.json\")).planned_values.root_module.resources : merge(r.values, {cloud = r.index, \
profile = lookup(r.values, \"mig_profile\", null) != null ? r.values.mig_profile : format(\"%d in turns\", r.values.replicas)}) \
if r.type != \"gpuslice_slice_check\"]"
read_json "join(\"\\n\", [for p in $pools : format(\"%-6s  %-9s  %-10s  %v slices per GPU, %2v in total, %-13s  \
requested as %v\", p.cloud, p.name, p.profile, p.slices.per_gpu, p.slices.total, \
p.slices.memory_gib == null ? \"memory shared\" : \"\${p.slices.memory_gib} GiB each\", p.slices.resource_name)])"
aks=$(read_json "[for p in $pools : p.cluster_id if p.cloud == \"azure\"][0]")
gke=$(read_json "[for p in $pools : p.cluster_id if p.cloud == \"google\"][0]")
eks=$(read_json "[for p in $pools : p.cluster_id if p.cloud == \"amazon\"][0]")

step "terraform apply: creates the node pools, configures AKS's device plugin, and looks for the slices"
run 0 terraform apply demo.tfplan
show 'Creation complete|^Apply complete'

step "The nodes and their slices, as ${kubectl:-the sandbox} sees them"
show_nodes
check_nodes

step "What a workload needs to land on a slice: the same on all clouds"
terraform output -json scheduling >"$folder/json/scheduling.json"
read_json "jsondecode(file(\"scheduling.json\")).azure.inference"
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
[[ $(grep -c "1g.10gb: 7 slices" "$folder/log") == 3 ]] || die "the message does not tell what there is to choose from"

step "Eight containers on each shared GPU instead of four: the same pools, and on AKS the same nodes"
before=$(uids azure)
run 0 terraform apply -auto-approve -var replicas=8
show 'Modifications complete|^Apply complete'
[[ $(uids azure) == "$before" ]] || die "nodes of AKS were replaced"
show_nodes
check_nodes

step "A bad day: somebody breaks AKS's device plugin, and a node is added in each cloud"
actor break_plugin
run 1 terraform apply -auto-approve -var replicas=8 -var notebook_nodes=2
diagnostics

step "The device plugin is mended: the next apply looks again. No pool was touched"
actor mend_plugin
run 0 terraform apply -auto-approve -var replicas=8 -var notebook_nodes=2
show '^Plan:|Creation complete|^Apply complete'
check_nodes

step "terraform destroy"
run 0 terraform destroy -auto-approve
show '^Destroy complete'
show_nodes
[[ -z $(uids) ]] || die "nodes are left in the sandbox after destroy"

step "Stop the sandbox"
kill "$sandbox"
wait "$sandbox" 2>/dev/null || true
sandbox=
printf '\nAll steps done.\n'
