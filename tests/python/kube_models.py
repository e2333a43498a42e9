"""Kubernetes' own Python client as a judge of HTTP exchanges: which methods exist, and what may travel in them.

Nothing here was written for the sandbox or for the provider: paths, query parameters and models are those of the pinned
package kubernetes, which is generated from Kubernetes' OpenAPI document. The client itself drops what it does not know
without a word, so its models are walked here instead; then it reads the object too, which finds what is missing.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

from kubernetes import client

# A method as the generator writes it, up to the call that it makes.
METHOD = re.compile(r"    def (\w+)_with_http_info\(.*?call_api\(\s*'([^']+)', '(\w+)'.*?response_type=('\w+'|None)", re.DOTALL)
QUERY = re.compile(r"query_params\.append\(\('(\w+)'")
BODY = re.compile(r":param (\S+) body:")
LIST, DICT = re.compile(r"list\[(.*)\]"), re.compile(r"dict\(([^,]*), (.*)\)")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")

# Forms of objects that the client never asks for, and so has no models of: tables for people, metadata alone.
FORMS = {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}


# What kubectl sends and the OpenAPI document does not have: its own patience, and how much of a table's objects it wants.
UNDOCUMENTED = {"timeout", "includeObject"}


class Method:
    """One method of the client."""

    def __init__(self, name, path, verb, source, answer):
        self.name, self.verb = name, verb
        parts = re.split(r"\{\w+\}", path)
        self.path = re.compile("[^/]+".join(re.escape(part) for part in parts))
        # The fewer variables, the nearer to what is meant: custom objects match nearly everything.
        self.vagueness = len(parts)
        self.parameters = set(QUERY.findall(source))
        found = BODY.search(source)
        self.body = found[1] if found else None
        self.answer = None if answer == "None" else answer.strip("'")


class Api:
    """All of it."""

    def __init__(self):
        self.methods = []
        for file in sorted((Path(client.__file__).parent / "api").glob("*_api.py")):
            for found in METHOD.finditer(file.read_text()):
                name, path, verb, answer = found.groups()
                self.methods.append(Method(name, path, verb, found[0], answer))
        self.methods.sort(key=lambda method: method.vagueness)
        self.reader = client.ApiClient()

    def method(self, verb, path):
        # The core group's list of resources is asked for with a slash at its end, and without.
        for candidate in (path, f"{path}/"):
            for method in self.methods:
                if method.verb == verb and method.path.fullmatch(candidate):
                    return method
        return None

    def judge_query(self, method, query):
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name not in method.parameters | UNDOCUMENTED:
                yield f"query.{name}", f"unknown parameter of {method.name}"

    def judge_request(self, method, body):
        if method.verb == "PATCH":
            # Which kind of patch it is a record does not say: what has a kind is an applied object, or part of one.
            if isinstance(body, dict) and method.answer in vars(client.models):
                yield from self.walk(method.answer, body, "request", patch=True)
        elif method.body == "object" or method.body is None:
            return
        else:
            yield from self.judge(method.body, body, "request")

    def judge_answer(self, method, body):
        kind = body.get("kind") if isinstance(body, dict) else None
        if kind in FORMS:
            yield from self.judge_form(body)
        elif kind == "APIGroupDiscoveryList":
            # The newer form of discovery, which the client does not ask for either.
            return
        elif kind == "Status":
            yield from self.judge("V1Status", body, "response")
        elif method.answer == "V1Status":
            # The document says Status alone; a server may answer with the object that is going, and kubectl knows that.
            yield from self.judge(self.gone(method), body, "response")
        elif method.answer == "object":
            yield from self.judge_custom(body)
        elif method.answer in vars(client.models) or method.answer == "VersionInfo":
            yield from self.judge(method.answer, body, "response")

    def gone(self, method):
        """What is at the address of a deletion."""
        same = [other for other in self.methods if other.path == method.path and other.verb == "GET"]
        return same[0].answer

    def judge_form(self, body):
        objects = [body] if body["kind"] == "PartialObjectMetadata" else body.get("items", [])
        objects += [row["object"] for row in body.get("rows") or [] if "object" in row]
        for index, found in enumerate(objects):
            yield from self.judge("V1ObjectMeta", found.get("metadata"), f"response[{index}].metadata")
        columns = len(body.get("columnDefinitions", []))
        for index, row in enumerate(body.get("rows") or []):
            if len(row["cells"]) != columns:
                yield f"response.rows[{index}]", f"{len(row['cells'])} cells under {columns} columns"

    def judge_custom(self, body):
        """An object of a custom resource, or a list of them: what all objects have."""
        listed = isinstance(body, dict) and str(body.get("kind", "")).endswith("List")
        for index, found in enumerate(body["items"] if listed else [body]):
            if not isinstance(found, dict):
                yield f"response[{index}]", f"{show(found)} is not an object"
                continue
            for name in ("apiVersion", "kind"):
                if not isinstance(found.get(name), str):
                    yield f"response[{index}].{name}", "is missing"
            yield from self.judge("V1ObjectMeta", found.get("metadata"), f"response[{index}].metadata")

    def judge(self, kind, value, place):
        """Every difference between a value and its type, as (place, what)."""
        found = list(self.walk(kind, value, place, patch=False))
        yield from found
        if not found:
            try:
                self.reader._ApiClient__deserialize(value, kind)
            except ValueError as problem:
                yield place, f"{kind}: {problem}"

    def walk(self, kind, value, place, patch):
        if value is None:
            # A patch takes a field away so; else it is as if it were not there.
            return
        if found := LIST.fullmatch(kind):
            if not isinstance(value, list):
                yield place, f"{show(value)} is not a list"
                return
            for index, item in enumerate(value):
                yield from self.walk(found[1], item, f"{place}[{index}]", patch)
        elif found := DICT.fullmatch(kind):
            if not isinstance(value, dict):
                yield place, f"{show(value)} is not an object"
                return
            for key, item in value.items():
                yield from self.walk(found[2], item, f"{place}.{key}", patch)
        elif kind in vars(client.models):
            yield from self.walk_model(getattr(client.models, kind), value, place, patch)
        elif problem := judge_scalar(kind, value, place):
            yield place, problem

    def walk_model(self, model, value, place, patch):
        if not isinstance(value, dict):
            yield place, f"{show(value)} is not an object"
            return
        kinds = {wire: model.openapi_types[name] for name, wire in model.attribute_map.items()}
        for name, item in value.items():
            if name in kinds:
                yield from self.walk(kinds[name], item, f"{place}.{name}", patch)
            elif not (patch and name.startswith("$")):
                # Patches have directives, such as `$setElementOrder/containers`.
                yield f"{place}.{name}", f"unknown field of {model.__name__}"


def judge_scalar(kind, value, place):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "object":
        return None
    if kind == "str":
        # People may write a quantity as a number; a server answers with a text.
        fine = isinstance(value, str) or number and place.startswith("request") and ".resources." in place
        return None if fine else f"{show(value)} is not a string"
    if kind == "bool":
        return None if isinstance(value, bool) else f"{show(value)} is not a boolean"
    if kind == "int":
        return None if number and isinstance(value, int) else f"{show(value)} is not a whole number"
    if kind == "float":
        return None if number else f"{show(value)} is not a number"
    if kind == "datetime":
        moment = isinstance(value, str) and RFC3339.fullmatch(value)
        return None if moment else f"{show(value)} is not a moment"
    raise TypeError(f"{kind} is a type that the judge does not know")


def show(value):
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
