"""O9: which client fits this deployment."""

import json
from pathlib import Path

import httpx
import pytest

from tests.answers import Json, body_of
from tests.contract.own_processes import running
from tests.mesh import Mesh
from tests.shapes import absent, fits

PATH = "/api/v1/version/"
FEATURES = {"multi_animal_detection", "two_step_upload", "taxonomic_tree", "dex_sync_v2"}
ANSWER = {
    "version_check_enabled": bool,
    **dict.fromkeys(("client_version", "expected_version", "git_commit", "git_message"), str),
    **dict.fromkeys(("build_timestamp", "build_number", "minimum_api_version", "compatibility_reason"), str),
    "features": dict.fromkeys(FEATURES, bool),
    "update_required": bool,
    "update_recommended": bool,
    "update_message": absent(str),
}


async def test_without_a_file_everybody_fits(web: httpx.AsyncClient) -> None:
    answer = await web.get(PATH, headers={"X-Client-Version": "abc"})
    body = body_of(answer)
    fits(body, ANSWER)
    assert (body["client_version"], body["expected_version"], body["git_commit"]) == ("abc", "unknown", "unknown")
    assert (body["update_required"], body["update_recommended"]) == (False, True)
    assert body["minimum_api_version"] == "1.0.0"
    assert {"x-client-version", "x-client-build"} <= {
        word.strip().lower() for word in answer.headers["vary"].split(",")
    }


@pytest.mark.parametrize(
    ("headers", "client", "required", "recommended"),
    [
        ({"X-Client-Version": "1f2e3d", "X-Client-Build": "7"}, "1f2e3d", False, False),
        ({"X-Client-Version": "000000"}, "000000", True, True),
        ({"X-Client-Version": "unknown"}, "unknown", False, True),
        ({}, "unknown", False, True),
    ],
)
async def test_with_a_file(
    mesh: Mesh, tmp_path: Path, headers: dict[str, str], client: str, required: bool, recommended: bool
) -> None:
    file = tmp_path / "client_version.json"
    deployed: Json = {"git_commit": "1f2e3d", "git_message": "Owls", "build_timestamp": "today", "build_number": "7"}
    file.write_text(json.dumps(deployed))
    async with running(mesh, "gateway", CLIENT_VERSION_FILE=str(file)) as url, httpx.AsyncClient(base_url=url) as web:
        body = body_of(await web.get(PATH, headers=headers))
    fits(body, ANSWER)
    assert (body["client_version"], body["expected_version"]) == (client, "1f2e3d")
    assert {key: body[key] for key in deployed} == deployed
    assert (body["update_required"], body["update_recommended"]) == (required, recommended)
    assert ("update_message" in body) is required
