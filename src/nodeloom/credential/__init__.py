"""Credentials: where they are kept, how they are checked, and how they get onto a request.

    credentials = Credentials(default_providers())
    session = CredentialSession(type, credentials.resolve(type, None))
    injection = await session.injection(send)

`Credentials` asks providers in order (environment, plugins, file, encrypted file, keyring). `CredentialSession` is one
credential in use: it holds the fields a template sees as `$credentials`, fetches the access token where the type has
one, and says which texts are secret. `Masker` takes them out of everything that is shown.
"""

from nodeloom.credential.credentialmodel import Injection, Keeper, Provider, StoredCredential
from nodeloom.credential.fieldfitting import is_secret, is_url, normalise_url
from nodeloom.credential.inheritance import inherited
from nodeloom.credential.oauth.signin import Granted, SignIn
from nodeloom.credential.oauth.tokenstore import TokenStore
from nodeloom.credential.session import UNVERIFIED, CredentialSession, Send, with_placeholder
from nodeloom.credential.stores.chain import Credentials, default_providers
from nodeloom.credential.stores.encryptedfile import EncryptedFileProvider, move_all
from nodeloom.credential.stores.environment import EnvironmentProvider
from nodeloom.credential.stores.keyring_store import KeyringProvider
from nodeloom.credential.stores.plainfile import FileProvider
from nodeloom.credential.templates import is_expression
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
