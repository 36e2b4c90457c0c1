"""Every operation of 3CX's file: a valid request passes, and one that is wrong in one way is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nodeloom.testing.odata.declarations import ComplexType, Field
from nodeloom.testing.odata.service import Answer, ODataService
from tests.testing.declared import CATALOGUE, Probe, ask, bad_literal, literal, misfit, new_service, probes, put

PROBES = list(probes())
PARTS = 2
Check = Callable[[ODataService, Probe], None]


def each(some: Sequence[Probe]) -> Callable[[Check], Callable[[ODataService, int], None]]:
    """A test of each of these; several hundred are one test, so that they cost no more than what they ask."""

    def decorated(check: Check) -> Callable[[ODataService, int], None]:
        def test(service: ODataService, part: int) -> None:
            for probe in some[part::PARTS]:
                try:
                    check(service, probe)
                except BaseException as error:
                    error.add_note(f"in {probe.label}")
                    raise

        test.__doc__ = check.__doc__
        marked: Callable[[ODataService, int], None] = pytest.mark.parametrize("part", range(PARTS))(test)
        return marked

    return decorated


def document(answer: Answer) -> Any:
    return json.loads(answer.body)


ALLOWED = {t: {p.method for p in PROBES if p.template == t} for t in {p.template for p in PROBES}}


@pytest.fixture(scope="module")
def service() -> ODataService:
    """For requests that change nothing, as they are refused."""
    return new_service()


def fields_of(probe: Probe) -> list[Field]:
    if probe.operation is not None:
        return list(probe.operation.parameters)
    assert probe.entity_set is not None
    return list(probe.entity_set.type.fields)


WITH_BODY = [p for p in PROBES if p.method in ("POST", "PATCH") and fields_of(p)]


def test_there_are_601_of_them() -> None:
    assert len(PROBES) == len({p.label for p in PROBES}) == CATALOGUE.data["operations"] == 601


@each(PROBES)
def test_a_valid_request_passes(unchanged: ODataService, probe: Probe) -> None:
    """With everything the operation takes, and with only what it must have."""
    for changes in ({}, {"options": "", "body": probe.least}):
        answer = put(new_service(), probe, **changes)
        assert answer.status == probe.status, answer.body
        assert (answer.body == b"") is (probe.status == 204)
        if probe.status == 201:
            assert dict(answer.headers)["Location"].startswith("http://pbx/xapi/v1/")


@each(PROBES)
def test_options_it_does_not_take_and_other_methods_are_refused(service: ODataService, probe: Probe) -> None:
    for options in ("$apply=x", "$top=1&$top=2", "$filter=%zz", "$top=x"):
        assert put(service, probe, options=options).status == 400, options
    allowed = ALLOWED[probe.template]
    for method in {"GET", "POST", "PATCH", "DELETE", "PUT"} - allowed:
        answer = put(service, probe, method=method)
        assert answer.status == 405
        assert set(dict(answer.headers)["Allow"].split(", ")) == allowed


@each(WITH_BODY)
def test_a_body_that_does_not_fit_is_refused(service: ODataService, probe: Probe) -> None:
    """A field nobody declared, a wrong type, a null or a field left out where that may not be, no object at all."""
    bad: list[Any] = [{**probe.body, "Nobodys": 1}, [], "x"]
    for field in fields_of(probe):
        bad.append({**probe.body, field.name: misfit(field)})
        if not field.nullable:
            bad.append({**probe.body, field.name: None})
        if probe.operation is not None and not field.nullable:
            bad.append({n: v for n, v in probe.body.items() if n != field.name})
        if field.collection:
            bad.append({**probe.body, field.name: [None]})
        if isinstance(field.type, ComplexType) and field.type.fields:
            inner = {"Nobodys": 1}
            bad.append({**probe.body, field.name: [inner] if field.collection else inner})
        if field.max_length is not None:
            bad.append({**probe.body, field.name: "x" * (field.max_length + 1)})
    for body in bad:
        answer = put(service, probe, body=body)
        assert answer.status == 400, body
        assert document(answer)["error"]["message"]


WITH_ARGUMENTS = [p for p in PROBES if p.operation and p.operation.kind == "function" and p.operation.parameters]


@each(WITH_ARGUMENTS)
def test_a_functions_arguments_are_checked_one_by_one(service: ODataService, probe: Probe) -> None:
    """A literal of another type and a null where none may be are 400; one too few or too many is no such function."""
    assert probe.operation is not None
    parameters = probe.operation.parameters
    base = probe.path.rpartition(f"{probe.operation.name}(")[0] + probe.operation.name

    def status(**changes: str | None) -> int:
        given = {p.name: literal(p) for p in parameters} | changes
        inner = ",".join(f"{n}={v}" for n, v in given.items() if v is not None)
        return ask(service, "GET", f"{base}({inner})").status

    assert status() == 200
    for parameter in parameters:
        assert status(**{parameter.name: bad_literal(parameter)}) == 400
        assert status(**{parameter.name: "%zz"}) == 400
        assert status(**{parameter.name: "null"}) == (200 if parameter.nullable else 400)
        assert status(**{parameter.name: None}) == 404
    assert status(nobodys="1") == 404
    assert ask(service, "GET", base).status == 404


KEYED = [p for p in PROBES if p.entity_set and p.entity_set.type.key and "({" in p.template]


@each(KEYED)
def test_a_key_of_another_type_or_of_nobody_is_refused(service: ODataService, probe: Probe) -> None:
    assert probe.entity_set is not None
    name = probe.entity_set.name
    field = probe.entity_set.type.by_name[probe.entity_set.type.key[0]]
    rest = probe.path[probe.path.index(")") + 1 :]
    for key in (bad_literal(field), "null", "", "%zz", f"Nobodys={literal(field)}"):
        assert put(service, probe, path=f"{name}({key}){rest}").status == 400, key
    nobody = put(service, probe, path=f"{name}({literal(field, 900)}){rest}")
    assert nobody.status == 404
    assert document(nobody)["error"]["message"] == f"{field.name}:\nWARNINGS.XAPI.NOT_FOUND"
    by_name = f"{field.name}={literal(field, 900)}"
    assert put(service, probe, path=f"{name}({by_name}){rest}").status == 404


@pytest.mark.parametrize(
    "path",
    [
        *("Nobodys", "Users/Pbx.Nobodys", "Users(1)/Nobodys", "Users(1)/Pbx.MakeCall", "Countries(1)", "McpServers"),
        *("Users/Groups", "Users(Number='100')/Groups", "Defs/Nobodys", "GetUpdates()/x", "GetUpdateDetails()"),
        "Defs(1)",
    ],
)
def test_paths_the_file_does_not_have_are_404(service: ODataService, path: str) -> None:
    assert ask(service, "GET", path).status == 404
