"""Judges every exchange with AWS in a sandbox's record file by the service models of botocore, Amazon's own client.

    python judge_eks.py RECORD...
    python judge_eks.py --optional FOLDER    every record in the folder; there need not be any

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. Requests are held against
the operation's input, answers against its output or against the exceptions of the service. One line is printed for each
violation; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import sys
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import botocore_models
import records


def service_of(models, record):
    """The service that an exchange was with, and the path below its endpoint; none where no service has it."""
    path = urlsplit(record["url"]).path
    for name in models:
        if path == f"/{name}" or path.startswith(f"/{name}/"):
            return name, path[len(name) + 1 :]
    if path not in ("", "/"):
        return "eks", path
    # At one address for all of them the form's version tells which it is.
    version = dict(form(record)).get("Version")
    return next(((name, path) for name, model in models.items() if model.api_version == version), (None, path))


def form(record):
    """A form, in the body or, as a GET has it, in the query."""
    body = record["request_body"]
    text = body if isinstance(body, str) else urlsplit(record["url"]).query
    return parse_qsl(text, keep_blank_values=True)


def judge_rest(model, path, record):
    """Violations of an exchange with EKS."""
    operation = botocore_models.operation_of(model, record["method"], path)
    if operation is None:
        # What nobody has is answered by 404, which is right.
        if record["status"] < 400:
            yield "url", "EKS has no such operation"
        return
    if record["status"] < 400:
        # What a client sent wrong and the service refused is no violation.
        yield from judge_rest_request(operation, record)
    if record["status"] == 0 or record["fault"] in records.UNREADABLE:
        return
    body = record["response_body"]
    if record["status"] < 400:
        yield from botocore_models.judge_json(operation.output_shape, body, "response")
        return
    name = record["error_type"]
    shapes = {shape.name: shape for shape in model.error_shapes}
    if name not in shapes:
        if name not in botocore_models.COMMON:
            yield "response", f"{name} is no exception of EKS"
        return
    yield from botocore_models.judge_json(shapes[name], body, "response")
    modelled = shapes[name].metadata.get("error", {}).get("httpStatusCode")
    if modelled and modelled != record["status"]:
        yield "status", f"{name} is {modelled}, not {record['status']}"


def judge_rest_request(operation, record):
    shape, body = operation.input_shape, record["request_body"]
    members = shape.members if shape else {}
    query = {member.serialization["name"] for member in members.values() if member.serialization.get("location") == "querystring"}
    for name, _ in parse_qsl(urlsplit(record["url"]).query, keep_blank_values=True):
        if name not in query:
            yield f"query.{name}", f"unknown parameter of {operation.name}"
    if shape and botocore_models.body_members(shape):
        yield from botocore_models.judge_json(shape, body or {}, "request")
    elif body not in (None, {}):
        yield "request", f"a body where {operation.name} has none"


def judge_query(model, record):
    """Violations of an exchange with a service of forms and XML."""
    protocol, service = model.metadata["protocol"], model.service_name
    pairs = form(record)
    action, version = dict(pairs).get("Action"), dict(pairs).get("Version")
    if action not in model.operation_names or version != model.api_version:
        if record["status"] < 400:
            yield "request", f"{service} has no action {action} in version {version}"
        return
    operation = model.operation_model(action)
    if record["status"] < 400 and operation.input_shape:
        try:
            tree = botocore_models.tree_of(pair for pair in pairs if pair[0] not in ("Action", "Version"))
        except ValueError as error:
            yield f"request.{error}", "is there twice, or a value and a structure"
        else:
            yield from botocore_models.judge_form(protocol, operation.input_shape, tree, "request")
    if record["status"] == 0 or record["fault"] in records.UNREADABLE:
        return
    try:
        root = ElementTree.fromstring(record["response_body"].encode())
    except (AttributeError, ElementTree.ParseError):
        yield "response", "is no XML"
        return
    yield from judge_document(protocol, operation, record, root)


def judge_document(protocol, operation, record, root):
    name = botocore_models.local(root)
    if record["status"] >= 400:
        code = root.find(".//{*}Code")
        if name != ("Response" if protocol == "ec2" else "ErrorResponse") or code is None or not code.text:
            yield "response", f"<{name}> is no error of a {protocol} service"
        return
    if name != f"{operation.name}Response":
        yield "response", f"is called {name}"
        return
    if not operation.output_shape:
        return
    if protocol == "ec2":
        root[:] = [child for child in root if botocore_models.local(child) != "requestId"]
        result = root
    else:
        result = root.find(f"{{*}}{operation.name}Result")
    if result is None:
        yield "response", "has no result"
    else:
        yield from botocore_models.judge_xml(protocol, operation.output_shape, result, "response")


def prepare():
    models = botocore_models.load()

    def judge(record):
        service, path = service_of(models, record)
        if service is None:
            return [] if record["status"] >= 400 else [("url", "no service of AWS has this")]
        return judge_rest(models["eks"], path, record) if service == "eks" else judge_query(models[service], record)

    return (lambda record: records.cloud(record) == "amazon"), judge


if __name__ == "__main__":
    sys.exit(records.run(__doc__, sys.argv[1:], prepare))
