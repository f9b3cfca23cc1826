"""B2, B5, B6: what a model's words become, what they cost, and what happens when it fails first."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from deploy.local.stack import Stack
from tests.conftest import AS_STARTED, SETTINGS
from tests.fakes.model_server import ModelServer
from tests.fakes.model_steps import Fail, Say
from tests.mesh import Mesh, NewPlayer


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """The vision model's API, played by a local server; the one part that is not real."""
    with ModelServer() as found:
        yield found


@pytest.fixture(scope="module")
def mesh(model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh of its own: the others have no key, and tests that hold them to what follows from that."""
    settings = {
        "OPENAI_API_KEY": "sk-only-for-tests",
        "OPENAI_BASE_URL": model.url,
        "CV_RETRY_DELAYS_SECONDS": "0.2,0.4,0.8",
    }
    environment = AS_STARTED | SETTINGS | settings
    with Stack(tmp_path_factory.mktemp("with-a-model"), environment=environment, careless=True) as stack:
        yield Mesh(stack.data_dir)


async def asked(player: Player) -> dict[str, Any]:
    """A finished job that the played model was asked about."""
    conversion = await player.upload(PHOTOS / "koala.webp")
    job = await player.post("/vision/jobs/", {"conversion_id": conversion, "cv_method": "openai"})
    return await player.finished(job["id"])


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("**Canis lupus** (Gray Wolf) | Panthera leo (Lion)", ["Canis lupus", "Panthera leo"]),
        ("Vulpes, vulpes (Red Fox)", ["Vulpes vulpes"]),
        ("1. Canis lupus (Wolf)\n*Puma concolor* (Cougar)", ["Canis lupus", "Puma concolor"]),
        ("Xenopus laevis", ["Xenopus laevis"]),
        ("Homo sapiens (human) | nonsense | Panthera leo", ["Homo sapiens", "Panthera leo"]),
        ("Felis catus (Cat), Canis familiaris (Dog)", ["Felis catus"]),
        ("Corvus sp. (crow)", ["Corvus"]),
        ("canis lupus", []),
        ("Corvus (crow)", []),
        ("The image shows a dog", []),
        ("No animals found.", []),
    ],
)
async def test_words_become_animals(model: ModelServer, new_player: NewPlayer, answer: str, names: list[str]) -> None:
    ada = await new_player("ada")
    model.forget()
    model.will(Say(answer))
    job = await asked(ada)
    assert job["status"] == "completed", job["error_message"]
    assert [item["scientific_name"] for item in job["detected_animals"]] == names
    assert all(item["confidence"] is None for item in job["detected_animals"])
    assert (job["confidence_score"], job["score_kind"]) == (None, "none")
    assert (job["outcome"] == "identified") is bool(names)


async def test_the_dog_is_never_the_wolf(model: ModelServer, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    model.forget()
    model.will(Say("Canis lupus familiaris (domestic dog)"))
    [dog] = (await asked(ada))["detected_animals"]
    assert (dog["scientific_name"], dog["accepted_scientific_name"]) == ("Canis lupus familiaris",) * 2
    model.will(Say("Turdus migratorius (American Robin (male))"))
    [robin] = (await asked(ada))["detected_animals"]
    assert robin["common_name"] == "American Robin (male)"


async def test_what_it_costs_and_what_is_sent(model: ModelServer, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    model.forget()
    model.will(Say("Panthera leo (Lion)", prompt_tokens=1000, completion_tokens=1000))
    job = await asked(ada)
    assert (job["cost_usd"], job["input_tokens"], job["output_tokens"]) == ("0.012500", 1000, 1000)
    [call] = model.calls
    assert (call.model, call.token_limit, call.mime, call.detail) == (
        "gpt-4o",
        {"max_tokens": 300},
        "image/jpeg",
        "auto",
    )
    assert call.picture.startswith(b"\xff\xd8")


async def test_a_failing_model_is_asked_again_and_paid_once(model: ModelServer, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    model.forget()
    model.will(Fail(500), Say(None), Say("Panthera leo (Lion)"))
    job = await asked(ada)
    assert (job["status"], job["retry_count"]) == ("completed", 2)
    assert len(model.calls) == 3


async def test_three_failures_are_the_end_and_nothing_leaks(model: ModelServer, new_player: NewPlayer) -> None:
    ada = await new_player("ada")
    model.forget()
    model.will(Fail(500), Fail(529), Fail(429))
    job = await asked(ada)
    assert (job["status"], job["retry_count"], job["detected_animals"] or []) == ("failed", 3, [])
    assert job["error_message"]
    assert "sk-only" not in str(job)
    model.will(Say("Panthera leo (Lion)"))
    again = await ada.post(f"/vision/jobs/{job['id']}/retry/", {})
    assert (again["status"], again["error_message"]) == ("pending", "")
    assert (await ada.finished(job["id"]))["status"] == "completed"
