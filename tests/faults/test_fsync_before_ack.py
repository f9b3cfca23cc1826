"""Acknowledged means written to the disk: said by the running server, and seen in its system calls (needs `strace`)."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import nats

from libs.common.bus import addresses
from tests.faults.small.bus_server import BusServer, wait_for
from tests.faults.small.mesh import SmallMesh

TRACED = "fsync,fdatasync,pwrite64,write,writev"
CALL = re.compile(r"^\d+ +(?P<call>\w+)\((?P<file>\d+)(?P<rest>.*)$")
RESUMED = re.compile(r"^\d+ +<\.\.\. \w+ resumed>")


async def test_the_server_syncs_before_it_acknowledges(small: SmallMesh) -> None:
    """F19: of one event and of a batch, every byte is synced before the acknowledgement leaves.

    A kill shows nothing of this, and the power cannot be cut here. Where there is no `strace`, the server's own word
    has to do.
    """
    varz = (await small.client.get(f"{small.bus.monitor_url}/varz")).json()
    assert varz["jetstream"]["config"]["sync_always"] is True

    await small.provide()
    marks = [uuid4().hex for _ in range(20)]
    calls: list[str] = []
    with _traced(small.bus, small.folder / "calls") as trace:
        connection = await nats.connect(addresses(small.bus.url))
        await connection.jetstream().publish("dex.created", marks[0].encode())
        for number, mark in enumerate(marks[1:], start=1):
            headers = {"Nats-Batch-Id": "batch", "Nats-Batch-Sequence": str(number)}
            if number == len(marks) - 1:
                headers["Nats-Batch-Commit"] = "1"
                await connection.request("dex.created", mark.encode(), headers=headers)
            else:
                await connection.publish("dex.created", mark.encode(), headers=headers)
        await connection.close()
    if trace is not None:
        calls = trace.read_text(errors="replace").splitlines()
        assert _synced_before(calls, [marks[0]], '\\"seq\\":1}')
        assert _synced_before(calls, marks[1:], f'\\"count\\":{len(marks) - 1}}}')


def test_the_trace_is_read_strictly() -> None:
    """What the test above would not accept."""
    write, sync, ack = '7 pwrite64(9, "mark", 4, 0) = 4', "7 fsync(9) = 0", '7 writev(10, [{iov_base="ack"}], 1) = 3'
    assert _synced_before([write, sync, ack], ["mark"], "ack")
    assert not _synced_before([write, ack, sync], ["mark"], "ack")
    assert not _synced_before([write, "7 fsync(8) = 0", ack], ["mark"], "ack")
    assert not _synced_before([write, "7 fsync(9 <unfinished ...>", ack, "7 <... fsync resumed>) = 0"], ["mark"], "ack")
    assert not _synced_before([sync, ack], ["mark"], "ack")


def _synced_before(calls: list[str], marks: list[str], acknowledgement: str) -> bool:
    """Whether all of `marks` were written, and their files synced afterwards, before `acknowledgement` left."""
    missing, unsynced, syncing = set(marks), set[str](), dict[str, str]()
    for line in calls:
        thread = line.partition(" ")[0]
        if RESUMED.match(line):
            unsynced.discard(syncing.pop(thread, ""))
            continue
        if (call := CALL.match(line)) is None:
            continue
        if "sync" in call["call"]:
            if "unfinished" in call["rest"]:
                syncing[thread] = call["file"]
            else:
                unsynced.discard(call["file"])
        elif acknowledgement in call["rest"]:
            return not missing and not unsynced
        elif found := {mark for mark in missing if mark in call["rest"]}:
            missing -= found
            unsynced.add(call["file"])
    return False


@contextmanager
def _traced(bus: BusServer, output: Path) -> Iterator[Path | None]:
    """Writes down the server's system calls meanwhile; nothing without `strace`."""
    if (strace := shutil.which("strace")) is None:
        yield None
        return
    how = ("-f", "-qq", "-s", "20000", "-e", f"trace={TRACED}", "-o", str(output), "-p", str(bus.pid))
    process = subprocess.Popen([strace, *how])
    try:
        wait_for(lambda: process.poll() is not None or _is_traced(bus.pid))
        assert process.poll() is None, "strace may not look at a process of ours here"
        yield output
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _is_traced(pid: int) -> bool:
    statuses = [task.joinpath("status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return all("TracerPid:\t0\n" not in status for status in statuses)
