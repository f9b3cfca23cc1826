"""X3: whether the taxonomy knows a name."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import unheard_name
from tests.contract.objects_of_animals import TAXON
from tests.shapes import fits

VERDICT = {"valid": bool, "created": bool, "message": str}


@pytest.mark.parametrize("more", [{}, {"common_name": "American bison", "confidence": 0.9}, {"common_name": ""}])
async def test_a_known_name(ask: Ask, more: dict[str, object]) -> None:
    body = body_of(await ask(None, "POST", "/taxonomy/validate/", json={"scientific_name": "Bison bison", **more}))
    fits(body, VERDICT | {"taxonomy": TAXON})
    assert (body["valid"], body["created"]) == (True, False)
    assert body["taxonomy"]["scientific_name"] == "Bison bison"


async def test_an_unknown_name(ask: Ask, ada: Player) -> None:
    name = f"Xyzzyx {unheard_name().split()[1]}"
    body = body_of(await ask(ada, "POST", "/taxonomy/validate/", json={"scientific_name": name}))
    fits(body, VERDICT)
    assert (body["valid"], body["created"]) == (False, False)
    assert "taxonomy" not in body
    assert body_of(await ask(None, "GET", f"/animals/?search={name.split()[1]}"))["count"] == 0


async def test_no_name(ask: Ask) -> None:
    answer = await ask(None, "POST", "/taxonomy/validate/", json={})
    refused(answer, 400, {"scientific_name": ["This field is required."]})
