"""Microsoft's Python client as a judge of HTTP exchanges: which methods exist, and what may travel in them.

Nothing here was written for the sandbox or for the provider: the methods, classes, enumerations and which fields only
the service writes are Microsoft's own, inside the pinned azure-mgmt-containerservice. The client itself takes in what it
does not know without a word, so its classes are walked here instead.
"""

import base64
import datetime
import importlib
import inspect
import json
import os
import re
import sys
import typing
from enum import Enum
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

PACKAGE = "azure.mgmt.containerservice"

# Where scripts/tools.sh puts the release for the preview, which cannot be installed beside the other.
PREVIEW = Path(os.environ.get("GPUSLICE_AZURE_PREVIEW") or Path(sys.prefix) / "azure-preview")

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")

# What a variable of a path is called while the client is asked for its address.
MARK = re.compile(r"PLACE[A-Za-z]*MARK")

# The address of an operation is not of the client's making: it comes from an answer.
OPERATION = re.compile(
    r"/subscriptions/[^/]+/providers/Microsoft\.ContainerService/locations/[^/]+/(operations|operationresults)/[^/]+",
    re.IGNORECASE,
)
# What Azure shows as an empty text where nobody has set it (docs of managed GPU node pools), and takes back.
EMPTY = {"driverType"}


def load(folder=None):
    """The package, from a folder of its own where one is given: two releases live side by side in one process."""
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
    if folder is None:
        return importlib.import_module(PACKAGE)
    namespace = importlib.import_module("azure.mgmt")
    place = str(folder / "azure" / "mgmt")
    before = list(namespace.__path__)
    namespace.__path__ = [place, *before]
    try:
        return importlib.import_module(PACKAGE)
    finally:
        namespace.__path__ = before


def releases():
    """The API by its version: the stable one and the preview."""
    if not (PREVIEW / "azure").is_dir():
        sys.exit(f"the release for the preview is not in {PREVIEW}: run `make test`, which puts it there")
    both = [Api(load(PREVIEW)), Api(load())]
    return {api.version: api for api in both}


class Method:
    """One method of the client."""

    def __init__(self, name, request, body, statuses, answer, listed):
        self.name = name
        self.verb = request.method
        address = urlsplit(request.url)
        parts = MARK.split(address.path)
        # Names of resources do not distinguish case, and neither do the words between them.
        self.path = re.compile("[^/]+".join(re.escape(part) for part in parts), re.IGNORECASE)
        self.parameters = {parameter for parameter, _ in parse_qsl(address.query, keep_blank_values=True)}
        self.body, self.statuses, self.answer, self.listed = body, statuses, answer, listed


