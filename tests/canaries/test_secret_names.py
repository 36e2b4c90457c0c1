"""Values under secret names are told nowhere, wherever in a request they stand and whatever becomes of it.

Results and the journal's rows keep them: they are the user's data. Everything else that is written is searched: errors,
logs, what observers and telemetry are told, reports, progress, planned requests and curl commands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import NodeloomError
from tests.canaries.conftest import World
from tests.canaries.finding import Canary, canary, found
from tests.canaries.server import MODES
from tests.canaries.test_failures import Told

pytestmark = pytest.mark.slow

FIELD = canary("itsfield", "{}/ü&'x")  # an item's field says that it is secret
PROPERTY = canary("itsproperty", "{}/ü&'x")  # only the property that it is sent by does
TARGET = canary("itstarget", "{}/ü&'x")  # only the name it is sent under does
LITERAL = canary("itsliteral", "{}")  # written into the workflow, for a field that says so
BIRDS = [FIELD, PROPERTY, TARGET, LITERAL]
ITEM = {"VMPIN": FIELD.text, "code": PROPERTY.text, "word": TARGET.text, "deep": [{"AuthPassword": FIELD.text}]}

SAYS_SO = {"displayName": "VMPIN", "name": "VMPIN", "type": "string", "default": ""}
LABEL = {"displayName": "Auth Password", "name": "ap", "type": "string", "default": ""}
PLAIN = {"displayName": "Word", "name": "word", "type": "string", "default": ""}


def sent(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"send": {"type": kind, "property": name, **more}}


# Position → (request of the operation, properties, parameters, what is sent).
Place = tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], list[Canary]]
AUTHOR = {"VMPIN": "={{ $json.code }}", "ap": "={{ $json.code }}", "word": "={{ $json.word }}"}


def by(prop: dict[str, Any], routing: dict[str, Any], request: dict[str, Any] | None = None) -> Place:
    """A property with that routing, filled in by the author."""
    bird = TARGET if prop is PLAIN else PROPERTY
    return request or {}, [{**prop, "routing": routing}], {prop["name"]: AUTHOR[prop["name"]]}, [bird]


def template(**request: Any) -> Place:
    """The descriptor's own template reads the item's field."""
    return request, [], {}, [FIELD]


ENTRY = {
    "displayName": "Lines",
    "name": "lines",
    "type": "fixedCollection",
    "default": {},
    "typeOptions": {"multipleValues": True},
}
GROUP = {"displayName": "More", "name": "more", "type": "collection", "default": {}}
INNER = {**SAYS_SO, "routing": {"request": {"url": "=/users/{{ encodeURIComponent($value) }}/x"}}}
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"

PLACES: dict[str, Place] = {
    "path": by(SAYS_SO, sent("path", "key"), {"url": "/users/{key}/x"}),
    "path of a placeholder that says so": by(PLAIN, sent("path", "VMPIN"), {"url": "/users/{VMPIN}/x"}),
    "OData key with a name": by(
        SAYS_SO, sent("path", "key", encode="odata.string"), {"url": "/Users(VMPIN={key})/Name"}
    ),
    "OData key without a name": by(SAYS_SO, sent("path", "key", encode="odata.string"), {"url": "/Users({key})"}),
    "address by the value": by(SAYS_SO, {"request": {"url": "=/users/{{ encodeURIComponent($value) }}"}}),
    "address by the parameter": (
        {"url": "=/users/{{ encodeURIComponent($parameter.VMPIN) }}"},
        [SAYS_SO],
        {"VMPIN": AUTHOR["VMPIN"]},
        [PROPERTY],
    ),
    "address by a parameter that another one gives": (
        {},
        [PLAIN, {**SAYS_SO, "routing": {"request": {"url": "=/users/{{ encodeURIComponent($value) }}"}}}],
        {"word": TARGET.text, "VMPIN": "={{ $parameter.word }}"},
        [TARGET],
    ),
    "address by the item": template(url="=/users/{{ encodeURIComponent($json.VMPIN) }}"),
    "address by code": template(url="={{ '/users/' + encodeURIComponent($json['VM' + 'PIN']) }}"),
    "address's query": template(url="=/users?of={{ encodeURIComponent($json.VMPIN) }}"),
    "literal in the path": (
        {"url": "/users/{key}"},
        [{**SAYS_SO, "routing": sent("path", "key")}],
        {"VMPIN": LITERAL.text},
        [LITERAL],
    ),
    "query": by(SAYS_SO, sent("query", "of")),
    "query by label": by(LABEL, sent("query", "of")),
    "query of a name that says so": by(PLAIN, sent("query", "client_secret")),
    "query by template": template(qs={"of": "={{ $json.VMPIN }}"}),
    "header": by(SAYS_SO, sent("header", "X-Of", encode="string")),
    "header of a name that says so": by(PLAIN, sent("header", "X-Access-Token", encode="string")),
    "header by template": template(headers={"X-Of": "={{ encodeURIComponent($json.VMPIN) }}"}),
    "cookie": by(SAYS_SO, sent("cookie", "of", encode="string")),
    "body": by(SAYS_SO, sent("body", "a.b")),
    "body of a name that says so": by(PLAIN, sent("body", "a.AuthPassword")),
    "body by template": template(body={"deep": ["={{ $json.deep[0].AuthPassword }}"]}),
    "body as a whole": template(body="={{ ({ of: $json.VMPIN }) }}"),
    "body as text": template(body="=of={{ $json.VMPIN }}", headers={"content-type": "text/plain"}),
    "body as JSON's text": template(body="={{ JSON.stringify({ Pin: $json.VMPIN }) }}", json=True),
    "form": by(SAYS_SO, sent("body", "of"), {"headers": {"content-type": FORM}}),
    "multipart": by(SAYS_SO, sent("body", "of"), {"headers": {"content-type": PARTS}}),
    "entry of a list": (
        {},
        [{**ENTRY, "options": [{"name": "all", "displayName": "All", "values": [INNER]}]}],
        {"lines": {"all": [{"VMPIN": AUTHOR["VMPIN"]}]}},
        [PROPERTY],
    ),
    "member of a collection": (
        {},
        [{**GROUP, "options": [INNER]}],
        {"more": {"VMPIN": AUTHOR["VMPIN"]}},
        [PROPERTY],
    ),
    "whole collection": (
        {},
        [{**GROUP, "options": [INNER]}],
        {"more": "={{ ({ VMPIN: $json.code }) }}"},
        [PROPERTY],
    ),
}


def node(url: str, place: Place) -> dict[str, Any]:
    request, properties, _parameters, _birds = place
    go = {"name": "Send", "value": "send", "routing": {"request": {"method": "POST", "url": "/users", **request}}}
    load = {"loadOptions": {"routing": {"request": {"method": "GET", "url": "/spaces", **request}}}}
    return {
        "name": "secretive",
        "displayName": "Secretive",
        "requestDefaults": {"baseURL": url},
        "properties": [
            {"displayName": "Operation", "name": "operation", "type": "options", "default": "send", "options": [go]},
            *properties,
            {"displayName": "Space", "name": "space", "type": "options", "default": "", "typeOptions": load},
        ],
    }


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    """Each position of a request."""
    return PLACES[request.param]


def in_turn(place: Place, modes: Sequence[str], always: Sequence[str], every: int) -> list[str]:
    """What a place is tried with: `always`, and every so many of the others, each of which has its turn somewhere."""
    turn = next(number for number, other in enumerate(PLACES.values()) if other is place)
    others = [mode for mode in modes if mode not in always]
    return [*always, *others[turn % every :: every]]


def silent(world: World, text: str) -> None:
    assert found(f"{text}\n{world.written()}", BIRDS) == []


def test_nothing_that_is_told_shows_them(world: World, place: Place) -> None:
    """Answers of a service that repeats all it was sent; observers, telemetry, logs, errors and tracebacks."""
    told = Told()
    with Runtime(discover_plugins=False, retries=0, timeout=0.2) as runtime:
        runtime.add_node(node(world.server.url, place))
        for mode in in_turn(place, [*MODES], ["200", "400", "redirect to another host", "redirect around"], 4):
            world.server.mode = mode
            told.run(runtime, "secretive", {"operation": "send", **place[2]}, None, [ITEM], stop=mode == "400")
    world.had(*place[3])
    told.silent(world)
    silent(world, "\n".join(told.texts))


def test_no_plan_shows_them(world: World, place: Place) -> None:
    """Neither the request nor the error of an item that cannot be sent, nor what represents them."""
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(node(world.server.url, place))
        planned = list(runtime.plan("secretive", place[2], [ITEM, {**ITEM, "code": None}]))
        told = [repr(planned), json.dumps([request.to_dict() for request in planned])]
        assert "***" in told[1]
    silent(world, "\n".join(told))


WATCHED = ("--log", "json", "--log-level", "debug", "--progress", "json", "--report", "report.json")


def test_no_command_shows_them(world: World, place: Place) -> None:
    """run, report, plan and choices; what a success gives goes to a file that is not searched."""
    world.kept |= {"secretive.json", "results.ndjson", "run.journal"}
    world.file("secretive.json", json.dumps(node(world.server.url, place)))
    words = [word for name, value in place[2].items() for word in ("--set", f"{name}={_written(value)}")]
    run = ("run", "secretive.json", "Send", *words, "--on-error", "continue", "--retries", "1", *WATCHED)
    items = json.dumps(ITEM)
    assert world.call(*run, "--output", "results.ndjson", stdin=items) == 0, world.said
    for mode in in_turn(place, ["500", "dropped", "broken JSON"], ["400", "redirect to another host"], 3):
        world.server.mode = mode
        world.call(*run, "--journal", f"{mode[:3]}.journal", stdin=items)
        world.kept.add(f"{mode[:3]}.journal")
        world.call("report", f"{mode[:3]}.journal")
    for way in ((), ("--curl",)):
        assert world.call("plan", "secretive.json", "Send", *words, *way, stdin=items) == 0
    world.call("choices", "secretive.json", "Send", "--property", "space", *words)
    world.had(*place[3])
    silent(world, "")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_results_and_the_journal_keep_them(world: World) -> None:
    """They are data: what a service answers, and the items of a run."""
    world.file("secretive.json", json.dumps(node(world.server.url, PLACES["path"])))
    world.server.mode = "400"
    words = ("run", "secretive.json", "Send", "--set", "VMPIN={{ $json.code }}", "--on-error", "continue")
    world.call(*words, "--journal", "run.journal", "--retries", "0", stdin=json.dumps(ITEM))
    assert world.call("report", "run.journal", "--failed") == 0
    assert FIELD.text in world.said[-2]


def test_short_ones_are_not_told_in_an_address_either(world: World) -> None:
    """A PIN of two digits stands in any text by chance; in an address there is little else."""
    place = PLACES["path"]
    told = Told()
    with Runtime(discover_plugins=False, retries=0) as runtime:
        runtime.add_node(node(world.server.url, place))
        told.run(runtime, "secretive", place[2], None, [{"code": "47"}, {"code": "a'"}], stop=False)
    assert any("/users/47/x" in sent for sent in world.server.sent)
    addresses = [text for text in told.texts if "/users/" in text]
    assert addresses
    for text in addresses:
        assert "/users/***/x" in text
        assert "/users/47/" not in text
        assert "%27" not in text


def test_names_that_are_taken_out_are_told(world: World) -> None:
    """And names that are added are not."""
    place = PLACES["path"]
    for names, secret in ((["!VMPIN"], False), (["!VMPIN", "code"], True), (["word"], True)):
        told = Told()
        with Runtime(discover_plugins=False, retries=0, secret_names=names) as runtime:
            runtime.add_node(node(world.server.url, place))
            told.run(runtime, "secretive", place[2], None, [ITEM], stop=False)
        shown = bool(found("\n".join(told.texts), [PROPERTY]))
        assert shown is not secret, names


def test_what_is_wrong_with_a_literal_is_told_without_it(world: World) -> None:
    """Before anything is opened: the author's own parameters."""
    broken = {"displayName": "Pin Code", "name": "pinCode", "type": "string", "default": ""}
    broken["routing"] = sent("header", "X-Of", encode="string")  # type: ignore[assignment]
    place: Place = ({}, [broken], {}, [])
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(node(world.server.url, place))
        for value in (f"{LITERAL.text}\n", {"value": f"{LITERAL.text}\n"}):
            with pytest.raises(NodeloomError) as caught:
                runtime.run("secretive", {"pinCode": value}, [{}])
            assert found(f"{caught.value} {caught.value.to_dict()}", [LITERAL]) == []
