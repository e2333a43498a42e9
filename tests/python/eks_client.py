"""Amazon's own Python client drives a sandbox: node groups, launch templates, updates, tags, identities, and errors.

    python eks_client.py http://127.0.0.1:PORT

Exit code 0 when all of it went as on the real services.
"""

import base64
import json
import sys
import time
import urllib.request
from functools import cached_property

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

CLUSTER = "sandbox"
GROUP = {"clusterName": CLUSTER, "nodegroupName": "python"}
ROLE = "arn:aws:iam::000000000000:role/node"
SUBNETS = ["subnet-0000000000000000a", "subnet-0000000000000000b"]

# The sandbox knows the secret of these keys, and looks at what they sign.
KEY, SECRET = "AKIASANDBOX", "sandbox"

# Its operations take moments, not minutes.
SOON = {"Delay": 0.1, "MaxAttempts": 600}

PREFIX = "[settings.kubelet-device-plugins.nvidia"
SEVEN = f"""{PREFIX}]
device-partitioning-strategy = "mig"
{PREFIX}.mig.profile]
"a100.40gb" = "1g.5gb"
"""


class Client:
    def __init__(self, root, key=KEY, secret=SECRET, token=None):
        self.root, self.session = root, boto3.Session(key, secret, token, region_name="us-east-1")

    # Each service at its own endpoint, or all of them at one. What nobody asks for is not made: that takes a while.
    eks = cached_property(lambda self: self.service("eks", "/eks"))
    ec2 = cached_property(lambda self: self.service("ec2", "/ec2"))
    sts = cached_property(lambda self: self.service("sts"))
    scaling = cached_property(lambda self: self.service("autoscaling"))

    def service(self, name, path=""):
        retries = Config(retries={"mode": "standard", "max_attempts": 5})
        return self.session.client(name, endpoint_url=self.root + path, config=retries)

    def post(self, path, body):
        request = urllib.request.Request(
            self.root + path, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def fault(self, kind, method, path, **params):
        match = {"cloud": "eks", "method": method, "path": path}
        self.post("/sandbox/faults", {"kind": kind, "match": match, "times": 1, "params": params})

    def group(self, name="python"):
        return self.eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"]

    def wait(self, waiter, name="python"):
        self.eks.get_waiter(waiter).wait(clusterName=CLUSTER, nodegroupName=name, WaiterConfig=SOON)

    def finished(self, update, name="python"):
        """The update once it has ended; there is no waiter for those of node groups."""
        deadline = time.monotonic() + 60
        while update["status"] == "InProgress":
            assert time.monotonic() < deadline, update
            time.sleep(0.1)
            found = self.eks.describe_update(name=CLUSTER, updateId=update["id"], nodegroupName=name)
            update = found["update"]
        return update


def refused(call, code, status, words=""):
    """The error of a call that must fail, with its modelled class where it has one."""
    try:
        answer = call()
    except ClientError as error:
        found = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert found == (code, status) and words in str(error), repr(error)
        return error
    raise AssertionError(f"not refused: {answer}")


def template_data(user_data):
    return {
        "UserData": base64.b64encode(user_data.encode()).decode(),
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 200, "VolumeType": "gp3", "Encrypted": True}}
        ],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a & b"}]}],
    }


