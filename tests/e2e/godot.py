"""A double of the shipping game client: sends what it sends, and breaks where it would break (contract C, 0.2)."""

import asyncio
import hashlib
import random
import re
from collections.abc import Mapping
from typing import Any

from tests.e2e.gdscript import Record
from tests.e2e.godot_wire import AGENT, BOUNDARY, Answer, NoHttp, json_body, multipart_body, send

SLOTS = 3
RETRIES = 3
REDIRECTS = 8
SAFE_URL = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~-]+)+")
PNG = b"\x89PNG\r\n\x1a\n"


class SlotBlocked(AssertionError):
    """An answer that breaks the completion handler: the request's slot is never free again (C3)."""


class Failed(Exception):
    """What the screen shows: `detail`, or "Unknown error"."""

    def __init__(self, status: int, body: Record) -> None:
        shown = body.variant("detail")
        super().__init__(str(shown) if shown is not None else "Unknown error")
        self.status, self.body = status, body


class Godot:
    """The API layer of one running game. `hurry` shortens its waits for tests; their proportions stay."""

    def __init__(self, url: str, hurry: float = 0.02) -> None:
        self.base = f"{url}/api/v1"
        self.access = ""
        self.pictures: dict[str, bytes] = {}
        """The image cache: file name on the device → bytes."""
        self.sent: list[tuple[str, str]] = []
        """Method and path of every attempt, for tests that look at them."""
        self._hurry = hurry
        self._slots = asyncio.Semaphore(SLOTS)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._hurry)

    async def get(self, path: str, public: bool = False) -> Record:
        return _record(await self._ask("GET", path, public=public), path)

    async def post(self, path: str, data: Mapping[str, Any], public: bool = False) -> Record:
        return _record(await self._ask("POST", path, json_body(data), "application/json", public), path)

    async def put(self, path: str, data: Mapping[str, Any]) -> Record:
        return _record(await self._ask("PUT", path, json_body(data), "application/json"), path)

    async def upload(self, path: str, image: bytes, fields: Mapping[str, str]) -> Record:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return _record(await self._ask("POST", path, multipart_body(image, fields), kind), path)

    async def download(self, path: str) -> bytes:
        """A picture that needs a token: the whole body is the picture."""
        answer = await self._ask("GET", path)
        if not _is_bytes(answer) or not answer.body.startswith(PNG):
            raise SlotBlocked(f"{path} is no PNG but {answer.content_type}")
        return answer.body

    async def picture(self, url: str) -> bytes:
        """A picture by its address, once: no token, no redirect, nothing unpacked (C8)."""
        name = f"{hashlib.sha256(url.encode()).hexdigest()}.png"
        if name not in self.pictures:
            if not SAFE_URL.fullmatch(url):
                raise NoHttp(f"no safe address: {url}")
            answer = await send("GET", url, {"User-Agent": AGENT, "Accept": "*/*"})
            if answer.status != 200 or not answer.body.startswith(PNG):
                raise NoHttp(f"{url} answered {answer.status}, {answer.content_type}")
            if answer.content_type != "image/png" or "content-encoding" in answer.headers:
                raise NoHttp(f"{url} came as {answer.headers}")
            self.pictures[name] = answer.body
        return self.pictures[name]

    async def _ask(self, method: str, path: str, body: bytes = b"", kind: str = "", public: bool = False) -> Answer:
        headers = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        if kind:
            headers["Content-Type"] = kind
        if self.access and not public:
            headers["Authorization"] = f"Bearer {self.access}"
        await self._slots.acquire()
        answer = await self._until_final(method, path, headers, body)
        # From here on an exception is one inside the completion handler: the slot stays taken.
        if not _is_bytes(answer):
            _dictionary(answer, path)
        self._slots.release()
        if answer.status >= 300:
            raise Failed(answer.status, _dictionary(answer, path))
        return answer

    async def _until_final(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Everything but a 4xx is tried again, and a 429 too: after about 2, 4 and 8 seconds (C4)."""
        for attempt in range(RETRIES + 1):
            is_last = attempt == RETRIES
            try:
                answer = await self._followed(method, path, headers, body)
            except (OSError, EOFError):
                if is_last:
                    self._slots.release()
                    raise
            else:
                is_final = answer.status < 300 or (400 <= answer.status < 500 and answer.status != 429)
                if is_final or is_last:
                    return answer
            await self.wait(min(2 ** (attempt + 1), 30) * random.uniform(0.8, 1.2))
        raise AssertionError("the last attempt returns or raises")

    async def _followed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """301 and 302 with the same method and body; every other redirect is an error (C2)."""
        url = f"{self.base}{path}"
        for _ in range(REDIRECTS + 1):
            self.sent.append((method, path))
            answer = await send(method, url, headers, body)
            if answer.status not in (301, 302):
                return answer
            url = answer.headers["location"]
        raise NoHttp(f"{path} redirects for ever")


def _is_bytes(answer: Answer) -> bool:
    return "image/" in answer.content_type or "application/octet-stream" in answer.content_type


def _record(answer: Answer, path: str) -> Record:
    if _is_bytes(answer):
        raise SlotBlocked(f"{path} answered {answer.content_type} where JSON was meant")
    return _dictionary(answer, path)


def _dictionary(answer: Answer, path: str) -> Record:
    """Assigned to a typed Dictionary; text that is no JSON would become `{"raw": text}`, which nobody means."""
    if not answer.body:
        return Record({}, path)
    try:
        return Record.parsed(answer.body.decode(), path)
    except (ValueError, AssertionError) as error:
        raise SlotBlocked(f"{path} answered {answer.status} with {answer.body[:200]!r}") from error
