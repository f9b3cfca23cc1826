"""The game's screens, one method each, with their requests in their order (contract C1) and all that they read."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.e2e.gdscript import Aborted, Record
from tests.e2e.godot import Failed, Godot
from tests.e2e.godot_models import Animal, Friend, Job, Request, SyncItem, Taxon
from tests.e2e.godot_tree import Drawn

POLL_SECONDS = 2.0
GIVES_UP_AFTER_SECONDS = 120.0
"""The one time that tests do not shorten: jobs take as long as they take."""


@dataclass
class Dex:
    """The records that the device keeps of one player, by the animal's number."""

    records: dict[int, SyncItem] = field(default_factory=dict)
    last_sync: str = ""


@dataclass
class Social:
    code: str
    friends: list[Friend]
    requests: list[Request]


class Game(Godot):
    """The game on one device."""

    def __init__(self, url: str, hurry: float = 0.02) -> None:
        super().__init__(url, hurry)
        self.refresh_token = ""
        """Of the login, for ever: the rotated one is never stored."""
        self.id = ""
        self.username = ""
        self.dexes: dict[str, Dex] = {}

    async def start(self) -> bool:
        """The first screen: with a saved token one is in; on any failure it is thrown away."""
        if not self.refresh_token:
            return False
        try:
            answer = await self.post("/auth/refresh/", {"refresh": self.refresh_token}, public=True)
        except Failed:
            self.refresh_token = self.access = ""
            return False
        self.access = answer.some_text("access")
        return True

    async def login(self, username: str, password: str) -> None:
        answer = await self.post("/auth/login/", {"username": username, "password": password}, public=True)
        self.access, self.refresh_token = answer.some_text("access"), answer.some_text("refresh")
        user = answer.there("user").record("user")
        self.id, self.username = user.some_text("id"), user.some_text("username")

    async def create_account(self, username: str, email: str, password: str, again: str = "") -> str:
        """Signs in after it; returns what the screen shows when it fails, else nothing."""
        sent = {"username": username, "email": email, "password": password, "password_confirm": again or password}
        try:
            await self.post("/users/", sent, public=True)
        except Failed as failed:
            return _shown_on_registration(failed.body)
        await self.wait(1.0)
        await self.login(username, password)
        return ""

    async def camera(self, photo: bytes, rotation: int = 0) -> Job:
        """Up to the result card."""
        fields = {"transformations": f'{{"rotation":{rotation}}}'} if rotation else {}
        conversion = (await self.upload("/images/convert/", photo, fields)).some_text("id")
        await self.download(f"/images/convert/{conversion}/download/")
        sent: dict[str, object] = {"conversion_id": conversion}
        if rotation:
            sent["post_conversion_transformations"] = {"rotation": float(rotation)}
        job = Job.read(await self.post("/vision/jobs/", sent))
        async with asyncio.timeout(GIVES_UP_AFTER_SECONDS):
            while True:
                job = Job.read(await self.get(f"/vision/jobs/{job.id}/"))
                if job.status in ("completed", "failed"):
                    return job
                await self.wait(POLL_SECONDS)

    async def create_entry(self, job: Job, animal_id: str = "") -> str:
        chosen = animal_id or (job.detections[0].animal_id if job.detections else "")
        sent = {"animal": chosen, "visibility": "friends", "source_vision_job": job.id}
        return (await self.post("/dex/entries/", sent)).some_text("id")

    async def search(self, genus: str = "", species: str = "", common_name: str = "") -> list[Taxon]:
        """The form of the manual entry."""
        query = f"limit=20&genus={quote(genus)}&species={quote(species)}&common_name={quote(common_name)}"
        answer = await self.get(f"/taxonomy/search/?{query}", public=True)
        results = answer.there("results").records("results")
        if answer.there("count").integer("count") != len(results):
            raise Aborted("the count is not that of the results")
        return [Taxon.read(each) for each in results]

    async def choose(self, taxon: Taxon) -> Animal:
        """A result of the form becomes an animal."""
        answer = await self.post("/animals/lookup_or_create/", taxon.fields)
        answer.there("created").flag("created")
        return Animal.read(answer.there("animal").record("animal"))

    async def edit_entry(self, entry_id: str, animal: Animal) -> None:
        """The dex screen looks its list through, changes the animal, and syncs again."""
        mine = await self.get("/dex/entries/my_entries/")
        entries = {each.some_text("id"): each.some_text("animal") for each in mine.records("results")}
        if entry_id not in entries:
            raise Aborted(f"{entry_id} is not on the first page of the own entries")
        answer = await self.put(f"/dex/entries/{entry_id}/", {"animal": animal.id})
        answer.there("animal").text("animal")
        await self.dex()

    async def dex(self, user_id: str = "") -> dict[int, SyncItem]:
        """The dex screen: one's own, or a friend's; afterwards every picture is on the device."""
        await self.overview()
        kept = self.dexes.setdefault(user_id or "self", Dex())
        path = f"/dex/entries/user/{user_id}/entries/" if user_id else "/dex/entries/sync_entries/"
        query = f"?last_sync={quote(kept.last_sync, safe='')}" if kept.last_sync else ""
        answer = await self.get(f"{path}{query}")
        items = [SyncItem.read(each) for each in answer.there("entries").records("entries")]
        kept.last_sync = answer.some_text("server_time")
        await self._take_over(kept, items)
        return kept.records

    async def overview(self) -> list[Friend]:
        """Whose dexes one may look at."""
        answer = await self.get("/dex/entries/friends_overview/")
        found = []
        for each in answer.there("friends").records("friends"):
            each.never_null("friend_code", "total_entries")
            entries = each.integer("total_entries")
            found.append(
                Friend(each.some_text("user_id"), each.some_text("username"), each.text("friend_code"), entries, 0)
            )
        return found

    async def feed(self) -> list[SyncItem]:
        """Friends' entries, the newest first; the texts of their moments are compared as texts."""
        friends = await self.friends()
        asked = [{"user_id": friend.id, "last_sync": ""} for friend in friends]
        answer = await self.post("/dex/entries/batch_sync/", {"sync_requests": asked})
        results = answer.there("results").record("results")
        items = []
        for user_id in results.names():
            one = results.record(user_id)
            if one.has("error"):
                one.some_text("error")
                continue
            items += [SyncItem.read(each) for each in one.there("entries").records("entries")]
        for item in items:
            await self.picture(item.picture)
        return sorted(items, key=lambda item: item.updated, reverse=True)

    async def tree(self, mode: str = "friends") -> Drawn:
        return Drawn.read(await self.get(f"/graph/tree/?mode={mode}&use_cache=true"))

    async def social(self) -> Social:
        code = (await self.get("/users/friend_code/")).some_text("friend_code")
        friends = await self.friends()
        waiting = (await self.get("/social/friendships/pending/")).there("requests").records("requests")
        return Social(code, friends, [Request.read(each) for each in waiting])

    async def friends(self) -> list[Friend]:
        answer = await self.get("/social/friendships/friends/")
        return [Friend.read(each) for each in answer.there("friends").records("friends")]

    async def add_friend(self, code: str) -> None:
        """The screen wants eight characters and writes them large."""
        await self.post("/social/friendships/send_request/", {"friend_code": code.strip().upper()})

    async def respond(self, request: Request, action: str) -> None:
        await self.post(f"/social/friendships/{request.id}/respond/", {"action": action})

    async def unfriend(self, friend: Friend) -> None:
        """A GET, and with the friend's id instead of the friendship's."""
        await self.get(f"/social/friendships/{friend.id}/unfriend/")

    async def _take_over(self, kept: Dex, items: list[SyncItem]) -> None:
        """One record a species: later items overwrite earlier ones; a known id under another number moves."""
        for item in items:
            for number, old in list(kept.records.items()):
                if old.id == item.id and number != item.creation_index:
                    del kept.records[number]
            before = kept.records.get(item.creation_index)
            if before is None or before.checksum != item.checksum:
                await self.picture(item.picture)
            kept.records[item.creation_index] = item


def _shown_on_registration(body: Record) -> str:
    """The first message, looked for in this order."""
    for name in ("email", "username", "password"):
        if body.has(name):
            return body.texts(name)[0]
    name = body.names()[0]
    messages = body.variant(name)
    return f"{name.capitalize()}: {messages[0] if isinstance(messages, list) else messages}"
