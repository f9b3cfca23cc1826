"""One description of the API for all services, pages to read it, and the events (contract O5)."""

import httpx
import yaml
from fastapi import FastAPI
from pydantic import BaseModel

from libs.common.auth import MaybeViewer, Staff, Viewer
from libs.common.openapi import describe
from libs.contracts.catalogue import EVENTS
from services.gateway import openapi
from services.gateway.own_paths import describe_own
from services.gateway.tests.conftest import PUBLIC, OpenGateway
from services.gateway.tests.openapi_rules import broken_rules, failures_without_example
from services.gateway.tests.upstream import Upstream

BASE = describe_own("BiologiDex API", "1", PUBLIC)


class Draft(BaseModel):
    scientific_name: str
    habitat: str = ""


def zoo() -> dict:
    """A service's own description, as a service makes it."""
    app = FastAPI(title="BiologiDex animals")

    @app.get("/api/v1/animals/")
    async def list_animals(viewer: MaybeViewer, page: str = "1", kingdom: str = "") -> dict[str, str]:
        return {}

    @app.get("/api/v1/animals/{animal_id}/", responses={410: {"description": "Extinct."}})
    async def one_animal(viewer: MaybeViewer, animal_id: str) -> dict[str, str]:
        return {}

    @app.post("/api/v1/animals/", status_code=201, responses={409: {"description": "Taken."}})
    async def describe_animal(viewer: Viewer, draft: Draft) -> Draft:
        return draft

    @app.get("/api/v1/dex/entries/")
    async def list_entries(viewer: Staff) -> dict[str, str]:
        return {}

    return describe(app)


def example_of(document: dict, method: str, path: str, status: str) -> dict:
    media = document["paths"][path][method]["responses"][status]["content"]["application/json"]
    return media.get("example") or next(iter(media["examples"].values()))["value"]


def test_the_merged_document_is_valid_and_shows_every_failure() -> None:
    document = openapi.merge({"animals": zoo()}, BASE)
    assert broken_rules(document) == []
    assert failures_without_example(document) == []
    assert failures_without_example({"paths": zoo()["paths"]}), "the check itself sees what is missing"


def test_failures_are_described_where_they_can_happen() -> None:
    document = openapi.merge({"animals": zoo()}, BASE)

    def failures(method: str, path: str) -> set[str]:
        return {status for status in document["paths"][path][method]["responses"] if status[0] in "45"}

    always = {"401", "429", "502", "503", "504"}
    with_body = {"400", "408", "413", "415"}
    assert failures("get", "/api/v1/animals/") == always | {"400", "404"}
    assert failures("get", "/api/v1/animals/{animal_id}/") == always | {"404", "410"}
    assert failures("post", "/api/v1/animals/") == always | with_body | {"403", "409"}
    assert failures("get", "/api/v1/dex/entries/") == always | {"403"}
    assert failures("get", "/api/v1/version/") == {"401", "429"}


def test_examples_are_in_the_shapes_of_the_contract() -> None:
    document = openapi.merge({"animals": zoo()}, BASE)
    required = "This field is required."
    animals, one = "/api/v1/animals/", "/api/v1/animals/{animal_id}/"
    assert example_of(document, "post", animals, "400") == {"scientific_name": [required], "detail": required}
    assert example_of(document, "get", animals, "400")["kingdom"]
    assert example_of(document, "get", animals, "404") == {"detail": "Invalid page."}
    assert example_of(document, "get", one, "404") == {"detail": "No Animal matches the given query."}
    assert example_of(document, "get", one, "429") == {
        "detail": "Request was throttled. Expected available in 3600 seconds."
    }
    gone = example_of(document, "get", one, "410")
    assert gone["error"] == gone["detail"]
    assert document["paths"][one]["get"]["responses"]["410"]["description"] == "Extinct.", "the service's own words"
    assert "Retry-After" in document["paths"][one]["get"]["responses"]["429"]["headers"]


def test_an_example_of_the_services_own_is_kept() -> None:
    own = zoo()
    content = {"application/json": {"example": {"error": "No dodo", "detail": "No dodo"}}}
    own["paths"]["/api/v1/animals/"]["get"]["responses"]["404"] = {"description": "No.", "content": content}
    document = openapi.merge({"animals": own}, BASE)
    assert example_of(document, "get", "/api/v1/animals/", "404")["error"] == "No dodo"


