"""The route table: every path of the contract has its service, and nothing else has one."""

import pytest

from services.gateway.routes import is_read, is_upload, route_of, slashed

ID = "6f1c1f2e-5d8e-4c6a-9d53-0f5a4f2f7f10"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/.well-known/jwks.json", "users"),
        ("/api/v1/auth/login/", "users"),
        ("/api/v1/users/", "users"),
        ("/api/v1/users/friend-code/", "users"),
        ("/api/v1/animals/lookup_or_create/", "animals"),
        ("/api/v1/taxonomy/search/", "animals"),
        ("/api/v1/sources/", "animals"),
        (f"/api/v1/images/convert/{ID}/download/", "vision"),
        (f"/api/v1/vision/jobs/{ID}/", "vision"),
        (f"/api/v1/dex/entries/user/{ID}/entries/", "dex"),
        (f"/api/v1/social/friendships/{ID}/unfriend/", "social"),
        ("/api/v1/graph/tree/chunk/-1/0/", "graph"),
        ("/api/v1/graph/evolutionary-tree/", "graph"),
    ],
)
def test_every_path_has_its_service(path: str, service: str) -> None:
    route = route_of(path)
    assert route is not None
    assert route.service == service


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/",
        "/api/v1/",
        "/api/v2/users/",
        "/api/v1/usersx/",
        "/internal/users/",
        "/users/me/",
        "/openapi.json",
        "/api/v1/users/../animals/",
        "/api/v1/users/me",
        "/.well-known/../internal/x.json",
        "/api/v1/users/me\n/",
    ],
)
def test_nothing_else_has_one(path: str) -> None:
    assert route_of(path) is None


def test_unslashed_is_slashed_but_files_are_not() -> None:
    assert slashed("/api/v1/users/me") == slashed("/api/v1/users/me/") == "/api/v1/users/me/"
    assert slashed("/media/ab/cd.png") == "/media/ab/cd.png"
    assert slashed("/.well-known/jwks.json") == "/.well-known/jwks.json"
    assert slashed("/") == "/"


def test_what_is_a_read_and_what_an_upload() -> None:
    assert is_read("GET", "/api/v1/animals/")
    assert is_read("POST", "/api/v1/dex/entries/batch_sync/")
    assert not is_read("POST", "/api/v1/dex/entries/")
    assert is_upload("POST", "/api/v1/vision/jobs/", "Multipart/Form-Data; boundary=x")
    assert not is_upload("POST", "/api/v1/vision/jobs/", "application/json")
    assert not is_upload("POST", f"/api/v1/vision/jobs/{ID}/retry/", "multipart/form-data; boundary=x")
