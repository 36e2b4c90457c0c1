"""aiohttp: one ClientSession."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import aiohttp
from yarl import URL

from measuring.loops import HEADERS, Result, failed, path, result


async def delete_all(url: str, links: Sequence[str], concurrency: int) -> list[Result]:
    """Delete every link, `concurrency` at a time; one result for each, in order."""
    results: list[Result] = [{}] * len(links)
    numbered = iter(enumerate(links))
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

        async def worker() -> None:
            for index, link in numbered:
                try:
                    # encoded=True: yarl would turn %27 back into a quote.
                    async with session.delete(URL(url + path(link), encoded=True)) as response:
                        results[index] = result(index, response.status, json.loads(await response.read()))
                except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
                    results[index] = failed(index, str(fault))

        await asyncio.gather(*(worker() for _ in range(concurrency)))
    return results
