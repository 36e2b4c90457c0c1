"""Credentials: where they are kept, how they are checked, and how they get onto a request.

    credentials = Credentials(default_providers())
    session = CredentialSession(type, credentials.resolve(type, None))
    injection = await session.injection(send)

`Credentials` asks providers in order (environment, plugins, file, encrypted file, keyring). `CredentialSession` is one
credential in use: it holds the fields a template sees as `$credentials`, fetches the access token where the type has
one, and says which texts are secret. `Masker` takes them out of everything that is shown.
"""

from nodeloom.credential.chain import Credentials, default_providers
from nodeloom.credential.encrypted import EncryptedFileProvider, move_all
from nodeloom.credential.environment import EnvironmentProvider
from nodeloom.credential.fields import is_secret, is_url, normalise_url
from nodeloom.credential.file import FileProvider
from nodeloom.credential.inherit import inherited
from nodeloom.credential.keyring_store import KeyringProvider
from nodeloom.credential.model import Injection, Keeper, Provider, StoredCredential
from nodeloom.credential.session import UNVERIFIED, CredentialSession, Send, with_placeholder
from nodeloom.credential.signin import Granted, SignIn
from nodeloom.credential.templates import is_expression
from nodeloom.credential.tokens import TokenStore
from nodeloom.redaction import MASK, Masker, Secret

__all__ = [
    "MASK",
    "UNVERIFIED",
    "CredentialSession",
    "Credentials",
    "EncryptedFileProvider",
    "EnvironmentProvider",
    "FileProvider",
    "Granted",
    "Injection",
    "Keeper",
    "KeyringProvider",
    "Masker",
    "Provider",
    "Secret",
    "Send",
    "SignIn",
    "StoredCredential",
    "TokenStore",
    "default_providers",
    "inherited",
    "is_expression",
    "is_secret",
    "is_url",
    "move_all",
    "normalise_url",
    "with_placeholder",
]
