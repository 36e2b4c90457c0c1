"""Puts what a benchmark printed into a page of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def put(page: Path, section: str, lines: Iterable[str]) -> None:
    """Replace what stands between `<!-- SECTION -->` and `<!-- /SECTION -->` in a Markdown page by these lines.

    Raises ValueError when the page has no such place.
    """
    text = page.read_text(encoding="utf-8")
    block = "\n".join(f"    {line}".rstrip() for line in lines)
    place = re.compile(rf"(<!-- {section} -->\n).*?(<!-- /{section} -->)", re.DOTALL)
    written, places = place.subn(lambda found: f"{found[1]}\n{block}\n\n{found[2]}", text)
    if places != 1:
        raise ValueError(f"{page} has no place <!-- {section} --> … <!-- /{section} -->.")
    page.write_text(written, encoding="utf-8")
