"""Stacks for the tests of stacks."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from deploy.local.tests.small_stack import SMALL


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three stand-ins on real servers, shared by the tests of a module."""
    with Stack(tmp_path_factory.mktemp("stack"), topology=SMALL, careless=True) as running:
        yield running
