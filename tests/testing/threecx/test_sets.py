"""Entity sets besides Website Links: typed keys, alternate keys, singletons, navigation, downloads, bulk operations."""

from __future__ import annotations

import csv
import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ParameterError, UnknownNameError
from nodeloom.testing import ThreeCXSandbox
from nodeloom.testing.odata.declarations import Edm
from nodeloom.testing.odata.literals import quote_literal
from nodeloom.testing.odata.service import ODataService
from tests.testing.conftest import Connect
from tests.testing.declared import CATALOGUE, ask, new_service

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
TEXT_KEYS = sorted(
    name
    for name in CATALOGUE.data["sets"]
    if (s := CATALOGUE.entity_set(name)) and s.type.key and s.type.by_name[s.type.key[0]].type is Edm.STRING
)


def document(service: ODataService, path: str, query: str = "") -> Any:
    answer = ask(service, "GET", path, query)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def code(answer: Any) -> str:
    text: str = json.loads(answer.body)["error"]["message"]
    return text


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TEXT_KEYS), ANY_TEXT)
def test_a_text_key_survives_every_character(name: str, text: str) -> None:
    """The key reads back as it was written, percent-encoded as a whole or not more than it must be."""
    service = new_service()
    barely = "".join(quote(c, safe="") if c in "%/" else c for c in text.replace("'", "''"))
    for escaped in (quote_literal(text), f"'{barely}'"):
        assert service.resolve(f"{name}({escaped})").key == text


@settings(max_examples=40, deadline=None)
@given(st.integers(-(2**31), 2**31 - 1))
def test_an_integer_key_is_bare_and_within_32_bits(number: int) -> None:
    service = new_service()
    assert service.resolve(f"Users({number})").key == number
    assert service.resolve(f"Users(Id={number})").key == number
    for broken in (f"'{number}'", f"{number}.0", f"{number + 2**32}", f"{number - 2**32}", f"{number}x"):
        assert ask(service, "GET", f"Users({broken})").status == 400


@settings(max_examples=40, deadline=None)
@given(st.uuids())
def test_a_guid_key_is_bare_and_knows_no_case(value: UUID) -> None:
    service = new_service()
    assert service.resolve(f"OAuthClients({value})").key == value
    assert service.resolve(f"OAuthClients({str(value).upper()})").key == value
    for broken in (f"'{value}'", value.hex, f"{{{value}}}", str(value)[:-1]):
        assert ask(service, "GET", f"OAuthClients({broken})").status == 400


@settings(max_examples=40, deadline=None)
@given(ANY_TEXT, st.none() | ANY_TEXT)
def test_function_arguments_survive_every_character(number: str, name: str | None) -> None:
    service = new_service()
    path = f"DNProperties/Pbx.GetDNPropertyByName(dnNumber={quote_literal(number)},name={quote_literal(number)})"
    target = service.resolve(path)
    assert target.arguments == {"dnNumber": number, "name": number}
    assert document(service, path)["Name"] == number
    path = f"AISettings/Pbx.GetVectorStore(id={quote_literal(name)})"
    assert service.resolve(path).arguments == {"id": name}
    assert ask(service, "GET", path).status == 200


@settings(max_examples=30, deadline=None)
@given(ANY_TEXT)
def test_a_playlist_of_any_name_can_be_made_read_changed_and_deleted(name: str) -> None:
    service = new_service()
    path = f"Playlists({quote_literal(name)})"
    assert ask(service, "POST", "Playlists", body={"Name": name}).status == 201
    assert "ALREADY_IN_USE" in code(ask(service, "POST", "Playlists", body={"Name": name}))
    assert ask(service, "PATCH", path, body={"PromptName": "x"}).status == 204
    assert document(service, path)["PromptName"] == "x"
    assert ask(service, "DELETE", path).status == 204
    assert ask(service, "DELETE", path).status == 404


@pytest.fixture
def service() -> ODataService:
    return new_service()


def test_keys_the_service_makes_may_be_left_out_or_zero(service: ODataService) -> None:
    for body in ({}, {"Id": 0}, {"Id": 900}, {}):
        assert ask(service, "POST", "Contacts", body=body).status == 201
    assert [e["Id"] for e in document(service, "Contacts")["value"]] == [1, 2, 3, 4, 5, 900, 901]
    assert "ALREADY_IN_USE" in code(ask(service, "POST", "Contacts", body={"Id": 900}))
    made = json.loads(ask(service, "POST", "BlackListNumbers", body={"CallerId": "+49"}).body)
    assert made["Id"] not in ("", "id-1", "id-2", "id-3")
    assert document(service, f"BlackListNumbers('{made['Id']}')")["CallerId"] == "+49"
    assert code(ask(service, "POST", "Sbcs", body={})) == "Name:\nWARNINGS.XAPI.REQUIRED"


def test_fields_nobody_set_hold_what_their_type_begins_with(service: ODataService) -> None:
    made = json.loads(ask(service, "POST", "Holidays", body={"Name": "May Day"}).body)
    assert made["Name"] == "May Day"
    declared = CATALOGUE.entity_set("Holidays")
    assert declared is not None
    for field in declared.type.fields:
        if field.name in made and field.name not in ("Id", "Name"):
            assert (made[field.name] is None) is (field.nullable and not field.collection)


