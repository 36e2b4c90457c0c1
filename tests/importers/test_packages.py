"""What a package depends on is found where npm puts it; what is missing is named with the command that fetches it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodeloom.errors import ConfigurationError
from nodeloom.importers.n8n import import_package
from nodeloom.importers.packages import is_package_name
from tests.importers.packing import MODULE, manifest, module, one_node, pack, unpack_to

NODE = module("const lib = require('@acme/lib');", "this.description.codex = lib.label('x');")
MANIFEST = manifest(dependencies={"@acme/lib": "^1.2.0"})
LIBRARY = {
    "package.json": json.dumps({"name": "@acme/lib", "version": "1.2.3", "main": "./lib/index.js"}),
    "lib/index.js": "const deep = require('deep'); exports.label = (text) => deep(text) + '!';",
}
DEEP = {
    "package.json": json.dumps({"name": "deep", "version": "2.0.0", "exports": {".": {"require": "./d.js"}}}),
    "d.js": "module.exports = (text) => text.toUpperCase();",
}


def node_archive(folder: Path) -> Path:
    return pack(folder / "node-1.0.0.tgz", {"package.json": MANIFEST, MODULE: NODE})


def test_archives_beside_the_source_are_found(tmp_path: Path) -> None:
    source = node_archive(tmp_path)
    pack(tmp_path / "acme-lib-1.2.3.tgz", LIBRARY)
    pack(tmp_path / "deep-2.0.0.tgz", DEEP)
    result = import_package(source)
    assert result.nodes[0]["codex"] == "X!"
    assert result.report.used == ["@acme/lib 1.2.3", "deep 2.0.0"]
    assert result.report.missing == []


def test_the_newest_archive_is_taken_and_one_of_another_name_is_not(tmp_path: Path) -> None:
    source = node_archive(tmp_path)
    newer = {**LIBRARY, "lib/index.js": "exports.label = () => 'newer';"}
    pack(tmp_path / "acme-lib-1.9.0.tgz", LIBRARY)
    pack(tmp_path / "acme-lib-1.10.0.tgz", newer)
    pack(tmp_path / "acme-lib-9.0.0.tgz", {**newer, "package.json": json.dumps({"name": "other"})})
    assert import_package(source).nodes[0]["codex"] == "newer"


def test_archives_and_folders_are_given(tmp_path: Path) -> None:
    source = node_archive(tmp_path)
    library = pack(tmp_path / "elsewhere.tgz", LIBRARY)
    deep = unpack_to(tmp_path / "some-folder", DEEP)
    assert import_package(source, dependencies=[library, deep]).nodes[0]["codex"] == "X!"


def test_a_folder_with_node_modules_is_given(tmp_path: Path) -> None:
    source = node_archive(tmp_path)
    unpack_to(tmp_path / "project/node_modules/@acme/lib", LIBRARY)
    unpack_to(tmp_path / "project/node_modules/deep", DEEP)
    (tmp_path / "project/package.json").write_text('{"dependencies": {"@acme/lib": "^1.2.3"}}')
    for given in (tmp_path / "project", tmp_path / "project/node_modules"):
        assert import_package(source, dependencies=[given]).nodes[0]["codex"] == "X!"


def test_what_npm_installed_is_found(tmp_path: Path) -> None:
    modules = tmp_path / "project/node_modules"
    package = unpack_to(modules / "@acme/n8n-nodes-x", {"package.json": MANIFEST, MODULE: NODE})
    unpack_to(modules / "@acme/lib", LIBRARY)
    # Two versions of one package, as npm nests them.
    unpack_to(modules / "deep", {**DEEP, "d.js": "module.exports = () => 'the outer';"})
    unpack_to(modules / "@acme/lib/node_modules/deep", DEEP)
    assert import_package(package).nodes[0]["codex"] == "X!"


def test_bundled_dependencies_are_found(tmp_path: Path) -> None:
    bundled = {f"node_modules/@acme/lib/{k}": v for k, v in LIBRARY.items()}
    bundled |= {f"node_modules/deep/{k}": v for k, v in DEEP.items()}
    source = one_node(tmp_path / "p.tgz", NODE, **bundled)
    assert import_package(source).nodes[0]["codex"] == "X!"


def test_links_among_the_modules_are_not_followed(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    package = unpack_to(modules / "n8n-nodes-x", {"package.json": MANIFEST, MODULE: NODE})
    unpack_to(tmp_path / "outside", LIBRARY)
    (modules / "@acme").mkdir()
    (modules / "@acme/lib").symlink_to(tmp_path / "outside")
    assert [m.name for m in import_package(package).report.missing] == ["@acme/lib"]


def test_a_missing_package_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    result = import_package(node_archive(tmp_path))
    (missing,) = result.report.missing
    assert (missing.name, missing.wanted_by, missing.uses) == ("@acme/lib", "n8n-nodes-x", ["called"])
    assert missing.command == "npm pack '@acme/lib@^1.2.0'"
    assert missing.flag == "--dependency acme-lib-*.tgz"
    assert "made by @acme/lib, which is missing" in (result.report.nodes[0].refused or "")
    assert "npm pack '@acme/lib@^1.2.0'" in "\n".join(result.report.lines())


def test_a_missing_package_that_only_code_uses_does_no_harm(tmp_path: Path) -> None:
    before = "const { Api } = require('lib/sub'); class Mine extends Api {} const call = () => new Mine().get();"
    result = import_package(one_node(tmp_path / "p.tgz", module(before)))
    assert list(result.files) == ["nodes/x.json"]
    assert [(m.name, m.uses) for m in result.report.missing] == [("lib", [])]


def test_a_dependency_that_is_an_es_module_counts_as_missing(tmp_path: Path) -> None:
    library = {"package.json": '{"name": "lib", "type": "module", "main": "i.js"}', "i.js": "export const a = 1;"}
    pack(tmp_path / "lib-1.0.0.tgz", library)
    result = import_package(one_node(tmp_path / "p.tgz", module("require('lib');")))
    assert [(m.name, m.why) for m in result.report.missing] == [("lib", "is an ES module")]


def test_a_dependency_that_cannot_be_loaded_counts_as_missing(tmp_path: Path) -> None:
    library = {"package.json": '{"name": "lib", "version": "1.0.0"}', "index.js": "process.binding('fs');"}
    pack(tmp_path / "lib-1.0.0.tgz", library)
    result = import_package(one_node(tmp_path / "p.tgz", module("const { A } = require('lib'); class B extends A {}")))
    assert list(result.files) == ["nodes/x.json"]
    assert "cannot be loaded" in result.report.missing[0].why


def test_loggers_are_inert(tmp_path: Path) -> None:
    result = import_package(one_node(tmp_path / "p.tgz", module("require('pino')({ level: 'info' }).info('loaded');")))
    assert list(result.files) == ["nodes/x.json"]
    assert result.report.missing == []


@pytest.mark.parametrize("name", ["x; rm -rf ~", "$(id)", "../../x", "@a/../b", "\u001b[31mx", "a" * 300])
def test_a_hostile_name_is_no_part_of_a_command(tmp_path: Path, name: str) -> None:
    result = import_package(one_node(tmp_path / "p.tgz", module(f"try {{ require({json.dumps(name)}) }} catch {{}}")))
    assert all(m.command is None for m in result.report.missing)
    assert "\n".join(result.report.lines()).replace("\n", "").isprintable()
    assert "npm pack" not in "\n".join(result.report.lines())


def test_a_hostile_range_is_no_part_of_a_command(tmp_path: Path) -> None:
    text = manifest(dependencies={"lib": "^1; rm -rf ~"})
    source = pack(tmp_path / "p.tgz", {"package.json": text, MODULE: module("require('lib');")})
    assert import_package(source).report.missing[0].command == "npm pack lib"


def test_names_of_packages_are_npms() -> None:
    assert all(map(is_package_name, ["a", "@a/b", "lodash.merge", "JSONStream", "n8n-nodes-x"]))
    assert not any(map(is_package_name, ["", ".", "..", "a/b", "@a", "@a/b/c", "/a", "a b", "@/a", ".a", "a\n"]))


def test_a_dependency_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no dependency"):
        import_package(node_archive(tmp_path), dependencies=[tmp_path / "none.tgz"])
