"""One credential in use: checked once, its token fetched once, shared by all items of a run."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shlex
import threading
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from nodeloom.credential.credentialmodel import Injection, StoredCredential
from nodeloom.credential.fieldfitting import author_hosts_of, fit, is_filled, open_fields_of, origins_of, secrets_of
from nodeloom.credential.generic import carried_secrets, carries, generic_parts, header_value, render_injection
from nodeloom.credential.oauth.oauth2 import OAuth2Client, Token, read_token
from nodeloom.credential.oauth.oauthclient import client_of
from nodeloom.credential.oauth.signin import Granted, SignIn
from nodeloom.credential.oauth.tokendata import data_of, read_data
from nodeloom.credential.oauth.tokenstore import TOKENS, Issued, TokenStore
from nodeloom.credential.oauth.usertokens import UserTokens
from nodeloom.credential.probe import build_test_request, judge
from nodeloom.credential.templates import Renderer
from nodeloom.errors import CredentialError, NodeloomError
from nodeloom.headerfields import is_token
from nodeloom.messages import Request, Response
from nodeloom.redaction import MASK, MaskedTexts, MaskedValues, Masker, Secret, forget_locals, refuse_pickling, texts_of
from nodeloom.values import Json

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType
    from nodeloom.expression import Environment

Send = Callable[[Request], Awaitable[Response]]

# Tokens that may still stand in an error or a log line being written; older ones have long run out.
_REMEMBERED_TOKENS = 64

# So that an identity can be compared in this process, and tells nothing outside of it.
_IDENTITY_KEY = os.urandom(16)

_EXPIRED = frozenset({401})

# n8n's name, in types that have such a field.
UNVERIFIED = "allowUnauthorizedCerts"

_NO_TEST = "The credential type does not have a further test."
# These want a proof of possession with every request (RFC 9449 and drafts), not the token alone.
_PROVING = frozenset({"dpop", "mac", "pop"})


@contextmanager
def _masked(secrets: Iterable[str]) -> Iterator[None]:
    """Take `secrets` out of a NodeloomError that is raised inside, and the variables behind any error.

    Inside, the values are in plain variables, which a traceback with locals would show.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, NodeloomError):
            error.mask(Masker(secrets))
        forget_locals(error)
        raise


def with_placeholder(type: CredentialType, stored: StoredCredential) -> StoredCredential:  # noqa: A002 - a credential type
    """`stored` with `***` in place of a token that would be fetched, for a plan that sends nothing."""
    block = type.token
    if block is None:
        return stored
    if block.token_data is not None:
        placeholder: Mapping[str, Json] = {block.token_data: {"access_token": MASK}}
    elif not stored.values.get(block.field):
        placeholder = {block.field: MASK}
    else:
        return stored
    return replace(stored, values={**stored.values, **placeholder}, keeper=None)


