"""What an answer means that is not a success: which error, in the service's words and in the operation's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nodeloom.descriptor.models import OptionDescriptor, StatusMeaning
from nodeloom.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
    preview,
)
from nodeloom.messages import Response
from nodeloom.plan.call import Call
from nodeloom.plan.service_words import service_words

_CLASSES: dict[int, type[ResponseError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionFailedError,
    429: RateLimitedError,
}
_MEANINGS: dict[type[ResponseError], tuple[str, str]] = {
    AuthenticationError: (
        "The service refused the credential.",
        "Check it with `nodeloom credentials test TYPE`; it may be wrong, expired or revoked.",
    ),
    PermissionDeniedError: ("The credential may not do this.", "Give its account the right that the operation needs."),
    NotFoundError: ("What the operation addresses does not exist.", "Check the key, and that it was not deleted."),
    ConflictError: ("The service's state does not allow this.", "Read the current state and try again."),
    PreconditionFailedError: (
        "What the operation addresses was changed meanwhile: the ETag is stale.",
        "Read it again and pass the new ETag, or leave If Match out.",
    ),
    RateLimitedError: (
        "The service asks for fewer requests.",
        "Give the run a rate (--rate 10/s), or run it again later.",
    ),
    ServerError: ("The service failed.", "Try again later; if it stays, tell the service's operator."),
    BadRequestError: ("The service refused the request.", "Check the parameters against the service's message."),
    UnexpectedRedirectError: (
        "The service answered with a redirect that is not followed.",
        "Check the address in the credential.",
    ),
}
#: The header in which 3CX says its release with every answer.
RELEASE_HEADER = "x-3cx-version"
_RELEASE = re.compile(r"\d{1,9}(?:\.\d{1,9})*")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


def _class_of(status: int, words: str) -> type[ResponseError]:
    if status in _CLASSES:
        return _CLASSES[status]
    # 3CX answers 400 for an entity that does not exist, and says so in its code (`WARNINGS.XAPI.NOT_FOUND`).
    if status == 400 and re.search(r"NOT_?FOUND", words, re.IGNORECASE):
        return NotFoundError
    if 300 <= status < 400:
        return UnexpectedRedirectError
    return ServerError if status >= 500 else BadRequestError


def failure(
    response: Response,
    call: Call,
    operation: OptionDescriptor | None,
    values: Mapping[str, object],
    title: str,
) -> ResponseError:
    """The error for an answer that is not a success.

    Args:
        response: the answer.
        call: what was asked.
        operation: of which the descriptor may have words of its own for the status (`errors`).
        values: the resolved values by property name; they fill `{Name}` in these words.
        title: the operation as a person names it.
    """
    service_code, service_message, start = service_words(response)
    kind = _class_of(response.status, f"{service_code} {service_message}")
    message, hint = _MEANINGS[kind]
    # A 400 without a word is often given by another server than the service, so the address is named too.
    if kind is BadRequestError and not service_message:
        hint = "The service says no more. Check the parameters, and the address in the credential."
    own = _own_meaning(operation, response.status, kind)
    if own is not None:
        message = _fill(own.message, values)
        hint = _fill(own.hint, values) if own.hint else hint
    if kind is RateLimitedError and "retry-after" in response.headers:
        hint = f"The service asks to wait: Retry-After {response.headers['retry-after']}. {hint}"
    outdated = _outdated(response, operation)
    if outdated is not None:
        message, hint = outdated
    said = ": ".join(dict.fromkeys(filter(None, (service_code, service_message or start))))
    return kind(
        f"{message} ({title}: HTTP {response.status}{', ' + preview(said) if said else ''})",
        hint=response.advice(hint),
        status=response.status,
        method=call.method,
        url=response.url or call.url(),
        redirect=response.redirect,
        serviceCode=service_code or None,
        serviceMessage=service_message or None,
        retryAfter=response.headers.get("retry-after"),
        since=operation.since if operation and outdated else None,
        release=response.headers[RELEASE_HEADER] if outdated else None,
    )


def _outdated(response: Response, operation: OptionDescriptor | None) -> tuple[str, str] | None:
    """What to say when the service's release is older than the operation; None when it is not, or does not say."""
    served = release_of(response.headers.get(RELEASE_HEADER, ""))
    if operation is None or operation.since is None or response.status not in (400, 404, 405) or not served:
        return None
    # The server has the operation, so its refusal has another reason.
    if served >= release_of(operation.since):
        return None
    return (
        f"The server runs {response.headers[RELEASE_HEADER]}; {operation.name} is known since {operation.since}.",
        "Update the server, or choose an operation that its release has.",
    )


def release_of(text: str) -> tuple[int, ...]:
    """A release such as `20.0.10` as numbers that can be compared; empty if it is not a release."""
    match = _RELEASE.match(text.strip())
    return tuple(int(n) for n in match[0].split(".")) if match else ()


def _own_meaning(operation: OptionDescriptor | None, status: int, kind: type[ResponseError]) -> StatusMeaning | None:
    if operation is None or not operation.errors:
        return None
    # A service may say by another status that an entity does not exist; the descriptor's words for 404 fit as well.
    return operation.errors.get(str(status)) or (operation.errors.get("404") if kind is NotFoundError else None)


def _fill(text: str, values: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda m: repr(preview(values[m[1]])) if m[1] in values else m[0], text)


#: What servers before a service say of paths that lead nowhere: Go's own (Traefik, and many gateways), and Kubernetes'.
_OF_OTHERS = frozenset({b"404 page not found", b"default backend - 404"})


def is_page(response: Response) -> bool:
    """Whether the body is a web page, by what it says it is or by how it begins, or the words of a server before it."""
    # The first bytes show what it is; a page may be long.
    start = response.body[:200].lstrip().lower()
    says_so = response.content_type in ("text/html", "application/xhtml+xml")
    return bool(start) and (says_so or start.startswith((b"<!doctype html", b"<html")) or start.rstrip() in _OF_OTHERS)


def not_the_service(response: Response, call: Call) -> UnreadableAnswerError:
    """The error for a refusal that is a web page: some other server answered than the service."""
    shown = preview(service_words(response).start)
    return UnreadableAnswerError(
        f"A web page answers where the service should (HTTP {response.status}, {shown}).",
        hint="Wrong address? Check the one in the credential, and its path; a proxy or a login page may have answered.",
        status=response.status,
        method=call.method,
        url=response.url or call.url(),
    )


def unreadable(response: Response, call: Call, expected: str, reason: str = "") -> UnreadableAnswerError:
    """The error for a success whose body is not what was expected, with the `reason` if it is known."""
    start = response.body[:1000].decode(response.charset if response.charset == "utf-8" else "latin-1", "replace")
    return UnreadableAnswerError(
        f"The answer is not {expected} (HTTP {response.status}, {response.content_type or 'no content type'})"
        f"{f': {reason}' if reason else ''}.",
        value=start,
        hint="Check what the service sends."
        if reason
        else "Wrong address? Check the one in the credential: a proxy or a login page may have answered.",
        status=response.status,
        method=call.method,
        url=response.url or call.url(),
    )
