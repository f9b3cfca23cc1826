"""One request id leads through the whole mesh: from a photo to the tree, in logs, traces and metrics."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from tests.e2e.watched import PROCESSES, Watched, watched
from tests.mesh import signed_up, until

pytestmark = pytest.mark.timeout(300)
"""The mesh is its own, and takes its time to start where much else runs."""

TAKES_PART = set(PROCESSES)
CONSUMERS = {
    "vision-worker": "vision-worker-wake-the-worker",
    "animals": "animals-find-or-create-animals",
    "vision": "vision-complete-job",
    "dex": "dex-remember-job",
    "users": "users-count-catch",
    "graph": "graph-grow-trees",
    "social": "social-count-catches",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("watched")) as found:
        yield found


@pytest.fixture
async def ada(house: Watched) -> AsyncIterator[Player]:
    async with signed_up(house.mesh, "ada") as player:
        yield player


async def test_from_the_photo_to_the_tree(house: Watched, ada: Player) -> None:
    before = await house.figures()
    photo = {"image": ("image.jpg", (PHOTOS / "koala.webp").read_bytes(), "image/jpeg")}
    answer = await ada.raw("POST", "/images/convert/", files=photo)
    request_id = answer.headers["x-request-id"]
    job = await ada.identify(answer.json()["id"])

    async def dex_knows_the_job() -> bool:
        return CONSUMERS["dex"] in consumers(house, request_id).get("dex", ())

    await until(dex_knows_the_job)
    saved = await ada.raw(
        "POST", "/dex/entries/", json={"animal": job["identified_animal"], "source_vision_job": job["id"]}
    )
    assert saved.status_code == 201
    assert job["identified_animal"] in {node["id"] for node in (await ada.tree("personal"))["nodes"]}

    # The logs: each process has its part, and every line of the request names the one trace.
    async def all_have_told() -> bool:
        told = consumers(house, request_id)
        return all(consumer in told.get(process, ()) for process, consumer in CONSUMERS.items())

    await until(all_have_told)
    told = house.of_request(request_id)
    assert set(told) == TAKES_PART
    assert {line["event"] for line in told["vision-worker"]} >= {"event", "job"}
    assert "entry.caught" in {line["event"] for line in told["dex"]}
    for process, lines in told.items():
        assert {line["service"] for line in lines} == {process}
        assert all("trace_id" in line for line in lines), (process, lines)
    (trace,) = {line["trace_id"] for lines in told.values() for line in lines}

    # The trace: of all processes, and one tree, whose root is the upload at the gateway.
    async def all_have_exported() -> bool:
        return {span.process for span in house.traces.of(trace)} >= TAKES_PART

    await until(all_have_exported)
    spans = house.traces.of(trace)
    assert {span.process for span in spans} == TAKES_PART
    (root,) = [span for span in spans if not span.parent]
    assert (root.process, root.name) == ("gateway", "POST /api/v1/images/convert/")

    async def is_one_tree() -> bool:
        found = house.traces.of(trace)
        return {span.parent for span in found} - {span.id for span in found} == {""}

    await until(is_one_tree)
    (catch,) = [span for span in spans if span.name == "catch"]
    (occasion,) = catch.links
    saving = house.of_request(saved.headers["x-request-id"])
    assert occasion in {line["trace_id"] for line in saving["gateway"]}

    # The metrics: everybody who took part has counted it.
    after = await house.figures()
    for process, figure in {
        "gateway": "django_http_requests_total{endpoint=/api/v1/images/convert/}{method=POST}{status_code=201}",
        "vision-worker": "celery_tasks_total{status=success}{task_name=identify}",
        **{
            name: f"events_handled_total{{consumer={consumer}}}{{outcome=done}}" for name, consumer in CONSUMERS.items()
        },
        "dex": "http_server_request_duration_seconds_count{method=POST}{route=/api/v1/dex/entries/}{status=201}",
    }.items():
        assert after[process].get(figure, 0) > before[process].get(figure, 0), (process, figure)


async def test_the_arrival_of_a_player_reaches_everybody(house: Watched) -> None:
    async with Player(house.mesh.url, "ben-of-the-hills") as ben:
        account = {"username": ben.name, "email": "ben@example.com"}
        word = "a photo of a tawny owl"
        answer = await ben.raw("POST", "/users/", json={**account, "password": word, "password_confirm": word})
    request_id = answer.headers["x-request-id"]
    everybody = set(PROCESSES) - {"vision-worker"}

    async def all_have_heard() -> bool:
        return set(house.of_request(request_id)) >= everybody

    await until(all_have_heard)
    told = house.of_request(request_id)
    assert len({line["trace_id"] for lines in told.values() for line in lines}) == 1


def consumers(house: Watched, request_id: str) -> dict[str, set[str]]:
    """By process, which of its consumers have logged an event of this request."""
    return {
        process: {line["consumer"] for line in lines if line["event"] == "event"}
        for process, lines in house.of_request(request_id).items()
    }
