"""NATS: nothing acknowledged is lost, nobody gets in without the password."""

import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import nats

from deploy.local.nats import Nats
from deploy.local.servers import Servers


def test_the_server_syncs_every_event_and_has_jetstream(running_servers: Servers) -> None:
    figures = httpx.get(f"{running_servers.nats_monitor_url}/varz").json()
    assert figures["jetstream"]["config"]["sync_always"] is True
    assert figures["max_payload"] == 1024 * 1024
    assert figures["host"] == "127.0.0.1"
    assert figures["auth_required"] is True


async def test_the_password_opens_jetstream(running_servers: Servers) -> None:
    connection = await nats.connect(running_servers.nats_url)
    try:
        assert (await connection.jetstream().account_info()).limits.max_storage != 0
    finally:
        await connection.close()


def test_without_the_password_nobody_gets_in(running_servers: Servers) -> None:
    address = urlsplit(running_servers.nats_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(b'CONNECT {"verbose":false,"user":"admin","pass":"guessed"}\r\nPING\r\n')
        with connection.makefile("rb") as answer:
            assert b"-ERR 'Authorization Violation'\r\n" in answer.readlines()


def test_its_configuration_holds_the_passwords_for_its_owner_alone(tmp_path: Path) -> None:
    path = Nats(tmp_path / "nats", 1, 2, 'quo"te', tmp_path / "log", {}).configure()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert 'password: "quo\\"te"' in path.read_text()