def templates(client):
    ec2 = client.ec2
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "pool", "Value": "python"}]}]
    wanted = {
        "LaunchTemplateName": "python",
        "ClientToken": "once",
        "LaunchTemplateData": template_data(""),
        "TagSpecifications": tags,
    }
    made = ec2.create_launch_template(**wanted)["LaunchTemplate"]
    assert made["LatestVersionNumber"] == made["DefaultVersionNumber"] == 1, made
    assert made["Tags"] == [{"Key": "pool", "Value": "python"}], made
    identifier = made["LaunchTemplateId"]
    assert ec2.create_launch_template(**wanted)["LaunchTemplate"]["LaunchTemplateId"] == identifier, "idempotent"
    other = {**wanted, "ClientToken": "twice"}
    refused(lambda: ec2.create_launch_template(**other), "InvalidLaunchTemplateName.AlreadyExistsException", 400)
    changed = {**wanted, "LaunchTemplateData": template_data("x = 1")}
    refused(lambda: ec2.create_launch_template(**changed), "IdempotentParameterMismatch", 400)

    # A version from another one has what that one had, but for what is said anew.
    merged = ec2.create_launch_template_version(
        LaunchTemplateId=identifier,
        SourceVersion="1",
        LaunchTemplateData={"UserData": base64.b64encode(SEVEN.encode()).decode()},
    )["LaunchTemplateVersion"]
    assert merged["VersionNumber"] == 2 and not merged["DefaultVersion"], merged
    data = merged["LaunchTemplateData"]
    assert base64.b64decode(data["UserData"]).decode() == SEVEN and data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["TagSpecifications"][0]["Tags"][0]["Value"] == "a & b", data
    single = {"PaginationConfig": {"PageSize": 1}}
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateName="python", **single)
    assert [item["VersionNumber"] for page in pages for item in page["LaunchTemplateVersions"]] == [2, 1]
    found = ec2.describe_launch_templates(Filters=[{"Name": "tag:pool", "Values": ["python"]}])["LaunchTemplates"]
    assert [item["LaunchTemplateId"] for item in found] == [identifier], found
    missing = lambda: ec2.describe_launch_template_versions(LaunchTemplateId=identifier, Versions=["7"])
    refused(missing, "InvalidLaunchTemplateId.VersionNotFound", 400)
    missing = lambda: ec2.describe_launch_templates(LaunchTemplateIds=["lt-00000000000000000"])
    refused(missing, "InvalidLaunchTemplateId.NotFound", 400)
    missing = lambda: ec2.describe_launch_templates(LaunchTemplateNames=["nothing"])
    refused(missing, "InvalidLaunchTemplateName.NotFoundException", 400)
    return identifier


def wanted(name="python", count=1, **more):
    return {
        "clusterName": CLUSTER,
        "nodegroupName": name,
        "nodeRole": ROLE,
        "subnets": SUBNETS,
        "instanceTypes": ["p4d.24xlarge"],
        "amiType": "BOTTLEROCKET_x86_64_NVIDIA",
        "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": count},
        **more,
    }


def life(client, template):
    eks = client.eks
    body = wanted(
        labels={"gpuslice/profile": "none"},
        taints=[{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        tags={"team": "a"},
        launchTemplate={"id": template, "version": "1"},
        clientRequestToken="once",
    )
    created = eks.create_nodegroup(**body)["nodegroup"]
    assert created["status"] == "CREATING", created
    assert eks.create_nodegroup(**body)["nodegroup"]["nodegroupArn"] == created["nodegroupArn"], "idempotent"
    other = {**body, "labels": {}}
    assert isinstance(
        refused(lambda: eks.create_nodegroup(**other), "InvalidParameterException", 400),
        eks.exceptions.InvalidParameterException,
    )
    other = {**body, "clientRequestToken": "twice"}
    error = refused(lambda: eks.create_nodegroup(**other), "ResourceInUseException", 409)
    assert isinstance(error, eks.exceptions.ResourceInUseException) and error.response["nodegroupName"] == "python"
    client.wait("nodegroup_active")
    group = client.group()
    assert group["launchTemplate"] == {"id": template, "name": "python", "version": "1"}, group
    assert group["health"] == {"issues": []} and group["capacityType"] == "ON_DEMAND" and "diskSize" not in group
    assert group["createdAt"].tzinfo is not None and group["releaseVersion"], group
    assert group["nodegroupArn"].startswith("arn:aws:eks:us-east-1:000000000000:nodegroup/sandbox/python/")


def updates(client, template):
    eks = client.eks
    # Long enough that the second one comes while the first goes on, however slow the machine is.
    client.fault("hang_operation", "POST", "/update-config", length="2s")
    change = {"labels": {"addOrUpdateLabels": {"team": "b"}, "removeLabels": ["gpuslice/profile"]}}
    update = eks.update_nodegroup_config(**GROUP, **change)["update"]
    assert (update["status"], update["type"]) == ("InProgress", "ConfigUpdate"), update
    again = lambda: eks.update_nodegroup_config(**GROUP, scalingConfig={"desiredSize": 2})
    refused(again, "ResourceInUseException", 409)
    assert client.group()["status"] == "UPDATING"
    assert client.finished(update)["status"] == "Successful"
    assert client.group()["labels"] == {"team": "b"}
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}
    update = eks.update_nodegroup_config(
        **GROUP,
        taints={"removeTaints": [taint], "addOrUpdateTaints": [{"key": "a", "effect": "NO_EXECUTE"}]},
        scalingConfig={"maxSize": 5, "desiredSize": 2},
        updateConfig={"maxUnavailable": 2, "updateStrategy": "MINIMAL"},
    )["update"]
    kinds = {param["type"]: param["value"] for param in update["params"]}
    assert kinds["MaxSize"] == "5" and kinds["UpdateStrategy"] == "MINIMAL" and "TaintsToRemove" in kinds, update
    client.finished(update)
    refused(lambda: eks.update_nodegroup_config(**GROUP), "InvalidRequestException", 400, "No changes needed")
    nothing = lambda: eks.update_nodegroup_config(**GROUP, scalingConfig={"minSize": 9})
    refused(nothing, "InvalidParameterException", 400, "can't be greater than")

    both = {"id": template, "name": "python", "version": "2"}
    both = lambda launch=both: eks.update_nodegroup_version(**GROUP, launchTemplate=launch)
    refused(both, "InvalidParameterException", 400, "Either provide launch template ID or launch template name")
    body = {**GROUP, "launchTemplate": {"id": template, "version": "2"}, "clientRequestToken": "roll"}
    update = eks.update_nodegroup_version(**body)["update"]
    assert update["type"] == "VersionUpdate", update
    assert eks.update_nodegroup_version(**body)["update"]["id"] == update["id"], "idempotent"
    assert client.finished(update)["status"] == "Successful"
    assert client.group()["launchTemplate"]["version"] == "2"
    pages = eks.get_paginator("list_updates").paginate(
        name=CLUSTER, nodegroupName="python", PaginationConfig={"PageSize": 1}
    )
    known = [identifier for page in pages for identifier in page["updateIds"]]
    assert known[0] == update["id"] and len(known) == 3, known
    missing = lambda: eks.describe_update(name=CLUSTER, updateId="x", nodegroupName="python")
    assert isinstance(refused(missing, "ResourceNotFoundException", 404), eks.exceptions.ResourceNotFoundException)


def tags(client):
    eks, arn = client.eks, client.group()["nodegroupArn"]
    eks.tag_resource(resourceArn=arn, tags={"team": "b", "a/b": "c d"})
    eks.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"a/b": "c d"} == client.group()["tags"]
    missing = lambda: eks.list_tags_for_resource(resourceArn=arn + "x")
    assert isinstance(refused(missing, "NotFoundException", 404), eks.exceptions.NotFoundException)


