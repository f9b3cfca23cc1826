"""What is declared in `calls.yaml` is what the code asks: no call is forgotten, none is kept that nobody makes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.compatibility.calls import Declared, NotThere, declared_by, published
from deploy.compatibility.history import CHECKOUT
from deploy.compatibility.operations import key
from deploy.compatibility.sides import PUBLISHED, kept_in

DOCUMENTS = {service: told["openapi"] for service, told in kept_in(PUBLISHED).items()}
SERVICES = sorted(DOCUMENTS)
EVERYWHERE = {"/.well-known/jwks.json"}
"""By the address that is configured for the keys, not by a path in the code."""


def paths_in(folder: Path) -> set[str]:
    """Every path of another service that the code has in its hands: written as such, and not as the name of a route."""
    found = set[str]()
    for file in folder.rglob("*.py"):
        if "tests" not in file.parts:
            found |= set(_paths(ast.parse(file.read_text())))
    return found


def _paths(tree: ast.Module) -> Iterator[str]:
    """Not those of its routes, nor the pieces of a text that is put together."""
    own = {
        id(inside)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "APIRouter"
        for inside in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            own |= {id(part) for part in node.values}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own |= {id(inside) for decorator in node.decorator_list for inside in ast.walk(decorator)}
    for node in ast.walk(tree):
        if id(node) in own:
            continue
        text = _text(node)
        if text.startswith(("/internal/", "/api/v1/")) and text.endswith("/"):
            yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_every_path_of_another_service_is_declared(service: str) -> None:
    declared = {key(call.operation).partition(" ")[2] for call in declared_by(service, CHECKOUT)} - EVERYWHERE
    own = {key(path) for path in DOCUMENTS[service]["paths"]}
    others = {key(path) for other in SERVICES if other != service for path in DOCUMENTS[other]["paths"]}
    asked = {path for path in paths_in(CHECKOUT / "services" / service) if path not in own}
    assert asked & others == declared, f"services/{service}/calls.yaml"
    assert {path for path in asked - others if path.startswith("/internal/")} == set(), "nobody answers these"


def test_what_the_gateway_asks_is_declared() -> None:
    """It asks by plain names; what it passes on is none of its own questions."""
    asked = set[str]()
    for file in (CHECKOUT / "services" / "gateway").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("ask_all", "ask_everybody")
                and isinstance(node.args[0], ast.Constant)
            ):
                asked.add(f"GET {node.args[0].value}")
    assert asked == {call.operation for call in declared_by("gateway", CHECKOUT)} - {
        f"GET {path}" for path in EVERYWHERE
    }


def test_a_call_that_is_no_call_is_found() -> None:
    for wrong, said in (
        (Declared("users", "GET /internal/users/{id}/age/"), "users has no GET /internal/users/{id}/age/"),
        (
            Declared("users", "GET /internal/users/{id}/", reads=("age",)),
            "users: GET /internal/users/{id}/ has no 'age'",
        ),
        (Declared("users", "GET /internal/users/{id}/", sends=("age",)), "has no 'multipart/form-data'"),
    ):
        with pytest.raises(NotThere, match=said.replace("{", r"\{").replace("}", r"\}")):
            published("social", [wrong], DOCUMENTS)


def test_a_service_without_the_file_says_nothing_and_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        declared_by("social", tmp_path)
