"""What botocore's service models say about exchanges with AWS: JSON bodies, forms, and XML answers."""

import json
import re

import botocore.session

# The services of a sandbox, with the part of its paths that is theirs.
SERVICES = ("eks", "ec2", "sts", "autoscaling")

# What every service may answer, whatever its model says.
COMMON = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnrecognizedClientException",
}


def load():
    session = botocore.session.get_session()
    return {name: session.get_service_model(name) for name in SERVICES}


def operation_of(model, method, path):
    """The REST operation behind a method and a path as it was sent."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http["method"] != method:
            continue
        pattern = re.escape(operation.http["requestUri"].split("?")[0])
        # Some send the slashes of an ARN as they are.
        pattern = re.sub(r"\\{resourceArn\\}", ".+", pattern)
        if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", pattern), path):
            return operation
    return None


def wire_name(protocol, name, shape, request):
    found = shape.serialization.get("name", name)
    if protocol == "ec2" and request:
        return shape.serialization.get("queryName", found[0].upper() + found[1:])
    return found


def body_members(shape):
    """Members of a request or an answer that are in its body, by their names there."""
    inside = {name: member for name, member in shape.members.items() if member.serialization.get("location") in (None, "header")}
    return {wire_name("rest-json", name, member, True): member for name, member in inside.items()}


def judge_json(shape, value, place):
    """Violations of a JSON value."""
    kind = shape.type_name
    if value is None:
        return
    if kind == "structure":
        if not isinstance(value, dict):
            yield place, f"{json.dumps(value)} is not an object"
            return
        members = body_members(shape)
        for name, inner in value.items():
            if name not in members:
                yield f"{place}.{name}", f"unknown field of {shape.name}"
            else:
                yield from judge_json(members[name], inner, f"{place}.{name}")
        for name in shape.required_members:
            member = shape.members[name]
            if "location" not in member.serialization and value.get(wire_name("rest-json", name, member, True)) is None:
                yield f"{place}.{name}", "is missing"
    elif kind == "list":
        if not isinstance(value, list):
            yield place, f"{json.dumps(value)} is not a list"
            return
        for index, item in enumerate(value):
            yield from judge_json(shape.member, item, f"{place}[{index}]")
    elif kind == "map":
        if not isinstance(value, dict):
            yield place, f"{json.dumps(value)} is not a map"
            return
        for key, item in value.items():
            yield from judge_json(shape.value, item, f"{place}.{key}")
    else:
        yield from judge_scalar(shape, value, place)


def judge_scalar(shape, value, place):
    kind, text = shape.type_name, json.dumps(value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("string", "character") and not isinstance(value, str):
        yield place, f"{text} is not a string"
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield place, f"{text} is not one of {', '.join(shape.enum[:8])}"
    elif kind in ("integer", "long") and not (number and isinstance(value, int)):
        yield place, f"{text} is not a whole number"
    elif kind in ("timestamp", "float", "double") and not number:
        yield place, f"{text} is not a number"
    elif kind == "boolean" and not isinstance(value, bool):
        yield place, f"{text} is not a boolean"


def typed(shape, text):
    """The text of a form or of XML as JSON would have it."""
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name in ("float", "double") and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    if shape.type_name == "timestamp" and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text):
        return 0
    return text


def judge_form(protocol, shape, tree, place):
    """Violations of a form, as a tree of its names."""
    kind = shape.type_name
    if kind == "structure" and isinstance(tree, dict):
        members = {wire_name(protocol, name, member, True): member for name, member in shape.members.items()}
        for name, inner in tree.items():
            if name not in members:
                yield f"{place}.{name}", f"unknown field of {shape.name}"
            else:
                yield from judge_form(protocol, members[name], inner, f"{place}.{name}")
        for name in shape.required_members:
            if wire_name(protocol, name, shape.members[name], True) not in tree:
                yield f"{place}.{name}", "is missing"
    elif kind == "list" and isinstance(tree, dict):
        if protocol != "ec2" and set(tree) != {"member"}:
            yield place, f"is a list, whose items come below member, not {', '.join(tree)}"
            return
        items = tree if protocol == "ec2" else tree["member"]
        if sorted(items) != sorted(str(number) for number in range(1, len(items) + 1)):
            yield place, f"items are not numbered from 1: {', '.join(items)}"
        for number, item in items.items():
            yield from judge_form(protocol, shape.member, item, f"{place}.{number}")
    elif isinstance(tree, str) and kind not in ("structure", "list", "map"):
        yield from judge_scalar(shape, typed(shape, tree), place)
    else:
        yield place, f"is no {kind}"


def judge_xml(protocol, shape, element, place):
    """Violations of an element of an answer."""
    kind = shape.type_name
    if kind == "structure":
        members = {wire_name(protocol, name, member, False): member for name, member in shape.members.items()}
        for child in element:
            name = local(child)
            if name not in members:
                yield f"{place}.{name}", f"unknown field of {shape.name}"
            else:
                yield from judge_xml(protocol, members[name], child, f"{place}.{name}")
    elif kind == "list":
        wanted = shape.member.serialization.get("name", "item" if protocol == "ec2" else "member")
        for index, child in enumerate(element):
            if local(child) != wanted:
                yield place, f"an item is called {local(child)}, not {wanted}"
            yield from judge_xml(protocol, shape.member, child, f"{place}[{index}]")
    elif len(element):
        yield place, f"has elements where it is a {kind}"
    else:
        yield from judge_scalar(shape, typed(shape, element.text or ""), place)


def local(element):
    """The name of an XML element without its namespace."""
    return element.tag.rpartition("}")[2]


def tree_of(pairs):
    """A form as a tree: A.1.B=x becomes {"A": {"1": {"B": "x"}}}. ValueError names what is a value and a structure."""
    tree = {}
    for name, value in pairs:
        *steps, last = name.split(".")
        place = tree
        for step in steps:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise ValueError(name)
        if last in place:
            raise ValueError(name)
        place[last] = value
    return tree
