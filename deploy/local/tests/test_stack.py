"""A running stack: what it tells its processes, what it writes down, how it repairs itself."""

import os
import signal
import stat
from typing import Any

import httpx
import psutil

from deploy.local.processes import running
from deploy.local.stack import Stack
from deploy.local.tests.waiting import described, until


def told(stack: Stack, name: str) -> dict[str, str]:
    return httpx.get(f"{described(stack.data_dir)['processes'][name]['url']}/environment/").json()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def successor(stack: Stack, name: str, pid: int) -> Any:
    """The description of the process that has taken the place of `pid` and is written down."""
    now = described(stack.data_dir)["processes"][name]
    return now if now["pid"] != pid else None


def test_every_process_answers_where_the_topology_says(stack: Stack) -> None:
    description = described(stack.data_dir)
    assert description["url"] == stack.url
    assert set(description["processes"]) == {"postgres", "nats", "users", "dex", "gateway"}
    for name in ("users", "dex", "gateway"):
        process = description["processes"][name]
        environment = httpx.get(f"{process['url']}/environment/").json()
        assert environment["SERVICE_NAME"] == name
        assert environment["PORT"] == str(process["port"])
        assert psutil.Process(process["pid"]).cmdline()[-1] == "deploy.local.tests.stand_in:app"
    assert description["processes"]["gateway"]["url"] == stack.url


def test_the_topology_is_for_its_owner_alone(stack: Stack) -> None:
    for name in ("topology.json", "credentials.json"):
        assert stat.S_IMODE((stack.data_dir / name).stat().st_mode) == 0o600


def test_each_process_is_told_its_own_secrets_and_no_others(stack: Stack) -> None:
    description = described(stack.data_dir)
    users, dex, gateway = (told(stack, name) for name in ("users", "dex", "gateway"))
    assert users["DATABASE_URL"] == description["postgres"]["urls"]["users"]
    assert dex["DATABASE_URL"] == description["postgres"]["urls"]["dex"]
    assert "DATABASE_URL" not in gateway
    assert users["JWT_PRIVATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----")
    assert users["JWT_KEY_ID"]
    for other in (dex, gateway):
        assert not {"JWT_PRIVATE_KEY", "JWT_KEY_ID", "ADMIN_DATABASE_URL"} & set(other)
        assert description["postgres"]["password"] not in " ".join(other.values())


def test_all_are_told_the_same_surroundings(stack: Stack) -> None:
    description = described(stack.data_dir)
    expected = {
        "ENVIRONMENT": "embedded",
        "HOST": "127.0.0.1",
        "BLOB_URL": f"file://{stack.data_dir}/blobs",
        "PUBLIC_BASE_URL": stack.url,
        "USERS_URL": description["processes"]["users"]["url"],
        "DEX_URL": description["processes"]["dex"]["url"],
        "JWKS_URL": f"{description['processes']['users']['url']}/.well-known/jwks.json",
    }
    everything = [told(stack, name) for name in ("users", "dex", "gateway")]
    for environment in everything:
        assert expected.items() <= environment.items()
        assert environment["SECRET_KEY"] == everything[0]["SECRET_KEY"]


def test_each_has_a_user_of_its_own_on_the_bus(stack: Stack) -> None:
    """The administrator's password is told to none of them (docs/decisions/0013)."""
    nats = described(stack.data_dir)["nats"]
    urls = {name: told(stack, name)["NATS_URL"] for name in ("users", "dex", "gateway")}
    assert urls == {name: nats["urls"][name] for name in urls}
    assert len({*urls.values(), nats["url"]}) == 4


def test_a_killed_process_comes_back_alone(stack: Stack) -> None:
    before = described(stack.data_dir)["processes"]
    helpers = psutil.Process(before["dex"]["pid"]).children()
    assert helpers
    kill(before["dex"]["pid"])
    after = until(lambda: successor(stack, "dex", before["dex"]["pid"]))
    until(lambda: answers(after["url"]))
    assert not any(running(helper) for helper in helpers)
    assert after["port"] == before["dex"]["port"]
    assert described(stack.data_dir)["processes"]["users"] == before["users"]
    assert "dex: pid" in (stack.data_dir / "logs" / "stack.log").read_text()


def test_a_killed_database_comes_back_with_what_was_committed(stack: Stack) -> None:
    before = described(stack.data_dir)["processes"]
    url = before["dex"]["url"]
    httpx.post(f"{url}/numbers/41/").raise_for_status()
    kill(before["postgres"]["pid"])
    until(lambda: successor(stack, "postgres", before["postgres"]["pid"]))
    kill(described(stack.data_dir)["processes"]["dex"]["pid"])
    assert 41 in until(lambda: numbers(url))


def test_a_killed_bus_comes_back(stack: Stack) -> None:
    before = described(stack.data_dir)
    kill(before["processes"]["nats"]["pid"])
    until(lambda: successor(stack, "nats", before["processes"]["nats"]["pid"]))
    until(lambda: answers(before["nats"]["monitor_url"], "/healthz"))


def test_a_killed_guardian_is_replaced(stack: Stack) -> None:
    before = described(stack.data_dir)["guardian_pid"]
    kill(before)
    after = until(lambda: (now := described(stack.data_dir)["guardian_pid"]) != before and now)
    assert str(stack.data_dir) in psutil.Process(after).cmdline()


def answers(url: str, path: str = "/ready/") -> bool:
    try:
        return httpx.get(f"{url}{path}", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def numbers(url: str) -> list[int] | None:
    try:
        return httpx.get(f"{url}/numbers/", timeout=1).raise_for_status().json()
    except httpx.HTTPError:
        return None
