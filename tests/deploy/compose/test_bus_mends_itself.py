"""A bus that has met a full disk refuses everything until it is started again: its health check sees to that."""

import asyncio
import subprocess
from collections.abc import Iterator

import nats
import pytest
from nats.js.errors import APIError

from deploy.local.nats import ADMIN
from tests.deploy.compose.running import Project, is_possible, laid_out
from tests.deploy.compose.stand_ins import NATS
from tests.mesh import until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

NAME = "bus"
DISK_MB, OCCUPIED_MB = 32, 20
CHECK = ("podman", "exec", NAME, "sh", "/etc/biologidex/healthy.sh")


@pytest.fixture
def project() -> Iterator[Project]:
    assert is_possible(), "run by make test-compose"
    with laid_out("mending") as found:
        here = found.folder
        disk = here / "disk"
        disk.mkdir()
        mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=1777", "none", str(disk))
        subprocess.run(mount, check=True)
        found.podman(
            *("run", "-d", "--name", NAME, "--restart", "unless-stopped", "--network", "host", "--user", "10001:10001"),
            *("--init", "--read-only", "--cap-drop", "ALL", "--pull", "never"),
            *("--tmpfs", "/run/nats:size=1m,mode=1777", "-v", f"{disk}:/var/lib/nats"),
            *("-v", f"{here}/compose/nats:/etc/biologidex:ro", "-v", f"{here}/secrets/nats:/run/secrets:ro"),
            *("-v", f"{here}/nats/authorization.conf:/etc/nats/authorization.conf:ro"),
            *("--entrypoint", '["sh", "/etc/biologidex/start.sh"]', NATS),
        )
        yield found
        found.podman("rm", "-f", "-t", "1", NAME)
        subprocess.run(("umount", str(disk)), check=True)


async def test_it_is_started_again_as_soon_as_there_is_room(project: Project) -> None:
    await until(_says_well, seconds=60)
    begun = _begun(project)
    project.podman("exec", NAME, "sh", "-c", f"dd if=/dev/zero of=/var/lib/nats/others bs=1M count={OCCUPIED_MB}")
    address = (project.folder / "secrets" / "provision" / "nats_url").read_text().replace("@nats:", "@127.0.0.1:")
    assert f"//{ADMIN}:" in address
    connection = await nats.connect(address)
    try:
        stream = connection.jetstream(timeout=2)
        await stream.add_stream(name="FILLING", subjects=["filling"])
        with pytest.raises((APIError, asyncio.TimeoutError, nats.errors.Error)):
            for _ in range(DISK_MB * 4):
                await stream.publish("filling", b"x" * 500_000)
    finally:
        await connection.close()
    assert subprocess.run(CHECK, capture_output=True, check=False).returncode == 1
    assert _begun(project) == begun, "it was ended although nothing could be written"
    project.podman("exec", NAME, "rm", "/var/lib/nats/others")
    done = subprocess.run(CHECK, capture_output=True, check=False, text=True)
    assert "started again" in done.stdout, done
    await until(_says_well, seconds=60)
    assert _begun(project) > begun
    connection = await nats.connect(address)
    assert (await connection.jetstream(timeout=5).publish("filling", b"again")).seq
    await connection.close()


def _begun(project: Project) -> str:
    return project.podman("inspect", "--format", "{{json .State.StartedAt}}", NAME)


async def _says_well() -> bool:
    return (await asyncio.to_thread(subprocess.run, CHECK, capture_output=True, check=False)).returncode == 0
