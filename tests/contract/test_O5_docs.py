"""O5: the documentation, merged over all services."""

import re

import httpx
import pytest
import yaml

from tests.answers import Json

PART_ONE = """
/api/v1/auth/login/ post           /api/v1/auth/refresh/ post
/api/v1/users/ get post            /api/v1/users/{id}/ get put patch delete
/api/v1/users/friend_code/ get     /api/v1/users/friend-code/ get
/api/v1/users/lookup_friend_code/ post   /api/v1/users/lookup-friend-code/ post
/api/v1/users/{id}/update_stats/ post
/api/v1/animals/ get post          /api/v1/animals/{id}/ get put patch delete
/api/v1/animals/recent/ get        /api/v1/animals/popular/ get
/api/v1/animals/{id}/taxonomy/ get /api/v1/animals/lookup_or_create/ post
/api/v1/taxonomy/ get              /api/v1/taxonomy/{id}/ get
/api/v1/taxonomy/search/ get       /api/v1/taxonomy/validate/ post
/api/v1/taxonomy/stats/ get        /api/v1/taxonomy/{id}/lineage/ get
/api/v1/taxonomy/{id}/children/ get
/api/v1/sources/ get               /api/v1/sources/{id}/ get
/api/v1/images/convert/ post       /api/v1/images/convert/{id}/ get
/api/v1/images/convert/{id}/download/ get
/api/v1/vision/jobs/ get post      /api/v1/vision/jobs/{id}/ get
/api/v1/vision/jobs/completed/ get /api/v1/vision/jobs/pending/ get
/api/v1/vision/jobs/processing/ get  /api/v1/vision/jobs/failed/ get
/api/v1/vision/jobs/stats/ get     /api/v1/vision/jobs/{id}/retry/ post
/api/v1/vision/jobs/{id}/select_animal/ post
/api/v1/vision/jobs/{id}/dex-image/ get
/api/v1/dex/entries/ get post      /api/v1/dex/entries/{id}/ get put patch delete
/api/v1/dex/entries/my_entries/ get  /api/v1/dex/entries/favorites/ get
/api/v1/dex/entries/recent/ get    /api/v1/dex/entries/by_animal/ get
/api/v1/dex/entries/{id}/toggle_favorite/ post
/api/v1/dex/entries/sync_entries/ get  /api/v1/dex/entries/batch_sync/ post
/api/v1/dex/entries/user/{id}/entries/ get
/api/v1/dex/entries/friends_overview/ get
/api/v1/social/friendships/ get post   /api/v1/social/friendships/{id}/ get
/api/v1/social/friendships/friends/ get  /api/v1/social/friendships/pending/ get
/api/v1/social/friendships/sent/ get   /api/v1/social/friendships/check/ get
/api/v1/social/friendships/send_request/ post
/api/v1/social/friendships/{id}/respond/ post
/api/v1/social/friendships/{id}/unfriend/ get post delete
/api/v1/graph/tree/ get            /api/v1/graph/tree/chunk/{id}/{id}/ get
/api/v1/graph/tree/search/ get     /api/v1/graph/tree/friends/ get
/api/v1/graph/tree/invalidate/ post  /api/v1/graph/invalidate-cache/ post
/api/v1/graph/evolutionary-tree/ get   /api/v1/graph/taxonomic-tree/ get
/api/v1/health/ get                /api/v1/version/ get
/health/ get  /ready/ get  /metrics/ get
/api/docs/ get  /api/redoc/ get  /api/schema/ get  /api/events/ get
"""


def promised() -> set[tuple[str, str]]:
    """Every method and path of Part 1, ids written alike."""
    found, path = set(), ""
    for word in PART_ONE.split():
        if word.startswith("/"):
            path = word
        else:
            found.add((word, path))
    return found


@pytest.fixture(scope="module")
async def schema(web: httpx.AsyncClient) -> Json:
    answer = await web.get("/api/schema/")
    assert answer.status_code == 200
    assert "yaml" in answer.headers["content-type"]
    found: Json = yaml.safe_load(answer.content)
    return found


async def test_the_schema_lists_every_path(schema: Json) -> None:
    assert schema["openapi"].startswith("3.")
    listed = {
        (method, re.sub(r"\{[^}]*\}", "{id}", path)) for path, methods in schema["paths"].items() for method in methods
    }
    assert promised() - listed == set()


async def test_nothing_private_is_listed(schema: Json) -> None:
    assert not [path for path in schema["paths"] if "internal" in path or "jwks" in path]


async def test_references_lead_somewhere(schema: Json) -> None:
    names = set(re.findall(r"#/components/schemas/([^'\"]+)", str(schema)))
    assert names <= set(schema["components"]["schemas"])
    operations = [each["operationId"] for methods in schema["paths"].values() for each in methods.values()]
    assert len(operations) == len(set(operations))


async def test_every_operation_knows_its_errors_and_shows_them(schema: Json) -> None:
    """No status 422, and an example of the body for every 4xx."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert "422" not in operation["responses"], (method, path)
            for status, response in operation["responses"].items():
                if status.startswith("4"):
                    content = response.get("content", {}).get("application/json", {})
                    assert "example" in content or content.get("examples"), (method, path, status)


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
async def test_the_readers_bring_their_own_scripts(web: httpx.AsyncClient, path: str) -> None:
    page = await web.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "/api/schema/" in page.text
    loaded = re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"([^\"]+)\"", page.text)
    assert loaded
    for source in loaded:
        assert source.startswith("/static/"), source
        assert (await web.get(source)).status_code == 200, source


async def test_the_events(web: httpx.AsyncClient) -> None:
    answer = await web.get("/api/events/")
    assert answer.status_code == 200
    document = yaml.safe_load(answer.content)
    assert document["asyncapi"].startswith("3.")
    for event in ("user.registered", "image.uploaded", "animal.identified", "dex.created", "friendship.updated"):
        assert event in str(document), event
