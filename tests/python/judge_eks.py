"""Judges every exchange with AWS in a sandbox's record file by the service models of botocore.

    python judge_eks.py RECORD...
    python judge_eks.py --optional FOLDER    every record in the folder; there need not be any

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. Requests are held against the
operation's input, answers against its output or against the exceptions of the service. One line is printed for each
violation; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import botocore.session

# Faults whose answer is meant to be unreadable.
UNREADABLE = {"wrong_answer"}
# What every service may answer, whatever its model says.
COMMON = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "MissingAuthenticationTokenException",
    "ServiceUnavailableException",
    "ThrottlingException",
}
QUERY = ("ec2", "sts", "autoscaling")
SESSION = botocore.session.get_session()
MODELS = {name: SESSION.get_service_model(name) for name in ("eks", *QUERY)}


def service_of(record):
    """The service and the path below its endpoint; none where the exchange is no concern of AWS."""
    address = urlsplit(record["url"])
    if address.scheme == "https":
        return None
    for name in MODELS:
        if address.path == f"/{name}" or address.path.startswith(f"/{name}/"):
            return name, address.path[len(name) + 1 :]
    if re.match(r"/(clusters(/|$)|tags/arn)", unquote(address.path)):
        return "eks", address.path
    body = record["request_body"]
    if address.path in ("", "/") and isinstance(body, str) and "Action=" in body:
        version = dict(parse_qsl(body)).get("Version")
        return next(((name, "/") for name in QUERY if MODELS[name].api_version == version), None)
    return None


def operation_of(model, method, path):
    """The REST operation behind a method and a path."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http["method"] != method:
            continue
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(operation.http["requestUri"].split("?")[0]))
        if re.fullmatch(pattern, path):
            return operation
    return None


def wire_name(protocol, name, shape, request):
    found = shape.serialization.get("name", name)
    if protocol == "ec2" and request:
        return shape.serialization.get("queryName", found[0].upper() + found[1:])
    return found


def judge_json(shape, value, place):
    """Violations of a JSON value."""
    kind = shape.type_name
    if value is None:
        return
    if kind == "structure":
        if not isinstance(value, dict):
            yield place, f"{json.dumps(value)} is not an object"
            return
        members = {
            wire_name("rest-json", name, member, True): member
            for name, member in shape.members.items()
            if member.serialization.get("location") in (None, "header")
        }
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


def scalar(shape, text):
    """The text of a form or of XML as JSON would have it."""
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    if shape.type_name == "timestamp" and re.match(r"\d{4}-\d\d-\d\dT", text):
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
        yield from judge_scalar(shape, scalar(shape, tree), place)
    else:
        yield place, f"is no {kind}"


def judge_xml(protocol, shape, element, place):
    """Violations of an element of an answer."""
    kind = shape.type_name
    if kind == "structure":
        members = {wire_name(protocol, name, member, False): member for name, member in shape.members.items()}
        for child in element:
            name = child.tag.rpartition("}")[2]
            if name not in members:
                yield f"{place}.{name}", f"unknown field of {shape.name}"
            else:
                yield from judge_xml(protocol, members[name], child, f"{place}.{name}")
    elif kind == "list":
        wanted = shape.member.serialization.get("name", "item" if protocol == "ec2" else "member")
        for index, child in enumerate(element):
            if child.tag.rpartition("}")[2] != wanted:
                yield place, f"an item is called {child.tag}, not {wanted}"
            yield from judge_xml(protocol, shape.member, child, f"{place}[{index}]")
    elif len(element):
        yield place, f"has elements where it is a {kind}"
    else:
        yield from judge_scalar(shape, scalar(shape, element.text or ""), place)


def tree_of(pairs):
    tree = {}
    for name, value in pairs:
        *steps, last = name.split(".")
        place = tree
        for step in steps:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise ValueError(name)
        place[last] = value
    return tree


