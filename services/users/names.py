"""What a user name and an e-mail address may be, and when two of them are the same (contract U1)."""

import re
import unicodedata

import email_validator

MAX_USERNAME = 150
MAX_EMAIL = 254

# Only the form of an address is judged here; whether a school's `.local` gets mail is for the school to know.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


RESERVED = frozenset(
    {"admin", "administrator", "anonymous", "biologidex", "me", "moderator", "null", "root", "self", "staff"}
    | {"superuser", "support", "system", "undefined"}
)
"""Names under which nobody but the house may speak, in the form of `look`."""

# Letters of other scripts that are drawn like a Latin one, in small or in capital form. One each: it is enough that two
# names which look alike come out alike.
_LOOKALIKES = str.maketrans(
    "авсԁеһіјкӏмнорԛѕтухѵԝ" + "αβεζηικμνορτυχγ" + "օսցհոզ" + "ıɑɡ",
    "abcdehijklmhopqstyxvw" + "abezhikmvoptuxy" + "oughnq" + "iag",
)
# Letters by their category, and nothing to be seen.
_INVISIBLE = re.compile("[\u115f\u1160]")


def look(username: str) -> str:
    """The form in which user names must differ: those that are drawn alike are one, whatever they are written with."""
    return fold(username).translate(_LOOKALIKES)


def fold(name: str) -> str:
    """The form in which names are compared: one for all spellings that look alike in case, width or composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def normal_username(text: str) -> str:
    """The form in which a user name is kept."""
    return unicodedata.normalize("NFKC", text)


def username_problems(username: str) -> list[str]:
    """Why this cannot be a user name, in the words of the contract; empty when it can."""
    problems = []
    if not re.fullmatch(r"[\w.@+-]+", username) or _INVISIBLE.search(username):
        problems.append(
            "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
        )
    if len(username) > MAX_USERNAME:
        problems.append(f"Ensure this field has no more than {MAX_USERNAME} characters.")
    return problems


def normal_email(text: str) -> str:
    """The form in which an address is kept, its domain in lower case; what is no address stays as it is."""
    return _read_email(text) or text


def email_problems(email: str) -> list[str]:
    """Why this cannot be an e-mail address; empty when it can."""
    return [] if _read_email(email) else ["Enter a valid email address."]


def _read_email(text: str) -> str | None:
    if len(text) > MAX_EMAIL:
        return None
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        return None
