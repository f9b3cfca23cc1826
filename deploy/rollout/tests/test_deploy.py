"""`./bdx deploy` against a program that plays docker: what is done in which order, and what is left behind."""

import json
import os
import signal
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.commands.__main__ import app
from deploy.rollout.failure import Interrupted
from deploy.rollout.interruption import Interruption
from deploy.rollout.plan import MEMBERS, UNITS
from deploy.rollout.tests.stage import NEW, OLD, Stage

SOME = ("--service", "dex", "--service", "gateway")
EVERYBODY = {member.name for member in MEMBERS}


def bdx(played: Stage, *words: str, ready: str = "1") -> tuple[int, dict[str, Any]]:
    """Exit code and report."""
    given = ("deploy", "--folder", str(played.place.folder), "--yes", "--json", "--ready-seconds", ready, *words)
    done = CliRunner().invoke(app, given)
    return done.exit_code, json.loads(done.stdout) if done.stdout else {"said": done.output}


def tags(played: Stage) -> dict[str, str]:
    return {name: tag for name, tag in played.running.items() if name in EVERYBODY or name.endswith("-2")}


@pytest.mark.timeout(300)
def test_everything_is_replaced_and_somebody_always_serves(played: Stage) -> None:
    """The backup first, then tables and durables, then one by one, each with its stand-in before it."""
    code, report = bdx(played, "--tag", NEW)
    assert (code, report["holds"], report["failure"]) == (0, True, "")
    assert tags(played) == dict.fromkeys(EVERYBODY, NEW)
    assert played.gaps == ""
    done = [call for call in played.calls if {"run", "--no-start", "backup"} & set(call)]
    words = [call[-1] if call[0] == "compose" else "backup" for call in done]
    migrations = [f"migrate-{unit}" for unit in UNITS if unit != "gateway"]
    rolled = [name for member in MEMBERS for name in (member.stand_in, member.name) if name]
    # The last one is the backup's own container, of the new image.
    assert words == ["backup", *migrations, "provision", *rolled, "backup"]
    assert played.running["backup"] == NEW
    # What runs now is what `docker compose up` would run.
    assert played.place.settings.read_text() == f"# what runs\nTAG={NEW}\n\nPUBLIC_BASE_URL=https://dex.example\n"
    releases = json.loads(played.place.releases.read_text())["releases"]
    assert [set(release["tags"].values()) for release in releases] == [{OLD}, {NEW}]
    assert {host for _, host, _ in played.front.asked} == {"dex.example"}


def test_one_service_alone(played: Stage) -> None:
    code, _ = bdx(played, "--tag", NEW, "--service", "dex", "--skip-backup")
    assert code == 0
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD) | {"dex": NEW}
    assert "DEX_TAG=bbbbbbbbbbbb\n" in played.place.settings.read_text()
    assert f"TAG={OLD}\n" in played.place.settings.read_text()
    assert played.done("run") == ["migrate-dex", "provision"]


def test_an_image_that_ends_is_taken_back(played: Stage) -> None:
    played.image("dex", exits=True)
    code, report = bdx(played, "--tag", NEW, "--service", "graph", "--service", "users", "--service", "dex")
    assert (code, report["way_back"]) == (1, "done")
    assert "dex-2 has ended by itself (exit code 3)\nthe last words" in report["failure"]
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD)
    assert played.gaps == ""
    assert f"TAG={OLD}\n" in played.place.settings.read_text()
    assert not played.place.releases.exists()


def test_an_image_that_never_gets_ready_is_met_by_nobody(played: Stage) -> None:
    played.image("social", ready=False)
    code, report = bdx(played, "--tag", NEW, "--service", "social")
    assert (code, report["way_back"]) == (1, "none")
    assert "social-2 was not ready after 1 s (database not migrated)" in report["failure"]
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD)
    assert played.gaps == ""


def test_a_gateway_that_never_gets_ready_is_met_by_nobody(played: Stage) -> None:
    played.image("gateway", ready=False)
    code, report = bdx(played, "--tag", NEW, *SOME)
    assert (code, report["way_back"]) == (1, "done")
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD)
    assert played.gaps == ""
    assert played.done("network", "connect", "--ip", "172.30.77.12") == []


