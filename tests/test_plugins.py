"""Plugins are found, listed and documented; one that fails is named, and the others keep working."""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nodeloom import Runtime, __version__, hookimpl
from nodeloom.errors import DescriptorError, PluginError
from nodeloom.hooks import Hooks
from nodeloom.plugins import Plugins
from tests.run.doubles import PROBE

ROOT = Path(__file__).resolve().parents[1]
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with an entry point on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(name: str, code: str, *, target: str | None = None) -> None:
        (tmp_path / f"{name}_module.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = tmp_path / f"dist_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[nodeloom]\n{name} = {target or f'{name}_module'}\n", encoding="utf-8")
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)

    return add


GOOD = f"""
    from nodeloom import hookimpl

    @hookimpl
    def nodeloom_nodes():
        return {{"probe": {PROBE!r}}}
"""


def info(runtime: Runtime, name: str) -> dict[str, Any]:
    (found,) = [plugin.to_dict() for plugin in runtime.plugins if plugin.name == name]
    return found


def test_the_shipped_pack_comes_through_the_same_hooks() -> None:
    with Runtime(discover_plugins=False) as runtime:
        assert info(runtime, "builtin") == {
            "name": "builtin",
            "distribution": "nodeloom",
            "version": __version__,
            "hooks": ["nodeloom_credential_types", "nodeloom_nodes"],
            "error": None,
            "disabled": False,
            "warnings": [],
        }
        assert "threecx" in runtime.nodes
        assert runtime.plugin_failures == ()


def test_a_distribution_is_found_by_its_entry_point(install: Install) -> None:
    install("good", GOOD)
    with Runtime() as runtime:
        assert info(runtime, "good") == {
            "name": "good",
            "distribution": "dist-good",
            "version": "1.2",
            "hooks": ["nodeloom_nodes"],
            "error": None,
            "disabled": False,
            "warnings": [],
        }
        assert runtime.node("probe").label == "Probe"
    with Runtime(discover_plugins=False) as runtime:
        assert "probe" not in runtime.nodes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise RuntimeError('broken at import')", "RuntimeError: broken at import"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import there_is_no_such_module", "ModuleNotFoundError"),
        ("this is no python", "SyntaxError"),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            def nodeloom_node():
                return {}
            """,
            "There is no hook 'nodeloom_node'",
        ),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            def nodeloom_nodes(nonsense):
                return {}
            """,
            "nonsense",
        ),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            def nodeloom_nodes():
                raise LookupError("no nodes today")
            """,
            "LookupError: no nodes today",
        ),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            def nodeloom_credential_types():
                return ["no mapping"]
            """,
            "it gave a list, not a mapping by name",
        ),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            def nodeloom_nodes():
                return {"x": "a text, not a path"}
            """,
            "'x' is neither a pathlib.Path nor a document",
        ),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            def nodeloom_expression_functions():
                return {"f": 3}
            """,
            "'f' is not a function",
        ),
        (
            """
            from nodeloom import hookimpl
            @hookimpl
            async def nodeloom_nodes():
                return {}
            """,
            "it gave a value of type coroutine, not a mapping by name",
        ),
    ],
)
def test_a_plugin_that_fails_is_listed_with_its_error_and_the_others_keep_working(
    install: Install, code: str, words: str
) -> None:
    install("bad", code)
    install("good", GOOD)
    with Runtime() as runtime:
        listed = info(runtime, "bad")
        assert listed["distribution"] == "dist-bad"
        assert words in listed["error"]
        assert "'bad'" in listed["error"]
        (failure,) = runtime.plugin_failures
        assert isinstance(failure, PluginError)
        assert failure.details["plugin"] == "bad"
        assert failure.hint
        assert {"probe", "threecx"} <= set(runtime.nodes)
        assert info(runtime, "good")["error"] is None


def test_two_distributions_may_call_their_plugins_alike(install: Install, tmp_path: Path) -> None:
    install("good", GOOD)
    install("other", GOOD.replace("nodeloom_nodes", "nodeloom_credential_types").replace("probe", "probeApi"))
    renamed = "[nodeloom]\ngood = other_module\n"
    (tmp_path / "dist_other-1.2.dist-info" / "entry_points.txt").write_text(renamed, encoding="utf-8")
    with Runtime() as runtime:
        listed = {plugin.name: plugin.distribution for plugin in runtime.plugins}
        assert {listed["good"], listed["good-2"]} == {"dist-good", "dist-other"}
        assert runtime.plugin_failures == ()