def test_operations_say_whose_they_are_and_who_may_call_them() -> None:
    document = openapi.merge({"animals": zoo()}, BASE)
    paths = document["paths"]
    assert paths["/api/v1/animals/"]["get"]["tags"] == ["animals"]
    assert {tag["name"] for tag in document["tags"]} == {"gateway", "animals"}
    either, token = [{"bearer": []}, {}], [{"bearer": []}]
    assert paths["/api/v1/animals/"]["get"]["security"] == either
    assert paths["/api/v1/animals/"]["post"]["security"] == token
    assert paths["/api/v1/dex/entries/"]["get"]["security"] == token
    assert paths["/health/"]["get"]["security"] == []
    untold = openapi.merge({"animals": {"paths": {"/a/": {"get": {"responses": {}}}}}}, BASE)
    assert untold["paths"]["/a/"]["get"]["security"] == token


async def test_the_schema_lists_what_services_have_and_hides_what_is_private(
    open_gateway: OpenGateway, upstream: Upstream
) -> None:
    operation = {"get": {"responses": {"200": {"description": "OK"}}}}
    upstream.openapi = {"paths": {"/api/v1/users/me/": operation, "/internal/users/": operation}}
    async with open_gateway() as gateway:
        answer = await gateway.get("/api/schema/")
    document = yaml.safe_load(answer.text)
    assert document["openapi"].startswith("3.")
    assert {"/api/v1/users/me/", "/api/v1/health/", "/ready/"} <= set(document["paths"])
    assert "/internal/users/" not in document["paths"]
    assert document["servers"] == [{"url": PUBLIC}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_schemas_of_the_same_name_are_kept_apart() -> None:
    def document(path: str, kind: str) -> dict:
        reference = {"$ref": "#/components/schemas/Page"}
        return {
            "paths": {path: {"get": {"responses": {"200": {"content": {"application/json": {"schema": reference}}}}}}},
            "components": {
                "schemas": {"Page": {"items": {"$ref": "#/components/schemas/Item"}}, "Item": {"type": kind}}
            },
        }

    documents = {
        "users": document("/u/", "string"),
        "dex": document("/d/", "object"),
        "graph": document("/g/", "string"),
    }
    merged = openapi.merge(documents, {"paths": {}})
    schemas = merged["components"]["schemas"]
    assert schemas["Item"] == {"type": "string"}
    assert schemas["DexItem"] == {"type": "object"}

    def item_of(path: str) -> str:
        schema = merged["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        return schemas[schemas[schema["$ref"].rpartition("/")[2]]["items"]["$ref"].rpartition("/")[2]]["type"]

    assert [item_of(path) for path in ("/u/", "/d/", "/g/")] == ["string", "object", "string"]


async def test_the_documentation_pages_need_nobody_elses_host(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    for path in ("/api/docs/", "/api/redoc/"):
        page = await gateway.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "/api/schema/" in page.text
        assert "//" not in page.text.replace("<!--", ""), "neither a script nor a font of another host"
        for directive in ("default-src 'self'", "img-src 'self' data:", "worker-src 'self' blob:"):
            assert directive in page.headers["content-security-policy"]
        assert "http" not in page.headers["content-security-policy"]
    assert '"validatorUrl": null' in (await gateway.get("/api/docs/")).text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png"):
        file = await gateway.get(f"/static/{name}")
        assert file.status_code == 200, name
        assert file.headers["cache-control"] == "public, max-age=2592000, immutable"
        again = await gateway.get(f"/static/{name}", headers={"If-None-Match": file.headers["etag"]})
        assert again.status_code == 304
    for name in ("", "none.js", "../core.py", "%2e%2e/core.py", ".hidden"):
        answer = await gateway.get(f"/static/{name}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."}), name


async def test_the_event_catalogue_lists_every_event(gateway: httpx.AsyncClient) -> None:
    document = yaml.safe_load((await gateway.get("/api/events/")).text)
    assert document["asyncapi"].startswith("3.")
    assert set(document["channels"]) == set(EVENTS)
    payload = document["components"]["messages"]["DexCreated"]["payload"]["$ref"].rpartition("/")[2]
    assert "owner_id" in document["components"]["schemas"][payload]["properties"]
