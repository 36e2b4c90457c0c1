"""Fitting given field values to a credential type: spelling, kinds, defaults, what is missing, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nodeloom.credential.credentialmodel import StoredCredential
from nodeloom.credential.oauth.tokendata import FIELD, parsed, secret_texts
from nodeloom.credential.stores.environment import slug, variable_for
from nodeloom.credential.templates import Renderer, is_expression, text_of
from nodeloom.errors import CredentialError, nearest, preview
from nodeloom.jsonreading import ANY_JSON
from nodeloom.messages import origin_of
from nodeloom.redaction import MaskedTexts, texts_of
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType, PropertyDescriptor

# n8n keeps these beside the fields of a credential.
_RESTRICTION, _DOMAINS = "allowedHttpRequestDomains", "allowedDomains"
_N8N_OPEN_EXTRAS = frozenset({_RESTRICTION, _DOMAINS})
_N8N_EXTRAS = _N8N_OPEN_EXTRAS | {FIELD}
_SECRET_NAME = re.compile(r"(password|passphrase|secret|token|api_?key|private_?key|^key)$", re.IGNORECASE)
# Something that may be a host, with a port and path. A secret typed into the wrong field must not pass for one.
_HOST = re.compile(r"(localhost|[\w-]{1,63}(\.[\w-]{1,63})+|[\w-]{1,63}(?=:\d)|\[[0-9a-fA-F:]+\])(:\d{1,5})?(/.*)?")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")


def is_secret(prop: PropertyDescriptor) -> bool:
    """Whether a field is hidden while typing and masked everywhere.

    That is a field with `typeOptions.password`, and one whose name says so: many types forget the option.
    """
    if (prop.type_options or {}).get("password"):
        return True
    return prop.type in ("string", "hidden") and _SECRET_NAME.search(prop.name) is not None


def is_url(prop: PropertyDescriptor) -> bool:
    """Whether a field holds the service's address: `typeOptions.url`, or `typeOptions.stripSuffixes` (Nodeloom)."""
    options = prop.type_options or {}
    return bool(options.get("url") or options.get("stripSuffixes"))


def is_filled(value: object) -> bool:
    """Whether a field has a value: anything but null and empty text."""
    return value is not None and value != ""


def fit(type: CredentialType, stored: StoredCredential, renderer: Renderer) -> JsonObject:  # noqa: A002 - a credential type
    """The credential's fields as `$credentials` shows them.

    Field names are checked against the type (those of the environment match without case), values brought to the
    kind of their field, addresses normalised, and defaults filled in for visible fields. Raises CredentialError for
    an unknown field, a value of the wrong kind, and a required field (or one of `requireOneOf`) without a value.
    """
    from nodeloom.descriptor.visibility import visible_form

    given = _spell_names(type, stored)
    by_name = {prop.name: prop for prop in type.properties}
    values = {
        name: _fit_value(type, by_name[name], value) if name in by_name else value
        for name, value in given.items()
        if value is not None and not (value == "" and _is_worked_out(by_name.get(name)))
    }
    form = visible_form(type.properties, values, version=1, is_template=lambda _: False)
    shown = {prop.name for prop in form.properties}
    # What is hidden has no value (n8n), also if one was given before something else hid it.
    values = {name: value for name, value in values.items() if name in shown or name not in by_name}
    defaults = {name: value for name, value in form.values.items() if name not in values and value is not None}
    values.update((name, value) for name, value in defaults.items() if not is_expression(value))
    for name, template in _in_order({name: value for name, value in defaults.items() if is_expression(value)}):
        value = _null_if_undefined(renderer(template, values, f"properties.{name}.default"))
        prop = by_name[name]
        values[name] = normalise_url(type, prop, value) if is_url(prop) and isinstance(value, str) else value
    _require(type, [p.name for p in form.properties if p.required], values, stored)
    return values


def _is_worked_out(prop: PropertyDescriptor | None) -> bool:
    """Whether a field's address is made of other fields, unless it is given."""
    return prop is not None and is_url(prop) and is_expression(prop.default)


def _in_order(templates: Mapping[str, str]) -> list[tuple[str, str]]:
    """Defaults that are expressions, those first that others read; of a circle in the order they stand in."""
    waiting, ordered = dict(templates), list[tuple[str, str]]()
    while waiting:
        ready = [n for n, text in waiting.items() if not any(o != n and _reads(text, o) for o in waiting)]
        for name in ready or list(waiting):
            ordered.append((name, waiting.pop(name)))
    return ordered


def _reads(template: str, name: str) -> bool:
    return re.search(rf"\$(?:credentials|self)\b[^\w]+{re.escape(name)}\b", template) is not None


