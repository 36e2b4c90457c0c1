"""The generated node bears the names its users know, and is what the generator makes of 3CX's file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.datafolder import data_root
from nodeloom.errors import UnknownNameError
from tests.nodes import samples
from tests.nodes.test_threecx_requests import form_of

Json = dict[str, Any]

NODE = data_root() / "nodes" / "threecx"
# Of the pages' operations those that 3CX's file lost between 20.0.7 and 20.0.10.
GONE = {("Users", "Get Monitor Status")}
# Fields that 3CX's file gained among those the pages show.
NEW = {
    "Update General Settings For Apps": {"Allow Block Calls", "Enable Selector Caller Id"},
    "Update My User": {"Agent Settings", "AI Agent", "Block Tunnel"},
    "Update Trunk": {"Certificate Expiration Date", "Disable Call Transfer"},
    "Update User": {"Agent Settings", "AI Agent", "Block Tunnel"},
}


def pages() -> list[Json]:
    file = samples.FACTS / "3cx-node-pages.json"
    return list(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else []


def page_id(page: Json) -> str:
    return f"{page['resource']}, {page['operation']}"


def plain(label: str) -> str:
    """A label of a page without what it adds: "Top ($top)" and "$top" are Top."""
    from nodeloom.importers.openapi.displaynames import start_case

    return start_case(re.sub(r" \(\$\w+\)$", "", label))


@pytest.mark.slow
@pytest.mark.skipif(not pages(), reason="the shared pages are not here")
@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_a_page_of_the_node_our_users_know_matches(page: Json) -> None:
    """Resource, operation and properties, in their order; a page may stop before the last one."""
    with Runtime() as runtime:
        node = runtime.node("threecx")
        if (page["resource"], page["operation"]) in GONE:
            with pytest.raises(UnknownNameError, match="no operation") as caught:
                node.match_operation(page["resource"], page["operation"])
            assert "up to 20.0.7" in str(caught.value.hint)
            return
        operation = node.match_operation(page["resource"], page["operation"])
        assert operation.name == page["operation"]
        form = form_of(node, page["resource"], operation.name)
    names = [prop.name for prop in form if prop.name not in NEW.get(page["operation"], ())]
    wanted = page["properties"]
    if all(label.startswith("$") for label in wanted):
        # Two pages list what is in the collection, and leave out its name.
        wanted, page = ["Options"], {**page, "nested": {"Options": wanted}}
    assert names[: len(wanted)] == wanted
    if not page.get("properties_truncated"):
        assert names == wanted
    for holder, labels in page.get("nested", {}).items():
        prop = next(p for p in form if p.name == holder)
        if prop.type == "collection":
            # Pages of single entities list all query options of OData; 3CX's file has two of them.
            inner = [child.name for child in prop.children()]
            known = [plain(label) for label in labels]
            assert [name for name in inner if name in known] == [label for label in known if label in inner] != []
        else:
            assert set(labels) <= set(_members(prop.value_schema or {}))


def _members(schema: Json) -> list[str]:
    """The members of an object's schema without regard to case, as pages spell them like the service or like labels."""
    return [name for key in schema.get("properties", {}) for name in (key, key[:1].upper() + key[1:])]


@pytest.mark.slow
def test_regenerating_changes_no_byte() -> None:
    """The node, its index and its page are what the importer makes of 3CX's file and the overrides."""
    from nodeloom.importers.openapi import Overrides, files_of, import_openapi
    from nodeloom.importers.openapi.docs import page_of

    imported = import_openapi(
        samples.data_file("swagger-20.0.10.yaml"),
        overrides=Overrides.from_path(NODE / "overrides.json"),
        earlier=[("20.0.7", samples.data_file("swagger-20.0.7-2025-05.yaml"))],
    )
    made = files_of(imported)
    kept = {
        str(file.relative_to(NODE)): file.read_text(encoding="utf-8")
        for file in NODE.rglob("*.json")
        if file.name != "overrides.json"
    }
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []
    page = samples.ROOT / "docs" / "nodes" / "threecx.md"
    assert page_of(imported) == page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_sentence_of_the_file_is_copied() -> None:
    """Labels are made from names; what the node says is its own."""
    from nodeloom.importers.openapi.displaynames import start_case

    sentences: set[str] = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            for key, value in part.items():
                if key in ("description", "summary") and isinstance(value, str) and len(value) > 12:
                    sentences.add(value)
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(samples.document())
    assert len(sentences) > 100
    text = "".join(file.read_text(encoding="utf-8") for file in NODE.rglob("*.json"))
    assert [s for s in sentences if s in text and s != start_case(s)] == []


def test_one_operation_is_described_from_the_head_and_one_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other 131 resources hold is not read."""
    read: list[Path] = []
    real = Path.open

    def spy(self: Path, *arguments: Any, **options: Any) -> Any:
        read.append(self)
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", spy)
    with Runtime() as runtime:
        described = runtime.describe("threecx", "Website Links", "Delete Weblink")
    assert described["url"] == "/WebsiteLinks({Link})"
    own = [file.name for file in read if file.is_relative_to(NODE)]
    assert sorted(own) == ["node.json", "website-links.json"]


def test_operations_say_since_when_they_are_there() -> None:
    with Runtime() as runtime:
        node = runtime.node("threecx")
        assert node.document.release == "20.0.10"
        for resource in node.resources():
            index = (node.document.resources or {})[resource]
            assert len(index.methods or ()) == len(index.operations)
            newer = {o.name: o.since for o in node.operations(resource) if o.since != "20.0.7"}
            assert newer == (index.since or {})
            assert set(newer.values()) <= {"20.0.10"}


@pytest.mark.slow
def test_bulk_pairs_name_properties_that_are_there() -> None:
    with Runtime() as runtime:
        node = runtime.node("threecx")
        pairs = {}
        for resource in node.resources():
            for option in node.operations(resource):
                if option.bulk is not None:
                    names = [p.name for p in form_of(node, resource, option.bulk.operation)]
                    assert names == [option.bulk.list]
                    assert option.bulk.item in [p.name for p in form_of(node, resource, option.name)]
                    pairs[f"{resource}, {option.name}"] = option.bulk.operation
    assert pairs == {
        "Black List Numbers, Delete Black List Number": "Bulk Numbers Delete",
        "Blocklist, Delete Blocklist Addr": "Bulk Ips Delete",
        "Fax, Delete Fax": "Bulk Fax Delete",
        "Inbound Rules, Delete Inbound Rule": "Bulk Inbound Rules Delete",
        "Users, Delete User": "Batch Delete",
        "Website Links, Delete Weblink": "Bulk Links Delete",
    }
