"""Which client fits this deployment (contract O9)."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from libs.common.logs import log
from services.gateway.exchange import Exchange

UNKNOWN: Final = "unknown"
READ_AGAIN_SECONDS: Final = 60.0
MAX_CLIENT_TEXT: Final = 100
FEATURES: Final = {
    "multi_animal_detection": True,
    "two_step_upload": True,
    "taxonomic_tree": True,
    "dex_sync_v2": True,
}
DISABLED: Final = {
    "version_check_enabled": False,
    "update_required": False,
    "message": "The version check is switched off.",
}


def compare(client: str, deployed: Mapping[str, Any]) -> dict[str, Any]:
    """The answer for a client that calls itself `client`; `deployed` is the content of the version file. Pure."""
    expected = str(deployed.get("git_commit") or UNKNOWN)
    is_unknown = UNKNOWN in (client, expected)
    fits = is_unknown or client == expected
    if is_unknown:
        reason = "The version of the client or of the deployment is unknown."
    else:
        reason = "The client is the expected version." if fits else "The client is not the expected version."
    answer: dict[str, Any] = {
        "version_check_enabled": True,
        "client_version": client,
        "expected_version": expected,
        "git_commit": expected,
        **{key: str(deployed.get(key) or UNKNOWN) for key in ("git_message", "build_timestamp", "build_number")},
        "features": FEATURES,
        "minimum_api_version": "1.0.0",
        "update_required": not fits,
        "update_recommended": is_unknown or not fits,
        "compatibility_reason": reason,
    }
    if not fits:
        answer["update_message"] = "A new version of BiologiDex is available. Please reload or update the app."
    return answer


def read(path: Path) -> dict[str, Any]:
    """The version file's object; empty where there is no readable one."""
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, orjson.JSONDecodeError) as error:
        log.warning("version.unreadable", error=type(error).__name__)
        return {}
    return content if isinstance(content, dict) else {}


class VersionFile:
    """`client_version.json` beside the deployment, read again at most once a minute; it need not be there."""

    def __init__(self, path: Path, *, is_checked: bool = True) -> None:
        self._path = path
        self._is_checked = is_checked
        self._content: dict[str, Any] = {}
        self._read_at = float("-inf")

    async def answer(self, exchange: Exchange) -> None:
        """`GET /api/v1/version/`; differs by the client's headers, so that no cache may mix them up."""
        client = exchange.header(b"x-client-version").decode("latin-1").strip()[:MAX_CLIENT_TEXT] or UNKNOWN
        headers = [(b"vary", b"X-Client-Version, X-Client-Build"), (b"cache-control", b"no-cache")]
        await exchange.answer_json(compare(client, self._deployed()) if self._is_checked else DISABLED, headers=headers)

    def _deployed(self) -> Mapping[str, Any]:
        if time.monotonic() - self._read_at > READ_AGAIN_SECONDS:
            self._read_at = time.monotonic()
            self._content = read(self._path)
        return self._content