def scaling(client):
    scaling, name = client.scaling, client.group()["resources"]["autoScalingGroups"][0]["name"]

    def group():
        return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]

    key = "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu"
    place = {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": key}
    scaling.create_or_update_tags(Tags=[{**place, "Value": "56", "PropagateAtLaunch": False}])
    assert {tag["Key"]: tag["Value"] for tag in group()["Tags"]}[key] == "56"
    scaling.delete_tags(Tags=[place])
    assert key not in [tag["Key"] for tag in group()["Tags"]]
    wrong = [{**place, "ResourceId": "nothing", "Value": "x", "PropagateAtLaunch": False}]
    refused(lambda: scaling.create_or_update_tags(Tags=wrong), "ValidationError", 400, "not found")

    first = group()["Instances"][0]["InstanceId"]
    end = lambda: scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True
    )
    assert end()["Activity"]["AutoScalingGroupName"] == name
    refused(end, "ValidationError", 400, "Instance Id not found")
    left = [instance["InstanceId"] for instance in group()["Instances"]]
    assert first not in left and len(left) == group()["DesiredCapacity"] == 1, left
    assert client.group()["scalingConfig"]["desiredSize"] == 1


def identities(client):
    identity = client.sts.get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:user/sandbox")
    wrong = Client(client.root, secret="another")
    refused(wrong.sts.get_caller_identity, "SignatureDoesNotMatch", 403)
    refused(wrong.group, "InvalidSignatureException", 403)
    refused(wrong.ec2.describe_launch_templates, "AuthFailure", 401)
    role = {"RoleArn": "arn:aws:iam::111111111111:role/ops/deploy", "RoleSessionName": "python"}
    session = client.sts.assume_role(**role, ExternalId="somebody")["Credentials"]
    other = Client(client.root, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    identity = other.sts.get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::111111111111:assumed-role/deploy/python", identity
    # The other account has a cluster of that name, and no such group in it.
    assert other.eks.describe_cluster(name=CLUSTER)["cluster"]["arn"].split(":")[4] == "111111111111"
    refused(other.group, "ResourceNotFoundException", 404)
    damaged = Client(client.root, session["AccessKeyId"], session["SecretAccessKey"], "x")
    refused(damaged.group, "UnrecognizedClientException", 403)


def access(client):
    eks, principal = client.eks, "arn:aws:iam::000000000000:user/bob"
    place = {"clusterName": CLUSTER, "principalArn": principal}
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    missing = lambda: eks.describe_access_entry(**place)
    assert isinstance(refused(missing, "ResourceNotFoundException", 404), eks.exceptions.ResourceNotFoundException)
    made = eks.create_access_entry(**place)["accessEntry"]
    assert made["username"] == principal and made["type"] == "STANDARD", made
    refused(lambda: eks.create_access_entry(**place), "ResourceInUseException", 409)
    scope = {"type": "namespace", "namespaces": ["default"]}
    eks.associate_access_policy(**place, policyArn=view, accessScope=scope)
    policies = eks.list_associated_access_policies(**place)["associatedAccessPolicies"]
    assert [(policy["policyArn"], policy["accessScope"]) for policy in policies] == [(view, scope)], policies
    assert eks.list_access_entries(clusterName=CLUSTER, associatedPolicyArn=view)["accessEntries"] == [principal]
    eks.update_access_entry(**place, kubernetesGroups=["readers"])
    assert eks.describe_access_entry(**place)["accessEntry"]["kubernetesGroups"] == ["readers"]
    eks.disassociate_access_policy(**place, policyArn=view)
    eks.delete_access_entry(**place)
    everybody = eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]
    assert everybody == [ROLE, "arn:aws:iam::000000000000:user/sandbox"], everybody


