"""The sign of `./bdx deploy --maintenance`: up and down without a reload, and everybody is told when to come again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.front import nginx

SIGN = "/etc/nginx/maintenance/on"


@pytest.fixture
def sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the front looks for it here; everything else is as it is delivered."""
    copied, sign = tmp_path / "delivered", tmp_path / "sign" / "on"
    shutil.copytree(nginx.FRONT, copied)
    sign.parent.mkdir()
    delivered = (copied / "nginx.conf").read_text()
    assert delivered.count(SIGN) == 1
    (copied / "nginx.conf").write_text(delivered.replace(SIGN, str(sign)))
    monkeypatch.setattr(nginx, "FRONT", copied)
    yield sign


@pytest.mark.skipif(nginx.find() is None, reason=nginx.HOW_TO_INSTALL)
async def test_as_long_as_the_sign_is_up(sign: Path, tmp_path: Path) -> None:
    (tmp_path / "front").mkdir()
    nobody = "http://127.0.0.1:9"
    with nginx.front(tmp_path / "front", [nobody]) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            sign.touch()
            for method in ("GET", "POST", "DELETE"):
                answer = await client.request(method, "/api/v1/animals/", content=b"{}" if method == "POST" else b"")
                assert answer.status_code == 503
                assert answer.headers["Content-Type"] == "application/json"
                assert answer.headers["Retry-After"] == "30"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.json() == {"detail": "Down for maintenance, back in a moment."}
            sign.unlink()
            # Nobody is behind this front, and it says so itself.
            assert (await client.get("/api/v1/animals/")).headers["Retry-After"] == "2"
