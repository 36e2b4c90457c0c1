"""httpx: one AsyncClient, over its own transport or over aiohttp's (httpx-aiohttp)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import httpx

from measuring.loops import HEADERS, Result, failed, path, result


async def delete_all(
    url: str, links: Sequence[str], concurrency: int, transport: httpx.AsyncBaseTransport | None = None
) -> list[Result]:
    """Delete every link, `concurrency` at a time; one result for each, in order."""
    results: list[Result] = [{}] * len(links)
    numbered = iter(enumerate(links))
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, limits=limits, transport=transport) as client:

        async def worker() -> None:
            for index, link in numbered:
                try:
                    response = await client.delete(path(link))
                    results[index] = result(index, response.status_code, json.loads(response.content))
                except (httpx.HTTPError, ValueError) as fault:
                    results[index] = failed(index, str(fault))

        await asyncio.gather(*(worker() for _ in range(concurrency)))
    return results


async def delete_all_over_aiohttp(url: str, links: Sequence[str], concurrency: int) -> list[Result]:
    """The same with httpx-aiohttp's transport under the client."""
    from httpx_aiohttp import AiohttpTransport

    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    return await delete_all(url, links, concurrency, AiohttpTransport(limits=limits))
