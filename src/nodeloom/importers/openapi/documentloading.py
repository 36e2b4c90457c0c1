"""OpenAPI documents as files: JSON, or YAML."""

from __future__ import annotations

from pathlib import Path

from nodeloom.descriptor.documentfiles import parse_json_document, read_text
from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi.yaml_reading import parse_yaml
from nodeloom.values import JsonObject


def read_document(path: Path) -> JsonObject:
    """The document in a JSON or YAML file.

    Raises DescriptorError when the file cannot be read, is neither, holds no object, or is larger or deeper than a
    document may be; the message names line and column. Raises ConfigurationError when it is YAML and PyYAML is not
    installed.
    """
    return parse_document(read_text(path), str(path))


def parse_document(text: str, name: str) -> JsonObject:
    """`text` as a document; JSON when it begins with a brace, else YAML. Raises as `read_document` does."""
    is_json = text.lstrip()[:1] in ("{", "[")
    raw = parse_json_document(text, name, strict=True) if is_json else parse_yaml(text, name)
    if not isinstance(raw, dict):
        raise DescriptorError(
            f"{name} holds no object.", path="$", value=raw, hint="An OpenAPI document is an object with `paths`."
        )
    return raw
