"""Scientific names taken apart."""

import pytest

from services.animals.names import Name, first_two_words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Canis", ("Canis", "", "", "")),
        ("Canis lupus", ("Canis", "lupus", "", "")),
        ("Canis lupus familiaris", ("Canis", "lupus", "familiaris", "")),
        ("  Canis   lupus ", ("Canis", "lupus", "", "")),
        ("Panthera leo subsp. persica", ("Panthera", "leo", "persica", "")),
        ("Bos (Bison) bison", ("Bos", "bison", "", "")),
        ("Polygonia c-album", ("Polygonia", "c-album", "", "")),
        ("Cyprinella leedsi (Fowler, 1942)", ("Cyprinella", "leedsi", "", "(Fowler, 1942)")),
        ("Solenopsis Westwood, 1840", ("Solenopsis", "", "", "Westwood, 1840")),
        ("Geukensia (Mytilus)", ("Geukensia", "", "", "(Mytilus)")),
    ],
)
def test_names_are_taken_apart(text: str, parts: tuple[str, str, str, str]) -> None:
    assert Name.parse(text) == Name(*parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wolf",
        "canis lupus",
        "black widow spider",
        "Mabuya sp. AAM-2008a",
        "Canis lupus 7",
        "<b>Canis</b>",
        "CANIS LUPUS",
    ],
)
def test_what_has_not_the_form_of_a_name_is_none(text: str) -> None:
    assert Name.parse(text) is None


def test_the_text_of_a_name_leaves_out_its_author() -> None:
    name = Name.parse("Canis lupus familiaris Linnaeus, 1758")
    assert name is not None
    assert name.text == "Canis lupus familiaris"


def test_genus_and_species_come_from_the_first_two_words() -> None:
    assert first_two_words("Canis lupus familiaris") == ("Canis", "lupus")
    assert first_two_words("Canis") == ("", "")