def test_a_misspelt_hook_says_which_one_was_meant() -> None:
    class Misspelt:
        @hookimpl
        def nodeloom_prepare_requests(self) -> None: ...

    plugins = Plugins([Misspelt()], discover=False)
    assert "nodeloom_prepare_request" in str(plugins.failures[0].hint)


def test_a_plugin_that_a_host_passed_and_that_fails_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Misspelt:
        @hookimpl
        def nodeloom_prepare_reqest(self) -> None: ...

    class Wrong:
        @hookimpl
        def nodeloom_expression_functions(self) -> dict[str, Any]:
            return {"slug": 5}

    with Runtime(plugins=[Misspelt(), Wrong()], discover_plugins=False):
        first, second = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert "'Misspelt'" in first
    assert "Did you mean 'nodeloom_prepare_request'?" in first
    assert "'slug' is not a function" in second


def test_a_name_that_is_taken_is_refused_and_who_has_it_is_said() -> None:
    class Second:
        @hookimpl
        def nodeloom_nodes(self) -> dict[str, Any]:
            return {"threecx": PROBE, "probe": PROBE}

    with Runtime(plugins=[Second()], discover_plugins=False) as runtime:
        assert {"threecx", "probe"} <= set(runtime.nodes)
        (failure,) = runtime.plugin_failures
        assert "'threecx' is registered by" in failure.message


def test_a_node_that_is_broken_is_so_when_it_is_asked_for() -> None:
    class Broken:
        @hookimpl
        def nodeloom_nodes(self) -> dict[str, Any]:
            return {"broken": {"name": "broken"}, "gone": Path("/no/such/file.json"), "probe": PROBE}

    with Runtime(plugins=[Broken()], discover_plugins=False) as runtime:
        assert runtime.node("probe").name == "probe"
        for name in ("broken", "gone"):
            with pytest.raises(DescriptorError):
                runtime.node(name)
        assert runtime.node("3CX").name == "threecx"


def test_plugins_that_are_given_are_called_by_their_module_or_class() -> None:
    module = ModuleType("my_module")
    module.nodeloom_see_response = hookimpl(lambda: None)  # type: ignore[attr-defined]

    class Mine:
        @hookimpl
        def nodeloom_see_response(self) -> None: ...

    with Runtime(plugins=[module, Mine(), Mine()], discover_plugins=False) as runtime:
        assert [plugin.name for plugin in runtime.plugins] == ["builtin", "Mine", "Mine-2", "my_module"]


def test_the_same_plugin_twice_is_a_failure_that_takes_nothing_with_it() -> None:
    class Mine:
        @hookimpl
        def nodeloom_nodes(self) -> dict[str, Any]:
            return {"probe": PROBE}

    mine = Mine()
    with Runtime(plugins=[mine, mine], discover_plugins=False) as runtime:
        assert "probe" in runtime.nodes
        assert len(runtime.plugin_failures) == 1


def hooks() -> dict[str, Any]:
    return {name: hook for name, hook in vars(Hooks).items() if name.startswith("nodeloom_")}


