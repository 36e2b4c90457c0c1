"""OpenAPI documents as files: JSON, or YAML by the 1.2 core schema.

YAML is read with PyYAML (the extra `nodeloom[openapi]`), through libyaml where it is built in. Dates, `yes` and `0o7`
stay text, as OpenAPI asks for (its JSON schema ruleset): a date in an example is no date, the country `no` no boolean.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nodeloom.descriptor.files import parse_json
from nodeloom.errors import ConfigurationError, DescriptorError

_BOOLEAN = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INTEGER = re.compile(r"^[-+]?[0-9]+$")
_FLOAT = re.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
)
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
# Python refuses to read an integer of more digits than these.
_MAX_DIGITS = 4_000


def read_document(path: Path) -> dict[str, Any]:
    """The document in a JSON or YAML file.

    Raises DescriptorError when the file cannot be read, is neither, or holds no object; the message names line and
    column. Raises ConfigurationError when it is YAML and PyYAML is not installed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DescriptorError(f"There is no file {path}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise DescriptorError(f"{path} is a folder, not a file.", hint="Name the OpenAPI document in it.") from None
    except UnicodeDecodeError as fault:
        raise DescriptorError(f"{path} is not UTF-8 text (byte {fault.start}).", hint="Save it as UTF-8.") from None
    except OSError as fault:
        raise DescriptorError(f"{path} cannot be read: {fault.strerror}.", hint="Check its permissions.") from None
    return parse_document(text, str(path))


def parse_document(text: str, name: str) -> dict[str, Any]:
    """`text` as a document; JSON when it begins with a brace, else YAML. Raises as `read_document` does."""
    raw = parse_json(text, name) if text.lstrip()[:1] in ("{", "[") else _parse_yaml(text, name)
    if not isinstance(raw, dict):
        raise DescriptorError(
            f"{name} holds no object.", path="$", value=raw, hint="An OpenAPI document is an object with `paths`."
        )
    return raw


def _parse_yaml(text: str, name: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(
            f"{name} is YAML, and PyYAML is not installed.",
            hint="Install it with: pip install 'nodeloom[openapi]'; or give the document as JSON.",
        ) from None
    loader = _loader(yaml)(text)
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        at = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DescriptorError(
            f"{name} is not YAML: {fault.problem or fault.context}{at}.", hint="Mend the document there."
        ) from None
    except yaml.YAMLError as fault:
        raise DescriptorError(f"{name} is not YAML: {fault}.", hint="Mend the document.") from None
    except RecursionError:
        raise DescriptorError(f"{name} is nested too deeply.", hint="Use fewer levels of nesting.") from None
    finally:
        loader.dispose()


def _loader(yaml: Any) -> Any:
    """A loader of PyYAML that knows the core schema's scalars only, and refuses a key that is written twice."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        """YAML 1.2, core schema."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way to say so

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
            self.flatten_mapping(node)
            found: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = _key(self, key_node, yaml)
                if key in found:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} stands twice in one object", key_node.start_mark
                    )
                found[key] = self.construct_object(value_node, deep=deep)
            return found

        def construct_yaml_map(self, node: Any) -> Any:
            data: dict[str, Any] = {}
            yield data
            data.update(self.construct_mapping(node))

    core = "tag:yaml.org,2002:"
    for tag, pattern, first in (
        ("bool", _BOOLEAN, "tTfF"),
        ("int", _INTEGER, "-+0123456789"),
        ("float", _FLOAT, "-+0123456789."),
        ("null", _NULL, ["~", "n", "N", ""]),
        ("merge", re.compile(r"^<<$"), "<"),
    ):
        Loader.add_implicit_resolver(core + tag, pattern, list(first))
    Loader.add_constructor(f"{core}map", Loader.construct_yaml_map)
    Loader.add_constructor(f"{core}int", _integer)
    Loader.add_constructor(f"{core}float", _float)
    return Loader


def _key(loader: Any, node: Any, yaml: Any) -> str:
    """A key of an object as text: `200:` is the key "200", as it is in JSON."""
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a key is a list or an object", node.start_mark)
    return str(loader.construct_scalar(node))


def _integer(loader: Any, node: Any) -> Any:
    text = loader.construct_scalar(node)
    return int(text) if len(text) <= _MAX_DIGITS else text


def _float(loader: Any, node: Any) -> Any:
    text = loader.construct_scalar(node)
    return (
        float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".nan", "nan"))
        if text.lower() != ".nan"
        else float("nan")
    )
