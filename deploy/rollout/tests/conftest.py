"""A project that is played, and a deploy that does not wait for what is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.rollout import front, interruption, rolling, verifying
from deploy.rollout.tests.stage import Stage, stage


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Nobody remembers addresses here, so nobody has to be waited for."""
    for module, name in (
        (front, "REACHED_SECONDS"),
        (rolling, "REMEMBERED_SECONDS"),
        (rolling, "FRONT_SECONDS"),
        (rolling, "APART_SECONDS"),
        (rolling, "MISSING_SECONDS"),
        (interruption, "LOOK_SECONDS"),
        (verifying, "CALM_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0.0 if module is not interruption else 0.01)
    with stage(tmp_path, monkeypatch) as built:
        yield built
