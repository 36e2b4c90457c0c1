"""That no distribution has plugins is found out without importlib.metadata, and only said when it is so."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from collections.abc import Callable
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path
from typing import Any

import pytest

from nodeloom.discovery import may_have_entry_points

GROUP = "nodeloom"
TEXT = "[console_scripts]\na = b:c\n\n[nodeloom]\nmine = mine_module\n"
Put = Callable[[str, str], Path]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Writes a file below a folder that is all of `sys.path`; returns the folder."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder)])
    # Backports of importlib.metadata bring finders of their own.
    monkeypatch.setattr(sys, "meta_path", [BuiltinImporter, FrozenImporter, PathFinder])

    def write(name: str, text: str) -> Path:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write


def found() -> list[str]:
    """What importlib.metadata finds on the path; asked of its own finder, which its backport takes out of service."""
    context = importlib.metadata.DistributionFinder.Context(path=sys.path)
    distributions = importlib.metadata.MetadataPathFinder.find_distributions(context)
    return [entry.name for one in distributions for entry in one.entry_points.select(group=GROUP)]


@pytest.mark.parametrize("folder", ["mine-1.0.dist-info", "mine-1.0.egg-info", "Mine-1.0.DIST-INFO"])
def test_a_distribution_with_the_group_is_seen(put: Put, folder: str) -> None:
    put(f"{folder}/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    put(f"{folder}/entry_points.txt", TEXT)
    assert may_have_entry_points(GROUP)
    assert found() == ["mine"]


def test_there_are_none_where_nobody_mentions_the_group(put: Put) -> None:
    put("other-1.0.dist-info/entry_points.txt", "[console_scripts]\nnodeloom = other:main\n")
    put("bare-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bare\nVersion: 1.0\n")
    put("old-1.0.egg-info", "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    put("nodeloom/entry_points.txt", TEXT)
    assert not may_have_entry_points(GROUP)
    assert found() == []


def test_folders_of_the_path_that_are_not_there_have_none(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put("empty.txt", "")
    monkeypatch.setattr(sys, "path", [str(folder / "missing"), str(folder / "missing.zip")])
    assert not may_have_entry_points(GROUP)


def test_the_current_folder_counts_where_the_path_says_so(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put("mine-1.0.dist-info/entry_points.txt", TEXT)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [""])
    assert may_have_entry_points(GROUP)


def test_what_is_kept_otherwise_is_left_to_importlib_metadata(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put("mine.egg/EGG-INFO/entry_points.txt", TEXT)
    monkeypatch.setattr(sys, "path", [str(folder / "mine.egg")])
    assert may_have_entry_points(GROUP)
    archive = folder / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        packed.writestr("mine-1.0.dist-info/entry_points.txt", TEXT)
    monkeypatch.setattr(sys, "path", [str(archive)])
    assert may_have_entry_points(GROUP)
    assert found() == ["mine"]


def test_a_finder_of_somebody_elses_may_know_distributions(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        @staticmethod
        def find_spec(*_arguments: Any) -> None:
            return None

        @staticmethod
        def find_distributions(_context: Any) -> list[Any]:
            return []

    put("empty.txt", "")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert may_have_entry_points(GROUP)
