"""From the command line's words to what the runtime takes: node, parameters, items, credentials."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodeloom.cli.assignments import Settings, read_setting_file, split_setting
from nodeloom.cli.installednodes import named_node
from nodeloom.cli.options import read_options
from nodeloom.cli.passphrase import passphrases_are_asked_for
from nodeloom.descriptor.catalogue import OPERATION, RESOURCE
from nodeloom.descriptor.documentfiles import read_json
from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.run.runoptions import RUNTIME_OPTIONS
from nodeloom.runtime.runtime import Runtime

if TYPE_CHECKING:
    from nodeloom.cli.progress.metering import InputMeter
    from nodeloom.expression import Dialect, Literal
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.transport.policy import Policy

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """What one call of `run` or `plan` does.

    Args:
        runtime: what runs it; the command closes it.
        node: the node's name.
        parameters: those of the file, with the command line's over them.
        plan: what they were compiled to, to find mistakes before items are read.
        items: what to run it for; None to run it once.
        credentials: names of stored credentials, by type; the one name; None for the default one.
        meter: how many items were read and how many there are, as far as that is known.
        dialect: n8n's for a copied node.
        version: the node's; for a copied node the one it was made for.
    """

    runtime: Runtime
    node: str
    parameters: Mapping[str, object]
    plan: OperationPlan
    items: Iterable[object] | None
    credentials: Mapping[str, str] | str | None
    meter: InputMeter
    dialect: Dialect
    version: float | None


@dataclass(frozen=True, slots=True)
class Written:
    """What a file of parameters or a copied node gives: parameters, the dialect of their expressions, and a version."""

    parameters: dict[str, object]
    dialect: Dialect = "author"
    version: float | None = None


def open_runtime(options: Options) -> Runtime:
    """The runtime that the options ask for, with the credential types of `--credential-type`."""
    passphrases_are_asked_for()
    runtime = Runtime(policy=_read_policy(options["allowed_hosts"]), **read_options(options, RUNTIME_OPTIONS))
    for path in options["credential_types"]:
        runtime.add_credential_type(path)
    return runtime


def _read_policy(hosts: tuple[str, ...]) -> Policy | None:
    """The policy of `--allow-host`. It allows unverified certificates, because the credential decides about those."""
    if not hosts:
        return None
    from nodeloom.transport.policy import Policy

    try:
        return Policy(hosts=hosts, unverified_tls=True)
    except ConfigurationError as fault:
        raise ConfigurationError(
            "--allow-host must be a host, without a scheme or a path.",
            value=fault.value,
            hint="Write --allow-host api.example.com, *.example.com or pbx.example.com:5001.",
        ) from None


def open_job(runtime: Runtime, options: Options, note: Callable[[str], None]) -> Job:
    """Read the options and check them; nothing is sent, and no items are read. Raises ConfigurationError."""
    # A plugin that failed may be the one that has the node, so this is said before the node is looked for.
    for failure in runtime.plugin_failures:
        note(f"warning: {failure}")
    node, written = _find_target(runtime, options)
    parameters, dialect = written.parameters, written.dialect
    version = written.version if options["version"] is None else options["version"]
    _apply_words(runtime, node, parameters, options, dialect)
    plan = runtime.compile(node, parameters, dialect=dialect, version=version)
    credentials = _read_credentials(runtime, options["credentials"])
    items, meter = _open_items(options, plan, note)
    return Job(runtime, node, parameters, plan, items, credentials, meter, dialect, version)


def _find_target(runtime: Runtime, options: Options) -> tuple[str, Written]:
    """The node to run and its parameters. NODE names it; without NODE a copied node does, by its type."""
    if options["instance"] is None:
        if options["node_name"] is not None:
            raise ConfigurationError(
                "--node-name needs --instance.", hint="Give --instance FILE too, or leave --node-name out."
            )
        if options["node"] is None:
            raise ConfigurationError(
                "NODE is missing.", hint="Give a node's name, the path of its descriptor, or --instance FILE."
            )
        node = named_node(runtime, options["node"]).name
        return node, read_parameters(options["parameters"]) if options["parameters"] else Written({})
    from nodeloom.importers.instance import read_instance

    if options["parameters"] is not None:
        raise ConfigurationError("--instance and --parameters exclude each other.", hint="Leave one of them out.")
    copied = read_instance(options["instance"], node_name=options["node_name"])
    node = copied.match(runtime.nodes) if options["node"] is None else named_node(runtime, options["node"]).name
    return node, Written(dict(copied.parameters), "n8n", copied.version)


def _apply_words(
    runtime: Runtime, node: str, parameters: dict[str, object], options: Options, dialect: Dialect
) -> None:
    """Write what the command line says over the parameters of the file.

    Args:
        runtime: where the node is.
        node: its name.
        parameters: those of the file; they are changed.
        options: the command line's.
        dialect: how expressions in the parameters are written.
    """
    resource, operation = options[RESOURCE], options[OPERATION]
    if operation is None and resource is not None and not runtime.node(node).resources():
        resource, operation = None, resource
    for name, written in ((RESOURCE, resource), (OPERATION, operation)):
        if written is not None:
            # The file may spell the name in another case, and only one of the two is to stay.
            for key in [k for k in parameters if k.casefold() == name]:
                del parameters[key]
            parameters[name] = written
    settings = list(_read_settings(options))
    if settings:
        described = runtime.describe(node, *_choose(runtime, node, parameters, settings, options, dialect))
        names = [described.get(key) for key in ("node", RESOURCE, OPERATION)]
        apply = Settings(described.get("fields", ()), ", ".join(str(n) for n in names if n)).apply
        for name, value in settings:
            apply(parameters, name, value if dialect == "author" else as_n8n(name, value))


def _choose(
    runtime: Runtime,
    node: str,
    parameters: Mapping[str, object],
    settings: list[tuple[str, str | Literal]],
    options: Options,
    dialect: Dialect,
) -> tuple[str | None, str | None]:
    """The resource and operation that the settings belong to.

    If the command line and the file leave one open, it is chosen as the compiler chooses it.

    Args:
        runtime: where the node is.
        node: its name.
        parameters: those of the file, with RESOURCE and OPERATION of the command line.
        settings: what is set over them.
        options: the command line's.
        dialect: how expressions in the parameters are written.
    """
    written = {k.casefold(): v for k, v in [*parameters.items(), *settings] if k.casefold() in (RESOURCE, OPERATION)}
    loaded = runtime.node(node)
    if written.get(OPERATION) and (written.get(RESOURCE) or not loaded.resources()):
        resource = written.get(RESOURCE) if loaded.resources() else None
        return None if resource is None else loaded.match_resource(resource), str(written[OPERATION])
    from nodeloom.descriptor.forms import deciding_fields
    from nodeloom.plan.selection import select

    fields = deciding_fields(loaded, written.get(RESOURCE))
    deciding = {**parameters, **written}
    for name, value in settings:
        # A setting of an operation's property is applied later, when the operation is known.
        with contextlib.suppress(UnknownNameError):
            Settings(fields, loaded.label).apply(deciding, name, value)
    chosen = select(loaded, deciding, dialect=dialect, url_values=options["url_values"])
    return chosen.resource, None if chosen.operation is None else str(chosen.operation.value)


def _read_settings(options: Options) -> Iterator[tuple[str, str | Literal]]:
    for setting in options["settings"]:
        yield split_setting("--set", setting)
    for setting in options["file_settings"]:
        name, path = split_setting("--set-file", setting)
        yield name, read_setting_file(name, path)
    if options["literals"]:
        from nodeloom.expression import Literal

        for setting in options["literals"]:
            name, value = split_setting("--literal", setting)
            yield name, Literal(value)


def read_parameters(path: str) -> Written:
    """The parameters in a file. Raises DescriptorError or ConfigurationError if it does not hold any.

    A node copied out of n8n (as the editor copies it, or one node of a workflow file) has its parameters inside, where
    only what begins with `=` is an expression.
    """
    from nodeloom.importers.instance import is_instance, parse_instance

    raw = read_json(Path(path))
    if is_instance(raw):
        copied = parse_instance(raw, source=path)
        return Written(dict(copied.parameters), "n8n", copied.version)
    if not isinstance(raw, dict):
        raise ConfigurationError(
            f"{path} does not hold a JSON object.", value=raw, hint='Write parameters as {"Link": "summer-sale"}.'
        )
    return Written(raw)


def as_n8n(name: str, value: str | Literal) -> str:
    """A value set over the parameters of a copied node, as n8n writes it: an expression begins with `=`."""
    from nodeloom.expression.splitting import is_template

    text = value if isinstance(value, str) else str(value.value)
    template = isinstance(value, str) and is_template(value, "author")
    if template == text.startswith("="):
        return text
    if template and not is_template(text.replace("{{", ""), "author"):
        return f"={text}"
    raise ConfigurationError(
        f"{name} cannot be set to this value over the parameters of a node that was copied from n8n.",
        value=text,
        hint="There an expression is written ={{ … }}, and each text that begins with = is one.",
    )


def _read_credentials(runtime: Runtime, given: tuple[str, ...]) -> Mapping[str, str] | str | None:
    types = {name.casefold(): name for name in runtime.credential_types}
    by_type: dict[str, str] = {}
    plain: list[str] = []
    for written in given:
        kind, separator, name = written.partition("=")
        # The name of a credential may have a `=` in it, so only a type that exists is read as one.
        if separator and kind.casefold() in types:
            by_type[types[kind.casefold()]] = name
        else:
            plain.append(written)
    if plain and (by_type or len(plain) > 1):
        raise ConfigurationError(
            "--credential is given more than once, and not every time with a type.",
            value=" ".join(given),
            hint="Write --credential TYPE=NAME for each, or one --credential NAME.",
        )
    return plain[0] if plain else by_type or None


def _open_items(
    options: Options, plan: OperationPlan, note: Callable[[str], None]
) -> tuple[Iterable[object] | None, InputMeter]:
    from nodeloom.cli.progress.metering import InputMeter, size_of
    from nodeloom.cli.stdin import input_number, piped_items, standard_input
    from nodeloom.inputs.inputlimits import InputLimits
    from nodeloom.inputs.itemfiles import read_items

    limits = InputLimits(item_bytes=options["max_item_bytes"], items=options["max_items"])
    source, written = options["items_from"], options["format_"]
    meter = InputMeter()
    if source is not None and source != "-":
        items = read_items(
            source, written, limits=limits, through=lambda opened: meter.through(opened, size_of(source))
        )
        return meter.count_items(items), meter
    number = input_number()
    size = None if number is None else size_of(number)
    if source == "-":
        stream = standard_input()
        if stream is None:
            raise ConfigurationError("Standard input is closed.", hint="Give the items with --items FILE.")
    else:
        # Only an expression can read an item, so without one the command does not wait for a silent pipe.
        stream = piped_items(not all(c.static for c in plan.parameters.values()), note)
        if stream is None:
            return None, InputMeter(1)
    items = read_items(
        stream, written, name="standard input", limits=limits, through=lambda opened: meter.through(opened, size)
    )
    return meter.count_items(items), meter
