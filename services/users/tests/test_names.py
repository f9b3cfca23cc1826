"""Which names are taken, kept and the same."""

import pytest

from services.users.names import email_problems, fold, normal_email, normal_username, username_problems

NOT_A_NAME = ["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]


@pytest.mark.parametrize(
    "name", ["a", "Jürgen", "Дарья", "王小明", "ada@example.com", "a.b+c-d_e", "123", "x" * 150, "e\u0301mile"]
)
def test_letters_of_any_script_digits_and_five_signs_make_a_name(name):
    assert username_problems(normal_username(name)) == []


@pytest.mark.parametrize("name", ["a b", "a!", "a/b", "a\u202eb", "a\u200bb", "🦊", "a\nb", "a\n", "<b>"])
def test_spaces_signs_and_invisible_characters_do_not(name):
    assert username_problems(normal_username(name)) == NOT_A_NAME


def test_a_name_has_at_most_150_characters_even_if_it_grew_by_normalization():
    assert username_problems("x" * 151) == ["Ensure this field has no more than 150 characters."]
    assert username_problems(normal_username("\ufdfa" * 10)) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "ADA"), ("Jürgen", "JU\u0308RGEN"), ("straße", "STRASSE"), ("ａｄａ", "ada"), ("ΣΊΣΥΦΟΣ", "σίσυφος")],
)
def test_names_that_differ_in_case_width_or_composition_are_one(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("email", ["a@b.co", "ada+zoo@example.com", "ada@school.local", "ada@zoo.test", "ä@müller.de"])
def test_addresses(email):
    assert email_problems(email) == []


@pytest.mark.parametrize(
    "email", ["", "ada", "a@b", "a b@x.org", '"a b"@x.org', "a@x.org\r\nBcc: b@x.org", "@x.org", f"{'a' * 250}@x.org"]
)
def test_what_is_no_address(email):
    assert email_problems(email) == ["Enter a valid email address."]


def test_the_domain_of_an_address_is_kept_in_lower_case():
    assert normal_email("Ada.L@Example.COM") == "Ada.L@example.com"
