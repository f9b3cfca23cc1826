"""The backup before a deploy: by the project's own `backup` container, or by what the environment names."""

import os
import subprocess
import sys
from typing import Final

from deploy.rollout.engine import LONG_SECONDS, Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.place import HERE

SERVICE: Final = "backup"
COMMAND: Final = ("-m", "deploy.commands", "backup", "--json")
NAMED_BY: Final = ("ADMIN_DATABASE_URL", "BLOB_URL", "BACKUP_DIR")
NONE: Final = (
    f"no backup is configured: the service `{SERVICE}` does not run, and {', '.join(NAMED_BY)} are not set; "
    "say --skip-backup to deploy without one"
)


def back_up(engine: Engine) -> None:
    """Raises NotDone: none is configured, or it did not go through. Nothing has been changed then."""
    container = engine.container(SERVICE)
    if container is not None and container.is_running:
        engine.execute(container, "python", *COMMAND, seconds=LONG_SECONDS)
        return
    if not all(os.environ.get(name) for name in NAMED_BY):
        raise NotDone(NONE)
    done = subprocess.run(
        (sys.executable, *COMMAND),
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode != 0:
        raise NotDone(f"the backup did not go through: {done.stderr.strip()[-500:]}")
