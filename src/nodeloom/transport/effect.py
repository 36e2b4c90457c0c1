"""What a request may have done at the service: the one rule that retries, journal, coalescing and redirects ask.

Sources: RFC 9110 (sections 15.5: a 4xx says that the request was not carried out; 15.6.4 and 10.2.3: 503 with
Retry-After asks to come back), RFC 6585 section 4 (429).
"""

from __future__ import annotations

from nodeloom.errors import Effect, ItemError, RequestError, ResponseError
from nodeloom.messages import Response

# Looked up once: in Python 3.11 a member of an enumeration takes as long as a call, and every answer is asked for.
_NONE, _UNKNOWN, _DONE = Effect


def effect_of(outcome: Response | ItemError) -> Effect:
    """What a request that came to `outcome` may have done.

    If the request was answered by a redirect that another method followed, the service took it, and what came from
    behind the redirect says nothing about it. An error that is neither a RequestError nor an answer (a policy's, a run
    that ended) came before the request left.
    """
    if outcome.redirect is not None:
        return _UNKNOWN
    if isinstance(outcome, Response):
        effect = _effect_of_status(outcome.status)
        # 429 had none by its class already.
        return _NONE if effect is _UNKNOWN and is_refusal(outcome) else effect
    if isinstance(outcome, RequestError):
        return outcome.effect
    return _effect_of_status(outcome.status) if isinstance(outcome, ResponseError) else _NONE


def is_refusal(response: Response) -> bool:
    """Whether the service asks to come back later, having done nothing: 429, or 503 with Retry-After."""
    return response.status == 429 or (response.status == 503 and bool(response.header("retry-after")))


def _effect_of_status(status: int) -> Effect:
    if status < 300:
        return _DONE
    return _NONE if 400 <= status < 500 else _UNKNOWN
