"""Writes src/sandbox/eks/fields.txt: which fields the AWS APIs of the sandbox know, and their types.

    python eks_fields.py            print the table made from botocore's service models
    python eks_fields.py --check F  exit 1 when file F differs from it

The sandbox refuses unknown fields by this table, and names those of its XML answers by it. The source is the service
models inside the pinned botocore.
"""

import sys
from pathlib import Path

import botocore
import botocore.session

# Operations by service; both their input and their output are described.
OPERATIONS = {
    "autoscaling": [
        "CreateOrUpdateTags",
        "DeleteTags",
        "DescribeAutoScalingGroups",
        "TerminateInstanceInAutoScalingGroup",
    ],
    "ec2": [
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "DeleteLaunchTemplate",
        "DeleteLaunchTemplateVersions",
        "DescribeLaunchTemplateVersions",
        "DescribeLaunchTemplates",
        "ModifyLaunchTemplate",
    ],
    "eks": [
        "AssociateAccessPolicy",
        "CreateAccessEntry",
        "CreateNodegroup",
        "TagResource",
        "UpdateAccessEntry",
        "UpdateNodegroupConfig",
        "UpdateNodegroupVersion",
    ],
    "sts": [
        "AssumeRole",
        "GetCallerIdentity",
    ],
}
# Answers of EKS are written as they are kept; these describe requests only.
REQUESTS_ONLY = {"eks"}
# Known, and not looked into.
OPAQUE = {
    "InstanceRequirements",
    "InstanceRequirementsRequest",
    "LaunchTemplateNetworkPerformanceOptionsRequest",
    "LaunchTemplateNetworkPerformanceOptions",
    "MixedInstancesPolicy",
    "WarmPoolConfiguration",
    "InstanceLifecyclePolicy",
    "CapacityReservationSpecification",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
}

LONGEST_ENUM = 40

HEADER = """\
# Fields of the AWS APIs that the sandbox serves, made by tests/python/eks_fields.py from the service models of
# botocore {version}. Not written by hand.
# service.SHAPE, then "  member wire type": the name in the model ("!" where it must be given), the name on the wire,
# and string, int, number, bool, time, blob, [list], {{map}}, enum A|B, a shape's name, or any (known, not looked into).
# A range in brackets is the length of a text or list, or the limits of a number.
"""


def limits(shape):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is None and high is None:
        return ""
    return f"({'' if low is None else low}..{'' if high is None else high})"


def spell(service, shape, waiting):
    kind = shape.type_name
    if kind == "structure":
        if shape.name in OPAQUE:
            return "any"
        waiting.append(shape)
        return f"{service}.{shape.name}"
    if kind == "list":
        return f"[{spell(service, shape.member, waiting)}]" + limits(shape)
    if kind == "map":
        return "{" + spell(service, shape.value, waiting) + "}"
    # Longer lists are those of instance types and the like, which change every week.
    if kind == "string" and 0 < len(shape.enum) <= LONGEST_ENUM:
        return "enum " + "|".join(shape.enum)
    plain = {"string": "string", "integer": "int", "long": "int", "boolean": "bool", "timestamp": "time", "blob": "blob"}
    return plain.get(kind, "number") + limits(shape)


def wire(protocol, name, member, answer):
    serialised = member.serialization
    found = serialised.get("name", name)
    if protocol == "ec2" and not answer:
        return serialised.get("queryName", found[0].upper() + found[1:])
    return found


def table():
    session = botocore.session.get_session()
    lines = [HEADER.format(version=botocore.__version__)]
    for service, operations in OPERATIONS.items():
        model = session.get_service_model(service)
        protocol = model.metadata["protocol"]
        shapes = {}
        for operation in map(model.operation_model, operations):
            roots = [(operation.input_shape, False), (operation.output_shape, True)]
            for root, answer in roots:
                waiting = [root] if root and not (answer and service in REQUESTS_ONLY) else []
                while waiting:
                    shape = waiting.pop()
                    # A shape that is asked with and answered has the same name on both ways, but for EC2's.
                    key = (shape.name, answer and protocol == "ec2")
                    if key in shapes:
                        continue
                    members = []
                    for name, member in sorted(shape.members.items()):
                        if member.serialization.get("location") in ("uri", "querystring", "header"):
                            continue
                        needed = "!" if name in shape.required_members and not answer else ""
                        spelt = spell(service, member, waiting)
                        if key[1]:
                            spelt = spelt.replace(f"{service}.", f"{service}.answer.")
                        members.append(f"  {name}{needed} {wire(protocol, name, member, answer)} {spelt}\n")
                    shapes[key] = members
        for (name, answer), members in sorted(shapes.items()):
            lines.append(f"{service}.{'answer.' if answer else ''}{name}\n")
            lines.extend(members)
    return "".join(lines)


def main(arguments):
    made = table()
    if not arguments:
        sys.stdout.write(made)
        return 0
    if len(arguments) == 2 and arguments[0] == "--check":
        if Path(arguments[1]).read_text() == made:
            return 0
        print(f"{arguments[1]} is not what botocore's models say; run eks_fields.py > {arguments[1]}")
        return 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
