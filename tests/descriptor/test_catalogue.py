"""A loaded node: what loading reads, and how names are matched."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node, PropertyNames, credential_type
from nodeloom.descriptor.documentfiles import parse_json_document, read_json
from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.errors import DescriptorError, UnknownNameError
from tests.descriptor.corpus import FILES, credentials, document, needs_corpus

THREECX = data_root() / "nodes" / "threecx"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the JSON documents read since the test began."""
    names: list[str] = []
    read = Path.open

    def opened(self: Path, *args: Any, **more: Any) -> Any:
        if args == ("rb",):
            names.append(self.name)
        return read(self, *args, **more)

    monkeypatch.setattr(Path, "open", opened)
    return names


def split_node(folder: Path, **resources: Any) -> Node:
    """A node of several files: each resource's document, or broken text."""
    index = {name: {"file": f"{name}.json", "operations": [f"List {name}"]} for name in resources}
    options = [{"name": f"The {name}", "value": name} for name in resources]
    head = {
        "name": "split",
        "displayName": "Split",
        "properties": [{"name": "resource", "type": "options", "options": options}],
        "resources": index,
    }
    (folder / "node.json").write_text(json.dumps(head), encoding="utf-8")
    for name, text in resources.items():
        (folder / f"{name}.json").write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return Node.from_path(folder)


def resource(name: str, *operations: dict[str, Any]) -> dict[str, Any]:
    return {
        "resource": name,
        "properties": [
            {
                "name": "operation",
                "type": "options",
                "displayOptions": {"show": {"resource": [name]}},
                "options": list(operations)
                or [{"name": f"List {name}", "value": "list", "action": f"List all {name}"}],
            }
        ],
    }


def test_loading_the_shipped_node_reads_its_head_and_then_one_resource(opened: list[str]) -> None:
    node = Node.from_path(THREECX)
    assert len(node.resources()) == 132
    assert node.operation_names("Website Links")[-1] == "Delete Weblink"
    assert opened == ["node.json"]
    node.match_operation("Website Links", "delete weblink")
    node.descriptor("Website Links")
    assert opened == ["node.json", "website-links.json"]


def test_a_resource_s_file_is_read_when_the_resource_is_asked_for(tmp_path: Path, opened: list[str]) -> None:
    node = split_node(tmp_path, users=resource("users"), groups=resource("groups"))
    assert opened == ["node.json"]
    for _ in range(2):
        assert [o.name for o in node.operations("users")] == ["List users"]
    assert opened == ["node.json", "users.json"]


@pytest.mark.parametrize("broken", ["{", "[]", '{"resource": "groups"}', '{"resource": 5, "properties": 6}'])
def test_a_broken_file_of_another_resource_does_not_matter(tmp_path: Path, broken: str) -> None:
    node = split_node(tmp_path, users=resource("users"), groups=broken)
    assert node.resources() == ["users", "groups"]
    assert node.operation_names("groups") == ["List groups"]
    assert node.match_resource("The Groups") == "groups"
    assert [o.name for o in node.operations("users")] == ["List users"]
    with pytest.raises(DescriptorError, match=r"groups\.json"):
        node.operations("groups")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    node = split_node(tmp_path, users=resource("users"))
    (tmp_path / "users.json").unlink()
    with pytest.raises(DescriptorError, match=r"no file .*users\.json"):
        node.operations("users")


@pytest.mark.parametrize("file", ["../outside.json", "/etc/passwd", "a/../../outside.json"])
def test_a_node_reads_nothing_outside_its_own_folder(tmp_path: Path, file: str) -> None:
    inner = tmp_path / "node"
    inner.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(resource("users")), encoding="utf-8")
    head = {"name": "n", "displayName": "N", "resources": {"users": {"file": file}}}
    node = Node(head, folder=inner)
    with pytest.raises(DescriptorError, match="outside its own folder"):
        node.operations("users")


def test_a_split_node_without_a_folder_says_what_it_needs() -> None:
    node = Node({"name": "n", "displayName": "N", "resources": {"users": {"file": "users.json"}}})
    with pytest.raises(DescriptorError, match="without a folder"):
        node.operations("users")


