"""2B 56-58: names that look like somebody else's, addresses that are none, and passwords of every length."""

import asyncio
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.users.names import fold, look, normal_username, username_problems
from tests.answers import Ask, body_of, refused
from tests.contract.accounts import new_account

BAD_NAME = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
TAKEN = "A user with that username already exists."
LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrtv")


def fresh() -> str:
    """A name with letters that other scripts have as well."""
    return f"aceop{uuid4().hex[:8].translate(LETTERS)}é"


TWINS = {
    "case": str.upper,
    "Cyrillic letters": lambda name: name.replace("a", "а").replace("c", "с").replace("e", "е").replace("o", "о"),
    "one Cyrillic letter": lambda name: name.replace("a", "а"),
    "Greek letters": lambda name: name.replace("o", "ο").replace("p", "ρ"),
    "wide letters": lambda name: "".join(chr(ord(each) + 0xFEE0) if each.isascii() else each for each in name),
    "decomposed": lambda name: name.replace("é", "e\u0301"),
    "space behind it": lambda name: f"  {name} ",
    "capital Cyrillic": lambda name: name.replace("a", "А").replace("c", "С"),
}


@pytest.mark.parametrize("way", list(TWINS))
async def test_twins(ask: Ask, way: str) -> None:
    """2B 56: who looks like somebody is taken for taken."""
    name = fresh()
    body_of(await ask(None, "POST", "/users/", json=new_account(name, email=f"{uuid4().hex}@example.com")), 201)
    twin = new_account(TWINS[way](name), email=f"{uuid4().hex}@example.com")
    refused(await ask(None, "POST", "/users/", json=twin), 400, {"username": [TAKEN]})


@pytest.mark.parametrize(
    "name",
    [
        "ada\u200b",
        "\u202eada",
        "a\u2066da",
        "ada\u3164",
        "ada\uffa0",
        "ada🦉",
        "ad a",
        "ada\n",
        "a\u00ada",
        "a\ufeffb",
        "<b>",
        "ada;",
    ],
)
async def test_what_cannot_be_seen_is_no_letter(ask: Ask, name: str) -> None:
    """2B 56: zero width, direction, fillers, emoji."""
    account = new_account(f"x{name}x{uuid4().hex[:8]}", email=f"{uuid4().hex}@example.com")
    refused(await ask(None, "POST", "/users/", json=account), 400, {"username": [BAD_NAME]})


@pytest.mark.parametrize("name", ["admin", "Admin", "ROOT", "me", "аdmin", "ｓｕｐｐｏｒｔ", "biologidex"])
async def test_names_of_the_house(ask: Ask, name: str) -> None:
    """2B 56: nobody becomes the house by calling himself so."""
    account = new_account(name, email=f"{uuid4().hex}@example.com")
    refused(await ask(None, "POST", "/users/", json=account), 400, {"username": [TAKEN]})


@pytest.mark.parametrize("length", [151, 5000, 400_000])
async def test_names_have_a_measure(ask: Ask, length: int) -> None:
    """2B 56: also those that grow when they are normalized."""
    too_long = ["Ensure this field has no more than 150 characters."]
    account = new_account("x" * length, email=f"{uuid4().hex}@example.com")
    refused(await ask(None, "POST", "/users/", json=account), 400, {"username": too_long})
    grown = new_account("ﷺ" * 20, email=f"{uuid4().hex}@example.com")
    assert "username" in body_of(await ask(None, "POST", "/users/", json=grown), 400)


async def test_letters_of_every_script_are_letters(ask: Ask) -> None:
    """Contract U1: what is refused is the likeness, not the script."""
    for word in ("Käuzchen", "Сова", "κουκουβάγια", "梟", "ふくろう", "بومة", "ינשוף", "부엉이"):
        name = f"{word}{uuid4().hex[:8]}"
        account = new_account(name, email=f"{uuid4().hex}@example.com")
        assert body_of(await ask(None, "POST", "/users/", json=account), 201)["username"] == name


@given(st.text(max_size=40))
def test_the_look_of_a_name_is_one_for_all_its_cases(text: str) -> None:
    """2B 56: stable, and blind to case, width and composition (contract U1: unique case-insensitively)."""
    name = normal_username(text)
    if not username_problems(name):
        assert look(name) == look(name.casefold()) == look(fold(name))
        assert not set("\u200b\u202e\u2066\u3164\x00") & set(name)


@pytest.mark.parametrize(
    "email",
    [
        *("a@b", "x" * 250 + "@example.com", '"a b"@example.com', "a@example..com", "a@@example.com", "a@[127.0.0.1]"),
        *("a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a\u202e@example.com", "@example.com"),
        *("a@-example.com", "a@exam_ple.com", "a@" + "b" * 70 + ".com", "a@example.com\x7f"),
    ],
)
async def test_addresses_that_are_none(ask: Ask, email: str) -> None:
    """2B 57."""
    refused(
        await ask(None, "POST", "/users/", json=new_account(email=email)),
        400,
        {"email": ["Enter a valid email address."]},
    )


async def test_addresses_that_are_one(ask: Ask) -> None:
    """2B 57: case and composition make no second address; a plus does ; a domain may be international."""
    box = f"é{uuid4().hex[:8]}"
    body_of(await ask(None, "POST", "/users/", json=new_account(email=f"{box}@BÜCHER.example")), 201)
    for same in (f"{box.upper()}@bücher.example", f"{box.replace('é', 'e' + chr(0x301))}@bücher.example"):
        answer = await ask(None, "POST", "/users/", json=new_account(email=same))
        refused(answer, 400, {"email": ["User with this email address already exists."]})
    body_of(await ask(None, "POST", "/users/", json=new_account(email=f"{box}+1@bücher.example")), 201)


async def test_passwords(ask: Ask) -> None:
    """2B 58: too short, common, unreadable or endless is refused; 73 bytes and more are as good as any."""
    for password in ("seven77", "password1", "12345678901", "a\x00bcdefgh", "x" * 5000, "x" * 400_000):
        account = new_account(password=password, password_confirm=password)
        assert "password" in body_of(await ask(None, "POST", "/users/", json=account), 400)
    huge = new_account(password="x" * 10_000_000, password_confirm="x")
    refused(await ask(None, "POST", "/users/", json=huge), 413, {"detail": "Request body too large."})
    long = "ü" * 100 + "1"
    account = new_account(password=long, password_confirm=long)
    body_of(await ask(None, "POST", "/users/", json=account), 201)
    signing_in = [
        ask(None, "POST", "/auth/login/", json={"username": account["username"], "password": each})
        for each in (long, long[:-1] + "2", long[:36])
    ]
    assert [answer.status_code for answer in await asyncio.gather(*signing_in)] == [200, 401, 401], "no byte is cut off"