def test_every_hook_is_documented_with_its_arguments() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `(\w+)`\n\n(.*?)(?=^##|\Z)", text, flags=re.MULTILINE | re.DOTALL))
    assert list(sections) == list(hooks())
    for name, hook in hooks().items():
        assert inspect.getdoc(hook), name
        signature = sections[name].split("`")[1]
        documented = re.findall(r"(\w+):", signature.split("->")[0])
        assert documented == [p for p in inspect.signature(hook).parameters if p != "self"], name


def test_the_hooks_are_the_ones_the_code_calls() -> None:
    """A hook that nothing calls would be a promise without a keeper."""
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src" / "nodeloom").rglob("*.py"))
    for name in hooks():
        assert source.count(f'"{name}"') >= 1, name


@pytest.mark.parametrize("written", ["all", "good", "dist-good", "DIST_Good, other", " x ,good"])
def test_an_operator_may_leave_out_installed_plugins(
    install: Install, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """By the plugin's name or its distribution's; it is not imported."""
    install("good", "raise RuntimeError('imported')")
    monkeypatch.setenv("NODELOOM_DISABLE_PLUGINS", written)

    @hookimpl
    def nodeloom_nodes() -> dict[str, object]:
        return {}

    given = ModuleType("given")
    given.nodeloom_nodes = nodeloom_nodes  # type: ignore[attr-defined]
    with Runtime(plugins=[given]) as runtime:
        assert info(runtime, "good") == {
            "name": "good",
            "distribution": "dist-good",
            "version": "1.2",
            "hooks": [],
            "error": None,
            "disabled": True,
            "warnings": [],
        }
        assert runtime.plugin_failures == ()
        assert "probe" not in runtime.nodes
        # What ships and what a host passes is not the operator's to leave out.
        assert "threecx" in runtime.nodes
        assert info(runtime, given.__name__)["disabled"] is False
    assert "good_module" not in sys.modules


@pytest.mark.parametrize("written", ["", ",", "other", "goo"])
def test_other_names_leave_out_nothing(install: Install, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    install("good", GOOD)
    monkeypatch.setenv("NODELOOM_DISABLE_PLUGINS", written)
    with Runtime() as runtime:
        assert "probe" in runtime.nodes
        assert info(runtime, "good")["disabled"] is False


def test_the_listing_shows_what_is_left_out(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nodeloom.cli import main

    install("good", "raise RuntimeError('imported')")
    monkeypatch.setenv("NODELOOM_DISABLE_PLUGINS", "all")
    assert main(["plugins"]) == 0
    assert "disabled by NODELOOM_DISABLE_PLUGINS" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "SystemExit", "GeneratorExit"])
def test_an_import_that_raises_what_no_one_expects_takes_nothing_with_it(install: Install, kind: str) -> None:
    install("bad", f"raise {kind}()")
    if kind == "KeyboardInterrupt":
        # On the main thread that is the user's.
        with pytest.raises(KeyboardInterrupt):
            Runtime()
        return
    with Runtime() as runtime:
        assert kind in str(info(runtime, "bad")["error"])


# -- broken packs ------------------------------------------------------------------------------------------------------


def pack(nodes: Any = None, types: Any = None, name: str = "Pack") -> Any:
    """A plugin that brings these nodes and credential types; a function is called for them."""

    class Plugin:
        @hookimpl
        def nodeloom_nodes(self) -> Any:
            return nodes() if callable(nodes) else nodes or {}

        @hookimpl
        def nodeloom_credential_types(self) -> Any:
            return types() if callable(types) else types or {}

    plugin = Plugin()
    plugin.__name__ = name  # type: ignore[attr-defined]
    return plugin


class Unreadable(dict[str, Any]):
    """A document that fails however it is read."""

    def __getitem__(self, key: str) -> Any:
        raise OSError("the disk is gone")

    keys = items = values = get = __iter__ = __getitem__  # type: ignore[assignment]


BROKEN: dict[str, Any] = {
    "no document": {"broken": {"name": "broken"}},
    "no file": {"broken": Path("/no/such/file.json")},
    "no folder": {"broken": Path("/no/such/folder")},
    "fails when read": {"broken": Unreadable(name="broken")},
    "another's name": {"broken": {**PROBE, "name": "threecx"}},
}


@pytest.mark.parametrize("nodes", BROKEN.values(), ids=BROKEN)
def test_a_broken_document_takes_nothing_with_it_and_is_named(nodes: dict[str, Any]) -> None:
    with Runtime(plugins=[pack({**nodes, "probe": PROBE})], discover_plugins=False) as runtime:
        assert {"threecx", "probe"} <= {node.name for node in runtime.nodes.values()}
        assert "broken" not in dict(runtime.nodes.items())
        with pytest.raises(DescriptorError) as caught:
            runtime.node("broken")
        assert caught.value.details["plugin"] == "Pack"
        (failure,) = runtime.plugin_failures
        assert "'broken'" in failure.message
        assert failure.details["plugin"] == "Pack"
        assert "'broken'" in str(info(runtime, "Pack")["error"])
        assert runtime.describe("threecx", "Website Links", "Delete Weblink")["method"] == "DELETE"


def test_a_broken_credential_type_takes_nothing_with_it_either() -> None:
    types = {"brokenApi": {"displayName": "no name"}, "probeApi": {"name": "probeApi", "properties": []}}
    with Runtime(plugins=[pack(types=types)], discover_plugins=False) as runtime:
        assert {kind.name for kind in runtime.credential_types.values()} >= {"probeApi", "threeCxApi"}
        with pytest.raises(DescriptorError):
            runtime.credential_type("brokenApi")
        assert "'brokenApi'" in runtime.plugin_failures[0].message


def test_checking_reads_every_document_of_a_pack_to_its_last_resource(tmp_path: Path) -> None:
    head = {
        "name": "split",
        "displayName": "Split",
        "properties": [{"name": "resource", "type": "options", "options": [{"name": "A", "value": "a"}]}],
        "resources": {"a": {"file": "a.json", "operations": ["X"]}},
    }
    (tmp_path / "node.json").write_text(json.dumps(head), encoding="utf-8")
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with Runtime(plugins=[pack({"split": tmp_path})], discover_plugins=False) as runtime:
        assert runtime.plugin_failures == ()
        (failure,) = runtime.check_plugins()
        assert "a.json" in failure.message
        assert info(runtime, "Pack")["error"] == failure.message
        assert runtime.check_plugins() == (failure,)


@pytest.mark.parametrize("name", ["threecx", "ThreeCX", "THREECX"])
@pytest.mark.parametrize("first", [False, True])
def test_a_pack_does_not_replace_what_ships(name: str, first: bool) -> None:
    class Impostor:
        @hookimpl(tryfirst=first)
        def nodeloom_nodes(self) -> dict[str, Any]:
            return {name: {**PROBE, "name": name}, "probe": PROBE}

        @hookimpl(tryfirst=first)
        def nodeloom_credential_types(self) -> dict[str, Any]:
            return {"threeCxApi": {"name": "threeCxApi", "properties": []}}

    with Runtime(plugins=[Impostor()], discover_plugins=False) as runtime:
        assert runtime.node("threecx").label == "3CX"
        assert runtime.node("3CX").name == "threecx"
        assert len(runtime.node("threecx").resources()) == 132
        assert runtime.credential_type("threeCxApi").properties
        assert "probe" in runtime.nodes
        assert {failure.details["plugin"] for failure in runtime.plugin_failures} == {"Impostor"}
        assert any(f"{name!r} is registered by 'builtin' already" in f.message for f in runtime.plugin_failures)


def test_a_host_may_replace_what_ships() -> None:
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node({**PROBE, "name": "threecx"})
        assert runtime.node("threecx").label == "Probe"


def test_of_two_packs_the_one_called_first_keeps_a_name() -> None:
    first, second = pack({"probe": PROBE}, name="First"), pack({"PROBE": {**PROBE, "name": "PROBE"}}, name="Second")
    with Runtime(plugins=[first, second], discover_plugins=False) as runtime:
        assert [name for name in runtime.nodes if name.casefold() == "probe"] == ["PROBE"]
        (failure,) = runtime.plugin_failures
        assert failure.details["plugin"] == "First"


def test_several_faults_of_a_pack_are_counted() -> None:
    nodes = {"a": {"name": "a"}, "b": {"name": "b"}}
    with Runtime(plugins=[pack(nodes)], discover_plugins=False) as runtime:
        assert len(runtime.check_plugins()) == 2
        assert str(info(runtime, "Pack")["error"]).endswith("(and 1 more)")


class Unmarked:
    """Has one hook, and names that look like hooks."""

    nodeloom_version = "1"

    @hookimpl
    def nodeloom_nodes(self) -> dict[str, Any]:
        return {"probe": PROBE}

    def nodeloom_credential_types(self) -> dict[str, Any]:
        return {}

    def nodeloom_see_respond(self) -> None: ...

    @classmethod
    def nodeloom_x(cls) -> None: ...

    @property
    def nodeloom_provide_transport(self) -> Any:
        return None


DOUBTS = (
    "nodeloom_credential_types is not a function marked with @hookimpl, so it is never called",
    "nodeloom_see_respond is not a function marked with @hookimpl, so it is never called"
    " (did you mean 'nodeloom_see_response'?)",
    "nodeloom_x is not a function marked with @hookimpl, so it is never called",
)


def test_what_looks_like_a_hook_and_is_not_marked_gets_a_warning_that_names_it(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    """The other hooks of the plugin are called all the same."""
    install("odd", """
        from nodeloom import hookimpl
        import functools

        @hookimpl
        def nodeloom_nodes():
            return {}

        # pluggy takes functions alone.
        nodeloom_see_response = hookimpl(functools.partial(print))
    """)  # fmt: skip
    with Runtime(plugins=[Unmarked()]) as runtime:
        assert "probe" in runtime.nodes
        assert info(runtime, "Unmarked")["warnings"] == list(DOUBTS)
        assert info(runtime, "odd")["warnings"] == [DOUBTS[0].replace("credential_types", "see_response")]
        assert runtime.plugin_failures == ()
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == [
        *(f"The plugin 'odd': {doubt}." for doubt in info(runtime, "odd")["warnings"]),
        *(f"The plugin 'Unmarked': {doubt}." for doubt in DOUBTS),
    ]


def test_a_plugin_of_unmarked_hooks_alone_fails_and_they_are_named(caplog: pytest.LogCaptureFixture) -> None:
    class Forgotten:
        def nodeloom_nodes(self) -> dict[str, Any]:
            return {"probe": PROBE}

    (failure,) = Plugins([Forgotten()], discover=False).failures
    assert "it implements none of Nodeloom's hooks; nodeloom_nodes is not a function marked" in failure.message
    assert [record.getMessage() for record in caplog.records] == [f"{failure.message}. {failure.hint}"]


def test_a_listing_shows_the_warnings(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    from nodeloom.cli import main

    install("odd", GOOD + "\n    def nodeloom_see_respond(): ...\n")
    assert main(["plugins"]) == 0
    assert f"    warning: {DOUBTS[1]}" in capsys.readouterr().out


def test_the_command_line_names_a_broken_pack_and_shows_the_rest(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    from nodeloom.cli import main

    install("bad", """
        from pathlib import Path
        from nodeloom import hookimpl

        @hookimpl
        def nodeloom_nodes():
            return {"broken": {"name": "broken"}, "gone": Path("/no/such/folder")}

        @hookimpl
        def nodeloom_credential_types():
            return {"brokenApi": {}}
    """)  # fmt: skip
    install("good", GOOD)
    for command in (["nodes"], ["search", "delete", "link"], ["credentials", "types"]):
        assert main(command) == 0
        said = capsys.readouterr()
        assert "threecx" in said.out.lower()
        assert "The plugin 'bad' failed" in said.err
    assert main(["search", "get"]) == 0
    assert "probe" in capsys.readouterr().out
    assert main(["nodes", "--json"]) == 0
    listed = {node["name"]: node for node in json.loads(capsys.readouterr().out)}
    assert listed["probe"]["label"] == "Probe"
    assert listed["broken"]["error"]["type"] == "DescriptorError"
    assert listed["gone"]["error"]["plugin"] == "bad"
    assert main(["plugins"]) == 2
    assert "failed: The plugin 'bad' failed" in capsys.readouterr().out
    assert main(["describe", "broken"]) == 2
    assert main(["describe", "probe"]) == 0


def bringing(nodes: Any = None, types: Any = None, functions: Any = None) -> Any:
    """A plugin that registers these."""

    class Pack:
        @hookimpl
        def nodeloom_nodes(self) -> Any:
            return nodes or {}

        @hookimpl
        def nodeloom_credential_types(self) -> Any:
            return types or {}

        @hookimpl
        def nodeloom_expression_functions(self) -> Any:
            return functions or {}

    return Pack()


@pytest.mark.parametrize("name", ["", " probe", "../probe", "/etc/probe", "a/../b", "a\\b", "a\0b", "\x1b[31mprobe"])
def test_what_cannot_be_a_name_is_no_name_of_a_node_or_a_type(name: str) -> None:
    for pack in (bringing(nodes={name: PROBE}), bringing(types={name: {"name": "x", "properties": []}})):
        with Runtime(plugins=[pack], discover_plugins=False) as runtime:
            assert "cannot be a name" in runtime.plugin_failures[0].message
            assert list(runtime.nodes) == ["threecx"]
            assert name not in runtime.credential_types


def test_a_credential_type_may_not_pass_for_another() -> None:
    pack = bringing(types={"mineApi": {"name": "threeCxApi", "properties": []}})
    with Runtime(plugins=[pack], discover_plugins=False) as runtime:
        assert "calls itself 'threeCxApi'" in runtime.check_plugins()[0].message
        with pytest.raises(DescriptorError, match="calls itself 'threeCxApi'"):
            runtime.credential_type("mineApi")
        assert runtime.credential_type("threeCxApi").properties


@pytest.mark.parametrize(
    "name",
    [
        "$json",
        "$if",
        "$parameter",
        "JSON",
        "undefined",
        "DateTime",
        "odata",
        "a b",
        "",
        "1a",
        "zip",
        "$average",
        "return",
    ],
)
def test_a_function_that_no_expression_could_call_is_named(name: str) -> None:
    with Runtime(plugins=[bringing(functions={name: str})], discover_plugins=False) as runtime:
        assert f"{name!r} " in runtime.plugin_failures[0].message
        assert "could never be called" in runtime.plugin_failures[0].message


class Unnamed:
    """Raises whatever it is asked for, also its name."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_a_plugin_that_does_not_even_tell_its_name_takes_nothing_with_it() -> None:
    with Runtime(plugins=[Unnamed(), pack({"probe": PROBE})], discover_plugins=False) as runtime:
        assert [failure.details["plugin"] for failure in runtime.plugin_failures] == ["Unnamed"]
        assert "probe" in runtime.nodes


@pytest.mark.parametrize("plugin", [object(), "probe", ModuleType("empty"), Hooks])
def test_what_implements_no_hook_is_no_plugin(plugin: Any) -> None:
    with Runtime(plugins=[plugin], discover_plugins=False) as runtime:
        assert "(registering)" in runtime.plugin_failures[0].message
