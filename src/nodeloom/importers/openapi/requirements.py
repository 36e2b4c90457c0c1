"""What operations ask for in the way of security, held against the schemes that the document describes."""

from __future__ import annotations

from nodeloom.errors import DescriptorError, preview
from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.operations import Operation
from nodeloom.importers.openapi.parameters import OPTIONS
from nodeloom.importers.openapi.securityschemes import Scheme, Schemes, secret_field

#: The scheme that is made of a header parameter `Authorization`.
_AUTHORIZATION = "Authorization"


def settle_requirements(operations: list[Operation], document: Part, schemes: Schemes, report: Report) -> None:
    """Hold what operations ask for against the schemes there are, in place.

    An operation is left out if it asks only for schemes that are broken or not described. If the whole document asks
    for such schemes, the report says so, and no credential is asked for. A header parameter `Authorization` is what a
    credential sends, and so becomes a scheme.
    """
    for operation in list(operations):
        asked = operation.requirement
        usable = [chosen for chosen in asked or () if _fault_of(operation, chosen, schemes) is None]
        if asked and len(usable) < len(asked):
            fault = next(f for chosen in asked if (f := _fault_of(operation, chosen, schemes)) is not None)
            if not usable and operation.at.get("security") is not None:
                report.leave_out(fault)
                operations.remove(operation)
                continue
            at = document.path if operation.at.get("security") is None else operation.at.path
            placed = DescriptorError(fault.message, path=at, hint=fault.hint)
            report.add_fault(placed, "no credential is asked for by it.")
            operation.requirement = usable or None
        if operation.authorization is not None:
            _add_authorization(operation, schemes, report)
        _leave_to_the_credential(operation, schemes, report)


def _leave_to_the_credential(operation: Operation, schemes: Schemes, report: Report) -> None:
    """Take out parameters that are the API key: every way to sign in sends them."""
    sets = operation.requirement or []
    sent = [{place for name in chosen for place in _places(schemes.get(name))} for chosen in sets]
    common = set.intersection(*sent) if sent else set()
    options = [p for p in operation.properties if p["name"] == OPTIONS and p["type"] == "collection"]
    # Documents list an API key among the parameters of each operation too; the user would have to give it twice.
    for holder in (operation.properties, *(p["options"] for p in options)):
        for prop in list(holder) if common else ():
            send = prop.get("routing", {}).get("send", {})
            # Header names have no case (RFC 9110, 5.1); names in a query do.
            where, name = send.get("type"), str(send.get("property", ""))
            if (where, name.lower() if where == "header" else name) in common:
                holder.remove(prop)
                at, shown = operation.at.path, f"The {where} parameter {preview(name)} is what a security scheme sends;"
                report.add(at, shown, "a credential sends it.")
    for emptied in (prop for prop in options if not prop["options"]):
        operation.properties.remove(emptied)


def _places(scheme: Scheme | DescriptorError | None) -> set[tuple[str, str]]:
    """Where a scheme puts something: headers in small letters, and parameters of the query."""
    parts = scheme.parts if isinstance(scheme, Scheme) else {}
    return {("header", name.lower()) for name in parts.get("headers", ())} | {("query", n) for n in parts.get("qs", ())}


def _fault_of(operation: Operation, chosen: frozenset[str], schemes: Schemes) -> DescriptorError | None:
    """What is wrong with one of the schemes; None if all of them can be used."""
    for name in sorted(chosen):
        if name not in schemes:
            return operation.at.broken(
                f"The security scheme {name!r} is not described.", "Add it to components.securitySchemes."
            )
        found = schemes[name]
        if isinstance(found, DescriptorError):
            return found
    return None


def _add_authorization(operation: Operation, schemes: Schemes, report: Report) -> None:
    """Ask for a credential in place of a header parameter `Authorization`, unless one sends it already."""
    described = [scheme for scheme in schemes.values() if isinstance(scheme, Scheme)]
    sets = operation.requirement or []
    if not sets and any(scheme.authorizes for scheme in described):
        return
    needed = [s for s in sets if not any(isinstance(f := schemes.get(n), Scheme) and f.authorizes for n in s)]
    if sets and (not needed or not operation.authorization):
        return
    if not isinstance(schemes.get(_AUTHORIZATION), Scheme):
        own = secret_field("authorization", "Authorization")
        own["placeholder"] = "Bearer …"
        schemes[_AUTHORIZATION] = Scheme(
            "Authorization", [own], {"headers": {"Authorization": "={{ $credentials.authorization }}"}}
        )
    report.add(
        operation.at.path, "The header Authorization is a parameter of the operation;", "a credential sends it instead."
    )
    alone = [frozenset({_AUTHORIZATION}), *([] if operation.authorization else [frozenset[str]()])]
    operation.requirement = [s | {_AUTHORIZATION} if s in needed else s for s in sets] or alone
