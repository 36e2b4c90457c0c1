"""Which JavaScript an engine may be given."""

from __future__ import annotations

from importlib import resources

import pytest

from nodeloom.errors import ExpressionError
from nodeloom.expression.modules import BOOT, MODULES, boot_sources, module_source


def test_the_lists_name_every_file_of_the_package() -> None:
    """A file that is not named would not be loaded, and one that does not exist would fail when it is needed."""
    files = {
        entry.name.removesuffix(".js") for entry in resources.files("nodeloom.expression").joinpath("js").iterdir()
    }
    assert files == {*BOOT, *MODULES}
    assert not MODULES & set(BOOT)


@pytest.mark.parametrize(
    "name",
    [
        "core",
        "harden",
        "../../importers/js/loader",
        "/etc/passwd",
        "datetime.js",
        "",
        "DATETIME",
        "ext-array\0",
        "zone/",
    ],
)
def test_no_other_name_is_read(name: str) -> None:
    """Not those that engines start with either: they hold what makes code of text."""
    with pytest.raises(ExpressionError, match="module that does not exist"):
        module_source(name)


def test_what_is_named_is_there() -> None:
    assert all(module_source(name) for name in MODULES)
    assert len(boot_sources()) == len(BOOT)
