"""The bus of a running stack, broken in one way after the other."""

from dataclasses import replace
from typing import Any

import pytest
from nats.js.api import ConsumerConfig

from deploy.local.nats import AUTHORIZATION
from deploy.operate.checks import bus, events, permissions
from deploy.operate.installation import Installation
from deploy.operate.looks.jobs import Waiting
from deploy.operate.state import State, look
from deploy.operate.tests.breaking import jetstream, stopped
from deploy.operate.tests.project import ids
from libs.common.bus import STREAM
from libs.common.handlers import ACK_WAIT_SECONDS
from tests.mesh import Mesh

DURABLE = "dex-remember-user"


async def test_a_handler_far_behind_and_jobs_that_wait(stack: Installation) -> None:
    state = await look(stack)
    assert state.bus
    behind = replace(state.bus.durables[DURABLE], num_pending=5000)
    seen = replace(state, bus=replace(state.bus, durables={**state.bus.durables, DURABLE: behind}))
    assert ids(events, stack, seen) == ["events.consumer-behind"]
    assert ids(events, stack, replace(state, jobs=(Waiting("due", 3, 400.0),))) == ["jobs.wait"]
    assert ids(events, stack, replace(state, jobs=(Waiting("later", 3, 400.0),))) == []


async def test_a_durable_that_is_gone(mesh: Mesh, stack: Installation) -> None:
    # Its service would make it anew.
    with stopped(mesh, "dex"):
        async with jetstream(stack) as js:
            config = (await js.consumer_info(STREAM, DURABLE)).config
            await js.delete_consumer(STREAM, DURABLE)
            try:
                state = await look(stack)
            finally:
                await js.add_consumer(STREAM, config)
    assert ids(bus, stack, state) == ["bus.durable-missing"]


async def test_a_durable_that_nobody_has(stack: Installation) -> None:
    async with jetstream(stack) as js:
        await js.add_consumer(STREAM, ConsumerConfig(durable_name="dex-of-yesterday", filter_subject="user.updated"))
        try:
            state = await look(stack)
        finally:
            await js.delete_consumer(STREAM, "dex-of-yesterday")
    assert ids(bus, stack, state) == ["bus.durable-unknown"]


async def test_a_durable_that_was_changed_by_hand(stack: Installation) -> None:
    async with jetstream(stack) as js:
        config = (await js.consumer_info(STREAM, DURABLE)).config
        await js.add_consumer(STREAM, replace(config, ack_wait=ACK_WAIT_SECONDS + 7))
        try:
            state = await look(stack)
        finally:
            await js.add_consumer(STREAM, config)
    assert ids(bus, stack, state) == ["bus.durable-drift"]


async def test_a_log_that_was_changed_by_hand(stack: Installation) -> None:
    async with jetstream(stack) as js:
        config = (await js.stream_info(STREAM)).config
        await js.update_stream(replace(config, duplicate_window=60))
        try:
            state = await look(stack)
        finally:
            await js.update_stream(config)
    assert ids(bus, stack, state) == ["bus.stream-drift"]


async def test_no_log_at_all_an_old_server_a_full_log(stack: Installation) -> None:
    state = await look(stack)
    assert state.bus and state.bus.stream
    full = replace(state.bus.stream, config=replace(state.bus.stream.config, max_bytes=1000))
    full = replace(full, state=replace(full.state, bytes=900))
    for seen, found in (
        (replace(state.bus, stream=None), "bus.no-stream"),
        (replace(state.bus, version=(2, 9, 10)), "versions.nats"),
        (replace(state.bus, stream=full), "bus.stream-nearly-full"),
    ):
        assert ids(bus, stack, replace(state, bus=seen)) == [found]


async def test_the_bus_refuses_the_password(stack: Installation) -> None:
    other = replace(stack, bus=stack.bus.replace("nats://admin:", "nats://admin:x"))
    assert ids(bus, other, await look(other)) == ["bus.password-refused"]


def test_rights_of_yesterday(stack: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    assert stack.data_dir
    assert ids(permissions, stack, State()) == []
    text = AUTHORIZATION.read_text().replace('"dex.updated"', '"dex.changed"')
    (tmp_path / "authorization.conf").write_text(text)
    monkeypatch.setattr(permissions, "AUTHORIZATION", tmp_path / "authorization.conf")
    assert ids(permissions, stack, State()) == ["bus.permissions-outdated"]


def test_rights_that_the_server_was_started_with(stack: Installation, tmp_path: Any) -> None:
    assert stack.data_dir
    (tmp_path / "nats").mkdir()
    conf = (stack.data_dir / "nats" / "nats.conf").read_text()
    (tmp_path / "nats" / "nats.conf").write_text(conf.replace('"dex.updated"', '"dex.changed"'))
    assert ids(permissions, replace(stack, data_dir=tmp_path), State()) == ["bus.permissions-outdated"]
