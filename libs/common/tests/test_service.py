"""What every service answers, whatever its routes: shapes of errors, bodies of all three kinds, slashes, HEAD."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, FastAPI, UploadFile
from pydantic import Field, SecretStr
from sqlalchemy import select

from libs.common.auth import MaybeViewer, Staff, Viewer
from libs.common.bodies import body
from libs.common.db import Session
from libs.common.errors import NotFound, Refusal
from libs.common.outbox import record
from libs.common.pages import Page, Paging
from libs.common.service import create_service
from libs.common.settings import ServiceSettings
from libs.common.testing import KEY_ID, SignIn, make_token
from libs.common.tests.conftest import RefUser, Sighting
from libs.common.values import Input, Output
from libs.common.version import REVISION, VERSION
from libs.contracts.dex import DexDeleted

router = APIRouter()


class NewSighting(Input):
    name: Annotated[str, Field(min_length=1)]
    count: int = 1
    image: UploadFile | None = None


class Shown(Output):
    name: str
    count: int
    image: int | None


@router.post("/api/v1/sightings/", status_code=201)
async def create(data: Annotated[NewSighting, body(NewSighting)]) -> Shown:
    return Shown(name=data.name, count=data.count, image=len(await data.image.read()) if data.image else None)


@router.post("/api/v1/sightings/{id}/change/")
async def change(id: UUID, session: Session) -> dict[str, str]:
    session.add(Sighting(id=id, version=3))
    record(session, DexDeleted(id=id, version=3, owner_id=id))
    return {"id": str(id)}


@router.get("/api/v1/sightings/{id}/")
async def one(id: UUID, viewer: Viewer) -> dict[str, str]:
    del viewer
    if id.int == 0:
        raise NotFound("Sighting")
    if id.int == 1:
        raise Refusal("This is a rock")
    raise RuntimeError("secret in a traceback")


@router.get("/api/v1/staff/")
async def staff(viewer: Staff) -> dict[str, str]:
    return {"id": str(viewer.id)}


@router.get("/api/v1/greeting/")
async def greeting(viewer: MaybeViewer) -> dict[str, str]:
    return {"hello": str(viewer.id) if viewer else "stranger"}


@router.get("/api/v1/numbers/")
async def numbers(session: Session, number: int) -> dict[str, int]:
    """What a route without bounds of its own would do."""
    found = await session.scalar(select(RefUser.version).where(RefUser.version == number))
    return {"found": found or 0}


class Person(Output):
    username: str


@router.get("/api/v1/people/")
async def people(session: Session, paging: Paging) -> Page[Person]:
    query = select(RefUser.username).order_by(RefUser.username)
    page: Page[Person] = await paging.of(session, query, Person.model_validate)
    return page


@pytest.fixture(scope="module")
async def app(scratch_url: str, environment: dict[str, str], signing_key: Ed25519PrivateKey) -> AsyncIterator[FastAPI]:
    settings = ServiceSettings(database_url=SecretStr(scratch_url))
    made = create_service("scratch", settings, router)
    made.state.service.tokens.trust({KEY_ID: signing_key.public_key()})
    yield made
    await made.state.service.db.close()


@pytest.fixture
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


async def test_json_form_and_multipart_say_the_same(asking: httpx.AsyncClient) -> None:
    as_json = await asking.post("/api/v1/sightings/", json={"name": " owl ", "count": 2.0})
    as_form = await asking.post("/api/v1/sightings/", data={"name": " owl ", "count": "2"})
    as_multipart = await asking.post(
        "/api/v1/sightings/", data={"name": "owl", "count": "2"}, files={"image": ("image.jpg", b"1234", "image/jpeg")}
    )
    assert [answer.status_code for answer in (as_json, as_form, as_multipart)] == [201] * 3
    assert as_json.json() == as_form.json() == {"name": "owl", "count": 2, "image": None}
    assert as_multipart.json()["image"] == 4


async def test_the_godot_client_starts_multipart_with_an_empty_line(asking: httpx.AsyncClient) -> None:
    boundary = "GodotBiologiDexBoundary"
    content = (
        f"\r\n--{boundary}\r\n"
        'Content-Disposition: form-data; name="image"; filename="image.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n\x00\x01\r\n--x\r\n"
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\nowl\r\n--{boundary}--\r\n'
    ).encode()
    answer = await asking.post(
        "/api/v1/sightings/",
        content=content,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"name": "owl", "count": 1, "image": len(b"\x00\x01\r\n--x\r\n")}


@pytest.mark.parametrize(
    ("content", "content_type", "status", "expected"),
    [
        (b"", "application/json", 400, {"name": ["This field is required."], "detail": "This field is required."}),
        (b"{}", "application/json", 400, {"name": ["This field is required."], "detail": "This field is required."}),
        (
            b"[]",
            "application/json",
            400,
            {
                "non_field_errors": ["Invalid data. Expected a dictionary, but got list."],
                "detail": "Invalid data. Expected a dictionary, but got list.",
            },
        ),
        (b"x", "text/plain", 415, {"detail": 'Unsupported media type "text/plain" in request.'}),
    ],
)
async def test_bad_bodies(
    asking: httpx.AsyncClient, content: bytes, content_type: str, status: int, expected: dict[str, object]
) -> None:
    answer = await asking.post("/api/v1/sightings/", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()) == (status, expected)


DEEP = b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}"
DEEPER = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


async def test_a_nul_in_the_address_is_no_error_of_ours(asking: httpx.AsyncClient) -> None:
    query = await asking.get("/api/v1/people/?search=a%00b")
    assert (query.status_code, query.json()["search"]) == (400, ["Null characters are not allowed."])
    assert (await asking.get("/api/v1/people/%00/")).status_code == 404


async def test_two_files_of_one_name_are_refused(asking: httpx.AsyncClient) -> None:
    files = [("image", ("a.jpg", b"1", "image/jpeg")), ("image", ("b.jpg", b"2", "image/jpeg"))]
    answer = await asking.post("/api/v1/sightings/", data={"name": "owl"}, files=files)
    assert (answer.status_code, answer.json()["image"]) == (400, ["Only one file may be submitted."])


async def test_a_value_that_the_database_refuses_is_the_senders_error(asking: httpx.AsyncClient) -> None:
    answer = await asking.get("/api/v1/numbers/?number=99999999999999999999")
    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid value."})


@pytest.mark.parametrize(
    "content", [DEEP, DEEPER, b"{", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff\xfe", b'{"name": 1e999}']
)
async def test_what_is_no_json_is_a_parse_error(asking: httpx.AsyncClient, content: bytes) -> None:
    answer = await asking.post("/api/v1/sightings/", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("JSON parse error - ")


async def test_a_nul_is_refused_by_its_field(asking: httpx.AsyncClient) -> None:
    answer = await asking.post("/api/v1/sightings/", json={"name": "a\x00b"})
    assert answer.json() == {
        "name": ["Null characters are not allowed."],
        "detail": "Null characters are not allowed.",
    }


async def test_failures_have_the_contracts_shape_and_leak_nothing(asking: httpx.AsyncClient, sign_in: SignIn) -> None:
    me = sign_in()
    missing = await asking.get(f"/api/v1/sightings/{UUID(int=0)}/", headers=me)
    assert (missing.status_code, missing.json()) == (404, {"detail": "No Sighting matches the given query."})
    refused = await asking.get(f"/api/v1/sightings/{UUID(int=1)}/", headers=me)
    assert (refused.status_code, refused.json()) == (400, {"error": "This is a rock", "detail": "This is a rock"})
    broken = await asking.get(f"/api/v1/sightings/{UUID(int=2)}/", headers=me)
    assert (broken.status_code, broken.json()) == (500, {"detail": "Internal server error."})
    assert (await asking.get("/api/v1/sightings/zz/", headers=me)).json() == {"detail": "Not found."}
    assert (await asking.get("/nowhere/")).json() == {"detail": "Not found."}
    wrong = await asking.put("/api/v1/people/")
    assert (wrong.status_code, wrong.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
    assert wrong.headers["Allow"] == "GET, HEAD"


async def test_who_may_come_in(asking: httpx.AsyncClient, sign_in: SignIn, signing_key: Ed25519PrivateKey) -> None:
    path = f"/api/v1/sightings/{UUID(int=0)}/"
    nobody = await asking.get(path)
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert nobody.json() == {"detail": "Authentication credentials were not provided."}
    assert (await asking.get(path, headers={"Authorization": "Token x"})).json() == nobody.json()
    two = await asking.get(path, headers={"Authorization": "Bearer a b"})
    assert two.json()["code"] == "bad_authorization_header"
    for message, token in {
        "Token is invalid": make_token(Ed25519PrivateKey.generate(), UUID(int=7)),
        "Token is expired": make_token(signing_key, UUID(int=7), exp=1),
        "Token has wrong type": make_token(signing_key, UUID(int=7), token_type="refresh"),
    }.items():
        answer = await asking.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert answer.json()["messages"][0]["message"] == message
    text_expiry = make_token(signing_key, UUID(int=7), exp="9999999999")
    assert (await asking.get(path, headers={"Authorization": f"Bearer {text_expiry}"})).status_code == 401
    assert (await asking.get("/api/v1/staff/", headers=sign_in())).status_code == 403
    assert (await asking.get("/api/v1/staff/", headers=sign_in(is_superuser=True))).status_code == 200


async def test_slashed_and_unslashed_get_and_head(asking: httpx.AsyncClient) -> None:
    assert (await asking.get("/api/v1/people")).json() == (await asking.get("/api/v1/people/")).json()
    head = await asking.head("/api/v1/people/")
    assert head.status_code == 200


async def test_pages(asking: httpx.AsyncClient, scratch: object) -> None:
    del scratch
    assert (await asking.get("/api/v1/people/")).json() == {"count": 0, "next": None, "previous": None, "results": []}
    for page in ("2", "0", "-1", "zz", "1e30", "9" * 40):
        answer = await asking.get(f"/api/v1/people/?page={page}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid page."})


async def test_a_write_says_what_it_changed(asking: httpx.AsyncClient) -> None:
    answer = await asking.post(f"/api/v1/sightings/{UUID(int=5)}/change/")
    assert answer.headers["X-Consistency-Token"] == f"dex/{UUID(int=5)}@3"
    assert answer.headers["X-Route"] == "/api/v1/sightings/{id}/change/"
    again = await asking.post(f"/api/v1/sightings/{UUID(int=5)}/change/")
    assert again.status_code == 500


async def test_the_description_knows_bodies(asking: httpx.AsyncClient) -> None:
    document = (await asking.get("/openapi.json")).json()
    operation = document["paths"]["/api/v1/sightings/"]["post"]
    assert set(operation["requestBody"]["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }
    assert "422" not in operation["responses"]


async def test_the_description_knows_who_may_call(asking: httpx.AsyncClient) -> None:
    document = (await asking.get("/openapi.json")).json()

    def security(path: str, method: str = "get") -> list[dict[str, list[str]]]:
        found: list[dict[str, list[str]]] = document["paths"][path][method]["security"]
        return found

    assert security("/api/v1/sightings/{id}/") == [{"bearer": []}]
    assert security("/api/v1/staff/") == [{"bearer": []}]
    assert security("/api/v1/greeting/") == [{"bearer": []}, {}]
    assert security("/api/v1/sightings/", "post") == []
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_service_is_ready_and_measured(asking: httpx.AsyncClient) -> None:
    ready = (await asking.get("/ready/")).json()
    assert (ready["status"], ready["version"], ready["revision"]) == ("ready", VERSION, REVISION)
    assert "http_server_request_duration_seconds" in (await asking.get("/metrics/")).text