class CredentialSession:
    """A resolved credential of one type, ready to be put on requests; safe to share over threads and event loops.

    `type` has what it inherits (see `inherited`).

    Construction checks the fields: CredentialError for an unknown field (with the nearest name), a value of the
    wrong kind, and what is missing; DescriptorError when the type itself is broken. `tokens` is where access tokens
    are kept, the process's own store by default; `way` is what decides who answers a token request (see
    `OAuth2Client`). Nothing of it is pickled, and no value shows in `repr`.
    """

    def __init__(
        self,
        type: CredentialType,  # noqa: A002 - the descriptors' word
        stored: StoredCredential,
        *,
        environment: Environment | None = None,
        tokens: TokenStore = TOKENS,
        way: Hashable = None,
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
        block = type.token
        with _masked(secrets_of(type, stored.values)):
            self.open_fields = self._render.open_fields = open_fields_of(type, self._render)
            self._fields = MaskedValues(fit(type, stored, self._render))
            self.origins: frozenset[str] = origins_of(type, self._fields)
            self._author_hosts = author_hosts_of(type, self._fields)
            self._secrets = secrets_of(type, self._fields)
            self._begun = read_data(self._fields.get(block.token_data)) if block and block.token_data else None
            self._client = client_of(type, self._fields, self._render, self._begun)
            if self._client is not None:
                verified = self._client.verify and self.verify
                self._client = replace(self._client, verify=verified, way=way)
        self._user: UserTokens | None = None
        if self._client is not None:
            self._secrets = MaskedTexts([*self._secrets, *self._client.secrets()])
            if self._client.grant != "client_credentials" and block and block.token_data:
                self._user = UserTokens(self._client, stored, block.token_data, self._begun, tokens.clock)
        if block is None or self._user is not None:
            self._given_token = False
        elif block.token_data is not None:
            self._given_token = self._begun is not None and self._begun.expires_at > tokens.clock()
        else:
            self._given_token = is_filled(self._fields.get(block.field))
        self._lock = threading.Lock()
        self._seen: tuple[Secret[str], ...] = ()
        self._all_secrets = self._secrets
        self._masker: tuple[MaskedTexts, Masker] | None = None
        self._in_use: tuple[Injection, MaskedValues] | None = None
        self._good_until = math.inf
        self._remember_made()

    def __repr__(self) -> str:
        return f"CredentialSession(type={self.type.name!r}, name={self.name!r}, values={self._fields!r})"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    @property
    def values(self) -> Mapping[str, Json]:
        """What `$credentials` shows: the fields, and the access token once one was fetched."""
        return self._fields if self._in_use is None else self._in_use[1]

    @property
    def identity(self) -> bytes:
        """Tells credentials apart, within this process and without their secrets: type and fields, fetched tokens not.

        Two names for the same fields are the same credential to the service.
        """
        block = self.type.token
        fields = {name: self._fields[name] for name in self._fields if block is None or name != block.token_data}
        text = json.dumps([self.type.name, fields], sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16, key=_IDENTITY_KEY).digest()

    @property
    def verify(self) -> bool:
        """Whether the service's certificate is checked: unless the field `allowUnauthorizedCerts` (n8n) is true."""
        return self._fields.get(UNVERIFIED) is not True

    @property
    def secrets(self) -> MaskedTexts:
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

    def ready(self) -> Injection | None:
        """What to put on a request, if that is known without asking the service; else None (see `injection`)."""
        if self._in_use is None or self._good_until <= self._tokens.clock():
            return None
        return self._in_use[0]

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

    def is_expiry(self, status: int) -> bool:
        """Whether an answer with that status says that the token is no longer good (401, or as the credential says)."""
        return status in (self._client.expired if self._client is not None else _EXPIRED)

    async def renew(self, refused: Injection, send: Send) -> Injection | None:
        """After a 401 (see `is_expiry`): an injection with another token than `refused` had; None without one.

        One fetch for each refused token, for any number of callers; a late caller gets the token that is
        there. To be called at most once for a request, which may then be repeated; `repeated` is told how that went.
        A service that refuses the tokens it has just issued is not asked for another for 30 s.
        """
        client = self._client
        if client is None or self._tokens.barred(client):
            return None
        # A token that the user gave has expired; client id and secret take its place from now on.
        self._given_token = False
        return self._rendered(await self._fetched(client, send, after=refused.generation))

    def repeated(self, renewed: Injection, *, refused: bool) -> None:
        """Say whether a request that was repeated with a renewed token was refused again (see `is_expiry`)."""
        if self._client is not None and renewed.generation:
            self._tokens.judge(self._client, renewed.generation, refused=refused)

    @property
    def has_tokens(self) -> bool:
        """False for a credential whose user has not signed in yet."""
        return self._user is None or self._user.connected

    def require_tokens(self) -> None:
        """Raise CredentialError when the credential's user has not signed in yet."""
        if self._user is not None and not self._user.connected:
            raise self._user.not_connected()

    def sign_in(self, redirect_uri: str) -> SignIn:
        """A user's sign-in, after which the browser comes back to `redirect_uri`; see `finish`.

        Raises CredentialError when this credential is not one that a user signs in for, CredentialStoreError when its
        tokens could not be kept.
        """
        if self._user is None or self._client is None:
            raise CredentialError(
                f"No user signs in for the credential {self.name!r} of type {self.type.name!r}.",
                hint="Its fields are all it takes; try it with: "
                f"nodeloom credentials test {self.type.name} --name {shlex.quote(self.name)}",
            )
        self._user.require_keeper()
        return SignIn(self._client, redirect_uri)

    async def finish(self, sign_in: SignIn, code: Secret[str], send: Send) -> Granted:
        """Exchange the code of a sign-in, keep the tokens where the credential is, and say what was granted.

        Raises ResponseError when the service issues no token, CredentialStoreError when they cannot be kept.
        """
        with _masked(self.secrets):
            token = await sign_in.token(code, send, self._tokens.clock)
        self._remember(token.text, token.refresh_token)
        if self._user is not None:
            with _masked(self.secrets):
                await self._user.keep(token)
        return sign_in.granted(token)

    def test_request(self, injection: Injection | None = None) -> Request | None:
        """The request of the type's `test`, with `injection` on it; None when the type has no test."""
        if self.type.test is None:
            return None
        put_on = Injection() if injection is None else injection
        with _masked(self.secrets):
            request = build_test_request(self.type, self.type.test, self.values, self._render, put_on)
        self._remember_made()
        request.mask = self.masker
        request.verify = self.verify
        return request

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
                return f"{'There is' if self._user else 'The service issued'} an access token. {_NO_TEST}"
            return "The fields are complete. The credential type has no test, so nothing was sent."
        response = await send(request)
        if self.is_expiry(response.status):
            renewed = await self.renew(injection, send)
            if renewed is not None:
                request = self.test_request(renewed) or request
                response = await send(request)
                self.repeated(renewed, refused=self.is_expiry(response.status))
        self.test_outcome(response, request)
        shown = request.told(request.url)
        return f"The service accepted the credential: {request.method} {shown} answered {response.status}."

    def _fetching_client(self) -> OAuth2Client | None:
        """What to fetch a token with, or None when the fields are all there is."""
        return None if self._given_token else self._client

    async def _fetched(self, client: OAuth2Client, send: Send, *, after: int) -> Issued:
        async def fetch() -> Token:
            with _masked(self.secrets):
                if self._user is not None:
                    latest = self._tokens.latest(client)
                    held = latest.token if latest is not None else None
                    return await self._user.token(held, send, refused=after > 0)
                response = await send(client.client_credentials_request())
                return read_token(response, self._tokens.clock(), url=client.token_url)

        return await self._tokens.get(client, fetch, after=after, by=self)

    def _rendered(self, issued: Issued | None) -> Injection:
        generation = issued.generation if issued else 0
        in_use = self._in_use
        if in_use is not None and in_use[0].generation == generation:
            return in_use[0]
        values = self._fields
        block = self.type.token
        token = issued.token if issued is not None else self._begun
        if token is not None and block is not None:
            self._remember(token.text, token.refresh_token)
            values = MaskedValues(values)
            if block.token_data is None:
                values[block.field] = token.text.reveal()
            else:
                values[block.token_data] = data_of(token)
        with _masked(self.secrets):
            injection = render_injection(self.type.name, self._parts, values, self._render, generation)
            if token is not None and block is not None and block.token_data and not carries(injection, token.text):
                injection = self._with_authorization(injection, token)
        injection = replace(injection, author_hosts=self._author_hosts, open_fields=self.open_fields)
        self._remember(*carried_secrets(injection, values))
        self._remember_made()
        self._good_until = math.inf if issued is None else issued.token.expires_at
        self._in_use = (injection, values)
        return injection

    def _with_authorization(self, injection: Injection, token: Token) -> Injection:
        """`injection` with the token in its usual place (RFC 6750 section 2.1)."""
        if token.token_type.casefold() in _PROVING or not is_token(token.token_type):
            raise CredentialError(
                f"The service issued a token for the credential {self.name!r} that is not a bearer token.",
                value=token.token_type,
                hint="Tokens that need a proof of possession cannot be used.",
            )
        value = header_value(self.type.name, "Authorization", f"{token.token_type} {token.text.reveal()}")
        others = {name: text for name, text in injection.headers.items() if name.lower() != "authorization"}
        return replace(injection, headers={**others, "Authorization": value})

    def _remember_made(self) -> None:
        """Remember what the type's expressions made of secret fields, but where such a field stands in it as it is."""
        made = self._render.take_made()
        if made:
            mask = self.masker
            self._remember(*(text for text in made if mask(text) == text))

    def _remember(self, *texts: str | Secret[str] | None) -> None:
        with self._lock:
            new = [Secret(text) for text in texts_of(texts) if text and Secret(text) not in self._seen]
            if new:
                self._seen = (*self._seen, *new)[-_REMEMBERED_TOKENS:]
                self._all_secrets = MaskedTexts([*self._secrets, *texts_of(self._seen)])
