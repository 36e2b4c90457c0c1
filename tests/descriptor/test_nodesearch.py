"""Operations are found by words, from an index that no resource's file is read for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.nodesearch import Entry, entries_of, search
from nodeloom.errors import DescriptorError

NODE = Node.from_path(data_root() / "nodes" / "threecx")
ENTRIES = entries_of(NODE)


@pytest.mark.parametrize(
    ("query", "resource", "operation"),
    [
        ("delete link", "Website Links", "Delete Weblink"),
        ("remove link", "Website Links", "Delete Weblink"),
        ("Delete WEBLINK", "Website Links", "Delete Weblink"),
        ("bulk delete links", "Website Links", "Bulk Links Delete"),
        ("delete many users", "Users", "Batch Delete"),
        ("list users", "Users", "List User"),
        ("add user", "Users", "Create User"),
        ("edit queue", "Queues", "Update Queue"),
        ("download recording", "Recordings", "Download Recording"),
        ("stop service", "Services", "Stop"),
        ("show trunks", "Trunks", "List Trunk"),
    ],
)
def test_the_best_match_is_what_is_meant(query: str, resource: str, operation: str) -> None:
    hits = search(ENTRIES, query)
    assert (hits[0].entry.resource, hits[0].entry.operation) in {(resource, operation), (resource, "Get Trunk")}


def test_every_operation_is_found_by_its_own_name() -> None:
    for entry in ENTRIES[::7]:
        hits = search(ENTRIES, f"{entry.resource} {entry.operation}")
        assert entry.operation in {hit.entry.operation for hit in hits[:5]}


def test_the_index_has_all_operations_and_opens_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = Path.open

    def spy(self: Path, *arguments: Any, **options: Any) -> Any:
        read.append(self.name)
        return real(self, *arguments, **options)

    node = Node.from_path(data_root() / "nodes" / "threecx")
    monkeypatch.setattr(Path, "open", spy)
    assert len(entries_of(node)) == 601
    assert read == ["search.json"]


def test_a_node_without_an_index_is_searched_by_its_documents() -> None:
    go = {"name": "Send Letter", "value": "send", "action": "Post it", "routing": {"request": {"method": "POST"}}}
    options = {"name": "operation", "displayName": "Operation", "type": "options", "options": [go]}
    node = Node({"name": "post", "displayName": "Post", "properties": [options]})
    assert [hit.entry.to_dict() for hit in search(entries_of(node), "letters")] == [
        {"node": "post", "operation": "Send Letter", "method": "POST", "description": "Post it"}
    ]


def test_where_no_entry_has_all_words_those_with_most_are_given() -> None:
    entries = [Entry("n", "Cats", "Delete Cat"), Entry("n", "Dogs", "List Dog")]
    assert [h.entry.operation for h in search(entries, "delete cat gently")] == ["Delete Cat"]
    assert search(entries, "xyzzy") == []
    assert search(entries, " ") == []
    assert len(search(entries, "o", 1)) <= 1


def test_a_broken_index_says_so(tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text('{"index": {"A": [[1]]}}', encoding="utf-8")
    (tmp_path / "node.json").write_text(
        '{"name": "n", "displayName": "N", "search": "search.json", "resources": {}}', encoding="utf-8"
    )
    with pytest.raises(DescriptorError, match="not a search index"):
        entries_of(Node.from_path(tmp_path))


@given(st.text())
def test_any_query_is_answered(query: str) -> None:
    hits = search(ENTRIES[:40], query, 3)
    assert len(hits) <= 3
    assert hits == sorted(hits, key=lambda hit: -hit.score)
