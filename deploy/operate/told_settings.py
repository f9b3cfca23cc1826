"""A service's settings as it would read them from what it is told: by its own typed settings, which also refuse."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from libs.common.migrate import SERVICES
from libs.common.settings import ServiceSettings

NOWHERE: Final = "/nonexistent"


@cache
def settings_class(service: str) -> type[ServiceSettings]:
    """The one class of settings that a service's `settings.py` declares."""
    module = importlib.import_module(f"services.{service}.settings")
    found = (each for each in vars(module).values() if isinstance(each, type) and issubclass(each, BaseSettings))
    return next(each for each in found if each is not ServiceSettings and issubclass(each, ServiceSettings))


@cache
def known_settings() -> frozenset[str]:
    """The names of all settings of all services, in upper case."""
    classes = (settings_class(service) for service in (*SERVICES, "gateway"))
    return frozenset(name.upper() for each in classes for name in each.model_fields)


def read_as(service: str, told: Mapping[str, str]) -> ServiceSettings:
    """Raises pydantic.ValidationError, pydantic_settings.SettingsError: the service would refuse to start."""
    with _surrounded_by({**told, "SECRETS_DIR": NOWHERE}):
        return settings_class(service)()


def named(error: ErrorDetails) -> str:
    """The setting that an error is about; empty for one about several."""
    return ".".join(str(part) for part in error["loc"]).upper()


@contextmanager
def _surrounded_by(told: Mapping[str, str]) -> Iterator[None]:
    """Settings read the environment of their process; for a moment, in which nothing else runs, that is `told`."""
    kept = dict(os.environ)
    os.environ.clear()
    try:
        os.environ.update(told)
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
