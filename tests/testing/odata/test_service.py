"""The service over entity sets declared here: composite keys, functions, bound actions, every query option."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from nodeloom.testing.odata.declarations import Edm, EntitySet, EntityType, EnumType, Field, Operation
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.testing.odata.service import Answer, Call, ODataRequest, ODataService, refusal

KIND = EnumType("Pbx.Kind", frozenset({"Queue", "Fax"}))


def _rename(call: Call) -> None:
    if call.entity is None:
        raise AssertionError("an operation bound to an entity gets one")
    call.store.update(call.entity, {"Name": call.arguments["name"]})


def _count_named(call: Call) -> dict[str, Any]:
    wanted = call.arguments["name"]
    return {"value": sum(1 for e in call.store if e.values["Name"] == wanted)}


PEERS = EntitySet(
    "Peers",
    EntityType(
        "Pbx.Peer",
        (
            Field("Id", Edm.INT32, nullable=False),
            Field("Name"),
            Field("Rank", Edm.INT32),
            Field("Type", KIND),
            Field("Groups", navigation=True, collection=True),
        ),
        key=("Id",),
    ),
    operations=(
        Operation("Pbx.Rename", _rename, (Field("name", nullable=False, max_length=5),), bound_to="entity"),
        Operation("Pbx.CountNamed", _count_named, (Field("name"),), kind="function"),
        Operation("Pbx.Since", lambda call: str(call.arguments["at"]), (Field("at", Edm.DATETIME),), kind="function"),
        Operation("Pbx.Nothing", lambda call: None),
    ),
)
PAIRS = EntitySet(
    "Pairs",
    EntityType(
        "Pbx.Pair", (Field("Uid", Edm.GUID, nullable=False), Field("Part", nullable=False)), key=("Uid", "Part")
    ),
)
READ_ONLY = EntitySet(
    "Fixed", EntityType("Pbx.Fixed", (Field("Id", Edm.INT32),), key=("Id",)), verbs=frozenset({"get"}), etags=False
)
UID = "12345678-1234-1234-1234-123456789abc"


@pytest.fixture
def service() -> ODataService:
    made = ODataService([PEERS, PAIRS, READ_ONLY], root_url="http://pbx/xapi/v1", top_cap=3)
    for number, (name, rank, kind) in enumerate(
        [("b", 2, "Queue"), ("a", None, "Fax"), ("C", 2, None), ("a'x", 1, "Queue")], 1
    ):
        made.stores["Peers"].add({"Id": number, "Name": name, "Rank": rank, "Type": kind, "Groups": ["g"]})
    made.stores["Pairs"].add({"Uid": UID, "Part": "p/1"})
    made.stores["Fixed"].add({"Id": 1})
    return made


def ask(
    service: ODataService, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
) -> Answer:
    path, _, query = target.partition("?")
    sent = {"content-type": "application/json", **(headers or {})}
    payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    try:
        resolved = service.resolve(path)
    except ODataError as error:
        return refusal(error)
    return service.handle(ODataRequest(method, resolved, query, sent.get, payload))


def names(service: ODataService, **options: str) -> list[str]:
    query = "&".join(f"${k}={quote(v)}" for k, v in options.items())
    return [e["Name"] for e in json.loads(ask(service, "GET", f"Peers?{query}").body)["value"]]


def message(answer: Answer) -> str:
    text: str = json.loads(answer.body)["error"]["message"]
    return text


def test_a_list_is_ordered_cut_and_counted_in_that_order(service: ODataService) -> None:
    assert names(service) == ["b", "a", "C", "a'x"]
    assert names(service, orderby="Name desc") == ["b", "a'x", "a", "C"]
    assert names(service, orderby="Rank desc,Name") == ["C", "b", "a'x", "a"]
    assert names(service, orderby="Rank", top="2", skip="1") == ["a'x", "b"]
    assert names(service, filter="Rank eq 2", search="B") == ["b"]
    assert names(service, search='"A"') == ["a", "a'x"]
    document = json.loads(ask(service, "GET", "Peers?$count=true&$top=1&$filter=Rank%20eq%202").body)
    assert document["@odata.count"] == 2
    assert len(document["value"]) == 1
    assert ask(service, "GET", "Peers/$count?$filter=Rank+eq+2").body == b"2"


def test_select_and_expand_decide_what_an_entity_shows(service: ODataService) -> None:
    entity = json.loads(ask(service, "GET", "Peers(2)").body)
    assert entity == {
        "@odata.context": "http://pbx/xapi/v1/$metadata#Peers/$entity",
        "@odata.etag": 'W/"00000002"',
        "Id": 2,
        "Name": "a",
        "Rank": None,
        "Type": "Fax",
    }
    entity = json.loads(ask(service, "GET", "Peers(2)?$select=Name,Groups&$expand=Groups").body)
    assert entity["@odata.context"].endswith("#Peers(Name,Groups())/$entity")
    assert {k: v for k, v in entity.items() if "@" not in k} == {"Name": "a", "Groups": ["g"]}
    assert "Groups" in json.loads(ask(service, "GET", "Peers(2)?$expand=*").body)
    assert "Rank" in json.loads(ask(service, "GET", "Peers(2)?$select=*").body)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("Peers?$top=4", "The limit of '3' for Top query has been exceeded"),
        ("Peers?$top=-1", "whole number"),
        ("Peers?$skip=x", "whole number"),
        ("Peers?$count=1", "true or false"),
        ("Peers?$select=Nmae", "Did you mean 'Name'?"),
        ("Peers?$select=", "empty name"),
        ("Peers?$expand=Name", "$expand"),
        ("Peers?$expand=X", "named 'X'"),
        ("Peers?$orderby=Name%20up", "$orderby"),
        ("Peers?$orderby=Nmae", "Did you mean 'Name'?"),
        ("Peers?$filter=Rank%20eq%20'1'", "compare"),
        ("Peers?$filter=%zz", "percent"),
        ("Peers?$top=1&$top=2", "twice"),
        ("Peers?$apply=x", "not known"),
        ("Peers(1)?$top=1", "not allowed here"),
        ("Peers/$count?$top=1", "not allowed here"),
        ("Peers('1')", "literal of Edm.Int32"),
        ("Peers(2147483648)", "literal of Edm.Int32"),
        ("Peers(null)", "literal of Edm.Int32"),
        ("Peers()", "is (Id)"),
        ("Peers(Name='a')", "is (Id)"),
        (f"Pairs({UID})", "is (Uid, Part)"),
        (f"Pairs(Uid='{UID}',Part='p')", "literal of Edm.Guid"),
        ("Peers/Pbx.Since(at=2026-01-01)", "literal of Edm.DateTimeOffset"),
    ],
)
def test_what_the_request_gets_wrong_is_said_with_400(service: ODataService, target: str, says: str) -> None:
    answer = ask(service, "GET", target)
    assert answer.status == 400
    assert says in message(answer)


@pytest.mark.parametrize(
    "target",
    [
        "Peer",
        "Peers/Pbx.Nope",
        "Peers(1)/Name",
        "Peers/Pbx.Rename",
        "Peers(1)/Pbx.Nothing",
        "Peers/$count/x",
        "Peers(9)",
    ],
)
def test_what_is_not_there_is_404(service: ODataService, target: str) -> None:
    assert ask(service, "GET", target).status == 404


def test_names_that_are_not_there_bring_the_nearest(service: ODataService) -> None:
    assert "Did you mean 'Peers'?" in message(ask(service, "GET", "Peer"))


def test_a_key_of_two_parts_is_given_by_name_in_any_order(service: ODataService) -> None:
    for target in (f"Pairs(Uid={UID},Part='p%2F1')", f"Pairs(Part='p%2F1',Uid={UID.upper()})"):
        assert json.loads(ask(service, "GET", target).body)["Part"] == "p/1"
    assert service.resolve(f"Pairs(Uid={UID},Part='x')").key == (UUID(UID), "x")
    made = ask(service, "POST", "Pairs", {"Uid": UID, "Part": "it's"})
    location = dict(made.headers)["Location"]
    assert location == f"http://pbx/xapi/v1/Pairs(Uid={UID},Part=%27it%27%27s%27)"
    assert ask(service, "GET", location.removeprefix("http://pbx/xapi/v1/")).status == 200
    assert "ALREADY_IN_USE" in message(ask(service, "POST", "Pairs", {"Uid": UID.upper(), "Part": "it's"}))


def test_functions_take_typed_arguments_from_the_path(service: ODataService) -> None:
    assert json.loads(ask(service, "GET", "Peers/Pbx.CountNamed(name='a%27%27x')").body) == {"value": 1}
    assert json.loads(ask(service, "GET", "Peers/Pbx.CountNamed(name=null)").body) == {"value": 0}
    assert ask(service, "GET", "Peers/Pbx.Since(at=2026-01-01T00:00:00Z)").status == 200
    assert ask(service, "GET", "Peers/Pbx.CountNamed()").status == 404
    assert ask(service, "POST", "Peers/Pbx.CountNamed(name='a')").status == 405


def test_actions_take_typed_arguments_from_the_body(service: ODataService) -> None:
    before = service.stores["Peers"].get(1)
    assert before is not None
    etag = before.etag
    assert ask(service, "POST", "Peers(1)/Pbx.Rename", {"name": "new"}).status == 204
    after = service.stores["Peers"].get(1)
    assert after is not None
    assert after.values["Name"] == "new"
    assert after.etag != etag
    assert ask(service, "POST", "Peers/Pbx.Nothing").status == 204
    assert ask(service, "POST", "Peers(9)/Pbx.Rename", {"name": "new"}).status == 404
    misfits: list[Any] = [{}, {"name": None}, {"name": 1}, {"name": "longer"}, {"nam": "x", "name": "x"}, []]
    for body in misfits:
        assert ask(service, "POST", "Peers(1)/Pbx.Rename", body).status == 400
    refused = ask(service, "GET", "Peers(1)/Pbx.Rename")
    assert refused.status == 405
    assert ("Allow", "POST") in refused.headers


def test_a_set_offers_its_verbs_only(service: ODataService) -> None:
    assert ask(service, "GET", "Fixed(1)").status == 200
    assert "@odata.etag" not in json.loads(ask(service, "GET", "Fixed(1)").body)
    refused = ask(service, "DELETE", "Fixed(1)")
    assert refused.status == 405
    assert ("Allow", "GET") in refused.headers
    assert ask(service, "GET", "Fixed").status == 405
    assert ask(service, "PUT", "Peers(1)").status == 405


def test_the_root_names_the_sets(service: ODataService) -> None:
    document = json.loads(ask(service, "GET", "").body)
    assert [s["name"] for s in document["value"]] == ["Peers", "Pairs", "Fixed"]


def test_a_key_that_may_not_be_null_is_required(service: ODataService) -> None:
    assert ask(service, "POST", "Peers", {"Id": 40, "Name": "x"}).status == 201
    assert "REQUIRED" in message(ask(service, "POST", "Peers", {"Name": "y"}))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b'{"Id": NaN}', "NaN"),
        (b"[" * 100_000, "not JSON"),
        (b'{"Id": 1, "Name": "\\ud800"}', "not JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"Id": 9, "Nmae": "x"}', "Did you mean 'Name'?"),
        (b'{"Id": 9, "Name": 1}', "Edm.String"),
        (b'{"Id": 9, "Rank": true}', "Edm.Int32"),
        (b'{"Id": 9, "Rank": 1.5}', "Edm.Int32"),
        (b'{"Id": 9, "Rank": 3000000000}', "Edm.Int32"),
        (b'{"Id": 9, "Type": "Fex"}', "one of Fax, Queue"),
        (b'{"Id": 9, "Groups": "x"}', "a list"),
        (b'{"Id": 9, "Groups": [null]}', "Groups/0"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(service: ODataService, body: bytes, says: str) -> None:
    answer = ask(service, "POST", "Peers", body)
    assert answer.status == 400
    assert says in message(answer)
    assert len(service.stores["Peers"]) == 4


def test_a_body_that_is_not_declared_as_json_is_415(service: ODataService) -> None:
    assert ask(service, "POST", "Peers", {"Id": 9}, {"content-type": "text/plain"}).status == 415


def test_annotations_in_a_body_are_passed_over(service: ODataService) -> None:
    body = {"@odata.type": "#Pbx.Peer", "Id": 9, "Groups@odata.type": "x"}
    assert ask(service, "POST", "Peers", body).status == 201
