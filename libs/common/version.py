"""The version of the whole project, as every part of it tells it."""

from typing import Final

VERSION: Final = "0.1.0"