def bad_days(client):
    eks = client.eks
    # The client asks again by itself.
    for service, method, path, call in [
        ("eks", "GET", "/node-groups/python", client.group),
        ("ec2", "POST", "/ec2/DescribeLaunchTemplates", client.ec2.describe_launch_templates),
        ("sts", "POST", "/sts/GetCallerIdentity", client.sts.get_caller_identity),
        ("autoscaling", "POST", "/autoscaling/Describe", client.scaling.describe_auto_scaling_groups),
    ]:
        client.fault("throttle", method, path)
        attempts = []
        event = f"needs-retry.{service}"
        of = {"eks": eks, "ec2": client.ec2, "sts": client.sts, "autoscaling": client.scaling}[service]
        of.meta.events.register(event, lambda seen=attempts, **more: seen.append(more["attempts"]))
        call()
        assert len(attempts) == 2, f"{service} asked {len(attempts)} times"
    client.fault("permission", "GET", "/node-groups/python")
    refused(client.group, "AccessDeniedException", 403, "is not authorized to perform: eks:DescribeNodegroup")

    for zone in "ab":
        stock = {"kind": "set_stock", "cloud": "eks", "zone": f"us-east-1{zone}", "machine_type": "p5.48xlarge"}
        client.post("/sandbox/actors", {**stock, "count": 0})
    eks.create_nodegroup(**{**wanted("nothing"), "instanceTypes": ["p5.48xlarge"]})
    try:
        client.wait("nodegroup_active", "nothing")
        raise AssertionError("there are no machines")
    except WaiterError as error:
        group = error.last_response["nodegroup"]
        assert group["status"] == "CREATE_FAILED", group
        [issue] = group["health"]["issues"]
        assert issue["code"] == "AsgInstanceLaunchFailures" and "InsufficientInstanceCapacity" in issue["message"], issue
    eks.delete_nodegroup(clusterName=CLUSTER, nodegroupName="nothing")
    client.wait("nodegroup_deleted", "nothing")


def ends(client, template):
    eks = client.eks
    for name in ("b", "c"):
        eks.create_nodegroup(**wanted(name, 0))
    pages = eks.get_paginator("list_nodegroups").paginate(clusterName=CLUSTER, PaginationConfig={"PageSize": 2})
    names = [page["nodegroups"] for page in pages]
    assert names == [["b", "c"], ["foreigngpu", "python"], ["system"]], names
    # A template that is gone makes the group that was made from it unwell.
    client.ec2.delete_launch_template(LaunchTemplateId=template)
    group = client.group()
    assert group["status"] == "DEGRADED" and group["health"]["issues"][0]["code"] == "Ec2LaunchTemplateNotFound", group
    assert eks.delete_nodegroup(**GROUP)["nodegroup"]["status"] == "DELETING"
    client.wait("nodegroup_deleted")
    assert isinstance(refused(client.group, "ResourceNotFoundException", 404), eks.exceptions.ResourceNotFoundException)
    missing = lambda: eks.describe_cluster(name="missing")
    refused(missing, "ResourceNotFoundException", 404, "No cluster found for name: missing.")


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    client = Client(arguments[0])
    template = templates(client)
    life(client, template)
    updates(client, template)
    tags(client)
    scaling(client)
    identities(client)
    access(client)
    bad_days(client)
    ends(client, template)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
