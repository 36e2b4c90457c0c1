"""The schemas of 3CX's OpenAPI file as types: what `generate` takes over of them, and how it writes it."""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.errors import DescriptorError
from nodeloom.values import Json, JsonObject

_SCHEMAS = "#/components/schemas/"
# JSON type and format → primitive. An integer of the format decimal is a money amount; the file's generator knows no
# fractions, the service does.
_PRIMITIVES = {
    ("string", None): "String",
    ("string", "uuid"): "Guid",
    ("string", "date-time"): "DateTimeOffset",
    ("string", "duration"): "Duration",
    ("string", "time"): "TimeOfDay",
    ("boolean", None): "Boolean",
    ("integer", "int32"): "Int32",
    ("integer", "int64"): "Int64",
    ("integer", "uint8"): "Byte",
    ("integer", "decimal"): "Decimal",
    ("number", "float"): "Single",
    ("number", "double"): "Double",
}
_IGNORED = {"title", "description", "default", "pattern", "minimum", "maximum"}
_KNOWN = {"type", "format", "nullable", "maxLength", "items", "allOf", "oneOf", "$ref", "x-ms-navigationProperty"}


class Schemas:
    """The document's schemas; those that were asked for, and what they refer to, are in `describe`."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._wanted: dict[str, None] = {}

    def resolve(self, value: Mapping[str, Json]) -> Mapping[str, Json]:
        """What a `$ref` leads to; the value itself without one."""
        while "$ref" in value:
            found: Json = self._document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def type_of(self, schema: Mapping[str, Json], where: str) -> str:
        """The type of a value, as `generate` writes types. Raises DescriptorError for a shape that is not known."""
        # A new keyword of a later release may change a type: it is looked at by a person first.
        unknown = set(schema) - _IGNORED - _KNOWN
        if unknown:
            raise DescriptorError(f"The schema has '{min(unknown)}', which is not known.", path=where, value=schema)
        navigation = ">" if schema.get("x-ms-navigationProperty") else ""
        if schema.get("type") == "array":
            return f"{navigation}[{self.type_of(schema['items'], f'{where}.items')}]"
        spec, nullable = self._single(schema, where)
        longest = f"<={schema['maxLength']}" if "maxLength" in schema else ""
        return f"{navigation}{spec}{'?' if nullable else ''}{longest}"

    def _single(self, schema: Mapping[str, Json], where: str) -> tuple[str, bool]:
        nullable = bool(schema.get("nullable"))
        if "$ref" in schema:
            return self._note_named(schema["$ref"], where), nullable
        if "allOf" in schema and len(schema["allOf"]) == 1 and "$ref" in schema["allOf"][0]:
            return self._note_named(schema["allOf"][0]["$ref"], where), nullable
        if "oneOf" in schema:
            # OData's file writes a double as number, text or enumeration (NaN, INF); the number is the type.
            numbers = [s for s in schema["oneOf"] if s.get("type") == "number"]
            if len(numbers) != 1:
                raise DescriptorError("The alternatives are not known.", path=where, value=schema)
            return self._single(numbers[0], where)
        primitive = _PRIMITIVES.get((schema.get("type", ""), schema.get("format")))
        if primitive is None:
            raise DescriptorError("The schema's type is not known.", path=where, value=schema)
        return primitive, nullable

    def _note_named(self, reference: str, where: str) -> str:
        name = reference.removeprefix(_SCHEMAS)
        if name not in self._document["components"]["schemas"]:
            raise DescriptorError("A reference leads nowhere.", path=where, value=reference)
        self._wanted.setdefault(name)
        return name

    def answer(self, schema: Mapping[str, Json], where: str) -> str:
        """The type of an answer: `[T]` for OData's collections, the inner type for its single values."""
        inner = self.resolve(schema)
        parts = [p["properties"] for p in inner.get("allOf", ()) if "properties" in p]
        if parts and "value" in parts[0] and "BaseCollection" in str(inner["allOf"][0].get("$ref")):
            return self.type_of(parts[0]["value"], where)
        if "$ref" not in schema and "properties" in schema:
            if set(schema["properties"]) != {"value"}:
                raise DescriptorError("The answer is of a shape that is not known.", path=where, value=schema)
            return self.type_of(schema["properties"]["value"], where)
        return self.type_of(schema, where)

    def describe(self) -> dict[str, JsonObject]:
        """`types`, `enums` and `flags`: all that was asked for and what that refers to, by name."""
        types: JsonObject = {}
        enums: JsonObject = {}
        flags: JsonObject = {}
        while missing := [n for n in self._wanted if n not in types and n not in enums and n not in flags]:
            for name in missing:
                schema = self._document["components"]["schemas"][name]
                if "enum" in schema:
                    if not all(isinstance(member, str) for member in schema["enum"]):
                        raise DescriptorError(
                            "A member is not a text.", path=f"components.schemas.{name}", value=schema
                        )
                    (flags if "x-ms-enum-flags" in schema else enums)[name] = schema["enum"]
                else:
                    types[name] = self._structure(schema, f"components.schemas.{name}")
        return {k: dict(sorted(v.items())) for k, v in (("types", types), ("enums", enums), ("flags", flags))}

    def _structure(self, schema: Mapping[str, Json], where: str) -> dict[str, str]:
        fields: dict[str, str] = {}
        own = [schema]
        if "allOf" in schema:
            base, *own = schema["allOf"]
            fields[""] = self._note_named(base["$ref"], where)
        for part in own:
            if part.get("type") != "object":
                raise DescriptorError("The schema is not a structure.", path=where, value=part)
            for name, field in part.get("properties", {}).items():
                fields[name] = self.type_of(field, f"{where}.properties.{name}")
        return fields
