"""From the command line's words to what the runtime takes: node, parameters, items, credentials."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nodeloom.cli.assignments import Settings, read_setting_file, split_setting
from nodeloom.cli.installednodes import named_node
from nodeloom.cli.passphrase import passphrases_are_asked_for
from nodeloom.descriptor.catalogue import OPERATION, RESOURCE
from nodeloom.descriptor.documentfiles import read_json
from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.runtime.runtime import Runtime
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.cli.progress.metering import InputMeter
    from nodeloom.expression import Dialect
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.transport.policy import Policy

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """What one call of `run` or `plan` does.

    `items` is None to run once; `meter` tells how many there are, as far as that is known. `dialect` is n8n's for a
    copied node, and `version` the one it was made for.
    """

    runtime: Runtime
    node: str
    parameters: Mapping[str, Json]
    plan: OperationPlan
    items: Iterable[Any] | None
    credentials: Mapping[str, str] | str | None
    meter: InputMeter
    dialect: Dialect
    version: float | None


@dataclass(frozen=True, slots=True)
class Written:
    """What `--parameters` gives: parameters, how their expressions are written, and a copied node's version."""

    parameters: JsonObject
    dialect: Dialect = "author"
    version: float | None = None


def open_runtime(options: Options) -> Runtime:
    """The runtime that the options ask for, with the credential types of `--credential-type`."""
    passphrases_are_asked_for()
    runtime = Runtime(
        url_values=options["url_values"],
        timezone=options["timezone"],
        javascript=_javascript(options),
        retries=options["retries"],
        timeout=options["timeout"],
        connect_timeout=options["connect_timeout"],
        request_timeout=options["request_timeout"],
        policy=_policy(options["allowed_hosts"]),
    )
    for path in options["credential_types"]:
        runtime.add_credential_type(path)
    return runtime


def _javascript(options: Options) -> bool | Literal["process"]:
    if options["no_javascript"]:
        return False
    return "process" if options["isolate_javascript"] else True


def _policy(hosts: tuple[str, ...]) -> Policy | None:
    """What `--allow-host` allows; whether a certificate is checked stays the credential's to say."""
    if not hosts:
        return None
    from nodeloom.transport.policy import Policy

    return Policy(hosts=hosts, unverified_tls=True)


def open_job(runtime: Runtime, options: Options, note: Callable[[str], None]) -> Job:
    """Everything settled and checked; nothing sent, and no items read yet. Raises ConfigurationError."""
    for failure in runtime.plugin_failures:
        note(f"warning: {failure}")
    node, written = _target(runtime, options)
    parameters, dialect = written.parameters, written.dialect
    version = written.version if options["node_version"] is None else options["node_version"]
    _apply(runtime, node, parameters, options, dialect)
    plan = runtime.compile(node, parameters, dialect=dialect, version=version)
    credentials = _credentials(runtime, options["credentials"])
    items, meter = _items(options, plan, note)
    return Job(runtime, node, parameters, plan, items, credentials, meter, dialect, version)


def _target(runtime: Runtime, options: Options) -> tuple[str, Written]:
    """The node to run and what is written for it; a copied node says itself which it is, unless NODE does."""
    if options["instance"] is None:
        if options["node_name"] is not None:
            raise ConfigurationError("--node-name goes with --instance.", hint="Give the file with the node.")
        if options["node"] is None:
            raise ConfigurationError("Which node?", hint="Name it, give its descriptor's path, or use --instance FILE.")
        node = named_node(runtime, options["node"]).name
        return node, read_parameters(options["parameters"]) if options["parameters"] else Written({})
    from nodeloom.importers.instance import read_instance

    if options["parameters"] is not None:
        raise ConfigurationError("--instance and --parameters exclude each other.", hint="Leave one of them out.")
    copied = read_instance(options["instance"], node_name=options["node_name"])
    node = copied.match(runtime.nodes) if options["node"] is None else named_node(runtime, options["node"]).name
    return node, Written(dict(copied.parameters), "n8n", copied.version)


