"""`deploy/.env` as people write it: each mistake is found, and nothing else is said."""

from pathlib import Path

import pytest

from deploy.operate import env_file
from deploy.operate.tests.project import Project
from deploy.rollout.place import HERE


def test_nothing_is_wrong_with_a_project_as_the_documents_make_it(project: Project) -> None:
    assert project.found() == []


def test_nothing_is_wrong_with_the_example_as_it_comes(project: Project) -> None:
    (project.folder / ".env").write_text((HERE / ".env.example").read_text())
    assert project.found() == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("CV_MAX_ATTEMPTS=3 # tries\n", ["env.inline-comment"]),
        ("OPENAI_MODEL='gpt-4o'\n", ["env.quotes"]),
        ('OPENAI_MODEL="gpt-4o"\n', ["env.quotes"]),
        ("CV_MAX_ATTEMPTS=3\r\n", ["env.crlf"]),
        ("please be quick\n", ["env.not-a-setting"]),
        ("CV_MAX_ATTEMPTS = 3\n", ["env.spaces"]),
        ("CV_MAX_ATTEMPTS=3 \n", ["env.spaces"]),
        ("ALOWED_HOSTS=dex.mueller.de\n", ["env.unknown-name"]),
        ("CV_MAX_ATTEMPTS=3\nCV_MAX_ATTEMPTS=4\n", ["env.twice"]),
        ("IMAGE_PREFIX=changeme\n", ["env.example-value"]),
        ("OPENAI_BASE_URL=https://your-proxy/v1\n", ["env.example-value"]),
        ("OPENAI_API_KEY=sk-aaaaaaaaaaaaaaaa\n", ["env.secret"]),
        ("SECRET_KEY=0123456789\n", ["env.secret"]),
        # What is right, and looks a little like what is wrong.
        ("# CV_MAX_ATTEMPTS=3 # no setting at all\n\n", []),
        ("TAG=0123456789ab\nDEX_TAG=latest\nCOMPOSE_PROJECT_NAME=other\n", []),
        ("OPENAI_MODEL=gpt-4o#fast\n", []),
        ("CV_MAX_ATTEMPTS=\n", []),
    ],
)
def test_a_line(project: Project, line: str, found: list[str]) -> None:
    project.say(line)
    assert project.found() == found


def test_a_file_that_is_not_there(project: Project) -> None:
    (project.folder / ".env").unlink()
    assert "env.missing" in project.found()
    assert "secrets.missing" not in project.found()


def test_a_file_that_is_no_text(project: Project) -> None:
    (project.folder / ".env").write_bytes(b"PUBLIC_BASE_URL=\xff\xfe\n")
    assert "env.unreadable" in project.found()


def test_a_misspelt_name_is_told_with_the_right_one(project: Project) -> None:
    from deploy.operate.checks import env_file as check
    from deploy.operate.composed import composed
    from deploy.operate.state import State

    project.say("ALOWED_HOSTS=dex.mueller.de\n")
    (finding,) = check.check(composed(project.folder), State())
    assert "ALLOWED_HOSTS" in finding.sentence


def test_a_setting_that_compose_hands_to_nobody(project: Project) -> None:
    project.say("MAX_IN_FLIGHT=10\n")
    assert project.found() == ["env.unknown-name"]


def test_values_are_those_that_compose_takes(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\nB='two words'\nC=three # a comment\nexport D=4\nE=a#b\n")
    assert {line.name: line.value for line in env_file.read(path)} == {
        "A": "1",
        "B": "two words",
        "C": "three",
        "D": "4",
        "E": "a#b",
    }
