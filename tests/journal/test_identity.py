"""What makes two runs the same, and how a difference is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodeloom import Literal
from nodeloom.errors import JournalError
from nodeloom.journal.identity import Identity
from nodeloom.redaction import Masker
from tests.journal.driving import IDENTITY


def identity(**changes: Any) -> Identity:
    return Identity.of(**{**IDENTITY, **changes})


def refused(before: Identity, now: Identity) -> JournalError:
    with pytest.raises(JournalError) as caught:
        now.check(before.to_dict(), Path("run.journal"))
    return caught.value


def test_the_same_run_is_the_same() -> None:
    identity().check(identity().to_dict(), Path("run.journal"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"node": "other"}, "node: threecx → other"),
        ({"version": 1.1}, "version of the node: 1 → 1.1"),
        ({"descriptor": '{"a": 1}'}, "descriptor of threecx: what it was → changed since"),
        ({"resource": None}, "resource: WebsiteLinks → none"),
        ({"operation": "CreateWeblink"}, "operation: DeleteWeblink → CreateWeblink"),
        ({"dialect": "n8n"}, "dialect of the expressions: author → n8n"),
        ({"url_values": "raw"}, "url_values: strict → raw"),
        ({"credential": "threeCxApi (staging)"}, "credential: threeCxApi (main) → threeCxApi (staging)"),
        ({"parameters": {"Link": "x"}}, "parameter Link: ={{ $json.Link }} → x"),
        ({"parameters": {}}, "parameter Link: ={{ $json.Link }} → (not set)"),
        ({"parameters": {**IDENTITY["parameters"], "Top": 5}}, "parameter Top: (not set) → 5"),
        ({"parameters": {"Link": Literal("={{ $json.Link }}")}}, 'Link: ={{ $json.Link }} → {"$literal": '),
        ({"nodes": {"Other": [{"json": {}}]}}, "items of the node Other: (not set) → [{"),
    ],
)
def test_every_difference_is_told(changes: dict[str, Any], words: str) -> None:
    error = refused(identity(), identity(**changes))
    assert words in str(error)
    assert "run.journal" in error.message
    assert error.details["differences"][0]["name"] in words or "Link" in words
    assert error.hint


def test_all_differences_are_told_at_once() -> None:
    error = refused(identity(), identity(operation="Create", parameters={"Link": "x", "Name": "y"}))
    assert [d["name"] for d in error.details["differences"]] == ["operation", "parameter Link", "parameter Name"]


def test_values_that_look_alike_where_they_are_cut_differ_all_the_same() -> None:
    long = "x" * 500
    error = refused(identity(parameters={"Text": long + "a"}), identity(parameters={"Text": long + "b"}))
    assert "another value that begins alike" in str(error)


def test_the_order_of_parameters_is_no_difference() -> None:
    one, other = {"a": {"x": 1, "y": 2}, "b": 3}, {"b": 3, "a": {"y": 2, "x": 1}}
    identity(parameters=one).check(identity(parameters=other).to_dict(), Path("j"))


def test_secrets_are_in_no_form_part_of_it() -> None:
    """Neither the value nor its digest: two secrets make the same identity."""
    one, other = (
        identity(
            parameters={"Header": f"Bearer {secret}", "Options": {"Password": secret}, "PIN": 1234},
            mask=Masker([secret]).mask_json,
            hidden={"Password", "PIN"},
        )
        for secret in ("canary-one-secret", "canary-two-secret")
    )
    assert one == other
    assert "canary" not in str(one.to_dict())
    assert "1234" not in str(one.to_dict())
