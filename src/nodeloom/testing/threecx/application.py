"""The sandbox as an application: token endpoint and API behind latency, faults and the request log."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from urllib.parse import unquote

from nodeloom.testing.faultschedule import Fault, FaultPlan, RateLimit
from nodeloom.testing.httpserver import Request, Response
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.testing.odata.service import Answer, ODataRequest, ODataService, Target, refusal
from nodeloom.testing.requestlog import LoggedRequest, RequestLog, mask_headers, mask_target, mask_token_body
from nodeloom.testing.sandboxoptions import SandboxOptions
from nodeloom.testing.threecx.tokenendpoint import TokenIssuer

API_PATH = "/xapi/v1"
TOKEN_PATH = "/connect/token"  # noqa: S105 - a path, no password


class SandboxApplication:
    """Answers requests.

    Args:
        options: of the sandbox.
        service: what the API answers from.
        tokens: issues bearers and knows which are good.
        log: keeps each request.
        lock: guards service and tokens against readers in other threads.
    """

    def __init__(
        self,
        options: SandboxOptions,
        service: ODataService,
        tokens: TokenIssuer,
        log: RequestLog,
        lock: threading.RLock,
    ) -> None:
        self._options = options
        self._service = service
        self._tokens = tokens
        self._log = log
        self._lock = lock
        self._limit = RateLimit(options.limit_per_second)
        self._faults = FaultPlan(
            rate_429=options.rate_429, rate_500=options.rate_500, rate_drop=options.rate_drop, seed=options.seed
        )
        self._jitter = random.Random(options.seed)  # noqa: S311 - it spreads latency, it keeps no secret

    async def __call__(self, request: Request) -> Response | None:
        """Answer `request`; None drops its connection."""
        arrived = time.time()
        path, _, query = _origin_form(request.target).partition("?")
        if self._options.latency or self._options.jitter:
            await asyncio.sleep(self._options.latency + self._options.jitter * self._jitter.random())
        is_token = path == TOKEN_PATH
        fault = self._fault(request, is_token=is_token)
        with self._lock:  # to resolve a path may make the set it leads to
            resolved = None if is_token else self._resolve(path)
        response: Response | None
        match fault:
            case "429" | "limit":
                response = self._too_many()
            case "500":
                response = _to_response(refusal(ODataError(500, "The sandbox failed on purpose.")))
            case "drop-before":
                response = None
            case _:
                with self._lock:
                    response = self._token(request) if is_token else self._api(request, query, resolved)
        # Carried out and not answered: the case in which a client cannot know whether a retry is safe.
        if fault == "drop-after":
            response = None
        if response is not None and not is_token:
            response.headers.append(("X-3CX-Version", self._options.version))
        self._record(request, arrived, path, resolved, response, fault)
        return response

    def _fault(self, request: Request, *, is_token: bool) -> Fault | str | None:
        # A test of 429 in the API shall not fail at its first token.
        if is_token and not self._options.fault_token:
            return None
        if not self._limit.lets_pass():
            return "limit"
        return self._faults.decide(request.method, request.target, request.body)

    def _resolve(self, path: str) -> Target | ODataError:
        """What the path addresses, or the refusal it will meet (it is logged either way)."""
        if path != API_PATH and not path.startswith(API_PATH + "/"):
            return ODataError(404, f"There is nothing at this path; the API is below {API_PATH}.")
        try:
            return self._service.resolve(path[len(API_PATH) + 1 :])
        except ODataError as error:
            return error

    def _api(self, request: Request, query: str, resolved: Target | ODataError | None) -> Response:
        if not self._tokens.is_good(request.header("authorization")):
            challenge = (("WWW-Authenticate", "Bearer"),)
            return _to_response(
                refusal(ODataError(401, "The bearer token is missing, wrong or expired.", headers=challenge))
            )
        if not isinstance(resolved, Target):
            return _to_response(refusal(resolved or ODataError(404, "Nothing is addressed.")))
        return _to_response(
            self._service.handle(ODataRequest(request.method, resolved, query, request.header, request.body))
        )

    def _token(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(405, headers=[("Allow", "POST")])
        answer = self._tokens.grant(request.body, request.header("content-type"), request.header("authorization"))
        headers = [("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"), *answer.headers]
        return Response(answer.status, json.dumps(answer.document).encode(), headers)

    def _too_many(self) -> Response:
        after = self._options.retry_after
        headers = (("Retry-After", str(after)),) if after is not None else ()
        return _to_response(refusal(ODataError(429, "Too many requests.", headers=headers)))

    def _record(
        self,
        request: Request,
        arrived: float,
        path: str,
        resolved: Target | ODataError | None,
        response: Response | None,
        fault: str | None,
    ) -> None:
        """Keep a request in the log.

        Args:
            request: as it came.
            arrived: seconds since the epoch.
            path: of its target, without the query.
            resolved: what the path addresses; None for the token endpoint.
            response: what was answered; None if the connection was dropped.
            fault: what went wrong on purpose.
        """
        target = resolved if isinstance(resolved, Target) else None
        body = request.body
        if path == TOKEN_PATH:
            body = mask_token_body(body, request.header("content-type"))
        self._log.append(
            LoggedRequest(
                method=request.method,
                target=mask_target(request.target),
                path=unquote(path, errors="replace"),
                resource=(target.set_name or None) if target else None,
                key=target.key if target else None,
                operation=target.operation.name if target and target.operation else None,
                arguments=target.arguments if target else {},
                headers=mask_headers(request.headers),
                body=body,
                status=None if response is None else response.status,
                fault=fault,
                time=arrived,
                connection=request.connection,
            )
        )


def _origin_form(target: str) -> str:
    """The path and query of a request target, also of an absolute URL (RFC 9112, 3.2.2)."""
    if target.startswith("/") or "://" not in target:
        return target
    return "/" + target.split("://", 1)[1].partition("/")[2]


def _to_response(answer: Answer) -> Response:
    return Response(answer.status, answer.body, answer.headers)