def _apply(runtime: Runtime, node: str, parameters: JsonObject, options: Options, dialect: Dialect) -> None:
    """Put the command line's words over the parameters of the file.

    Args:
        runtime: has the node.
        node: its name.
        parameters: those of the file; they are changed.
        options: the command's, with resource, operation and settings.
        dialect: whose spelling the file's expressions have.
    """
    resource, operation = options[RESOURCE], options[OPERATION]
    if operation is None and resource is not None and not runtime.node(node).resources():
        resource, operation = None, resource
    for name, written in ((RESOURCE, resource), (OPERATION, operation)):
        if written is not None:
            for key in [k for k in parameters if k.casefold() == name]:
                del parameters[key]
            parameters[name] = written
    settings = list(_settings(options))
    if settings:
        described = runtime.describe(node, *_choose_operation(runtime, node, parameters, settings, options, dialect))
        names = [described.get(key) for key in ("node", RESOURCE, OPERATION)]
        apply = Settings(described.get("fields", ()), ", ".join(str(n) for n in names if n)).apply
        for name, value in settings:
            apply(parameters, name, value if dialect == "author" else as_n8n(name, value))


def _choose_operation(
    runtime: Runtime,
    node: str,
    parameters: Mapping[str, Json],
    settings: list[tuple[str, Any]],
    options: Options,
    dialect: Dialect,
) -> tuple[str | None, str | None]:
    """The resource and operation whose properties the settings are. What is not said is settled as compiling does.

    Args:
        runtime: has the node.
        node: its name.
        parameters: those of the file.
        settings: names and values of the command line, which count before the file's.
        options: the command's.
        dialect: whose spelling the file's expressions have.
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
        # What belongs to an operation waits until that is known.
        with contextlib.suppress(UnknownNameError):
            Settings(fields, loaded.label).apply(deciding, name, value)
    chosen = select(loaded, deciding, dialect=dialect, url_values=options["url_values"])
    return chosen.resource, None if chosen.operation is None else str(chosen.operation.value)


def _settings(options: Options) -> Iterator[tuple[str, Any]]:
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
    """The parameters in a file. Raises DescriptorError or ConfigurationError when it holds none.

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
            f"{path} holds no JSON object.", value=raw, hint='Write parameters as {"Link": "summer-sale"}.'
        )
    return Written(raw)


def as_n8n(name: str, value: Any) -> Json:
    """A setting over the parameters of a copied node: its expressions get n8n's `=`."""
    from nodeloom.expression import Literal
    from nodeloom.expression.splitting import is_template

    text: Any = value.value if isinstance(value, Literal) else value
    template = not isinstance(value, Literal) and is_template(value, "author")
    if template == text.startswith("="):
        return text
    if template and not is_template(text.replace("{{", ""), "author"):
        return f"={text}"
    raise ConfigurationError(
        f"{name} cannot be set so over the parameters of a node copied from n8n.",
        value=text,
        hint="There an expression is written ={{ … }}, and what begins with = is one.",
    )


def _credentials(runtime: Runtime, given: tuple[str, ...]) -> Mapping[str, str] | str | None:
    types = {name.casefold(): name for name in runtime.credential_types}
    by_type: dict[str, str] = {}
    plain: list[str] = []
    for written in given:
        kind, separator, name = written.partition("=")
        if separator and kind.casefold() in types:
            by_type[types[kind.casefold()]] = name
        else:
            plain.append(written)
    if plain and (by_type or len(plain) > 1):
        raise ConfigurationError(
            "--credential is given more than once, and not each time with a type.",
            value=" ".join(given),
            hint="Write --credential TYPE=NAME for each, or one --credential NAME.",
        )
    return plain[0] if plain else by_type or None


def _items(
    options: Options, plan: OperationPlan, note: Callable[[str], None]
) -> tuple[Iterable[Any] | None, InputMeter]:
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
        stream = piped_items(not all(c.static for c in plan.parameters.values()), note)
        if stream is None:
            return None, InputMeter(1)
    items = read_items(
        stream, written, name="standard input", limits=limits, through=lambda opened: meter.through(opened, size)
    )
    return meter.count_items(items), meter
