"""Which program builds, and what it is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.images.plan import CHECKOUT, DOCKERFILE, Checkout, Plan
from deploy.images.programs import NoneFound, Program, find
from deploy.images.visitors import Visitors

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PLAN = Plan(
    "registry.example.org/dex-team",
    ("0123456789ab", "latest"),
    Checkout(COMMIT, False, "2026-11-20T12:00:00+00:00", "https://git.example.org/biologidex"),
    "localhost/base",
)
VISITORS = Visitors({"pip": Path("/t/pip.conf")}, (Path("/srv/wheels"),))
TOLD = [
    *("--file", str(DOCKERFILE), "--target", "service"),
    *("--build-arg", "SERVICE=dex", "--build-arg", "BASE=localhost/base", "--build-arg", "VERSION=0.1.0"),
    *("--build-arg", f"REVISION={COMMIT}", "--build-arg", "CREATED=2026-11-20T12:00:00+00:00"),
    *("--build-arg", "SOURCE=https://git.example.org/biologidex"),
    *("--tag", "registry.example.org/dex-team/dex:0123456789ab", "--tag", "registry.example.org/dex-team/dex:latest"),
    str(CHECKOUT),
]
# Plays a program that builds: writes down what it is told, and ends as ENDS_WITH says.
PLAYED = """#!/bin/sh
echo "$*" >>'{record}'
[ "$1" = build ] || {{ echo "142 MB"; exit 0; }}
echo "STEP 1: it was said"
exit "${{ENDS_WITH:-0}}"
"""


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_podman_and_buildah_write_health_checks_and_borrow_folders(name: str) -> None:
    assert Program((name, "--root", "/srv/images")).building(PLAN, "dex", VISITORS) == [
        *(name, "--root", "/srv/images", "build", "--secret", "id=pip,src=/t/pip.conf"),
        *("--format", "docker", "--layers", "--volume", "/srv/wheels:/srv/wheels:ro"),
        *TOLD,
    ]


def test_docker_is_told_the_same_without_what_it_does_not_know() -> None:
    assert Program(("docker",)).building(PLAN, "dex", VISITORS) == [
        *("docker", "build", "--secret", "id=pip,src=/t/pip.conf", "--progress", "plain"),
        *TOLD,
    ]


def test_operators_have_a_target_of_their_own_and_the_base_is_the_dockerfiles() -> None:
    told = list(Plan("biologidex", ("latest",), PLAN.checkout).arguments("ops"))
    assert told[told.index("--target") + 1] == "ops"
    assert "biologidex/ops:latest" in told
    assert not any(word.startswith("BASE=") for word in told)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_docker_without_an_engine_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoneFound, match="docker, podman or buildah"):
        find()
    put(tmp_path, "buildah", "#!/bin/sh\n")
    assert find() == Program(("buildah",))
    put(tmp_path, "docker", "#!/bin/sh\nexit 1\n")
    assert find() == Program(("buildah",))
    put(tmp_path, "docker", "#!/bin/sh\n")
    assert find() == Program(("docker",))
    with pytest.raises(NoneFound, match="podman is none of"):
        find(["podman", "--root", "/srv"])


def run(tmp_path: Path, *arguments: str, **environment: str) -> tuple[int, list[str], str, str]:
    played = tmp_path / "podman"
    record = tmp_path / "record"
    put(tmp_path, "podman", PLAYED.format(record=record))
    done = subprocess.run(
        [sys.executable, "-m", "deploy.images", *arguments, "--with", str(played)],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    told = record.read_text().splitlines() if record.exists() else []
    return done.returncode, told, done.stdout, done.stderr


def test_one_image_is_built_and_pushed_under_all_its_names(tmp_path: Path) -> None:
    code, told, said, _ = run(tmp_path, "dex", "--prefix", "here", "--tag", "1", "--tag", "2", "--push", "--json")
    assert code == 0
    assert [line.split()[0] for line in told] == ["build", "push", "push", "images"]
    assert told[1:3] == ["push here/dex:1", "push here/dex:2"]
    (built,) = json.loads(said)
    assert built | {"seconds": 0} == {
        "service": "dex",
        "images": ["here/dex:1", "here/dex:2"],
        "size": "142 MB",
        "seconds": 0,
        "pushed": True,
        "error": "",
    }


def test_what_fails_is_told_with_its_last_words_and_the_others_are_built_still(tmp_path: Path) -> None:
    code, told, said, errors = run(tmp_path, "dex", "graph", "--tag", "1", "--push", "--json", ENDS_WITH="3")
    assert code == 1
    assert [line.split()[0] for line in told] == ["build", "build"]
    assert [(each["service"], each["error"]) for each in json.loads(said)] == [
        ("dex", "STEP 1: it was said"),
        ("graph", "STEP 1: it was said"),
    ]
    assert "dex could not be built" in errors


def test_without_a_name_all_are_built_and_a_wrong_name_is_none_of_them(tmp_path: Path) -> None:
    code, told, _, _ = run(tmp_path, "--tag", "1")
    assert code == 0
    built = [word.removeprefix("SERVICE=") for line in told for word in line.split() if word.startswith("SERVICE=")]
    assert built == ["users", "animals", "dex", "social", "vision", "graph", "gateway", "ops"]
    code, _, _, errors = run(tmp_path, "dexx")
    assert code == 2
    assert "dexx is none of users, animals, dex" in errors


def test_people_see_a_table(tmp_path: Path) -> None:
    code, _, said, errors = run(tmp_path, "users", "--prefix", "here", "--tag", "1")
    assert code == 0
    assert "here/users:1" in said
    assert "142 MB" in said
    assert "users ..." in errors
