"""Answers with an ETag: whoever has this version already gets 304 and no body (contract G8)."""

from collections.abc import Awaitable, Callable

from fastapi import Response

CACHE_CONTROL = "private, no-cache"


async def unless_known(if_none_match: str, etag: str, make: Callable[[], Awaitable[bytes]]) -> Response:
    """304 when the client's If-None-Match names `etag`, else what `make` makes, as JSON."""
    headers = {"ETag": f'"{etag}"', "Cache-Control": CACHE_CONTROL}
    if knows(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(await make(), media_type="application/json", headers=headers)


def knows(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names the tag; weakly, since a proxy that compresses makes tags weak."""
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags
