"""What each kind of fault does to the stack."""

import asyncio
import random
import shutil
import signal
from contextlib import suppress

import asyncpg
import nats
import psutil

from deploy.local.readiness import http_status
from libs.common.bus import STREAM
from libs.common.provision import handlers_of
from tests.faults.chaos.crowd import Crowd
from tests.faults.chaos.hostile import hostile
from tests.faults.chaos.model import ChaosModel
from tests.faults.chaos.place import Place
from tests.faults.chaos.poison import AWAY, Poison
from tests.faults.chaos.schedule import AT_WORK, Fault
from tests.faults.recovery import bdx
from tests.mesh import Mesh

READY_LOOKS = 600


class Strokes:
    """Carries out faults, each to its end."""

    def __init__(self, place: Place, crowd: Crowd, model: ChaosModel, poison: Poison, seed: int) -> None:
        self._place, self._crowd, self._model, self._poison = place, crowd, model, poison
        self._rng = random.Random(f"strokes {seed}")
        self._waits_for_work = False

    async def strike(self, fault: Fault) -> None:
        """One fault; returns when it is over."""
        if fault.detail == AT_WORK:
            await self._kill_at_work(fault.target)
            return
        self._crowd.tally.faults[fault.kind] += 1
        match fault.kind:
            case "kill":
                self._place.struck(fault.target)
                self._place.kill(fault.target)
            case "place":
                self._place.arm(fault.target, fault.detail)
                self._place.kill(fault.target)
            case "stop" | "nats-stop" | "postgres-stop":
                await self._stop(fault.target, fault.seconds)
            case "nats-kill":
                self._place.kill("nats")
            case "decoder":
                self._kill_a_decoder(fault.target)
            case "postgres-restart":
                # "Immediate": nobody says good-bye, nothing is written down.
                self._place.send("postgres", signal.SIGQUIT)
            case "postgres-backends":
                await self._end_backends()
            case "durable":
                await self._delete_a_durable(fault.target)
            case "nats-wipe":
                await self._wipe()
            case "poison":
                await self._poison.give(self._place.bus_url, fault.detail)
            case "model":
                await self._vex(fault.detail, fault.seconds)
            case "picture":
                await self._send_a_picture(fault.detail)
            case _:
                raise ValueError(f"unknown fault {fault.kind}")

    async def _kill_at_work(self, name: str) -> None:
        """One second after it was ready; while it is on its way there, other strokes of this kind are none."""
        if self._waits_for_work:
            return
        self._waits_for_work = True
        try:
            if await self._is_ready(name):
                await asyncio.sleep(1)
                self._crowd.tally.faults["kill"] += 1
                self._place.kill(name)
        finally:
            self._waits_for_work = False

    async def _is_ready(self, name: str) -> bool:
        for _ in range(READY_LOOKS):
            port = self._place.topology["processes"][name]["port"]
            if self._place.process(name) and await asyncio.to_thread(http_status, port, "/ready/") == 200:
                return True
            await asyncio.sleep(0.05)
        return False

    async def _stop(self, name: str, seconds: float) -> None:
        family = self._place.family(name)
        self._place.struck(name, seconds)
        for process in family:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in family:
                with suppress(psutil.Error):
                    process.send_signal(signal.SIGCONT)

    def _kill_a_decoder(self, name: str) -> None:
        children = [each for each in self._place.family(name)[1:] if "spawn_main" in " ".join(_command(each))]
        if children:
            with suppress(psutil.Error):
                self._rng.choice(children).kill()

    async def _end_backends(self) -> None:
        """Every connection of every service, at once."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            connection = await asyncpg.connect(self._place.topology["postgres"]["admin_url"], timeout=3)
            try:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'biologidex-%' AND pid <> pg_backend_pid()"
                )
            finally:
                await connection.close(timeout=2)

    async def _delete_a_durable(self, service: str) -> None:
        durables = [handler.durable for handlers in handlers_of(service) for handler in handlers.all]
        with suppress(*AWAY):
            client = await nats.connect(self._place.bus_url, connect_timeout=2, allow_reconnect=False)
            try:
                await client.jetstream(timeout=3).delete_consumer(STREAM, self._rng.choice(durables))
            finally:
                await client.close()

    async def _wipe(self) -> None:
        """The log is lost, folder and all; then what docs/runbooks/lost-event-log.md says."""
        nats_server = self._place.process("nats")
        if nats_server is None:
            return
        nats_server.send_signal(signal.SIGSTOP)
        shutil.rmtree(self._place.data_dir / "nats" / "jetstream", ignore_errors=True)
        nats_server.kill()
        mesh = Mesh(self._place.data_dir)
        for command in (("bus", "provision"), ("bus", "republish", "--all", "--json")):
            for _ in range(60):
                code, said = await bdx(mesh, *command)
                if code == 0:
                    break
                await asyncio.sleep(1)
            else:
                self._crowd.tally.surprise(f"{' '.join(command)} does not succeed: {said[-200:]}")
        if not await self._poison.give_again(self._place.bus_url):
            self._crowd.tally.surprise("the new log takes no events")

    async def _vex(self, mood: str, seconds: float) -> None:
        self._model.mood = mood
        await asyncio.sleep(seconds)
        self._model.mood = None

    async def _send_a_picture(self, kind: str) -> None:
        person = self._rng.choice(self._crowd.here)
        picture = await asyncio.to_thread(hostile, kind)
        told = await self._crowd.client.ask("POST", "/images/convert/", person.token, image=picture, fine=(400, 413))
        if told.ok:
            self._crowd.tally.surprise(f"a {kind} picture was taken for a good one")


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