def test_a_number_tells_entities_apart_as_well(service: ODataService) -> None:
    assert document(service, "Users(Number='101')")["Id"] == 2
    assert code(ask(service, "GET", "Users(Number='x')")) == "Number:\nWARNINGS.XAPI.NOT_FOUND"
    assert ask(service, "GET", "Users(Number=101)").status == 400
    assert code(ask(service, "POST", "Users", body={"Number": "101"})) == "Number:\nWARNINGS.XAPI.ALREADY_IN_USE"
    assert ask(service, "PATCH", "Users(1)", body={"Number": "101"}).status == 400
    assert ask(service, "PATCH", "Users(2)", body={"Number": "101"}).status == 204
    for method in ("PATCH", "DELETE"):
        assert ask(service, method, "Users(Number='101')", body={}).status == 405


def test_a_singleton_is_read_and_changed_at_its_name(service: ODataService) -> None:
    before = document(service, "MailSettings")
    assert before["@odata.context"] == "http://pbx/xapi/v1/$metadata#MailSettings"
    assert ask(service, "PATCH", "MailSettings", body={"MailAddress": "pbx@example.com"}).status == 204
    after = document(service, "MailSettings", "$select=MailAddress")
    assert after["MailAddress"] == "pbx@example.com"
    assert after["@odata.etag"] != before["@odata.etag"]
    assert ask(service, "DELETE", "MailSettings").status == 405
    assert ask(service, "GET", "MailSettings", "$top=1").status == 400


def test_navigation_fields_are_lists_of_their_own(service: ODataService) -> None:
    body = {"Members": [{"Number": str(n), "Name": f"Member {n}"} for n in range(5)]}
    assert ask(service, "PATCH", "RingGroups(1)", body=body).status == 204
    query = "$filter=Number%20gt%20'1'&$orderby=Number%20desc&$top=2&$select=Number&$count=true"
    listed = document(service, "RingGroups(1)/Members", query)
    assert listed["@odata.count"] == 3
    assert listed["value"] == [{"Number": "4"}, {"Number": "3"}]
    assert ask(service, "GET", "RingGroups(9)/Members").status == 404
    assert ask(service, "POST", "RingGroups(1)/Members", body={}).status == 405


def test_what_is_expanded_takes_options_of_its_own(service: ODataService) -> None:
    ask(service, "PATCH", "RingGroups(1)", body={"Members": [{"Number": n} for n in ("a,;)", "b")]})
    query = "$select=Id&$expand=" + quote("Members($select=Number;$filter=Number eq 'a,;)')")
    assert document(service, "RingGroups(1)", query)["Members"] == [{"Number": "a,;)"}]
    for broken in ("Members(", "Members()", "Members($top)", "Members($top=x)", "Members($apply=x)", "Members(top=1)"):
        assert ask(service, "GET", "RingGroups(1)", "$expand=" + quote(broken)).status == 400, broken
    deep = "Groups" + "($expand=Members" * 7 + ")" * 7
    assert ask(service, "GET", "Users(1)", "$expand=" + quote(deep)).status == 400


def test_lists_of_texts_are_filtered_by_the_element_itself(service: ODataService) -> None:
    path = "CallFlowApps(1)/Pbx.GetFiles()"
    assert document(service, path)["value"] == ["it 1", "it 2", "it 3"]
    found = document(service, path, "$filter=endswith($it,'2')&$count=true")
    assert (found["@odata.count"], found["value"]) == (1, ["it 2"])


def test_flags_are_names_between_commas(service: ODataService) -> None:
    """Edm flags: a value may have several members (OData JSON Format 4.01, section 7.1)."""
    for mode, status in (("HoldCall, WelcomeMessageForIncomingCalls", 204), ("HoldCall,Nobodys", 400), ("", 400)):
        assert ask(service, "PATCH", "Groups(1)", body={"CallHandlingMode": [mode]}).status == status


@pytest.mark.parametrize(
    ("value", "status"),
    [(0.05, 204), (1, 204), ("NaN", 204), ("-INF", 204), (None, 204), ("0.05", 400), (True, 400), ([], 400)],
)
def test_floating_point_numbers_have_words_for_what_json_has_none_for(
    service: ODataService, value: Any, status: int
) -> None:
    """OData JSON Format 4.01, section 7.1."""
    costs = [{"Prefix": "49", "Rate": value}]
    assert ask(service, "POST", "CallCostSettings/Pbx.UpdateCost", body={"costs": costs}).status == status


