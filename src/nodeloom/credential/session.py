"""One credential in use: checked once, its token fetched once, shared by all items of a run."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from nodeloom.credential.fields import fit, is_filled, origins_of, secrets_of
from nodeloom.credential.generic import carried_secrets, generic_parts, render_injection
from nodeloom.credential.masking import MaskedValues, Masker, texts_of
from nodeloom.credential.model import Injection, Json, StoredCredential, refuse_pickling
from nodeloom.credential.oauth2 import ClientCredentials, Token, read_token
from nodeloom.credential.probe import build_test_request, judge
from nodeloom.credential.templates import Renderer
from nodeloom.credential.tokens import TOKENS, Issued, TokenStore
from nodeloom.errors import CredentialError, NodeloomError
from nodeloom.messages import Request, Response, origin_of

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType
    from nodeloom.expression import Environment

Send = Callable[[Request], Awaitable[Response]]

# Tokens that may still stand in an error or a log line being written; older ones have long run out.
_REMEMBERED_TOKENS = 64


@contextmanager
def _masked(secrets: Iterable[str]) -> Iterator[None]:
    """Take `secrets` out of a NodeloomError that is raised inside."""
    try:
        yield
    except NodeloomError as error:
        error.mask(Masker(secrets))
        raise


class CredentialSession:
    """A resolved credential of one type, ready to be put on requests; safe to share over threads and event loops.

    Construction checks the fields: CredentialError for an unknown field (with the nearest name), a value of the
    wrong kind, and what is missing; DescriptorError when the type itself is broken. `tokens` is where access tokens
    are kept, the process's own store by default. Nothing of it is pickled, and no value shows in `repr`.
    """

    def __init__(
        self,
        type: CredentialType,  # noqa: A002 - the descriptors' word
        stored: StoredCredential,
        *,
        environment: Environment | None = None,
        tokens: TokenStore = TOKENS,
    ) -> None:
        if stored.type != type.name and stored.source != "environment":
            raise CredentialError(
                f"The credential {stored.name!r} ({stored.source}) is of type {stored.type!r}, not {type.name!r}."
            )
        self.type = type
        self.name = stored.name
        self._tokens = tokens
        self._render = Renderer(type.name, environment)
        self._parts = generic_parts(type)
        with _masked(texts_of(secrets_of(type, stored.values))):
            self._fields = MaskedValues(fit(type, stored, self._render))
            self.origins: frozenset[str] = origins_of(type, self._fields)
            self._secrets = frozenset(text for text in texts_of(secrets_of(type, self._fields)) if text)
            self._client = self._client_credentials()
            if self._client is not None:
                self._secrets |= self._client.secrets()
        self._given_token = bool(type.token) and is_filled(self._fields.get(type.token.field if type.token else ""))
        self._lock = threading.Lock()
        self._seen: tuple[str, ...] = ()
        self._all_secrets = self._secrets
        self._masker: tuple[frozenset[str], Masker] | None = None
        self._in_use: tuple[Injection, MaskedValues] | None = None

    def __repr__(self) -> str:
        return f"CredentialSession(type={self.type.name!r}, name={self.name!r}, values={self._fields!r})"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    @property
    def values(self) -> Mapping[str, Json]:
        """What `$credentials` shows: the fields, and the access token once one was fetched."""
        return self._fields if self._in_use is None else self._in_use[1]

    @property
    def secrets(self) -> frozenset[str]:
        """Texts to mask anywhere: secret fields, tokens fetched so far, basic authentication values.

        The same object as long as nothing was added to it.
        """
        return self._all_secrets

    @property
    def masker(self) -> Masker:
        """Takes `secrets` out of texts; made anew only when a secret was added."""
        kept, secrets = self._masker, self._all_secrets
        if kept is None or kept[0] is not secrets:
            kept = self._masker = (secrets, Masker(secrets))
        return kept[1]

    async def injection(self, send: Send) -> Injection:
        """What to put on a request; `send` is used when a token has to be fetched.

        Computed once a token, not once a request. Raises what `send` raises, and ResponseError with the service's
        own words when it issues no token.
        """
        client = self._fetching_client()
        if client is None:
            return self._rendered(None)
        issued = self._tokens.current(client)
        if issued is None:
            issued = await self._fetched(client, send, after=0)
        return self._rendered(issued)

    async def renew(self, refused: Injection, send: Send) -> Injection | None:
        """After a 401: an injection with another token than `refused` had; None when none can be had.

        One fetch for each refused token, whatever the number of callers; who comes late gets the token that is
        there. To be called at most once for a request, which may then be repeated.
        """
        client = self._client
        if client is None:
            return None
        # A token the user gave is no longer good; client id and secret take its place from now on.
        self._given_token = False
        return self._rendered(await self._fetched(client, send, after=refused.generation))

    def test_request(self, injection: Injection | None = None) -> Request | None:
        """The request of the type's `test`, with `injection` on it; None when the type has no test."""
        if self.type.test is None:
            return None
        put_on = Injection() if injection is None else injection
        with _masked(self.secrets):
            return build_test_request(self.type, self.type.test, self.values, self._render, put_on)

    def test_outcome(self, response: Response, request: Request | None = None) -> None:
        """Judge the answer to `test_request`: None when the credential works, else ResponseError."""
        if self.type.test is not None:
            asked = request or self.test_request() or Request("GET", response.url)
            with _masked(self.secrets):
                judge(self.type, self.type.test, response, asked)

    async def check(self, send: Send) -> str:
        """Find out whether the credential works, and say how that was found out.

        Fetches a token where the type has one, then sends the test request, repeated once with a fresh token after a
        401. Raises ResponseError when the service refuses, and what `send` raises.
        """
        injection = await self.injection(send)
        request = self.test_request(injection)
        if request is None:
            if injection.generation:
                return "The service issued an access token. The credential type has no further test."
            return "The fields are complete. The credential type has no test, so nothing was sent."
        response = await send(request)
        if response.status == 401:
            renewed = await self.renew(injection, send)
            if renewed is not None:
                request = self.test_request(renewed) or request
                response = await send(request)
        self.test_outcome(response, request)
        shown = self.masker(request.url)
        return f"The service accepted the credential: {request.method} {shown} answered {response.status}."

    def _fetching_client(self) -> ClientCredentials | None:
        """What to fetch a token with, or None when the fields are all there is."""
        return None if self._given_token else self._client

    async def _fetched(self, client: ClientCredentials, send: Send, *, after: int) -> Issued:
        async def fetch() -> Token:
            response = await send(client.request())
            with _masked(self.secrets):
                return read_token(response, self._tokens.clock(), url=client.token_url)

        return await self._tokens.get(client, fetch, after=after, by=self)

    def _rendered(self, issued: Issued | None) -> Injection:
        generation = issued.generation if issued else 0
        in_use = self._in_use
        if in_use is not None and in_use[0].generation == generation:
            return in_use[0]
        values = self._fields
        if issued is not None and self.type.token is not None:
            values = MaskedValues({**values, self.type.token.field: issued.token.text})
            self._remember(issued.token.text, issued.token.refresh_token)
        with _masked(self.secrets):
            injection = render_injection(self.type.name, self._parts, values, self._render, generation)
        self._remember(*carried_secrets(injection, values))
        self._in_use = (injection, values)
        return injection

    def _remember(self, *texts: str | None) -> None:
        with self._lock:
            new = [text for text in texts if text and text not in self._seen]
            if new:
                self._seen = (*self._seen, *new)[-_REMEMBERED_TOKENS:]
                self._all_secrets = self._secrets | frozenset(self._seen)

    def _client_credentials(self) -> ClientCredentials | None:
        """The type's `token` block with this credential's fields; None when it has none, or they are not given."""
        block = self.type.token
        if block is None:
            return None

        def text(template: str | None, path: str) -> str:
            return self._render.text(template, self._fields, f"token.{path}")

        client_id, secret = text(block.client_id, "clientId"), text(block.client_secret, "clientSecret")
        if not client_id or not secret:
            return None
        url = text(block.access_token_url, "accessTokenUrl")
        try:
            origin_of(url)
        except ValueError:
            raise CredentialError(
                f"The credential type {self.type.name!r} makes no absolute address for its token endpoint.",
                path="token.accessTokenUrl",
                hint="Check the credential's address field.",
            ) from None
        return ClientCredentials(url, client_id, secret, text(block.scope, "scope") or None, block.authentication)