def _spell_names(type: CredentialType, stored: StoredCredential) -> JsonObject:  # noqa: A002 - a credential type
    """The given fields under the names the type has for them."""
    names = list(dict.fromkeys(prop.name for prop in type.properties))
    by_slug = {slug(name): name for name in reversed(names)}
    spelled: JsonObject = {}
    for written, value in stored.values.items():
        name = written
        if name not in names and stored.source == "environment":
            name = by_slug.get(slug(written), written)
        if name not in names and name not in _N8N_EXTRAS:
            raise _unknown_field(type, written, names, stored)
        spelled[name] = value
    return spelled


def _null_if_undefined(value: object) -> Any:
    from nodeloom.expression import UNDEFINED

    return None if value is UNDEFINED else value


def _unknown_field(
    type: CredentialType,  # noqa: A002 - a credential type
    written: str,
    names: list[str],
    stored: StoredCredential,
) -> CredentialError:
    close = nearest(written, names)
    known = f"Its fields are {', '.join(names)}." if names else "It has no fields."
    return CredentialError(
        f"The credential {stored.name!r} ({stored.source}) has a field {preview(written)!r} that the type "
        f"{type.name!r} does not know.",
        hint=f"Did you mean {close!r}? {known}" if close else known,
        nearest=close,
    )


def _fit_value(type: CredentialType, prop: PropertyDescriptor, value: object) -> Any:  # noqa: A002 - a credential type
    """`value` as the field's kind wants it; text from the environment or the command line is read as that kind."""
    if is_url(prop):
        return normalise_url(type, prop, value)
    if prop.type == "string" and not prop.multiple:
        return _text(type, prop, value)
    if prop.name == FIELD and isinstance(value, str) and value.strip():
        data = parsed(value)
        if not data:
            raise _wrong_kind(type, prop, "a JSON object")
        return dict(data)
    if not isinstance(value, str):
        return value
    if prop.type == "json" and value.strip():
        try:
            ANY_JSON.read(value)
        except ValueError:
            # The parser's error carries the text, which may be a secret.
            raise _wrong_kind(type, prop, "JSON") from None
        return value
    if prop.type == "boolean":
        if value.strip().casefold() in ("true", "1", "yes", "on"):
            return True
        if value.strip().casefold() in ("false", "0", "no", "off", ""):
            return False
        raise _wrong_kind(type, prop, "true or false")
    if prop.type == "number" and value.strip():
        try:
            number = ANY_JSON.read(value)
        except ValueError:
            number = None
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise _wrong_kind(type, prop, "a number")
        return number
    return value


