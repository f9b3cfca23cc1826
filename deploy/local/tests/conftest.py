"""Stacks for the tests of stacks."""

import os
from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from deploy.local.tests.small_stack import SMALL

AS_STARTED = dict(os.environ)
"""The environment before any fixture of a service's tests changed it."""


@pytest.fixture(scope="package", autouse=True)
def own_environment() -> Iterator[None]:
    """A stack takes its settings from the environment, so the tests of stacks start with that of the command."""
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(AS_STARTED) - {"PYTEST_CURRENT_TEST"}:
            patch.delenv(name)
        for name, value in AS_STARTED.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three stand-ins on real servers, shared by the tests of a module."""
    with Stack(tmp_path_factory.mktemp("stack"), topology=SMALL, careless=True) as running:
        yield running
