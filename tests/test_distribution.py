"""The distributions: the sdist holds what a checkout holds, the tests included, and makes a wheel that works alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import nodeloom

ROOT = Path(__file__).resolve().parents[1]
NAME = f"nodeloom-{nodeloom.__version__}"


def build(source: Path, kind: str, output: Path) -> Path:
    """What hatchling builds of `source`."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(output)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=100)
    (built,) = output.iterdir()
    return built


def tracked(*folders: str) -> set[str]:
    """The files that git knows and that are there, below `folders` or at all."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git checkout, so nothing says which files belong to it")
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, encoding="utf-8")
    if listed.returncode:
        pytest.skip(f"git cannot list the files: {listed.stderr}")
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked sdist."""
    pytest.importorskip("hatchling", reason="hatchling builds the distributions; the extra dev brings it")
    home = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(ROOT, "sdist", home / "built")) as archive:
        archive.extractall(home, filter="data")
    return home / NAME


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, built from the sdist."""
    home = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(build(sdist, "wheel", home / "built")) as archive:
        archive.extractall(home / "site")
    return home / "site"


def test_the_sdist_holds_what_the_repository_holds(sdist: Path) -> None:
    held = {file.relative_to(sdist).as_posix() for file in sdist.rglob("*") if file.is_file()}
    assert tracked() - held == set()


def test_the_wheel_holds_the_package_and_its_data(wheel: Path) -> None:
    held = {file.relative_to(wheel / "nodeloom").as_posix() for file in (wheel / "nodeloom").rglob("*")}
    assert {name.removeprefix("src/nodeloom/") for name in tracked("src")} - held == set()
    assert {f"_data/{name}" for name in tracked("nodes", "credentials", "schemas")} - held == set()
    assert (wheel / f"{NAME}.dist-info" / "licenses" / "LICENSE").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--version",), nodeloom.__version__),
        (("nodes",), "threecx"),
        (("describe", "threecx", "Website Links"), "Delete Weblink"),
        (("credentials", "types"), "threeCxApi"),
        (("demo",), "Still there: none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_wheel_works_without_the_checkout(
    arguments: tuple[str, ...], said: str, wheel: Path, tmp_path: Path
) -> None:
    code = "import sys, nodeloom.cli; print(nodeloom.__file__); sys.exit(nodeloom.cli.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[0]).is_relative_to(wheel)
    assert said in done.stdout