def test_a_gateway_that_the_front_does_not_reach_is_taken_back(played: Stage) -> None:
    """It may be well by itself, and nobody come to it: the other one must not leave then."""
    played.image("gateway", reached=False)
    code, report = bdx(played, "--tag", NEW, "--service", "gateway")
    assert (code, report["way_back"]) == (1, "done")
    assert "the front does not reach gateway-1" in report["failure"]
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD)
    assert played.gaps == ""


def test_a_gateway_comes_back_to_its_address(played: Stage) -> None:
    bdx(played, "--tag", NEW, "--service", "gateway")
    fixed = [call[call.index("--ip") + 1] for call in played.calls if "--ip" in call]
    assert fixed == ["172.30.77.11", "172.30.77.12"]


def test_a_migration_that_fails_replaces_nothing(played: Stage) -> None:
    played.image("dex", fails="migrate")
    code, report = bdx(played, "--tag", NEW, *SOME)
    assert (code, report["way_back"]) == (1, "none")
    assert "relation does not fit" in report["failure"]
    assert "start" not in {call[0] for call in played.calls}


def test_without_a_backup_nothing_is_done(played: Stage) -> None:
    containers = played.folder / "containers.json"
    known = json.loads(containers.read_text())
    containers.write_text(json.dumps({key: told for key, told in known.items() if told["service"] != "backup"}))
    code, report = bdx(played, "--tag", NEW)
    assert code == 1
    assert "no backup is configured" in report["failure"]
    assert played.done("run") == []
    assert bdx(played, "--tag", NEW, *SOME, "--skip-backup")[0] == 0


def test_events_that_are_set_aside_are_a_reason_to_go_back(played: Stage) -> None:
    """Whatever is counted before does not count."""
    played.metrics(dead=2)
    assert bdx(played, "--tag", NEW, "--service", "graph")[0] == 0
    played.image("graph", "cccccccccccc")
    program = played.folder / "bin" / "docker"
    at_start = 'elif name == "start":\n        '
    more = '(STAGE / "metrics").write_text("dead_letters_waiting 3.0\\n")\n        '
    program.write_text(program.read_text().replace(at_start, at_start + more, 1))
    code, report = bdx(played, "--tag", "cccccccccccc", "--service", "graph")
    assert (code, report["way_back"]) == (1, "done")
    assert "has set aside 1 events since" in report["failure"]
    assert played.running["graph"] == NEW


def test_a_front_that_serves_nobody_is_a_reason_to_go_back(played: Stage) -> None:
    played.front.broken = True
    code, report = bdx(played, "--tag", NEW, *SOME)
    assert (code, report["way_back"]) == (1, "done")
    assert "/api/v1/health/ is answered with 503" in report["failure"]
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD)


def test_the_sign_is_up_meanwhile_and_down_before_the_front_is_read(played: Stage) -> None:
    program = played.folder / "bin" / "docker"
    notes, flag = str(played.folder / "sign"), str(played.place.maintenance_flag)
    seen = f'print(containers[last]["service"], Path({flag!r}).exists(), file=Path({notes!r}).open("a"))'
    program.write_text(program.read_text().replace('elif name == "stop":', f'elif name == "stop":\n        {seen}', 1))
    assert bdx(played, "--tag", NEW, *SOME, "--maintenance")[0] == 0
    told = dict(line.split() for line in (played.folder / "sign").read_text().splitlines())
    # The backup's own container comes last, when players are let in again.
    assert told == {"dex": "True", "dex-2": "True", "gateway-1": "True", "gateway-2": "True", "backup": "False"}
    assert {status for _, _, status in played.front.asked} == {200}
    assert not played.place.maintenance_flag.exists()


