"""O6: there is no admin site."""

import httpx
import pytest

from tests.answers import refused


@pytest.mark.parametrize("path", ["/admin/", "/admin", "/admin/login/", "/admin/index.html"])
async def test_it_is_a_json_404(web: httpx.AsyncClient, path: str) -> None:
    refused(await web.get(path, headers={"Accept": "text/html"}), 404, {"detail": "Not found."})