def judge_rest(path, record):
    operation = operation_of(MODELS["eks"], record["method"], path)
    if operation is None:
        # What nobody has is answered by 404, which is right.
        if record["status"] < 400:
            yield "url", "EKS has no such operation"
        return
    query = {member.serialization.get("name", name) for name, member in operation.input_shape.members.items()
             if member.serialization.get("location") == "querystring"} if operation.input_shape else set()
    for name, _ in parse_qsl(urlsplit(record["url"]).query, keep_blank_values=True):
        if name not in query:
            yield f"query.{name}", f"unknown parameter of {operation.name}"
    if operation.input_shape and (record["request_body"] is not None or record["method"] == "POST"):
        # What a client sent wrong and the service refused is no violation.
        if record["status"] < 400:
            yield from judge_json(operation.input_shape, record["request_body"] or {}, "request")
    if record["status"] == 0 or record["fault"] in UNREADABLE:
        return
    if record["status"] >= 400:
        name = record["error_type"]
        shapes = {shape.name: shape for shape in MODELS["eks"].error_shapes}
        if name in shapes:
            yield from judge_json(shapes[name], record["response_body"], "response")
            modelled = shapes[name].metadata.get("error", {}).get("httpStatusCode")
            if modelled and modelled != record["status"]:
                yield "status", f"{name} is {modelled}, not {record['status']}"
        elif name not in COMMON:
            yield "response", f"{name} is no exception of EKS"
        return
    yield from judge_json(operation.output_shape, record["response_body"], "response")


def judge_query(service, record):
    model = MODELS[service]
    protocol = model.metadata["protocol"]
    body = record["request_body"]
    pairs = parse_qsl(body if isinstance(body, str) else "", keep_blank_values=True)
    form = dict(pairs)
    action = form.get("Action")
    if action not in model.operation_names or form.get("Version") != model.api_version:
        if record["status"] < 400:
            yield "request", f"{service} has no action {action} in version {form.get('Version')}"
        return
    operation = model.operation_model(action)
    if record["status"] < 400 and operation.input_shape:
        try:
            tree = tree_of(pair for pair in pairs if pair[0] not in ("Action", "Version"))
        except ValueError as error:
            yield f"request.{error}", "is a value and a structure"
        else:
            yield from judge_form(protocol, operation.input_shape, tree, "request")
    if record["status"] == 0 or record["fault"] in UNREADABLE:
        return
    try:
        root = ElementTree.fromstring(record["response_body"].encode())
    except (AttributeError, ElementTree.ParseError):
        yield "response", "is no XML"
        return
    name = root.tag.rpartition("}")[2]
    if record["status"] >= 400:
        if name != ("Response" if protocol == "ec2" else "ErrorResponse") or root.find(".//{*}Code") is None:
            yield "response", f"<{name}> is no error of {service}"
    elif name != f"{action}Response":
        yield "response", f"is called {name}"
    elif protocol == "ec2":
        children = [child for child in root if child.tag.rpartition("}")[2] != "requestId"]
        root[:] = children
        if operation.output_shape:
            yield from judge_xml(protocol, operation.output_shape, root, "response")
    elif operation.output_shape:
        result = root.find(f"{{*}}{action}Result")
        if result is None:
            yield "response", "has no result"
        else:
            yield from judge_xml(protocol, operation.output_shape, result, "response")


def lines(file):
    """The exchanges of a record. A sandbox that was killed may have left the last one unfinished."""
    for number, line in enumerate(Path(file).read_text().splitlines(keepends=True), start=1):
        if line.endswith("\n"):
            yield number, json.loads(line)


def main(files):
    optional = files[:1] == ["--optional"] and len(files) == 2
    if optional:
        files = sorted(Path(files[1]).glob("*.jsonl"))
    elif not files:
        print(__doc__)
        return 2
    judged, passed, violations = 0, 0, 0
    for file in files:
        for number, record in lines(file):
            found = service_of(record)
            if found is None:
                passed += 1
                continue
            judged += 1
            service, path = found
            for place, what in judge_rest(path, record) if service == "eks" else judge_query(service, record):
                violations += 1
                print(f"{file}:{number}: {record['method']} {record['url']}: {place}: {what}")
    print(f"{judged} exchanges judged, {passed} of no concern, {violations} violations", file=sys.stderr)
    if judged == 0 and not optional:
        print("nothing to judge", file=sys.stderr)
        return 2
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