class Api:
    """One release of the client."""

    def __init__(self, package):
        self.models = package.models
        self.operations = sys.modules[f"{PACKAGE}.operations._operations"]
        self.names = {
            "_models": self.models,
            "datetime": datetime,
            # Some classes name these only for type checkers.
            "Any": typing.Any,
        }
        self.base = sys.modules[f"{PACKAGE}._utils.model_base"].Model
        self.fields_of = {}
        self.methods = list(self._methods())
        self.version = self._version()

    def _version(self):
        source = inspect.getsource(sys.modules[f"{PACKAGE}._configuration"])
        return re.search(r'"(\d{4}-\d\d-\d\d(?:-preview)?)"', source)[1]

    def _methods(self):
        for group, found in vars(self.operations).items():
            if not (inspect.isclass(found) and group.endswith("Operations") and found.__module__ == self.operations.__name__):
                continue
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", group.removesuffix("Operations")).lower()
            for name, function in vars(found).items():
                short = name.removeprefix("begin_")
                build = getattr(self.operations, f"build_{snake}_{short}_request", None)
                if build is not None and not name.startswith("_"):
                    initial = getattr(found, f"_{short}_initial", function)
                    yield self._method(f"{group}.{name}", function, initial, build)

    def _method(self, name, function, initial, build):
        function, initial = inspect.unwrap(function), inspect.unwrap(initial)
        source = inspect.getsource(initial)
        statuses = re.search(r"status_code not in \[([\d, ]+)\]", source)
        body = None
        for parameter in inspect.signature(function).parameters.values():
            classes = [part for part in typing.get_args(parameter.annotation) if self._is_model(part)]
            body = classes[0] if classes else body
        answer = inspect.signature(function).return_annotation
        listed = typing.get_origin(answer) is not None and typing.get_origin(answer).__name__ == "ItemPaged"
        for part in typing.get_args(answer):
            answer = part
        if isinstance(answer, (str, typing.ForwardRef)):
            answer = eval(getattr(answer, "__forward_arg__", answer), {}, self.names)
        statuses = {int(text) for text in statuses[1].split(",")} if statuses else {200}
        return Method(name, self._request(build), body, statuses, answer if self._is_model(answer) else None, listed)

    def _request(self, build):
        """The client's own request, with every parameter that it takes."""
        arguments = {}
        for name, parameter in inspect.signature(build).parameters.items():
            if parameter.kind == inspect.Parameter.VAR_KEYWORD or name in ("etag", "match_condition"):
                continue
            wanted = str(parameter.annotation)
            arguments[name] = True if "bool" in wanted else 1 if "int" in wanted else f"PLACE{name.replace('_', '')}MARK"
        return build(**arguments)

    def _is_model(self, kind):
        return inspect.isclass(kind) and issubclass(kind, self.base)

    def method(self, verb, path):
        for method in self.methods:
            if method.verb == verb and method.path.fullmatch(path):
                return method
        return None

    def fields(self, model):
        """Field on the wire -> (annotation, written by the service alone)."""
        if model not in self.fields_of:
            # The class itself makes this table when it is first used.
            model({})
            hints = {}
            for base in reversed(model.__mro__):
                if self._is_model(base):
                    names = {**vars(sys.modules[base.__module__]), **self.names}
                    hints |= {name: (kind, names) for name, kind in vars(base).get("__annotations__", {}).items()}
            table = {}
            for name, field in model._attr_to_rest_field.items():
                kind, names = hints[name]
                table[field._rest_name] = (self._resolved(kind, names), field._visibility == ["read"])
            self.fields_of[model] = table
        return self.fields_of[model]

    def _resolved(self, kind, names):
        """The annotation without quotes inside."""
        if isinstance(kind, (str, typing.ForwardRef)):
            return self._resolved(eval(getattr(kind, "__forward_arg__", kind), names), names)
        arguments = typing.get_args(kind)
        if not arguments:
            return kind
        resolved = tuple(self._resolved(part, names) for part in arguments)
        origin = typing.get_origin(kind)
        return typing.Union[resolved] if origin is typing.Union else origin[resolved]

    def judge_query(self, method, query):
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name not in method.parameters:
                yield f"query.{name}", f"unknown parameter of {method.name}"

    def judge(self, kind, value, place, request):
        """Every difference between a value and its type, as (place, what)."""
        arguments, origin = typing.get_args(kind), typing.get_origin(kind)
        if origin is typing.Union:
            if type(None) in arguments and value is None:
                return
            wanted = [part for part in arguments if part is not type(None)]
            # An enumeration stands beside the texts that it is made of: only its own values count.
            enums = [part for part in wanted if inspect.isclass(part) and issubclass(part, Enum)]
            yield from self.judge(enums[0] if enums else wanted[0], value, place, request)
        elif origin is list:
            if not isinstance(value, list):
                yield place, f"{show(value)} is not a list"
                return
            for index, item in enumerate(value):
                yield from self.judge(arguments[0], item, f"{place}[{index}]", request)
        elif origin is dict:
            if not isinstance(value, dict):
                yield place, f"{show(value)} is not an object"
                return
            for key, item in value.items():
                yield from self.judge(arguments[1], item, f"{place}.{key}", request)
        elif self._is_model(kind):
            yield from self._judge_model(kind, value, place, request)
        else:
            problem = judge_scalar(kind, value)
            if problem:
                yield place, problem

    def _judge_model(self, model, value, place, request):
        if not isinstance(value, dict):
            yield place, f"{show(value)} is not an object"
            return
        fields = self.fields(model)
        for name, item in value.items():
            inside = f"{place}.{name}"
            if name not in fields:
                yield inside, f"unknown field of {model.__name__}"
                continue
            kind, out = fields[name]
            if request and out:
                yield inside, "is written by the service alone"
            elif item == "" and name in EMPTY:
                continue
            else:
                yield from self.judge(kind, item, inside, request)

    def judge_answer(self, method, status, body):
        if status not in method.statuses:
            yield "status", f"{method.name} does not expect HTTP {status}"
        if method.answer is None or status == 202 and body is None:
            # Whether a deletion is answered with nothing or with something, the client does not look.
            return
        if not method.listed:
            yield from self.judge(method.answer, body, "response", request=False)
        elif not isinstance(body, dict) or not isinstance(body.get("value"), list):
            yield "response", "is no page: an object with a list named value"
        else:
            for index, item in enumerate(body["value"]):
                yield from self.judge(method.answer, item, f"response.value[{index}]", request=False)
            for name in body.keys() - {"value", "nextLink"}:
                yield f"response.{name}", "unknown field of a page"

    def judge_operation(self, body):
        """The status of an operation. Only the preview's client has a class for it."""
        model = getattr(self.models, "OperationStatusResult", None)
        if not isinstance(body, dict) or not isinstance(body.get("status"), str):
            yield "response", "an operation without a status"
            return
        if model is not None:
            yield from self.judge(model, body, "response", request=False)
        # Whether a cancelled one has an error too, Microsoft does not say.
        if body["status"].lower() == "failed" and not isinstance((body.get("error") or {}).get("code"), str):
            yield "response.error", "a failed operation without an error code"

    def judge_error(self, body):
        """Either of the two shapes that Azure uses: with or without `error` around it."""
        if not isinstance(body, dict):
            yield "response", "an error that is no object"
            return
        if "error" in body:
            yield from self.judge(self.models.ErrorResponse, body, "response", request=False)
            detail, place = body["error"], "response.error"
        else:
            known = {*self.fields(self.models.ErrorDetail), "subcode"}
            for name in body.keys() - known:
                yield f"response.{name}", "unknown field of an error"
            detail, place = body, "response"
        for name in ("code", "message"):
            if not isinstance(detail, dict) or not isinstance(detail.get(name), str) or not detail[name]:
                yield f"{place}.{name}", "is missing"


def judge_scalar(kind, value):
    if kind is typing.Any:
        return None
    if inspect.isclass(kind) and issubclass(kind, Enum):
        # Azure distinguishes case here, though the client does not (Azure/AKS issue 4468).
        known = [member.value for member in kind]
        return None if value in known else f"{show(value)} is not one of {', '.join(map(str, known))}"
    if kind is bool:
        return None if isinstance(value, bool) else f"{show(value)} is not a boolean"
    if kind is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else f"{show(value)} is not a whole number"
    if kind is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if number else f"{show(value)} is not a number"
    if kind is str:
        return None if isinstance(value, str) else f"{show(value)} is not a string"
    if kind is bytes:
        return None if is_base64(value) else f"{show(value)} is not base64"
    if kind is datetime.datetime:
        moment = isinstance(value, str) and RFC3339.fullmatch(value)
        return None if moment else f"{show(value)} is not a moment"
    raise TypeError(f"{kind} is a type that the judge does not know")


def is_base64(value):
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True))
    except ValueError:
        return False


def show(value):
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
