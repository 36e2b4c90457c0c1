"""The 3CX node written for n8n is the whole node, in n8n's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from measuring.n8n_form import NODE, whole_node

DOCUMENT = whole_node()


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its resource."""
    for prop in DOCUMENT["properties"]:
        if prop["name"] == "operation":
            for option in prop["options"]:
                yield prop["displayOptions"]["show"]["resource"][0], option


def test_it_holds_every_operation_and_property() -> None:
    parts = [json.loads(file.read_text(encoding="utf-8")) for file in (NODE / "resources").iterdir()]
    assert len(list(operations())) == 601
    assert len(DOCUMENT["properties"]) == 1 + sum(len(part["properties"]) for part in parts)


@pytest.mark.slow
def test_every_address_reads_parameters_that_its_operation_shows() -> None:
    for resource, option in operations():
        shown = {
            prop["name"]
            for prop in DOCUMENT["properties"]
            for show in [prop.get("displayOptions", {}).get("show", {})]
            if resource in show.get("resource", ()) and option["value"] in show.get("operation", ())
        }
        url = option["routing"]["request"]["url"]
        read = set(re.findall(r'\$parameter\["([^"]+)"\]', url))
        assert read <= shown, (resource, option["value"], url)
        assert "{" not in re.sub(r"\{\{.*?\}\}", "", url)


def test_nothing_is_left_that_n8n_would_refuse_or_send_otherwise() -> None:
    text = json.dumps(DOCUMENT)
    assert '"type": "path"' not in text
    assert '"type": "header"' not in text
    assert '"type": "odata"' not in text
    assert all("default" in prop for prop in DOCUMENT["properties"])
