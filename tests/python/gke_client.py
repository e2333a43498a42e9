"""Google's own Python client drives a sandbox: create, list, read, update, resize, delete, and errors.

    python gke_client.py http://127.0.0.1:PORT

Exit code 0 when all of it went as on the real service.
"""

import sys
import time

import google.oauth2.credentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

LOCATION = "projects/sandbox/locations/us-central1"
CLUSTER = f"{LOCATION}/clusters/sandbox"
POOL = f"{CLUSTER}/nodePools/python"


def build(service, root):
    return discovery.build(
        service,
        "v1",
        static_discovery=True,
        credentials=google.oauth2.credentials.Credentials(token="sandbox"),
        client_options={"api_endpoint": root},
    )


class Client:
    def __init__(self, root):
        self.container = build("container", root)
        # The document's service path is part of the end point here.
        self.compute = build("compute", f"{root}/compute/v1/")
        locations = self.container.projects().locations()
        self.clusters = locations.clusters()
        self.pools = self.clusters.nodePools()
        self.operations = locations.operations()

    def wait(self, operation):
        name = f"projects/sandbox/locations/{operation['location']}/operations/{operation['name']}"
        for _ in range(600):
            operation = self.operations.get(name=name).execute()
            if operation["status"] == "DONE":
                assert "error" not in operation, operation
                return
            time.sleep(0.05)
        raise AssertionError(f"{operation} does not end")

    def pool(self):
        return self.pools.get(name=POOL).execute()

    def sizes(self):
        """The target sizes of the pool's groups, read page by page."""
        groups = {url.rsplit("/", 1)[1] for url in self.pool().get("instanceGroupUrls", [])}
        sizes = []
        for zone in self.pool()["locations"]:
            managers = self.compute.instanceGroupManagers()
            request = managers.list(project="sandbox", zone=zone, maxResults=1)
            while request is not None:
                answer = request.execute()
                sizes += [item["targetSize"] for item in answer.get("items", []) if item["name"] in groups]
                request = managers.list_next(request, answer)
        return sizes


def refused(request, status, reason):
    try:
        answer = request.execute()
    except HttpError as error:
        assert error.status_code == status, error
        assert reason in error.reason, error.reason
        return
    raise AssertionError(f"not refused: {answer}")


def accelerator(**more):
    return {
        "acceleratorCount": "1",
        "acceleratorType": "nvidia-tesla-a100",
        "gpuPartitionSize": "1g.5gb",
        **more,
    }


def life(client):
    wanted = {
        "name": "python",
        "initialNodeCount": 1,
        "locations": ["us-central1-a", "us-central1-b"],
        "config": {"machineType": "a2-highgpu-1g", "accelerators": [accelerator()], "spot": True},
    }
    create = client.pools.create(parent=CLUSTER, body={"nodePool": wanted})
    client.wait(create.execute())
    refused(client.pools.create(parent=CLUSTER, body={"nodePool": wanted}), 409, "python")
    assert "python" in [pool["name"] for pool in client.pools.list(parent=CLUSTER).execute()["nodePools"]]
    pool = client.pool()
    assert pool["status"] == "RUNNING", pool
    assert pool["config"]["accelerators"][0]["gpuDriverInstallationConfig"]["gpuDriverVersion"] == "DEFAULT", pool
    assert client.sizes() == [1, 1]

    client.wait(client.pools.update(name=POOL, body={"labels": {"labels": {"a": "b"}}}).execute())
    assert client.pool()["config"]["labels"] == {"a": "b"}
    sharing = {"gpuSharingStrategy": "MPS", "maxSharedClientsPerGpu": "3"}
    body = {"accelerators": [accelerator(gpuSharingConfig=sharing)]}
    client.wait(client.pools.update(name=POOL, body=body).execute())
    assert client.pool()["config"]["accelerators"][0]["gpuSharingConfig"] == sharing
    body = {"accelerators": [accelerator(acceleratorCount="2")]}
    refused(client.pools.update(name=POOL, body=body), 400, "should not be updated")
    body = {"labels": {"labels": {"a": "c"}}, "etag": "stale"}
    refused(client.pools.update(name=POOL, body=body), 409, "etag")

    client.wait(client.pools.setSize(name=POOL, body={"nodeCount": 2}).execute())
    assert client.sizes() == [2, 2]
    scaling = {"enabled": True, "totalMinNodeCount": 1, "totalMaxNodeCount": 4, "locationPolicy": "ANY"}
    client.wait(client.pools.setAutoscaling(name=POOL, body={"autoscaling": scaling}).execute())
    assert client.pool()["autoscaling"] == scaling
    update = {"desiredNodePoolId": "python", "desiredNodePoolAutoscaling": {"enabled": False}}
    client.wait(client.clusters.update(name=CLUSTER, body={"update": update}).execute())
    assert client.pool()["autoscaling"] == {}
    management = {"autoRepair": True, "autoUpgrade": True}
    client.wait(client.pools.setManagement(name=POOL, body={"management": management}).execute())
    refused(client.pools.rollback(name=POOL, body={}), 400, "roll back")

    client.wait(client.pools.delete(name=POOL).execute())
    refused(client.pools.get(name=POOL), 404, "Not found")


def overview(client):
    cluster = client.clusters.get(name=CLUSTER).execute()
    assert cluster["currentMasterVersion"] in client.container.projects().locations().getServerConfig(
        name=LOCATION
    ).execute()["validMasterVersions"]
    everywhere = client.clusters.list(parent="projects/sandbox/locations/-").execute()["clusters"]
    assert cluster["selfLink"] in [other["selfLink"] for other in everywhere]
    assert client.operations.list(parent=LOCATION).execute()["operations"]


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    client = Client(arguments[0])
    life(client)
    overview(client)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
