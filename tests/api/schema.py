"""Checks answers against the OpenAPI document: statuses, media types, and the part of JSON Schema
that the document uses. What it does not know it refuses, so that nothing goes unchecked."""

import re

KNOWN = {"type", "description", "required", "properties", "items", "enum", "const", "allOf", "oneOf",
         "$ref", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "default",
         "examples", "readOnly", "writeOnly", "minItems", "maxItems"}
KINDS = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Document:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in ("get", "post", "put", "patch", "delete"):
                if method in item:
                    yield method.upper(), path, item[method]

    def faults(self, operation, status, content_type, body):
        """What is wrong with an answer; `body` is parsed JSON, or None when it is no JSON."""
        response = operation["responses"].get(str(status))
        if response is None:
            return [f"status {status} is not in the document"]
        content = self.resolve(response).get("content")
        if content is None:
            return []
        kind = content_type.split(";")[0]
        if kind not in content:
            return [f"{status} is {kind or 'without a type'}, not {' or '.join(content)}"]
        if "json" not in kind:
            return []
        return list(self.check(content[kind]["schema"], body, "body"))

    def check(self, schema, value, where):
        if "$ref" in schema:
            yield from self.check(self.resolve(schema), value, where)
            return
        unknown = set(schema) - KNOWN
        if unknown:
            yield f"{where}: the checker does not know {unknown}"
        if "type" in schema and not is_kind(schema["type"], value):
            yield f"{where}: {value!r} is no {schema['type']}"
            return
        if "const" in schema and value != schema["const"]:
            yield f"{where}: {value!r} is not {schema['const']!r}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        for one in schema.get("allOf", []):
            yield from self.check(one, value, where)
        if "oneOf" in schema:
            fitting = [one for one in schema["oneOf"] if not list(self.check(one, value, where))]
            if len(fitting) != 1:
                yield f"{where}: fits {len(fitting)} of the alternatives: {value!r}"
        if isinstance(value, dict):
            yield from self.check_object(schema, value, where)
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.check(schema.get("items", {}), item, f"{where}[{i}]")
        if isinstance(value, str):
            yield from check_text(schema, value, where)

    def check_object(self, schema, value, where):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: {name} is missing"
        for name, one in schema.get("properties", {}).items():
            if name in value:
                if one.get("writeOnly"):
                    yield f"{where}.{name}: is never to be told"
                yield from self.check(one, value[name], f"{where}.{name}")


def is_kind(kinds, value):
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind in ("integer", "number"):
            fits = isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
        else:
            fits = isinstance(value, KINDS[kind])
        if fits:
            return True
    return False


def check_text(schema, value, where):
    if schema.get("format") == "date-time" and not TIME.fullmatch(value):
        yield f"{where}: {value!r} is no time in UTC"
    if schema.get("format") == "uri" and not re.match(r"https?://", value):
        yield f"{where}: {value!r} is no address"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{where}: {len(value)} characters"


def undocumented(document, value, schema, where="body"):
    """Members that an answer has and the document does not name."""
    schema = document.resolve(schema)
    properties = dict(schema.get("properties", {}))
    for one in schema.get("allOf", []):
        properties.update(document.resolve(one).get("properties", {}))
    if isinstance(value, dict) and properties and "oneOf" not in schema:
        for name, item in value.items():
            if name not in properties:
                yield f"{where}.{name} is not in the document"
            else:
                yield from undocumented(document, item, properties[name], f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            yield from undocumented(document, item, schema["items"], f"{where}[{i}]")
