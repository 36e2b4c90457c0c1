"""`nodeloom credentials encrypt`, `decrypt` and `rekey`: the encrypted credential file.

Passphrases and keys are asked for without echo, or come from the environment or standard input; never from the command
line, where the process list and the shell's history would keep them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from nodeloom.cli.credential_form import ask_consent
from nodeloom.cli.passphrase import asked_twice, passphrases_are_asked_for
from nodeloom.cli.terminal import read_standard_input, say
from nodeloom.errors import ConfigurationError

if TYPE_CHECKING:
    from nodeloom.credential import EncryptedFileProvider, FileProvider


@click.command("encrypt")
def encrypt_command() -> None:
    """Move the credentials of the plain file into the encrypted one, and remove the plain file.

    The passphrase is asked for, unless NODELOOM_CREDENTIALS_PASSPHRASE, NODELOOM_CREDENTIALS_PASSPHRASE_FILE or
    NODELOOM_CREDENTIALS_KEY (32 bytes in base64) is set. Runs that use the credentials at that moment should end first.
    Needs the extra: pip install 'nodeloom[encrypted]'.

    \b
    Example:
      nodeloom credentials encrypt
      NODELOOM_CREDENTIALS_KEY="$(cat /run/keys/nodeloom)" nodeloom credentials encrypt
    """
    from nodeloom.credential import move_all

    plain, encrypted = _stores()
    if not plain.file.exists():
        raise ConfigurationError(
            f"There is no credential file {plain.path} to encrypt.",
            hint="Add a credential to the encrypted file with: nodeloom credentials add TYPE --store encrypted",
        )
    names = move_all(plain, encrypted)
    say(f"Encrypted {_count_credentials(names)} into {encrypted.path}; {plain.path} is removed.")
    say("Blocks of the old file may stay on the disk: change secrets that others may have seen.")


@click.command("decrypt")
@click.option("--yes", is_flag=True, help="Do not ask.")
def decrypt_command(yes: bool) -> None:
    """Move the credentials of the encrypted file back into the plain one, and remove the encrypted file.

    \b
    Example:
      nodeloom credentials decrypt
      nodeloom credentials decrypt --yes
    """
    from nodeloom.credential import move_all

    plain, encrypted = _stores()
    _require(encrypted)
    if not yes and not ask_consent(f"Write all secrets to {plain.path} without encryption?", "--yes"):
        say("Nothing was changed.")
        return
    names = move_all(encrypted, plain)
    say(f"Moved {_count_credentials(names)} to {plain.path}; {encrypted.path} is removed.")


@click.command("rekey")
@click.option("--new-passphrase-from-stdin", is_flag=True, help="Read the new passphrase from standard input.")
@click.option("--new-passphrase-from-env", metavar="VARIABLE", help="Read the new passphrase from this variable.")
@click.option("--new-key-from-env", metavar="VARIABLE", help="Use the key in this variable from now on.")
def rekey_command(
    new_passphrase_from_stdin: bool, new_passphrase_from_env: str | None, new_key_from_env: str | None
) -> None:
    """Encrypt the encrypted file anew, for another passphrase or key.

    What opens it now comes from the environment, or is asked for; so is the new passphrase, unless an option says where
    it is.

    \b
    Example:
      nodeloom credentials rekey
      nodeloom credentials rekey --new-passphrase-from-env NEW_PASSPHRASE
    """
    from nodeloom.credential.stores.sealing import Unlock
    from nodeloom.credential.stores.unlocking import check_new, read_key
    from nodeloom.redaction import Secret

    given = [option for option in (new_passphrase_from_stdin, new_passphrase_from_env, new_key_from_env) if option]
    if len(given) > 1:
        raise ConfigurationError("There can be one new passphrase or key.", hint="Give one of the options.")
    _plain, encrypted = _stores()
    _require(encrypted)
    # The old one is tried first, so that a user does not think of a new passphrase in vain.
    encrypted.tables()
    if new_key_from_env:
        key = read_key(_variable(new_key_from_env), f"The environment variable {new_key_from_env}")
        unlock = Unlock(key=key)
    elif new_passphrase_from_env:
        unlock = check_new(Secret(_variable(new_passphrase_from_env)))
    elif new_passphrase_from_stdin:
        unlock = check_new(Secret(read_standard_input(one_line=True).rstrip("\r\n")))
    else:
        unlock = check_new(Secret(asked_twice(encrypted.path)))
    encrypted.rekey(unlock)
    say(f"Encrypted {encrypted.path} anew. What opened it before opens old copies of it still.")


def _variable(name: str) -> str:
    text = os.environ.get(name)
    if not text:
        raise ConfigurationError(f"The environment variable {name} is not set.", hint="Set it first.")
    return text


def _require(encrypted: EncryptedFileProvider) -> None:
    if not encrypted.file.exists():
        raise ConfigurationError(
            f"There is no encrypted credential file {encrypted.path}.",
            hint="Make one with: nodeloom credentials encrypt",
        )


def _stores() -> tuple[FileProvider, EncryptedFileProvider]:
    from nodeloom.credential import EncryptedFileProvider, FileProvider

    passphrases_are_asked_for()
    return FileProvider(), EncryptedFileProvider()


def _count_credentials(names: list[str]) -> str:
    return "1 credential" if len(names) == 1 else f"{len(names)} credentials"
