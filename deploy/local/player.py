"""A player as the gateway sees one: the calls of the game client in the order in which its screens make them."""

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

POLL_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 120.0


class Refused(Exception):
    """The mesh did not answer as it promises; the text says what was asked and what came."""


class Player:
    """One signed-in player. All answers are the JSON objects of the contract."""

    def __init__(self, base_url: str, name: str, password: str = "a photo of a tawny owl") -> None:
        self.name = name
        self.id = ""
        self.friend_code = ""
        self.authorization = ""
        self._password = password
        self._client = httpx.AsyncClient(base_url=f"{base_url.rstrip('/')}/api/v1", timeout=60)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def ask(self, method: str, path: str, expected: tuple[int, ...] = (200, 201), **more: Any) -> dict[str, Any]:
        """One request; raises `Refused` for any status that is not expected."""
        answer = await self.raw(method, path, **more)
        if answer.status_code not in expected:
            raise Refused(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        body: dict[str, Any] = answer.json() if answer.content else {}
        return body

    async def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request and its answer as it is."""
        return await self._client.request(method, path, **more)

    async def get(self, path: str) -> dict[str, Any]:
        return await self.ask("GET", path)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self.ask("POST", path, json=body)

    async def sign_up(self) -> None:
        """Registers and signs in."""
        account = {"username": self.name, "email": f"{self.name}@example.com"}
        secret = {"password": self._password, "password_confirm": self._password}
        await self.post("/users/", {**account, **secret})
        await self.sign_in()

    async def sign_in(self) -> None:
        answer = await self.post("/auth/login/", {"username": self.name, "password": self._password})
        self.authorization = f"Bearer {answer['access']}"
        self._client.headers["Authorization"] = self.authorization
        self.id, self.friend_code = answer["user"]["id"], answer["user"]["friend_code"]

    async def befriend(self, other: "Player") -> None:
        """Asks for friendship by code; the other one accepts."""
        await self.post("/social/friendships/send_request/", {"friend_code": other.friend_code})
        waiting = await other.get("/social/friendships/pending/")
        request = next(each for each in waiting["requests"] if each["from_user"] == self.id)
        await other.post(f"/social/friendships/{request['id']}/respond/", {"action": "accept"})

    async def upload(self, photo: Path) -> str:
        """First step of the camera screen: the picture is standardized; returns the conversion's id."""
        files = {"image": ("image.jpg", photo.read_bytes(), "image/jpeg")}
        answer = await self.ask("POST", "/images/convert/", files=files)
        conversion: str = answer["id"]
        return conversion

    async def identify(self, conversion: str) -> dict[str, Any]:
        """Second step: the job, polled until it has ended."""
        job = await self.post("/vision/jobs/", {"conversion_id": conversion})
        return await self.finished(job["id"])

    async def finished(self, job_id: str) -> dict[str, Any]:
        """The job as soon as it is completed or failed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            job = await self.get(f"/vision/jobs/{job_id}/")
            if job["status"] in ("completed", "failed"):
                return job
            await asyncio.sleep(POLL_SECONDS)
        raise Refused(f"job {job_id} is still {job['status']} after {PATIENCE_SECONDS:.0f} s")

    async def catch(
        self, job: dict[str, Any], animal: str | None = None, visibility: str = "friends"
    ) -> dict[str, Any]:
        """Third step: the animal enters the dex; returns the entry."""
        chosen = animal or job["detected_animals"][0]["animal_id"]
        return await self.post(
            "/dex/entries/", {"animal": chosen, "source_vision_job": job["id"], "visibility": visibility}
        )

    async def tree(self, mode: str = "friends") -> dict[str, Any]:
        return await self.get(f"/graph/tree/?mode={mode}&use_cache=true")