def test_the_front_is_loaded_anew_only_when_it_changed(played: Stage) -> None:
    only = ("--tag", NEW, "--service", "gateway", "--skip-backup")
    bdx(played, *only)
    assert len(played.done("kill", "HUP")) == 1  # Nobody knows what it had loaded before the first deploy.
    bdx(played, *only)
    assert len(played.done("kill", "HUP")) == 1
    (played.place.front_configuration / "nginx.conf").write_text("# another front\n")
    bdx(played, *only)
    assert len(played.done("kill", "HUP")) == 2


def test_rollback_goes_to_the_release_before_and_not_forth_again(played: Stage) -> None:
    newest = "cccccccccccc"
    played.images(newest)
    for tag in (NEW, newest):
        assert bdx(played, "--tag", tag, "--service", "gateway", "--skip-backup")[0] == 0
    for expected in (NEW, OLD):
        code, report = bdx(played, "--rollback")
        assert code == 0, report
        assert tags(played)["gateway-1"] == tags(played)["gateway-2"] == expected
        told = played.place.settings.read_text()
        assert (f"GATEWAY_TAG={NEW}\n" if expected == NEW else "GATEWAY_TAG=\n") in told
    assert played.done("run").count("provision") == 2  # With the deploys only.
    code, report = bdx(played, "--rollback")
    assert code == 1
    assert "knows no release before" in report["said"]


def test_a_deploy_that_was_cut_off_goes_on_where_somebody_serves(played: Stage) -> None:
    """Of the dex only the stand-in is left; it is not taken away before the dex is back."""
    containers = played.folder / "containers.json"
    known = json.loads(containers.read_text())
    containers.write_text(json.dumps({key: told for key, told in known.items() if told["service"] != "dex"}))
    played.run("dex-2", tag=NEW)
    (played.folder / "gaps").write_text("")
    assert bdx(played, "--tag", NEW, "--service", "dex")[0] == 0
    assert played.gaps == ""
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD) | {"dex": NEW}


def test_images_that_are_not_here(played: Stage) -> None:
    code, report = bdx(played, "--tag", "dddddddddddd", "--service", "vision")
    assert (code, report["way_back"]) == (1, "none")
    assert "biologidex/vision:dddddddddddd" in report["failure"]
    assert bdx(played, "--tag", "dddddddddddd", "--service", "vision", "--pull")[0] == 0
    assert tags(played)["vision"] == tags(played)["vision-worker"] == "dddddddddddd"


def test_two_at_once(played: Stage) -> None:
    with played.place.alone():
        code, report = bdx(played, "--tag", NEW)
    assert code == 1
    assert "another deploy is going on here" in report["said"]


def test_ctrl_c_brings_the_old_version_back(played: Stage) -> None:
    """Pressed while the second of two is on its way."""
    program = played.folder / "bin" / "docker"
    at_start = 'elif name == "start":\n        '
    press = 'if containers[last]["service"] == "social":\n            os.kill(os.getppid(), 2)\n        '
    program.write_text(program.read_text().replace(at_start, at_start + press, 1))
    code, report = bdx(played, "--tag", NEW, "--service", "dex", "--service", "social")
    assert (code, report["failure"], report["way_back"]) == (1, "it was interrupted", "done")
    assert tags(played) == dict.fromkeys(EVERYBODY, OLD)
    assert played.gaps == ""


def test_a_way_back_that_fails_says_what_runs(played: Stage) -> None:
    """The old image is broken as well by now; the new dex, which is ready, serves on."""
    played.image("social", exits=True)
    played.image("dex", OLD, exits=True)
    code, report = bdx(played, "--tag", NEW, "--service", "dex", "--service", "social", "--skip-backup")
    assert (code, report["way_back"]) == (1, "failed")
    assert "dex-2 has ended by itself" in report["state"]
    assert f"dex {NEW}, " in report["state"]
    assert f"social {OLD}, " in report["state"]
    assert played.gaps == ""


def test_who_asks_twice_on_the_way_back_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    ending = Interruption(print)
    with ending.heard():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted):
            ending.look()
        ending.way_back()
        os.kill(os.getpid(), signal.SIGINT)
        ending.look()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            ending.pause(1)
    assert "once more ends here" in capsys.readouterr().out
