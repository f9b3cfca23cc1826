"""The main job, walked by two players through the gateway: photo, species, dex entry, friend's tree."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from rich.tree import Tree

from deploy.local.player import Player, Refused

PHOTOS: Final = Path(__file__).parents[2] / "tests" / "photos"
ADA_SEES: Final = ("koala.webp", "panda.webp", "dragon.webp", "dog.webp")
BEN_SEES: Final = ("jaguar.webp", "lemur.webp", "chicken.webp")
NOT_KNOWN: Final = "narwhal.webp"
"""No class of the offline identifier: what it says of this one is shown as it is."""

Say = Callable[[str], None]


class Broken(Exception):
    """A step of the walk did not hold."""


@dataclass
class Catch:
    """One photo and what became of it."""

    photo: str
    truth: str
    job: dict[str, Any]
    entry: dict[str, Any] | None = None

    @property
    def animal(self) -> dict[str, Any]:
        found: dict[str, Any] = self.job["detected_animals"][0]
        return found


@dataclass
class Story:
    """What happened in a walk."""

    catches: list[Catch] = field(default_factory=list)
    tree: dict[str, Any] = field(default_factory=dict)


def truths() -> dict[str, str]:
    """What each photo really shows, by file name."""
    with (PHOTOS / "photos.csv").open(newline="") as file:
        return {row["file"]: row["common_name"] for row in csv.DictReader(file)}


async def walk(url: str, say: Say) -> Story:
    """Walks; tells every step.

    Raises:
        Broken, Refused: a step did not hold.
    """
    story, suffix = Story(), uuid4().hex[:6]
    async with Player(url, f"ada-{suffix}") as ada, Player(url, f"ben-{suffix}") as ben:
        await ada.sign_up()
        await ben.sign_up()
        say(f"[bold]{ada.name}[/] and [bold]{ben.name}[/] have registered.")
        await ada.befriend(ben)
        say(f"They are friends now, by the code {ben.friend_code}.")
        for player, photos in ((ada, (*ADA_SEES, NOT_KNOWN)), (ben, BEN_SEES)):
            for photo in photos:
                story.catches.append(await _photograph(player, photo, say))
        await _must_have(ben, story, say)
    return story


async def _photograph(player: Player, photo: str, say: Say) -> Catch:
    job = await player.identify(await player.upload(PHOTOS / photo))
    catch = Catch(photo, truths()[photo], job)
    if job["status"] != "completed":
        raise Broken(f"{photo}: the job ended as {job['status']}: {job['error_message']}")
    if not job["detected_animals"]:
        say(f"  {photo} ({catch.truth}): [yellow]not identified[/] ({_guesses(job)}); nothing is made up.")
        if photo != NOT_KNOWN:
            raise Broken(f"{photo} should have been identified")
        return catch
    catch.entry = await player.catch(job)
    animal = catch.animal
    score = "" if animal["confidence"] is None else f", confidence {animal['confidence']:.0%}"
    say(
        f"  {photo} ({catch.truth}): [green]{animal['common_name'] or animal['scientific_name']}[/] "
        f"[italic]{animal['scientific_name']}[/], [bold]Dex #{animal['creation_index']}[/]{score}; "
        f"now in {player.name}'s dex."
    )
    return catch


def _guesses(job: dict[str, Any]) -> str:
    guesses = [f"{each['scientific_name']} {each['score'] or 0:.0%}" for each in job["suggestions"][:3]]
    return f"{job['outcome']}; thought of {', '.join(guesses)}" if guesses else str(job["outcome"])


async def _must_have(ben: Player, story: Story, say: Say) -> None:
    """Ben looks at the friends' tree: his own animals and Ada's are all there, at once."""
    story.tree = await ben.tree("friends")
    shown = {node["id"] for node in story.tree["nodes"] if node["type"] == "animal"}
    caught = {catch.animal["animal_id"] for catch in story.catches if catch.entry}
    if not caught <= shown:
        raise Broken(f"{len(caught - shown)} animals are missing in the friends' tree")
    say(f"{ben.name} sees {len(shown)} animals of both of them in the friends' tree.")


def drawn(answer: dict[str, Any]) -> Tree:
    """The tree of an answer as text."""
    nodes = {node["id"]: node for node in answer["nodes"]}
    root = Tree("[bold]life[/]")
    branches = {"root": root}
    for edge in answer["edges"]:
        node = nodes[edge["target"]]
        if node["type"] == "animal":
            label = f"[green]{node['common_name']}[/] Dex #{node['creation_index']}"
        else:
            label = f"{node['name']} [dim]{node['rank']}[/]"
        branches[edge["target"]] = branches[edge["source"]].add(label)
    return root


__all__ = ["Broken", "Catch", "Refused", "Story", "drawn", "walk"]