@pytest.mark.slow
def test_a_broken_node_leads_to_the_piece(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    path.write_text(json.dumps({"name": "n", "displayNmae": "N", "properties": [{"name": "x"}]}), encoding="utf-8")
    with pytest.raises(DescriptorError) as caught:
        Node.from_path(path)
    assert caught.value.path == "$.displayNmae"
    assert "Did you mean 'displayName'?" in caught.value.message
    assert "$.properties[0]: 'type' is missing." in caught.value.message


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON: .* at line 1, column 1"),
        (b'{\n  "a": 1,\n}', r"at line [23], column"),
        (b"\xff\xfe{}", "not UTF-8 text"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "no JSON object"),
    ],
)
def test_a_file_that_is_no_document_is_refused_in_words(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "node.json"
    path.write_bytes(content)
    with pytest.raises(DescriptorError, match=why):
        Node.from_path(path)


def test_a_caret_shows_the_place_of_a_json_fault() -> None:
    with pytest.raises(DescriptorError) as caught:
        parse_json_document('{"name": "x", oops}', "node.json")
    line, caret = str(caught.value.message).splitlines()[1:]
    assert line[caret.index("^")] == "o"


@pytest.mark.parametrize(
    "text", ["", " ", "[\n", "$[\n", "{\r", '{"a":\u2028', "[\n\n\x0b", "[1e999999, nan]", "9" * 5000, "[NaN]"]
)
def test_text_that_is_no_json_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(DescriptorError, match="is not JSON"):
        parse_json_document(text, "node.json")


@given(st.text(alphabet=st.sampled_from('{}[]",:\n\r\x0b\u2028 aN1-.eE\\ud8'), max_size=30), st.booleans())
def test_any_text_is_json_or_an_error_of_ours(text: str, strict: bool) -> None:
    with contextlib.suppress(DescriptorError):
        parse_json_document(text, "node.json", strict=strict)


def test_folders_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DescriptorError, match="is a folder"):
        read_json(tmp_path)
    with pytest.raises(DescriptorError, match="There is no file"):
        read_json(tmp_path / "x.json")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("{}", encoding="utf-8-sig")
    assert read_json(path) == {}


@pytest.mark.parametrize("name", ["Website Links", "website links", "WebsiteLinks", "website-links", "WEBSITE_LINKS"])
def test_a_resource_is_found_without_case_and_punctuation(name: str) -> None:
    assert Node.from_path(THREECX).match_resource(name) == "Website Links"


@pytest.mark.parametrize(
    "name", ["Delete Weblink", "delete weblink", "DeleteWeblink", "delete-weblink", "Delete a website link"]
)
def test_an_operation_is_found_by_its_label_or_action(name: str) -> None:
    assert Node.from_path(THREECX).match_operation("Website Links", name).value == "Delete Weblink"


def test_names_are_found_by_their_value_too_and_exactly_before_loosely(tmp_path: Path) -> None:
    node = split_node(
        tmp_path,
        users=resource(
            "users",
            {"name": "Get", "value": "read"},
            {"name": "Read", "value": "READ"},
            {"name": "read", "value": "other"},
            {"name": "Five", "value": 5},
        ),
    )
    assert node.match_operation("users", "read").name == "Get"
    assert node.match_operation("users", "READ").name == "Read"
    assert node.match_operation("users", "Read").name == "Read"
    assert node.match_operation("users", "get").name == "Get"
    assert node.match_operation("users", 5).name == "Five"
    assert node.match_operation("users", "5").name == "Five"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("Delet Weblink", "Did you mean 'Delete Weblink'?"),
        ("BulkLinkDelete", "Did you mean 'Bulk Links Delete'?"),
        ("zzz", "Known: 'List Weblink'"),
    ],
)
def test_a_wrong_operation_is_answered_with_the_nearest(wrong: str, hint: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        Node.from_path(THREECX).match_operation("Website Links", wrong)
    assert str(caught.value.hint).startswith(hint)
    assert "3CX, Website Links" in caught.value.message


def test_a_typo_in_a_value_is_answered_too(tmp_path: Path) -> None:
    node = split_node(tmp_path, users=resource("users", {"name": "Fetch everything", "value": "getAll"}))
    with pytest.raises(UnknownNameError) as caught:
        node.match_operation("users", "getAl")
    assert caught.value.hint == "Did you mean 'getAll'?"


def test_a_wrong_resource_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        Node.from_path(THREECX).match_resource("Website Link")
    assert caught.value.hint == "Did you mean 'Website Links'?"


def names(*pairs: tuple[str, str]) -> PropertyNames:
    return PropertyNames(
        PropertyDescriptor.model_validate({"name": name, "displayName": label, "type": "string"})
        for name, label in pairs
    )


@pytest.mark.parametrize("key", ["If Match", "If-Match", "ifMatch", "if_match", "IFMATCH", "if match "])
def test_a_property_is_found_however_its_name_is_written(key: str) -> None:
    assert names(("Link", "Link"), ("If Match", "If Match")).find(key) == "If Match"


def test_a_property_s_name_wins_over_another_s_label() -> None:
    known = names(("a", "b"), ("b", "c"))
    assert [known.find(key) for key in ("a", "b", "c", "d", "B")] == ["a", "b", "b", None, "b"]


def test_letters_without_case_are_told_apart_and_names_of_punctuation_too() -> None:
    known = names(("straße", "Straße"), ("$", "Dollar"), ("#", "Hash"))
    assert [known.find(key) for key in ("STRASSE", "$", "#", "%")] == ["straße", "$", "#", None]


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4, unique=True))
def test_every_exact_name_finds_itself(keys: list[str]) -> None:
    known = names(*((key, key) for key in keys))
    assert [known.find(key) for key in keys] == keys


@pytest.mark.slow
@needs_corpus
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_recorded_node_loads_and_its_names_find_themselves(file: Path) -> None:
    node = Node(document(file)["node"])
    for name in node.resources() or [None]:  # type: ignore[list-item]
        if name is not None:
            assert node.match_resource(name) == name
        for option in node.operations(name):
            assert node.match_operation(name, option.value) is option
    for raw in credentials(file):
        assert credential_type(raw).name == raw["name"]
