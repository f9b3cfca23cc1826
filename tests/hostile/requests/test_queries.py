"""2B 61-65: query strings of every shape on every route that reads one."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.captures import new_animal, unheard_name
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.operations import Operation
from tests.hostile.requests.verdicts import all_of, problem_of

VALUES = {
    "empty": "",
    "NUL": "a%00b",
    "no UTF-8": "%FF%FE",
    "half a character": "%ED%A0%80",
    "bad percent": "%zz%",
    "two hundred": "x" * 200,
    "quotes": "';DROP%20TABLE%20users;--",
    "wildcards": "%25_%5C%5C%25",
    "right to left": "%E2%80%AE",
    "comma": ",,,,-,",
    "braces": "%7B%7B7*7%7D%7D",
}


def reading(operations: list[Operation]) -> list[tuple[Operation, str]]:
    found = [(each, query) for each in operations if each.method == "GET" for query in each.queries]
    assert len(found) > 30
    return found


@pytest.mark.parametrize("kind", list(VALUES))
async def test_values(operations: list[Operation], target: Target, kind: str) -> None:
    """2B 61, 63-65: defined for every parameter; a NUL is refused as an error of that parameter."""

    async def one(operation: Operation, query: str) -> str:
        path = f"{operation.at(target.ids)}?{query}={VALUES[kind]}"
        answer = await target.ask(target.player, "GET", path)
        if kind == "NUL" and answer.status_code not in (400, 404):
            return f"{path}: {answer.status_code}"
        return problem_of(answer, path, {200, 400, 403, 404})

    assert not await all_of(one(*each) for each in reading(operations))


async def test_repeated_and_nested(operations: list[Operation], target: Target) -> None:
    """2B 65: twice, in brackets, without a name, in the name, and a thousand of them."""

    async def one(path: str) -> str:
        return problem_of(await target.ask(target.player, "GET", path), path[:100], {200, 400, 403, 404})

    shapes = ("{q}=a&{q}=b", "{q}[]=a", "{q}[a][b]=c", "=a&{q}", "a%00b=c", "&".join(["x=1"] * 1000), "{q}=1;{q}=2")
    asked = [(operation.at(target.ids), query) for operation, query in reading(operations)]
    paths = [f"{path}?{shape.format(q=query)}" for path, query in asked for shape in shapes]
    assert not await all_of(one(each) for each in paths)


async def test_too_long(operations: list[Operation], target: Target) -> None:
    """2B 62, 2C 74: ten kilobytes are no address."""

    async def one(operation: Operation, query: str) -> str:
        answer = await target.ask(target.player, "GET", f"{operation.at(target.ids)}?{query}={'%25a' * 2500}")
        return problem_of(answer, f"{query} of {operation}", {414})

    assert not await all_of(one(*each) for each in reading(operations))


@pytest.mark.parametrize(
    ("path", "name"),
    [("/animals/", "search"), ("/dex/entries/", "search"), ("/taxonomy/search/", "q"), ("/graph/tree/search/", "q")],
)
async def test_searches_have_a_measure(target: Target, path: str, name: str) -> None:
    """2B 62: a hundred characters are looked for, more are refused."""
    assert not problem_of(await target.ask(target.player, "GET", f"{path}?{name}={'%25a' * 50}"), path, {200})
    long = body_of(await target.ask(target.player, "GET", f"{path}?{name}={'a%20' * 51}"), 400)
    assert long[name] == ["Ensure this field has no more than 100 characters."]


@pytest.mark.parametrize("sign", ["%", "_", "\\"])
async def test_a_wildcard_is_a_letter(target: Target, sign: str) -> None:
    """2B 61: `%`, `_` and the backslash stand for themselves, in every search there is."""
    name = f"Sign {sign} fowl {unheard_name().split()[1][:12]}"
    animal = await new_animal(target.ask, target.player, common_name=name)
    word = name.split()[-1]
    entry = await target.player.catch({"id": target.ids["job_id"]}, animal["id"])
    for path, key in (("/animals/", "search"), ("/dex/entries/", "search")):
        for wanted, count in ((f"{word} {sign}", 1), (f"{word} {sign}{sign}", 0), (f"{word[:4]}{sign}{word[5:]}", 0)):
            found = body_of(await target.ask(target.player, "GET", path, params={key: wanted}))
            assert found["count"] == count, (path, wanted)
    for path in ("/graph/tree/search/", "/taxonomy/search/"):
        found = body_of(await target.ask(target.player, "GET", path, params={"q": f"a{sign}a", "mode": "personal"}))
        assert found["count"] == 0, path
    assert (await target.ask(target.player, "DELETE", f"/dex/entries/{entry['id']}/")).status_code == 204


@pytest.mark.parametrize("ordering", ["password", "-created_at;drop", "owner__password", "(select 1)", "id desc", "--"])
async def test_an_order_that_is_none_is_ignored(ask: Ask, staff: Player, ordering: str) -> None:
    """2B 64."""
    for path in ("/animals/", "/dex/entries/", "/vision/jobs/"):
        asked = body_of(await ask(staff, "GET", path, params={"ordering": ordering}))
        assert asked["results"] == body_of(await ask(staff, "GET", path))["results"]
