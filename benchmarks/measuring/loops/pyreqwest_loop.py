"""pyreqwest: one Client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from measuring.loops import HEADERS, Result, failed, path, result


async def delete_all(url: str, links: Sequence[str], concurrency: int) -> list[Result]:
    """Delete every link, `concurrency` at a time; one result for each, in order."""
    results: list[Result] = [{}] * len(links)
    numbered = iter(enumerate(links))
    async with ClientBuilder().default_headers(HEADERS).build() as client:

        async def worker() -> None:
            for index, link in numbered:
                try:
                    response = await client.delete(url + path(link)).build().send()
                    results[index] = result(index, response.status, await response.json())
                except (PyreqwestError, ValueError) as fault:
                    results[index] = failed(index, str(fault))

        await asyncio.gather(*(worker() for _ in range(concurrency)))
    return results
