"""The version of the whole project, as every part of it tells it, and the commit it was built from."""

import os
from typing import Final

VERSION: Final = "0.1.0"
UNKNOWN: Final = "unknown"
REVISION: Final = os.environ.get("REVISION") or UNKNOWN
"""The commit, as an image knows it (deploy/Dockerfile); a checkout that runs by itself may have been changed since."""