def test_downloads_are_files_though_the_file_declares_json(service: ODataService) -> None:
    answer = ask(service, "GET", "Users/Pbx.ExportExtensions()", "$select=Number,FirstName&$top=2")
    headers = dict(answer.headers)
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''ExportExtensions.csv"
    rows = list(csv.DictReader(answer.body.decode().splitlines()))
    assert [r["Number"] for r in rows] == ["100", "101"]
    recording = ask(service, "GET", "Recordings/Pbx.DownloadRecording(recId=1)")
    assert dict(recording.headers)["Content-Type"] == "audio/wav"
    assert recording.body.startswith(b"RIFF")
    kinds = {
        "Trunks(1)/Pbx.ExportTrunk()": "application/xml",
        "AmazonIntegrationSettings/Pbx.GenerateIamPolicyFile()": "application/octet-stream",
        "Microsoft365TeamsIntegration/Pbx.GetDialPlanScript()": "text/plain; charset=utf-8",
    }
    for path, kind in kinds.items():
        answer = ask(service, "GET", path)
        assert dict(answer.headers)["Content-Type"] == kind
        assert answer.body


@pytest.mark.parametrize(
    ("path", "name", "ids"),
    [
        ("BlackListNumbers/Pbx.BulkNumbersDelete", "BlackListNumbers", ["id-1", "id-3"]),
        ("Blocklist/Pbx.BulkIpsDelete", "Blocklist", [1, 3]),
        ("Contacts/Pbx.DeleteContactsById", "Contacts", [1, 3]),
        ("Fax/Pbx.BulkFaxDelete", "Fax", [1, 3]),
        ("InboundRules/Pbx.BulkInboundRulesDelete", "InboundRules", [1, 3]),
        ("Recordings/Pbx.BulkRecordingsDelete", "Recordings", [1, 3]),
        ("Users/Pbx.BatchDelete", "Users", [1, 3]),
    ],
)
def test_bulk_deletes_delete(service: ODataService, path: str, name: str, ids: list[Any]) -> None:
    answer = ask(service, "POST", path, body={"ids": [*ids, ids[0]]})
    assert answer.status == (200 if name == "Users" else 204)
    assert [e["Id"] for e in document(service, name)["value"]] in ([2], ["id-2"])
    assert code(ask(service, "POST", path, body={"ids": ids})) == "ids:\nWARNINGS.XAPI.NOT_FOUND"
    assert code(ask(service, "POST", path, body={"ids": []})) == "ids:\nWARNINGS.XAPI.REQUIRED"


def test_deleting_users_says_which_could_not_be(service: ODataService) -> None:
    answer = ask(service, "POST", "Users/Pbx.BatchDelete", body={"ids": [1, 2, 77]})
    assert json.loads(answer.body)["value"] == [{"Error": "WARNINGS.XAPI.NOT_FOUND", "ExtensionNumber": "77"}]


def test_changing_users_at_once_changes_those(service: ODataService) -> None:
    body = {"ids": [1, 3], "user": {"FirstName": "Ada", "Id": 0}}
    assert ask(service, "POST", "Users/Pbx.BulkUpdate", body=body).status == 204
    users = document(service, "Users", "$select=Id,FirstName")["value"]
    assert [(u["Id"], u["FirstName"] == "Ada") for u in users] == [(1, True), (2, False), (3, True)]
    assert ask(service, "POST", "Users/Pbx.BulkUpdate", body={**body, "ids": [9]}).status == 404


def test_the_same_sandbox_begins_with_the_same_entities() -> None:
    def state(service: ODataService) -> Any:
        return {n: s.snapshot() for n in CATALOGUE.names() if (s := service.store(n)) is not None}

    assert state(new_service()) == state(new_service())


def test_over_a_socket(connect: Connect) -> None:
    """Lists are as long as the option says, If-Match guards a delete, and the log knows sets, keys and arguments."""
    with ThreeCXSandbox(entities=250) as sandbox:
        client = connect(sandbox)
        pages = [client.get("Users", params={"$top": 100, "$skip": s}).json()["value"] for s in (0, 100, 200)]
        assert [len(p) for p in pages] == [100, 100, 50]
        assert client.get("Users", params={"$top": 101}).status_code == 400
        etag = client.get("Users(7)").headers["etag"]
        client.patch("Users(7)", json={"FirstName": "Ada"})
        assert client.delete("Users(7)", headers={"If-Match": etag}).status_code == 412
        assert client.delete("Users(7)", headers={"If-Match": "*"}).status_code == 204
        client.get("GetUpdateDetails(key=00000000-0000-4000-8000-000000000001,id=00000000-0000-4000-8000-000000000002)")
        last, delete = sandbox.requests[-1], sandbox.requests[-2]
        assert (delete.resource, delete.key) == ("Users", 7)
        assert (last.operation, last.status) == ("GetUpdateDetails", 200)
        assert list(last.arguments) == ["key", "id"]
        assert len(sandbox.entities("Users")) == 249
        assert sandbox.entities("Users")[0]["Number"] == "100"


def test_the_root_names_every_set(client: httpx.Client) -> None:
    sets = {s["name"]: s["kind"] for s in client.get("").json()["value"]}
    assert len(sets) == 128
    assert (sets["WebsiteLinks"], sets["Users"], sets["MyUser"]) == ("EntitySet", "EntitySet", "Singleton")


def test_entities_of_nobodys_set_are_asked_for_with_the_nearest_name(sandbox: ThreeCXSandbox) -> None:
    with pytest.raises(UnknownNameError, match="Users"):
        sandbox.entities("User")
    with pytest.raises(ParameterError):
        ThreeCXSandbox(entities=-1)
