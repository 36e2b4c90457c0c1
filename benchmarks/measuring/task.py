"""What a contestant is asked to do, and how it is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WARMING_ITEMS = 200


@dataclass(frozen=True, slots=True)
class Task:
    """Delete `items` website links at `url`, `concurrency` at a time; `folder` is for files, `n8n` the peer's folder.

    `contestant` names what does it: a key of `measuring.contestants.CONTESTANTS`.
    """

    contestant: str
    url: str
    items: int
    concurrency: int
    core: int | None = None
    folder: str = ""
    n8n: str = ""

    def links(self) -> Iterator[str]:
        """The keys of the links, made as they are asked for."""
        return map("link-{}".format, range(self.items))

    def file(self, name: str) -> Path:
        """A file in the task's folder."""
        return Path(self.folder, name)
