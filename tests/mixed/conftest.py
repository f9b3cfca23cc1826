"""The code that went out last, for tests in which it runs beside the code that is here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.compatibility.history import NotInHistory, released_commit, tree_of

_missing = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def released_code(request: pytest.FixtureRequest) -> Iterator[Path]:
    """All files of the release. Where this checkout has no history, that is told at the end of the run."""
    try:
        tree = tree_of(released_commit())
        folder = tree.__enter__()
    except NotInHistory as why:
        request.config.stash[_missing] = str(why)
        pytest.skip(str(why))
    yield folder
    tree.__exit__(None, None, None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A skipped test is a dot among two thousand: these are what independent deployment stands on."""
    if why := config.stash.get(_missing, None):
        terminalreporter.write_line(f"NOT TESTED: mixed versions (tests/mixed): {why}", yellow=True)
