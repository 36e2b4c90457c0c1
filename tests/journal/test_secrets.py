"""No secret of a credential is in a journal's files, in whatever form it came along."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from nodeloom.errors import BadRequestError
from nodeloom.outcomes import Outcome
from nodeloom.redaction import Masker
from tests.journal.driving import by_journal, open_journal, sending

SECRET = 'canary+secret/ünï="1\\x'
TOKEN = "canary-token-4711"
PIN = "40712"
SECRETS = [SECRET, TOKEN, PIN]


def forms(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield raw
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(json.dumps(secret))[3:-3].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield quote(quote(secret, safe=""), safe="").encode()
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield encoded.rstrip(b"=")


def everywhere() -> dict[str, Any]:
    """A JSON value that holds every secret in every form, as key, text, number, and in a document within."""
    found: dict[str, Any] = {"pin": int(PIN), "plain": SECRETS, "document": json.dumps({"inner": SECRETS})}
    for number, form in enumerate(form for secret in SECRETS for form in forms(secret)):
        text = form.decode()
        found[f"{number} {text}"] = {"text": f"before {text} after", "list": [text]}
    return found


def leaks(folder: Path) -> list[str]:
    """Every form of a secret that stands in a file of the folder."""
    found = []
    for path in folder.iterdir():
        content = path.read_bytes()
        found += [f"{path.name}: {form!r}" for secret in SECRETS for form in forms(secret) if form in content]
    return found


@pytest.mark.parametrize("repeatable", [True, False])
def test_the_files_hold_no_secret_in_any_form_at_any_time(tmp_path: Path, repeatable: bool) -> None:
    masker = Masker(SECRETS)
    seen: list[str] = []

    @sending
    async def work(index: int, raw: Any) -> Outcome:
        # While it is in flight, its intent is in the write-ahead log.
        seen.extend(leaks(tmp_path))
        if index % 2:
            error = BadRequestError(
                f"refused: {SECRET}", item=index, hint=TOKEN, value=everywhere(), status=400, body=everywhere()
            )
            return Outcome(index, error=error, statuses=(400,))
        return Outcome(index, [{"json": everywhere()}], statuses=(200,))

    async def run() -> None:
        parameters = {"Header": f"Bearer {TOKEN}", "All": everywhere(), "Password": "canary-typed-in"}
        journal = open_journal(
            tmp_path / "j",
            repeatable=repeatable,
            masker=masker,
            parameters=parameters,
            mask=masker.mask_json,
            hidden={"Password"},
        )
        journaled = by_journal(journal, work)
        for index in range(6):
            await journaled(index, {"Link": f"link-{index}", "token": TOKEN, **everywhere()})
        seen.extend(leaks(tmp_path))
        await journal.aclose()

    asyncio.run(run())
    assert seen == []
    assert leaks(tmp_path) == []
    assert b"canary-typed-in" not in (tmp_path / "j").read_bytes()
    content = (tmp_path / "j").read_bytes()
    assert b"***" in content
    assert b"link-1" in content, "the failed items are there, with what is no secret"


def test_a_token_fetched_during_the_run_is_masked_from_then_on(tmp_path: Path) -> None:
    """The masker of the moment counts, not that of the beginning."""
    from nodeloom.journal.scrub import Scrub, encode

    secrets: list[str] = []
    scrub = Scrub(lambda: Masker(secrets))
    document = encode({"a": f"Bearer {TOKEN}"})
    assert scrub.text(document) == document
    secrets.append(TOKEN)
    assert json.loads(scrub.text(document)) == {"a": "Bearer ***"}
    assert scrub.rows([(1, None, document), (2, b"x", "[]")]) == [(1, None, '{"a":"Bearer ***"}'), (2, b"x", "[]")]
