"""Rates and quantiles out of what processes say of themselves."""

import asyncio
from pathlib import Path

import httpx
import pytest
from pytest import approx

from deploy.operate.embedded import embedded
from deploy.operate.installation import Installation, Process
from deploy.operate.looks.samples import Samples
from deploy.operate.sampling import Sample, jobs, quantile, rates, sample
from tests.mesh import Mesh

PAGE = """\
process_start_time_seconds {began}
process_cpu_seconds_total {cpu}
http_server_request_duration_seconds_count{{method="GET",route="/a/",status="200"}} {fine}
http_server_request_duration_seconds_count{{method="GET",route="/a/",status="500"}} {failed}
http_server_request_duration_seconds_count{{method="GET",route="/ready/",status="200"}} 999
http_server_request_duration_seconds_bucket{{method="GET",route="/a/",status="200",le="0.1"}} {quick}
http_server_request_duration_seconds_bucket{{method="GET",route="/a/",status="200",le="+Inf"}} {fine}
consumer_pending{{consumer="a"}} 3
consumer_pending{{consumer="b"}} 4
"""
DEX = Installation("embedded", "", processes=(Process("dex", "dex", "http://127.0.0.1:1"),))


def page(at: float, *, began: int = 1, cpu: float = 0, fine: int = 0, failed: int = 0, quick: int = 0) -> Sample:
    text = PAGE.format(began=began, cpu=cpu, fine=fine, failed=failed, quick=quick)
    return Sample(at, {"dex": Samples.read(text)})


def test_what_has_grown_between_two_looks() -> None:
    before, after = page(10, cpu=1, fine=100, quick=100), page(12, cpu=2, fine=120, failed=4, quick=120)
    (dex,) = rates(DEX, before, after)
    assert (dex.requests, dex.errors, dex.lag) == (12, 2, 7)
    assert dex.cpu == approx(0.5)
    assert dex.p95 == approx(0.095)


def test_a_process_that_has_begun_anew_counts_from_nothing() -> None:
    (dex,) = rates(DEX, page(10, fine=1000), page(12, began=11, fine=4))
    assert dex.requests == 2


def test_a_process_that_does_not_answer() -> None:
    (dex,) = rates(DEX, page(10), Sample(12, {}))
    assert not dex.answers


@pytest.mark.parametrize(
    ("buckets", "found"),
    [
        ({}, None),
        ({0.1: 0, float("inf"): 0}, None),
        ({0.1: 100, float("inf"): 100}, 0.095),
        ({0.1: 50, 0.2: 100, float("inf"): 100}, 0.19),
        ({0.1: 50, float("inf"): 100}, 0.1),
    ],
)
def test_quantiles(buckets: dict[float, float], found: float | None) -> None:
    assert quantile(0.95, buckets) == (None if found is None else approx(found))


def test_jobs_are_those_that_vision_tells() -> None:
    text = 'waiting_jobs{state="due"} 3\nwaiting_jobs{state="working"} 1\n'
    assert jobs(Sample(0, {"vision": Samples.read(text), "dex": Samples()})) == {"due": 3, "working": 1}


async def test_requests_of_a_running_gateway(mesh: Mesh) -> None:
    stack = embedded(Path(mesh.data_dir))
    before = await sample(stack)
    async with httpx.AsyncClient() as client:
        for _ in range(20):
            await client.get(f"{mesh.url}/api/v1/version/")
    await asyncio.sleep(0)
    after = await sample(stack)
    by_name = {each.name: each for each in rates(stack, before, after)}
    assert by_name["gateway"].requests * (after.at - before.at) == approx(20)
    assert by_name["gateway"].p95 is not None
    assert by_name["dex"].requests == 0
