"""`nodeloom credentials connect`: a user signs in with the browser, and the credential keeps the tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nodeloom.cli.passphrase import passphrases_are_asked_for
from nodeloom.cli.terminal import say
from nodeloom.errors import NodeloomError, UnknownNameError

if TYPE_CHECKING:
    from nodeloom import Runtime
    from nodeloom.credential import Granted
    from nodeloom.credential.oauth.loopback import Loopback


@click.command("connect")
@click.argument("name")
@click.option("--no-browser", is_flag=True, help="Open no browser; print the address to visit on this machine.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of 127.0.0.1 the browser comes back to, where the service insists on one. Default: a free one.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the sign-in.",
)
@click.option("--credential-type", metavar="FILE", help="The credential's type, if it is not an installed one.")
def connect_command(name: str, no_browser: bool, port: int | None, timeout: float, credential_type: str | None) -> None:
    """Sign in with the browser for the stored credential NAME, and keep the tokens with it.

    For credentials of a type that extends oAuth2Api, with the grants authorizationCode and pkce. The service must know
    the redirect address http://127.0.0.1:PORT/callback; many take any port.

    \b
    Example:
      nodeloom credentials connect office
      nodeloom credentials connect office --no-browser --port 8765
    """
    from nodeloom import Runtime
    from nodeloom.credential.oauth.loopback import Loopback

    passphrases_are_asked_for()
    with Runtime() as runtime:
        if credential_type is not None:
            runtime.add_credential_type(credential_type)
        type_name = _type_of(runtime, name)
        with Loopback(port or 0) as listener:

            def authorize(url: str) -> str:
                _send_user(url, listener, browser=not no_browser)
                return listener.wait(timeout)

            try:
                granted = runtime.connect_credential(type_name, name, listener.redirect_uri, authorize)
            except NodeloomError as fault:
                listener.answer("The sign-in failed", f"{fault.message}\n{fault.hint or ''}")
                raise
            listener.answer("Signed in", f"The credential {name} is connected. You can close this window.")
    _report(name, granted)


def _type_of(runtime: Runtime, name: str) -> str:
    from nodeloom.credential import Credentials, default_providers

    chain = Credentials(default_providers(type_names=list(runtime.credential_types)))
    # The first place that has a name is the one that is asked.
    stored = {credential.name: credential.type for credential in reversed(list(chain.list()))}
    if name not in stored:
        raise UnknownNameError("credential", name, stored)
    return stored[name]


def _send_user(url: str, listener: Loopback, *, browser: bool) -> None:
    import webbrowser

    opened = browser and webbrowser.open(url)
    if opened:
        say("Sign in with the browser window that opens. Should none open, visit:")
    else:
        say("Visit this address with a browser on this machine:")
    say(f"\n  {url}\n")
    say(f"Waiting for the browser to come back to {listener.redirect_uri} (Ctrl-C to give up).")


def _report(name: str, granted: Granted) -> None:
    say(f"Connected the credential {name!r}.")
    if granted.scope:
        say(f"  granted: {granted.scope}")
    if granted.withheld:
        say(f"  not granted: {' '.join(granted.withheld)}")
    until = "until the service ends it"
    if granted.expires_at is not None:
        until = (
            datetime.fromtimestamp(granted.expires_at, UTC).astimezone().strftime("until %Y-%m-%d %H:%M %Z").rstrip()
        )
    say(f"  access token: good {until}")
    renewal = "renewed by itself" if granted.refreshable else "none: sign in again when the access token has run out"
    say(f"  refresh token: {renewal}")
