"""What a contestant is asked to do, and how it is named."""

from __future__ import annotations

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

    @property
    def links(self) -> list[str]:
        """The keys of the links."""
        return [f"link-{i}" for i in range(self.items)]

    def file(self, name: str) -> Path:
        """A file in the task's folder."""
        return Path(self.folder, name)
