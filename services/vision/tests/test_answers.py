"""From a language model's words to names, as the table of contract B2 has it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.answers import MAX_NAMES, read_answer


def names(text: str) -> list[tuple[str, str]]:
    return [(name.scientific_name, name.common_name) for name in read_answer(text).names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "**Canis lupus** (Gray Wolf) | Panthera leo (Lion)",
            [("Canis lupus", "Gray Wolf"), ("Panthera leo", "Lion")],
        ),
        ("Vulpes, vulpes (Red Fox)", [("Vulpes vulpes", "Red Fox")]),
        ("1. Canis lupus (Wolf)", [("Canis lupus", "Wolf")]),
        ("*Puma concolor* (Cougar)", [("Puma concolor", "Cougar")]),
        ("1. Canis lupus (Wolf)\n2. Puma concolor", [("Canis lupus", "Wolf"), ("Puma concolor", "")]),
        ("Xenopus laevis", [("Xenopus laevis", "")]),
        ("Canis lupus familiaris (domestic dog)", [("Canis lupus familiaris", "domestic dog")]),
        ("Homo sapiens (human) | nonsense | Panthera leo", [("Homo sapiens", "human"), ("Panthera leo", "")]),
        ("Turdus migratorius (American Robin (male))", [("Turdus migratorius", "American Robin (male)")]),
        ("Felis catus (Cat), Canis familiaris (Dog)", [("Felis catus", "Cat")]),
        ("Corvus sp. (crow)", [("Corvus", "crow")]),
        ("Corvus spp. (crows)", [("Corvus", "crows")]),
        ("Corvus cf. corax (raven)", [("Corvus", "raven")]),
        ("Corvus aff. corax", [("Corvus", "")]),
        ("Anas platyrhynchos-domesticus", [("Anas platyrhynchos-domesticus", "")]),
        ("Æpyornis maximus", [("Æpyornis maximus", "")]),
        ("Bison bison (American bison) | Bison bison (again)", [("Bison bison", "American bison")]),
        ("__Lynx_ lynx_", [("Lynx lynx", "")]),
        ("Canis lupus (never closed", [("Canis lupus", "never closed")]),
        ("canis lupus", []),
        ("Corvus (crow)", []),
        ("Corvus", []),
        ("The image shows a dog", []),
        ("I see Canis lupus here", []),
        ("Gray wolf", []),
        ("Large brown dog", []),
        ("Komodo dragon (Varanus)", []),
        ("NO ANIMALS FOUND", []),
        ("", []),
    ],
)
def test_names_of_an_answer(text: str, expected: list[tuple[str, str]]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize("text", ["NO ANIMALS FOUND", "no animals found.", "**No Animals Found!**", "  ", ""])
def test_an_answer_that_says_there_is_none(text: str) -> None:
    reading = read_answer(text)
    assert not reading.saw_an_animal
    assert not reading.suggestions


@pytest.mark.parametrize(
    ("text", "rank", "name", "common_name"),
    [
        ("Corvus (crow)", "genus", "Corvus", "crow"),
        ("Canidae (dogs)", "family", "Canidae", "dogs"),
        ("Passeriformes", "order", "Passeriformes", ""),
        ("Mammalia (mammal)", "class", "Mammalia", "mammal"),
    ],
)
def test_what_is_no_name_may_be_a_suggestion(text: str, rank: str, name: str, common_name: str) -> None:
    reading = read_answer(text)
    assert reading.names == []
    assert reading.saw_an_animal
    found = [(item.rank, item.scientific_name, item.common_name, item.score) for item in reading.suggestions]
    assert found == [(rank, name, common_name, None)]


@pytest.mark.parametrize("text", ["Identified as Canis lupus (wolf)", "Canis lupus is here"])
def test_a_name_inside_other_words_is_marked_for_the_taxonomy_to_judge(text: str) -> None:
    reading = read_answer(text)
    assert [(name.scientific_name, name.in_form) for name in reading.names] == [("Canis lupus", False)]


def test_order_and_number_are_bounded() -> None:
    letters = "abcdefghijklmnopqrst"
    text = " | ".join(f"Genus{letter} epithet{letter}" for letter in letters)
    assert [name for name, _ in names(text)] == [f"Genus{letter} epithet{letter}" for letter in letters[:MAX_NAMES]]


@pytest.mark.parametrize(
    "text",
    [
        "Canis lupus\x00 (wolf)",
        "<script>alert(1)</script>",
        "'; DROP TABLE animals; --",
        "A" * 100_000,
        "Aa " * 50_000,
        "(" * 50_000,
        "Canis lupus " + "(" * 50_000,
        "Aa, " * 20_000,
        "🐺" * 1000,
    ],
)
def test_hostile_answers_cost_nothing(text: str) -> None:
    began = time.process_time()
    reading = read_answer(text)
    assert time.process_time() - began < 0.2
    assert "\x00" not in reading.text
    assert len(reading.text) <= 4000


@given(st.text())
def test_any_answer_can_be_read_and_stored(text: str) -> None:
    reading = read_answer(text)
    reading.text.encode("utf-8")
    for name in reading.names:
        assert name.scientific_name[0].isupper()
        assert name.score is None