def _text(type: CredentialType, prop: PropertyDescriptor, value: object) -> str:  # noqa: A002 - a credential type
    if isinstance(value, (dict, list)):
        raise _wrong_kind(type, prop, "text")
    text = text_of(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _wrong_kind(type, prop, "text in UTF-8") from None
    # Files and shells end a line with a break that is not part of a one-line value.
    line = text.rstrip("\r\n")
    return line if "\n" not in line and "\r" not in line else text


def _wrong_kind(type: CredentialType, prop: PropertyDescriptor, wanted: str) -> CredentialError:  # noqa: A002 - a credential type
    return CredentialError(f"The field {prop.name!r} of the credential type {type.name!r} must be {wanted}.")


def normalise_url(type: CredentialType, prop: PropertyDescriptor, value: object) -> str:  # noqa: A002 - a credential type
    """The address in a url-typed field, without the slash at its end and the type's `stripSuffixes`.

    It must be an absolute http or https address without user, query or fragment; else CredentialError, which for a
    bare host tells what to write.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        if isinstance(value, str):
            return ""
        raise _wrong_kind(type, prop, "text")
    fault, hint = _url_fault(text)
    if fault:
        raise CredentialError(
            f"The field {prop.name!r} of the credential type {type.name!r} {fault}.",
            hint=hint,
            value=text if _showable(text) else None,
        )
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    # A suffix may look like a host, and the host is not taken away.
    path = f"{slash}{path}".rstrip("/")
    for suffix in (prop.type_options or {}).get("stripSuffixes") or ():
        if path.lower().endswith(str(suffix).lower().rstrip("/")):
            path = path[: len(path) - len(str(suffix).rstrip("/"))].rstrip("/")
            break
    return f"{scheme.lower()}://{authority}{path}"


def _url_fault(text: str) -> tuple[str | None, str | None]:
    """(what is wrong with an address, what to write instead); (None, …) when nothing is."""
    example = "Write it like https://pbx.example.com:5001."
    if _UNPRINTABLE.search(text):
        return "is not an address: it holds a space, a backslash or a control character", example
    if "://" not in text:
        bare = text.lstrip("/")
        return "is not an absolute address", f"Did you mean https://{bare}?" if _showable(bare) else example
    try:
        parts = urlsplit(text)
        origin_of(text)
    except ValueError:
        return "is not an absolute http or https address", example
    if "@" in parts.netloc:
        return "has a user name or password in the address", "Put these into fields of their own."
    if "?" in text or "#" in text:
        return "has a query or fragment in the address", f"Write it without: {re.split(r'[?#]', text)[0].rstrip('/')}"
    return None, None


def _showable(text: str) -> bool:
    """Whether a refused address may stand in a message: it looks like one, and does not hold a password."""
    _, _, rest = text.rpartition("://")
    return "@" not in text and "?" not in text and "#" not in text and _HOST.fullmatch(rest) is not None


def _require(
    type: CredentialType,  # noqa: A002 - a credential type
    required: list[str],
    values: Mapping[str, Json],
    stored: StoredCredential,
) -> None:
    missing = [name for name in dict.fromkeys(required) if not is_filled(values.get(name))]
    sets = type.require_one_of or []
    lacking = [[name for name in fields if not is_filled(values.get(name))] for fields in sets]
    if lacking and all(lacking):
        # The set of which most is there is most likely the one that was meant; the first one, when that is open.
        begun = max(range(len(sets)), key=lambda i: len(sets[i]) - len(lacking[i]))
        missing = list(dict.fromkeys([*missing, *lacking[begun]]))
    if not missing:
        return
    wanted = " or ".join(" + ".join(fields) for fields in sets)
    where = (
        f"Set {', '.join(variable_for(type.name, name) for name in missing)}."
        if stored.source == "environment"
        else "Fill in the missing fields."
    )
    raise CredentialError(
        f"The credential {stored.name!r} ({stored.source}) of type {type.name!r} lacks {', '.join(missing)}.",
        hint=f"The type needs {wanted}. {where}" if wanted else where,
        missing=missing,
    )


def secrets_of(type: CredentialType, values: Mapping[str, Json]) -> MaskedTexts:  # noqa: A002 - a credential type
    """The texts of the secret fields among `values`; fields the type's document does not list count as secret.

    If a secret field holds JSON as text, every text in it is secret; of token data scope, type and times are not.
    """
    listed: dict[str, bool] = {}
    # Two properties may share a name under different displayOptions; one that is secret makes the name so.
    for prop in type.properties:
        listed[prop.name] = listed.get(prop.name, False) or is_secret(prop)
    texts: set[str] = set()
    for name, value in values.items():
        if name == FIELD:
            texts.update(secret_texts(value))
        elif listed.get(name, name not in _N8N_OPEN_EXTRAS):
            texts.update(texts_of(value))
            texts.update(_inner_texts(value))
    texts.discard("")
    return MaskedTexts(texts)


def open_fields_of(type: CredentialType, renderer: Renderer) -> frozenset[str]:  # noqa: A002 - a credential type
    """The names of the fields that hold nothing secret.

    The type lists them, marks none of that name as secret, and makes none of them out of one that is.
    """
    secret = {prop.name for prop in type.properties if is_secret(prop)} | {FIELD}
    if type.token is not None:
        secret |= {name for name in (type.token.field, type.token.token_data) if name}
    known = {prop.name for prop in type.properties} | _N8N_OPEN_EXTRAS
    made_of = [
        (prop.name, renderer.reads(prop.default, f"properties.{prop.name}.default"))
        for prop in type.properties
        if is_expression(prop.default)
    ]
    while True:
        open_fields = frozenset(known - secret)
        made = {name for name, fields in made_of if name in open_fields and not fields <= open_fields}
        if not made:
            return open_fields
        secret |= made


def _inner_texts(value: object) -> Iterator[str]:
    """The strings in a JSON object written as text; its numbers and switches stand in any other text too."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        for inner in _strings(parsed(value)):
            yield inner
            # Of `Bearer abc` also what follows the scheme.
            yield inner.partition(" ")[2]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def origins_of(type: CredentialType, values: Mapping[str, Json]) -> frozenset[str]:  # noqa: A002 - a credential type
    """Origins of the url-typed fields."""
    fields = {prop.name for prop in type.properties if is_url(prop)}
    return frozenset(origin_of(values[name]) for name in fields if is_filled(values.get(name)))


def author_hosts_of(type: CredentialType, values: Mapping[str, Json]) -> tuple[str, ...] | None:  # noqa: A002 - a credential type
    """The hosts an author's parameters may choose for the credential (n8n `allowedHttpRequestDomains`); None for any.

    `*.example.com` stands for every host below it, and not for itself. Hosts that the node or the credential names are
    no author's choice, and not restricted (n8n since 2.41). Raises CredentialError for what n8n does not know: a slip
    must not lift a restriction.
    """
    mode, domains = values.get(_RESTRICTION), values.get(_DOMAINS)
    if not is_filled(mode) or mode == "all":
        return None
    if mode == "none":
        return ()
    if mode != "domains":
        raise CredentialError(
            f"The field {_RESTRICTION!r} of the credential type {type.name!r} is 'all', 'domains' or 'none'.",
            value=mode,
        )
    if is_filled(domains) and not isinstance(domains, str):
        raise CredentialError(
            f"The field {_DOMAINS!r} of the credential type {type.name!r} must be text.",
            hint="Write it like: example.com, *.example.com",
        )
    hosts = (host.strip().lower().removesuffix(".") for host in (domains or "").split(","))
    return tuple(host for host in hosts if host)
