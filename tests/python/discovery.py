"""Google's discovery documents as a judge of HTTP exchanges: which methods exist, and what may travel in them.

Nothing here was written for the sandbox or for the provider: the documents are Google's own, inside the pinned
google-api-python-client.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import googleapiclient

FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"

# Google's JSON front end takes these on every method; the documents list only the first spelling of some.
SYSTEM_PARAMETERS = {"$alt", "$fields"}

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
INTEGER = re.compile(r"-?\d+")

# HTTP status by google.rpc.Code, as google/rpc/code.proto maps them.
STATUS_OF_CODE = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INTERNAL": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class Service:
    """One discovery document."""

    def __init__(self, name, version):
        self.document = json.loads((FOLDER / f"{name}.{version}.json").read_text())
        self.schemas = self.document["schemas"]
        self.methods = []
        self._collect(self.document.get("resources", {}))

    def _collect(self, resources):
        for resource in resources.values():
            for method in resource.get("methods", {}).values():
                template = self.document["servicePath"] + (method.get("flatPath") or method["path"])
                # A variable never holds a slash or a colon: custom verbs come after one.
                pattern = re.sub(r"\\\{\+?\w+\\\}", "[^/:]+", re.escape("/" + template))
                self.methods.append((method["httpMethod"], re.compile(pattern), method))
            self._collect(resource.get("resources", {}))

    def method(self, verb, path):
        for http_method, pattern, method in self.methods:
            if http_method == verb and pattern.fullmatch(path):
                return method
        return None

    def judge_query(self, method, query):
        known = {name for name, p in method.get("parameters", {}).items() if p["location"] == "query"}
        known |= set(self.document.get("parameters", {})) | SYSTEM_PARAMETERS
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                yield f"query.{name}", "unknown parameter of this method"

    def judge(self, schema, value, place, request):
        """Every difference between a value and its schema, as (place, what)."""
        if "$ref" in schema:
            name = schema["$ref"]
            schema = self.schemas[name]
        else:
            name = place
        kind = schema.get("type", "any")
        if kind == "any":
            return
        if kind == "object":
            yield from self._judge_object(name, schema, value, place, request)
        elif kind == "array":
            if not isinstance(value, list):
                yield place, f"{show(value)} is not a list"
                return
            for index, item in enumerate(value):
                yield from self.judge(schema["items"], item, f"{place}[{index}]", request)
        else:
            problem = judge_scalar(kind, schema, value)
            if problem:
                yield place, problem

    def _judge_object(self, name, schema, value, place, request):
        if not isinstance(value, dict):
            yield place, f"{show(value)} is not an object"
            return
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for field, item in value.items():
            inside = f"{place}.{field}"
            if field in properties:
                if request and properties[field].get("readOnly"):
                    yield inside, "is written by the service alone"
                else:
                    yield from self.judge(properties[field], item, inside, request)
            elif isinstance(others, dict):
                yield from self.judge(others, item, inside, request)
            else:
                yield inside, f"unknown field of {name}"


def judge_scalar(kind, schema, value):
    form = schema.get("format", "")
    if kind == "boolean":
        return None if isinstance(value, bool) else f"{show(value)} is not a boolean"
    if kind in ("integer", "number"):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind == "number":
            return None if number else f"{show(value)} is not a number"
        if not number or value != int(value):
            return f"{show(value)} is not a whole number"
        low, high = (0, 2**32 - 1) if form == "uint32" else (-(2**31), 2**31 - 1)
        return None if low <= value <= high else f"{show(value)} does not fit {form or 'int32'}"
    if not isinstance(value, str):
        return f"{show(value)} is not a string" + (f" (format {form})" if form else "")
    if "enum" in schema and value not in schema["enum"]:
        return f"{show(value)} is not one of {', '.join(schema['enum'])}"
    patterns = {
        "int64": INTEGER,
        "uint64": INTEGER,
        "google-datetime": RFC3339,
        "google-duration": DURATION,
    }
    if form in patterns and not patterns[form].fullmatch(value):
        return f"{show(value)} is not of format {form}"
    return None


def judge_error(status, body):
    """Google's error shape, and that its parts agree."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        yield "response", "an error without Google's error object"
        return
    if error.get("code") != status:
        yield "response.error.code", f"{show(error.get('code'))} is not the HTTP status {status}"
    if not isinstance(error.get("message"), str) or not error["message"]:
        yield "response.error.message", "is missing"
    # Compute Engine leaves the code's name out.
    if "status" in error and STATUS_OF_CODE.get(error["status"]) != status:
        yield "response.error.status", f"{show(error['status'])} does not go with HTTP {status}"
    for index, item in enumerate(error.get("errors", [])):
        for field in ("message", "domain", "reason"):
            if not isinstance(item.get(field), str):
                yield f"response.error.errors[{index}].{field}", "is missing"
    for index, item in enumerate(error.get("details", [])):
        if not str(item.get("@type", "")).startswith("type.googleapis.com/"):
            yield f"response.error.details[{index}].@type", "is no type URL of Google's"


def split(url):
    parts = urlsplit(url)
    return parts.path, parts.query


def show(value):
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
