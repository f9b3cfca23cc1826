"""What is published in the repository is what the code does, and what went out last goes together with it."""

import re
from pathlib import Path

import pytest

from deploy.commands.compatible import everything
from deploy.compatibility.history import CHECKOUT, released_commit
from deploy.compatibility.sides import (
    CODE,
    KINDS,
    PUBLISHED,
    RELEASE,
    RELEASED,
    NotDescribed,
    Side,
    as_text,
    keep,
    kept_in,
    of_checkout,
    side,
    with_version,
)

PLACES = re.compile(
    r"/(?:tmp|root|home|work|usr|var)/|127\.0\.0\.1|localhost|postgres|(?i:secret|password_hash|private_key)"
)


@pytest.fixture(scope="module")
def code() -> Side:
    return side(CODE)


def test_the_published_schemas_are_those_of_the_code(code: Side) -> None:
    behind = [
        f"schemas/{service}/{kind}.json"
        for service, told in code.items()
        for kind in KINDS
        if kept_in(PUBLISHED).get(service, {}).get(kind) != told[kind]
    ]
    assert behind == [], "run ./bdx schemas"
    assert set(kept_in(PUBLISHED)) == set(code)


def test_what_went_out_goes_together_with_the_code(code: Side) -> None:
    """One service may always be deployed alone; where a service must go first, `./bdx compatible` names it."""
    found = everything({CODE: code, RELEASE: kept_in(RELEASED)})
    assert [finding for finding in found if finding.first is None] == [], "./bdx compatible shows it as a table"


@pytest.mark.parametrize("folder", [PUBLISHED, RELEASED])
def test_the_files_are_sorted_and_tell_no_secrets_and_no_places(folder: Path) -> None:
    for service, told in kept_in(folder).items():
        assert with_version(told) == told, f"{service}: a version is that of its document"
        for kind in KINDS:
            file = folder / service / f"{kind}.json"
            text = file.read_text()
            assert text == as_text(told[kind])
            assert PLACES.findall(text) == [], file


def test_a_version_changes_with_what_it_is_of() -> None:
    told = kept_in(PUBLISHED)["dex"]
    operation = next(iter(told["openapi"]["paths"]))
    paths = {path: each for path, each in told["openapi"]["paths"].items() if path != operation}
    changed = with_version({**told, "openapi": {**told["openapi"], "paths": paths}})
    assert changed["openapi"]["info"]["version"] != told["openapi"]["info"]["version"]
    assert changed["events"]["version"] == told["events"]["version"]


def test_a_service_that_is_no_more_takes_its_files_along(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas")
    told = kept_in(PUBLISHED)
    keep(told, folder)
    assert kept_in(folder) == told
    keep({"dex": told["dex"]}, folder)
    assert [path.name for path in folder.iterdir()] == ["dex"]


def test_what_cannot_be_described_is_said_in_one_sentence(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(NotDescribed, match="does not describe itself: ModuleNotFoundError"):
        of_checkout(tmp_path_factory.mktemp("empty"))


def test_the_release_is_a_commit() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", released_commit())
    assert (CHECKOUT / "schemas" / "released" / "release.json").exists()
