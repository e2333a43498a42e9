"""Writes src/sandbox/gke/fields.txt: which fields the GKE API knows, and their types.

    python gke_fields.py            print the table made from Google's discovery document
    python gke_fields.py --check F  exit 1 when file F differs from it

The sandbox refuses unknown fields by this table, as the real service does. The source is the discovery
document inside the pinned google-api-python-client.
"""

import json
import sys
from pathlib import Path

import googleapiclient

DOCUMENT = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "container.v1.json"

ROOTS = [
    "CancelOperationRequest",
    "CompleteNodePoolUpgradeRequest",
    "CreateNodePoolRequest",
    "RollbackNodePoolUpgradeRequest",
    "SetNodePoolAutoscalingRequest",
    "SetNodePoolManagementRequest",
    "SetNodePoolSizeRequest",
    "UpdateClusterRequest",
    "UpdateNodePoolRequest",
]
# Its own fields are listed, the messages below it only where node pools use them too.
SHALLOW = {"ClusterUpdate"}

HEADER = """\
# Fields of the GKE API v1 that node pool requests and answers can carry, made by tests/python/gke_fields.py
# from Google's discovery document (container v1, revision {revision}). Not written by hand.
# MESSAGE, then "  field type": string, bool, int32, int64, number, datetime, duration, [list], {{map}}, enum A|B,
# a message's name, or any (known, not looked into). "out" marks what the service alone writes.
"""


def references(prop):
    if "$ref" in prop:
        yield prop["$ref"]
    if "items" in prop:
        yield from references(prop["items"])
    if isinstance(prop.get("additionalProperties"), dict):
        yield from references(prop["additionalProperties"])


def reachable(schemas):
    seen, waiting = set(), list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in SHALLOW:
            continue
        for prop in schemas[name].get("properties", {}).values():
            waiting.extend(references(prop))
    return seen


def spell(prop, known):
    if "$ref" in prop:
        return prop["$ref"] if prop["$ref"] in known else "any"
    kind, form = prop.get("type"), prop.get("format")
    if kind == "array":
        return f"[{spell(prop['items'], known)}]"
    if kind == "object":
        values = prop.get("additionalProperties")
        return "{" + spell(values, known) + "}" if isinstance(values, dict) else "any"
    if "enum" in prop:
        return "enum " + "|".join(prop["enum"])
    if form in ("int32", "int64"):
        return form
    if form in ("google-datetime", "google-duration"):
        return form.removeprefix("google-")
    return {"string": "string", "boolean": "bool", "number": "number"}[kind]


def table():
    document = json.loads(DOCUMENT.read_text())
    schemas = document["schemas"]
    known = reachable(schemas)
    lines = [HEADER.format(revision=document["revision"])]
    for name in sorted(known):
        lines.append(f"{name}\n")
        for field, prop in sorted(schemas[name].get("properties", {}).items()):
            out = " out" if prop.get("readOnly") else ""
            lines.append(f"  {field} {spell(prop, known)}{out}\n")
    return "".join(lines)


def main(arguments):
    made = table()
    if not arguments:
        sys.stdout.write(made)
        return 0
    if len(arguments) == 2 and arguments[0] == "--check":
        if Path(arguments[1]).read_text() == made:
            return 0
        print(f"{arguments[1]} is not what Google's discovery document says; run gke_fields.py > {arguments[1]}")
        return 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
