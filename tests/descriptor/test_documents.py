"""Documents are read in plain Python; what pydantic's models allow is what is read, no more and no less."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nodeloom.descriptor.documents import Document
from nodeloom.descriptor.models import (
    CredentialType,
    DisplayOptions,
    GroupDescriptor,
    NodeDescriptor,
    OptionDescriptor,
    OutputRouting,
    PostReceive,
    PropertyDescriptor,
    RequestRouting,
    Routing,
    SendRouting,
    TokenRequest,
)
from nodeloom.errors import DescriptorError

KINDS: list[type[Document]] = [
    CredentialType,
    DisplayOptions,
    NodeDescriptor,
    OptionDescriptor,
    OutputRouting,
    PropertyDescriptor,
    Routing,
    SendRouting,
    TokenRequest,
]
PROPERTY: Any = {
    "name": "fields",
    "displayName": "Fields",
    "type": "collection",
    "default": {},
    "options": [{"name": "a", "type": "string"}],
    "x_unknown": 1,
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "a", "=a", "query", "odata", "options", "collection", "fixedCollection", "body", "header"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "type", "value", "values", "displayName", "options", "send", "__function__", "request"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@st.composite
def written(draw: st.DrawFn) -> tuple[type[Document], Any]:
    """A class of documents, and an object with some of its keys, rightly filled in or not."""
    kind = draw(st.sampled_from(KINDS))
    keys = kind.declared.keys.values()
    raw: dict[str, Any] = {key.spelling: "a" for key in keys if key.required and draw(st.integers(0, 9))}
    names = [key.spelling for key in keys] + ["unknown"]
    raw |= draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4))
    return kind, draw(st.just(raw) | VALUES)


def refused(read: Any, raw: Any) -> str | None:
    """What pydantic says against `raw`; None when it is read."""
    try:
        read(raw)
    except ValidationError as fault:
        return str(fault)
    return None


@given(written())
@settings(deadline=None, max_examples=150)  # the first example imports pydantic
def test_what_pydantic_allows_is_read_and_nothing_else_is(one: tuple[type[Document], Any]) -> None:
    kind, raw = one
    before = json.dumps(raw, sort_keys=True)  # as text, for no NaN equals itself
    said = refused(kind.declared.model.model_validate, raw)
    assert refused(kind.model_validate, raw) == said
    if said is None:
        assert json.dumps(kind.model_validate(raw).to_dict(), sort_keys=True) == before
    assert json.dumps(raw, sort_keys=True) == before


def test_the_attributes_are_the_keys_in_snake_case_and_have_their_defaults() -> None:
    prop = PropertyDescriptor.model_validate(PROPERTY)
    assert (prop.name, prop.display_name, prop.default, prop.required, prop.hint) == (
        "fields",
        "Fields",
        {},
        False,
        None,
    )
    assert prop.model_extra == {"x_unknown": 1}
    assert prop.model_fields_set == {"name", "display_name", "type", "default", "options"}
    assert RequestRouting.model_validate({"baseURL": "b", "json": True}).base_url == "b"


def test_a_default_that_can_be_changed_is_each_documents_own() -> None:
    one, other = (NodeDescriptor.model_validate({"name": "n", "displayName": "N"}) for _ in range(2))
    assert one.properties == []
    assert one.properties is not other.properties


def test_entries_stand_in_the_order_of_the_keys_with_unknown_ones_last() -> None:
    assert list(DisplayOptions.model_validate({"x": 1, "hide": {}, "show": {}}).entries()) == ["show", "hide", "x"]


def test_the_type_of_a_property_says_what_its_options_are() -> None:
    def kinds(raw: Any) -> list[type]:
        return [type(part) for part in PropertyDescriptor.model_validate(raw).options or ()]

    both = {"name": "a", "type": "string", "value": 1}
    assert kinds({**PROPERTY, "options": [both]}) == [PropertyDescriptor]
    assert kinds({**PROPERTY, "type": "options", "options": [both]}) == [OptionDescriptor]
    assert kinds({**PROPERTY, "type": "fixedCollection", "options": [{"name": "g", "values": []}]}) == [GroupDescriptor]
    assert kinds({**PROPERTY, "type": "other", "options": [both, {"name": "g", "values": []}]}) == [
        OptionDescriptor,
        GroupDescriptor,
    ]


def test_a_hook_among_steps_stays_as_it_is() -> None:
    hook = {"__function__": "f"}
    steps = OutputRouting.model_validate({"postReceive": [{"type": "limit"}, hook]}).post_receive
    assert steps == [PostReceive.model_validate({"type": "limit"}), hook]


def test_a_document_is_not_changed_but_copied() -> None:
    prop = PropertyDescriptor.model_validate(PROPERTY)
    with pytest.raises(AttributeError, match="model_copy"):
        prop.name = "other"  # type: ignore[misc]
    copied = prop.model_copy(update={"hint": "h"})
    assert (prop.hint, copied.hint) == (None, "h")
    assert copied.to_dict() == {**PROPERTY, "hint": "h"}
    assert prop != copied
    assert prop == PropertyDescriptor.model_validate(PROPERTY)


def test_what_the_caller_does_to_its_object_later_is_not_seen() -> None:
    raw = {"show": {"a": [1]}}
    options = DisplayOptions.model_validate(raw)
    raw["show"]["b"] = [2]
    assert options.show == {"a": [1]}


def test_documents_survive_pickling_and_copying() -> None:
    prop = PropertyDescriptor.model_validate(PROPERTY)
    assert pickle.loads(pickle.dumps(prop)) == prop
    assert copy.deepcopy(prop) == prop


def test_a_document_that_is_nested_too_deeply_is_refused_in_words() -> None:
    raw: Any = {"name": "a", "type": "string"}
    for _ in range(2000):
        raw = {"name": "a", "type": "collection", "options": [raw]}
    with pytest.raises(DescriptorError, match="nested too deeply"):
        PropertyDescriptor.model_validate(raw)


def test_what_is_no_key_of_a_document_cannot_be_declared() -> None:
    class Odd(Document):
        a: bytes

    with pytest.raises(TypeError, match="bytes"):
        Odd.model_validate({"a": b""})


def test_a_right_document_is_read_without_pydantic_and_a_wrong_one_is_explained_by_it() -> None:
    code = (
        "import sys\n"
        "from nodeloom import Runtime\n"
        "from nodeloom.errors import DescriptorError\n"
        "runtime = Runtime()\n"
        "runtime.describe('threecx', 'Website Links', 'Delete Weblink')\n"
        "runtime.credential_type('threeCxApi')\n"
        "assert 'pydantic' not in sys.modules\n"
        "try:\n"
        "    runtime.add_node({'name': 'n'})\n"
        "except DescriptorError as fault:\n"
        "    print(fault)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "'displayName' is missing." in done.stdout
