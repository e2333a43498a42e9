"""Writes src/sandbox/aks/fields.txt: which fields of a node pool each version of the AKS API knows, and their types.

    python aks_fields.py OLDEST.whl … NEWEST.whl PREVIEW.whl             print the table
    python aks_fields.py --check F OLDEST.whl … NEWEST.whl PREVIEW.whl   exit 1 when file F differs from it
    python aks_fields.py --installed F                                   the same, as far as the two releases that are
                                                                         installed for the tests can tell

The sandbox refuses unknown fields by this table, as the real service does. The source is the model classes of the
releases of azure-mgmt-containerservice for these API versions. They are read as text out of the wheels, because no
two releases can be installed side by side:

    for v in 41.6.0 41.7.0 41.8.0 41.9.0b1; do pip download --no-deps azure-mgmt-containerservice==$v; done
"""

import ast
import re
import sys
import zipfile
from pathlib import Path

import azure_models

ROOTS = ["AgentPool", "AgentPoolUpdate"]
PACKAGE = "azure/mgmt/containerservice/"
PLAIN = {"str": "string", "bool": "bool", "int": "int32", "float": "number", "datetime": "datetime", "Any": "any"}

HEADER = """\
# Fields of AKS node pools, made by tests/python/aks_fields.py from the models of azure-mgmt-containerservice for the
# API versions {versions}. Not written by hand.
# MESSAGE, then "  field type": string, bool, int32, number, datetime, [list], {{map}}, enum A|B, a message's name, or
# any. "out" marks what the service alone writes, "from VERSION" and a value's "@VERSION" what older ones do not know.
"""


class Release:
    """The models of one release."""

    def __init__(self, place):
        """From a wheel, or from a folder that one was installed into."""
        if place.is_dir():
            read = lambda name: (place / PACKAGE / name).read_text()
            models, enums, configuration = read("models/_models.py"), read("models/_enums.py"), read("_configuration.py")
        else:
            with zipfile.ZipFile(place) as archive:
                read = lambda name: archive.read(PACKAGE + name).decode()
                models, enums, configuration = read("models/_models.py"), read("models/_enums.py"), read("_configuration.py")
        self.version = re.search(r'"(\d{4}-\d\d-\d\d(?:-preview)?)"', configuration)[1]
        self.classes = {node.name: node for node in ast.parse(models).body if isinstance(node, ast.ClassDef)}
        self.enums = {
            node.name: [item.value.value for item in node.body if isinstance(item, ast.Assign)]
            for node in ast.parse(enums).body
            if isinstance(node, ast.ClassDef)
        }

    def fields(self, name):
        """Field on the wire -> (annotation, written by the service alone), those of base classes included."""
        node, found = self.classes[name], {}
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self.classes:
                found |= self.fields(base.id)
        for item in node.body:
            if not (isinstance(item, ast.AnnAssign) and isinstance(item.value, ast.Call)):
                continue
            if getattr(item.value.func, "id", "") != "rest_field":
                continue
            wanted = [keyword for keyword in item.value.keywords if keyword.arg in ("name", "visibility")]
            options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in wanted}
            out = options.get("visibility") == ["read"]
            found[options.get("name", item.target.id)] = (item.annotation, out)
        return found

    def spell(self, annotation, releases):
        """(type as the table spells it, messages below it)"""
        if isinstance(annotation, ast.Constant):
            name = annotation.value.split(".")[-1]
            if name in self.enums:
                return "enum " + "|".join(values(name, releases)), []
            return name, [name]
        if isinstance(annotation, (ast.Name, ast.Attribute)):
            name = annotation.id if isinstance(annotation, ast.Name) else annotation.attr
            return PLAIN[name], []
        head = annotation.value.id
        inner = annotation.slice
        if head == "Optional":
            return self.spell(inner, releases)
        if head == "Union":
            # Union[str, Enum]
            return self.spell(inner.elts[1], releases)
        if head == "list":
            text, below = self.spell(inner, releases)
            return f"[{text}]", below
        if head == "dict":
            text, below = self.spell(inner.elts[1], releases)
            return "{" + text + "}", below
        raise ValueError(ast.dump(annotation))


def values(enum, releases):
    """The values of an enumeration, each that the oldest release does not have with the version that brought it."""
    first = {}
    for release in releases:
        for value in release.enums.get(enum, []):
            first.setdefault(value, release.version)
    # An enumeration that is new as a whole comes with a field that is new.
    oldest = min(first.values())
    return [value if since == oldest else f"{value}@{since}" for value, since in first.items()]


def table(wheels):
    releases = [Release(wheel) for wheel in wheels]
    newest = releases[-1]
    waiting, seen = list(ROOTS), {}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen[name] = []
        for field, (annotation, out) in sorted(newest.fields(name).items()):
            text, below = newest.spell(annotation, releases)
            waiting.extend(below)
            knows = lambda release: name in release.classes and field in release.fields(name)
            first = next(release.version for release in releases if knows(release))
            since = "" if first == releases[0].version else f" from {first}"
            seen[name].append(f"  {field} {text}{' out' if out else ''}{since}\n")
    lines = [HEADER.format(versions=", ".join(release.version for release in releases))]
    for name in sorted(seen):
        lines += [f"{name}\n", *seen[name]]
    return "".join(lines)


def told(text, oldest):
    """What a table says of this version and later ones, whatever order it has."""
    earlier = lambda found: "" if found[1] <= oldest else found[0]
    lines, message = [], ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            message = line
        line = re.sub(r" from (\S+)", earlier, re.sub(r"@([\w-]+)", earlier, line))
        head, mark, values = line.partition(" enum ")
        lines.append(f"{message}:{head}{mark}" + "|".join(sorted(values.split("|"))))
    return lines


def check_installed(file):
    stable = Path(azure_models.load().__file__).parents[3]
    oldest = Release(stable).version
    made = told(table([stable, azure_models.PREVIEW]), oldest)
    kept = told(Path(file).read_text(), oldest)
    for line in sorted(set(made) ^ set(kept)):
        print(f"{file}: {'lacks' if line in made else 'has, and the models have not'}: {line}")
    return 1 if made != kept else 0


def main(arguments):
    checked = None
    if arguments[:1] == ["--installed"] and len(arguments) == 2:
        return check_installed(arguments[1])
    if arguments[:1] == ["--check"]:
        checked, arguments = arguments[1], arguments[2:]
    if len(arguments) < 2:
        print(__doc__)
        return 2
    made = table([Path(wheel) for wheel in arguments])
    if checked is None:
        sys.stdout.write(made)
        return 0
    if Path(checked).read_text() == made:
        return 0
    print(f"{checked} is not what the models say; run aks_fields.py WHEELS > {checked}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
