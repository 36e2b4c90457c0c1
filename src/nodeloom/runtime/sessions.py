"""From what a run was given to a credential in use."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nodeloom.errors import CredentialError, NodeloomError, UnknownNameError
from nodeloom.runtime.registry import Registry, type_for
from nodeloom.valuewords import kind_of

if TYPE_CHECKING:
    from nodeloom.credential import Credentials, CredentialSession, Send
    from nodeloom.descriptor.models import CredentialReference, CredentialType
    from nodeloom.expression import Environment
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.plugins import Plugins
    from nodeloom.run.runoptions import GivenCredentials


class Sessions:
    """Opens credential sessions for the runs of one runtime.

    `providers` are where credentials are looked for, None for the usual places. `lenient` lets a credential type pass
    that authenticates in JavaScript, or that is not installed; it then puts nothing on (n8n to the letter). `way`
    decides who answers a token request: runtimes of one process share tokens if that is the same.
    """

    def __init__(
        self,
        registry: Registry,
        plugins: Plugins,
        environment: Callable[[], Environment],
        *,
        providers: Sequence[Any] | None,
        lenient: bool,
        way: Hashable = None,
    ) -> None:
        self._registry = registry
        self._plugins = plugins
        self._environment = environment
        self._providers = providers
        self._lenient = lenient
        self._way = way

    def for_plan(
        self, plan: OperationPlan, credentials: GivenCredentials, *, dry: bool = False
    ) -> CredentialSession | None:
        """The session a plan's requests go out with; None when the node takes no credential, or none is at hand.

        `dry` fills in what would be fetched. Raises CredentialError when a required credential is missing or broken.
        """
        for reference, wanted in choose_credential(plan.credential_references(), credentials, plan.title):
            known = self._registry.knows_type(reference.name)
            if not known and wanted is None and not reference.required:
                continue
            if not known and isinstance(wanted, Mapping) and self._lenient:
                kind = type_for(reference.name, wanted)
            elif not known:
                raise self._unknown_type(reference.name, plan)
            else:
                kind = self._registry.credential_type(reference.name)
            _check_supported(kind, plan)
            try:
                session = self.open(kind, wanted, dry=dry)
            except CredentialError as error:
                if error.code == "credential_not_found" and wanted is None and not reference.required:
                    continue
                raise
            session.require_tokens()
            return session
        return None

    def _unknown_type(self, name: str, plan: OperationPlan) -> UnknownNameError:
        """The error for a type that is not installed: how its fields get onto a request is not known."""
        error = UnknownNameError("credential type", name, self._registry.credential_types)
        error.hint = (
            f"{plan.title} wants it. Add its description: runtime.add_credential_type({name + '.json'!r}), or "
            "--credential-type FILE on the command line."
        )
        return error

    def open(self, kind: CredentialType, wanted: Any, *, dry: bool = False) -> CredentialSession:
        """A session of that type: `wanted` is its fields, a stored credential's name, or None for the default one."""
        from nodeloom.credential import CredentialSession, inherited, with_placeholder

        kind = inherited(kind, self._registry.credential_types)
        if self._lenient and isinstance(kind.authenticate, Mapping) and "__function__" in kind.authenticate:
            kind = kind.model_copy(update={"authenticate": None})
        stored = self._credentials().resolve(kind, wanted)
        if dry:
            stored = with_placeholder(kind, stored)
        return CredentialSession(kind, stored, environment=self._environment(), way=self._way)

    def _credentials(self) -> Credentials:
        from nodeloom.credential import Credentials, default_providers
        from nodeloom.runtime.pluginprovider import PluginProvider

        if self._providers is not None:
            return Credentials(list(self._providers))
        return Credentials(
            default_providers(plugins=[PluginProvider(self._plugins)], type_names=self._registry.credential_types)
        )


def choose_credential(
    references: Sequence[CredentialReference], credentials: GivenCredentials, title: str
) -> list[tuple[CredentialReference, Any]]:
    """The credential types to try, the first choice first, with what was given for each."""
    if credentials is None:
        return [(reference, None) for reference in references]
    if not isinstance(credentials, (str, Mapping)):
        raise CredentialError(
            f"Credentials cannot be given as {kind_of(credentials)}.",
            hint="Give a stored credential's name, or a mapping from credential type to fields or name.",
        )
    if not references and credentials:
        raise CredentialError(f"{title} takes no credential.", hint="Leave the credential out.")
    if isinstance(credentials, str):
        return [(references[0], credentials)] if references else []
    known = {reference.name.casefold(): reference for reference in references}
    given = {str(name).casefold(): value for name, value in credentials.items()}
    for name in credentials:
        if str(name).casefold() not in known:
            raise _unknown_type(str(name), references, title)
    chosen = [(r, given[r.name.casefold()]) for r in references if r.name.casefold() in given]
    return chosen or [(reference, None) for reference in references]


def _unknown_type(name: str, references: Sequence[CredentialReference], title: str) -> UnknownNameError:
    error = UnknownNameError("credential type", name, [r.name for r in references], within=title)
    if error.details.get("nearest") is None:
        # The fields themselves, in place of a mapping from type to fields, are the usual slip.
        error.hint = f'Give the fields under their type: {{"{references[0].name}": {{…}}}}.'
    return error


def _check_supported(kind: CredentialType, plan: OperationPlan) -> None:
    """Raise CredentialError when a type that keeps to some nodes (n8n `restrictToSupportedNodes`) is another's."""
    if not kind.restrict_to_supported_nodes:
        return
    # n8n writes the package before a name.
    names = [name.rpartition(".")[2] for name in kind.supported_nodes or ()]
    if plan.node.name.rpartition(".")[2] not in names:
        raise CredentialError(
            f"The credential type {kind.name!r} may not be used with {plan.node.label}.",
            hint=f"It is for {', '.join(names)}." if names else "Its supportedNodes name no node; add the node's name.",
        )


async def check(session: CredentialSession, send: Send) -> str:
    """Whether the credential works, in words; its errors with secrets masked."""
    try:
        return await session.check(send)
    except NodeloomError as error:
        error.mask(session.masker)
        raise
