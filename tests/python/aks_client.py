"""Microsoft's own Python client drives a sandbox: create, list, read, update, scale, delete, and errors.

    python aks_client.py http://127.0.0.1:PORT

Exit code 0 when all of it went as on the real service.
"""

import json
import sys
import time
import urllib.request

from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.policies import RetryPolicy
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import AgentPool, AgentPoolUpgradeSettings, GPUProfile, NvidiaGPUProfile

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
CLUSTER = ("sandbox", "sandbox")
POOL = (*CLUSTER, "python")

# The client sends tokens over https only, unless it is told otherwise with each call.
PLAIN = {"enforce_https": False}


class Token:
    """What a sandbox takes in place of a token."""

    def get_token(self, *scopes, **kwargs):
        return AccessToken("sandbox", int(time.time()) + 3600)


class Client:
    def __init__(self, root):
        self.root = root
        # The sandbox's operations take moments, not minutes. The client tries again by itself, which is what is
        # tested, but not for as long as it would.
        azure = ContainerServiceClient(
            Token(),
            SUBSCRIPTION,
            base_url=root,
            credential_scopes=["https://management.azure.com/.default"],
            polling_interval=0.05,
            retry_policy=RetryPolicy(retry_total=3, retry_backoff_factor=0.05),
        )
        self.clusters, self.pools, self.machines = azure.managed_clusters, azure.agent_pools, azure.machines

    def fault(self, kind, method, path, **params):
        fault = {"kind": kind, "match": {"method": method, "path": path}, "times": 1, "params": params}
        data = json.dumps(fault).encode()
        request = urllib.request.Request(
            f"{self.root}/sandbox/faults", data=data, headers={"content-type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def put(self, pool, name="python", **more):
        return self.pools.begin_create_or_update(*CLUSTER, name, pool, **PLAIN, **more)

    def pool(self, name="python"):
        return self.pools.get(*CLUSTER, name, **PLAIN)

    def delete(self, name="python", **more):
        return self.pools.begin_delete(*CLUSTER, name, **PLAIN, **more)


def refused(call, kind, status, code):
    try:
        answer = call()
    except HttpResponseError as error:
        assert isinstance(error, kind) and error.status_code == status, repr(error)
        # The client reads a code out of both shapes of errors.
        assert code in (error.error.code if error.error else str(error)), repr(error)
        return error
    raise AssertionError(f"not refused: {answer}")


def wanted(**more):
    return AgentPool(
        vm_size="Standard_NC24ads_A100_v4",
        count=1,
        mode="User",
        os_type="Linux",
        gpu_instance_profile="MIG2g",
        node_labels={"a": "b"},
        **more,
    )


def life(client):
    absent = {"etag": None, "match_condition": MatchConditions.IfMissing}
    # Long enough that the second one comes while the first is being made, however slow the machine is.
    client.fault("hang_operation", "PUT", "/agentPools/python", length="5s")
    created = client.put(wanted(), **absent)
    refused(lambda: client.put(wanted(), name="other"), ResourceExistsError, 409, "OperationNotAllowed")
    pool = created.result()
    assert pool.provisioning_state == "Succeeded" and pool.gpu_instance_profile == "MIG2g", pool
    assert pool.gpu_profile.driver == "Install", "Azure fills it in"
    assert pool.name == "python" and pool.type == "Microsoft.ContainerService/managedClusters/agentPools"
    assert "python" in [pool.name for pool in client.pools.list(*CLUSTER, **PLAIN)]
    refused(lambda: client.put(wanted(), **absent), HttpResponseError, 412, "PreconditionFailed")
    # Paths do not distinguish case.
    assert client.pools.get("SANDBOX", "Sandbox", "Python", **PLAIN).id.lower() == pool.id.lower()


def changes(client):
    pool = client.pool()
    etag = pool.e_tag
    pool.node_labels = {"a": "c"}
    pool.tags = {"Team": "x"}
    pool.upgrade_settings = AgentPoolUpgradeSettings(max_surge="1", max_unavailable="0")
    unmodified = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    changed = client.put(pool, **unmodified).result()
    assert changed.node_labels == {"a": "c"} and changed.e_tag != etag, changed
    assert {key.lower(): value for key, value in changed.tags.items()} == {"team": "x"}
    refused(lambda: client.put(pool, **unmodified), HttpResponseError, 412, "PreconditionFailed")
    refused(lambda: client.delete(**unmodified), HttpResponseError, 412, "PreconditionFailed")

    changed.count = 2
    assert client.put(changed).result().count == 2
    machines = list(client.machines.list(*POOL, **PLAIN))
    assert len(machines) == 2, machines
    assert client.machines.get(*POOL, machines[0].name, **PLAIN).name == machines[0].name
    changed.enable_auto_scaling, changed.min_count, changed.max_count = True, 1, 3
    changed = client.put(changed).result()
    assert (changed.min_count, changed.max_count) == (1, 3), changed

    changed.gpu_instance_profile = "MIG1g"
    error = refused(lambda: client.put(changed), HttpResponseError, 400, "PropertyChangeNotAllowed")
    assert "gpuInstanceProfile" in error.message, error


def managed(client):
    profile = GPUProfile(driver="Install", nvidia=NvidiaGPUProfile(management_mode="Managed"))
    pool = client.put(wanted(gpu_profile=profile), name="managed").result()
    assert pool.gpu_profile.nvidia.management_mode == "Managed", pool
    pool.gpu_profile = GPUProfile(driver="Install", nvidia=NvidiaGPUProfile(management_mode="Unmanaged"))
    error = refused(lambda: client.put(pool, name="managed"), HttpResponseError, 400, "PropertyChangeNotAllowed")
    assert "managementMode" in error.message, error
    client.delete("managed", ignore_pod_disruption_budget=True).result()


def bad_days(client):
    # The client waits as long as it is told, and then asks again by itself: both a PUT and a poll.
    client.fault("throttle", "PUT", "/agentPools/", retry_after="1s")
    client.fault("throttle", "GET", "/operations/", retry_after="1s")
    started = time.monotonic()
    pool = client.pool()
    pool.node_labels = {"a": "d"}
    assert client.put(pool).result().node_labels == {"a": "d"}
    assert time.monotonic() - started >= 2, "Retry-After counts"

    client.fault("busy", "PUT", "/agentPools/")
    refused(lambda: client.put(pool), ResourceExistsError, 409, "OperationNotAllowed")
    client.fault("quota", "PUT", "/agentPools/")
    refused(lambda: client.put(pool), HttpResponseError, 400, "InsufficientVCPUQuota")
    client.fault("permission", "GET", "/agentPools/")
    refused(client.pool, HttpResponseError, 403, "AuthorizationFailed")

    # A create that fails leaves its pool behind, with the reason.
    client.fault("failed_operation", "PUT", "/agentPools/failed")
    poller = client.put(wanted(), name="failed")
    refused(poller.result, HttpResponseError, 200, "")
    left = client.pool("failed")
    assert left.provisioning_state == "Failed" and left.status.provisioning_error.code, left
    client.delete("failed").result()


def ends(client):
    client.delete().result()
    refused(client.pool, ResourceNotFoundError, 404, "NotFound")
    # What does not exist is deleted already: 204, and no operation.
    client.delete().result()
    missing = lambda: client.clusters.get("sandbox", "missing", **PLAIN)
    refused(missing, ResourceNotFoundError, 404, "ResourceNotFound")
    missing = lambda: client.clusters.get("missing", "missing", **PLAIN)
    refused(missing, ResourceNotFoundError, 404, "ResourceGroupNotFound")


def overview(client):
    cluster = client.clusters.get(*CLUSTER, **PLAIN)
    assert cluster.location == "eastus" and cluster.current_kubernetes_version, cluster
    assert cluster.id in [other.id for other in client.clusters.list(**PLAIN)]
    assert cluster.id in [other.id for other in client.clusters.list_by_resource_group(CLUSTER[0], **PLAIN)]
    versions = client.pools.get_available_agent_pool_versions(*CLUSTER, **PLAIN)
    assert cluster.current_kubernetes_version in [version.kubernetes_version for version in versions.agent_pool_versions]
    profile = client.pools.get_upgrade_profile(*POOL, **PLAIN)
    assert profile.kubernetes_version == cluster.current_kubernetes_version, profile


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    client = Client(arguments[0])
    life(client)
    overview(client)
    changes(client)
    managed(client)
    bad_days(client)
    ends(client)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
