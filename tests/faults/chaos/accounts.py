"""Players come, change their profiles and leave (contract U1, U3, U4, T2)."""

from collections.abc import Coroutine
from typing import Any

from tests.faults.chaos.crowd import PASSWORD, Crowd
from tests.faults.chaos.people import Person, taken

Work = Coroutine[Any, Any, None]


def come(crowd: Crowd) -> Work | None:
    """A new player registers and signs in; one in four leaves again soon."""
    return sign_up(crowd, "leaves" if crowd.rng.random() < 0.25 else "stays")


async def sign_up(crowd: Crowd, fate: str = "stays") -> None:
    person = Person(crowd.new_name(), fate=fate)
    account = {"username": person.name, "email": f"{person.name}@example.com"}
    wish = {**account, "password": PASSWORD, "password_confirm": PASSWORD}
    # A repeat of what was done already is told "already exists" (U1): the login says whether it was.
    told = await crowd.client.ask("POST", "/users/", json=wish, fine=(400,))
    if told.status == 400 and told.attempts == 1:
        crowd.refused("a registration", told)
        return
    if told.unknown:
        crowd.history.untold("user.registered", person.name, None, username=person.name)
        return
    login = await crowd.client.ask("POST", "/auth/login/", json={"username": person.name, "password": PASSWORD})
    if not login.ok:
        # The account is acknowledged all the same, and must be there in the end.
        if told.ok:
            person.id = told.body["id"]
            crowd.history.told("user.registered", person.id, person.id, username=person.name, bio="")
            person.fate = "unseen"
            crowd.people.append(person)
        return
    person.token, user = login.body["access"], login.body["user"]
    person.id, person.code = user["id"], user["friend_code"]
    crowd.history.told("user.registered", person.id, person.id, username=person.name, bio="")
    crowd.people.append(person)


def edit_profile(crowd: Crowd) -> Work | None:
    person = crowd.rng.choice(crowd.here)
    return _edit_profile(crowd, person) if taken(crowd.rng, [person.profile]) else None


async def _edit_profile(crowd: Crowd, person: Person) -> None:
    profile, bio = person.profile, f"Seen {crowd.rng.randrange(10**9)} animals."
    try:
        told = await crowd.client.ask("PATCH", "/users/me/", person.token, json={"bio": bio})
        if told.ok:
            profile.bio = bio
            crowd.history.told("user.updated", person.id, person.id, bio=bio)
        elif told.unknown:
            profile.doubtful, profile.wished = True, bio
            crowd.history.untold("user.updated", person.id, person.id, bio=bio)
        else:
            crowd.refused("a profile", told)
    finally:
        profile.busy = False


def leave(crowd: Crowd) -> Work | None:
    """Whoever wanted to leave does so, with whatever entries and jobs there are."""
    leaving = [person for person in crowd.people if person.fate == "leaves"]
    if not leaving:
        return None
    person = crowd.rng.choice(leaving)
    person.fate = "perhaps"
    return _leave(crowd, person)


async def _leave(crowd: Crowd, person: Person) -> None:
    # A repeat after it was done is told that the token is nobody's any more.
    told = await crowd.client.ask("DELETE", "/users/me/", person.token, fine=(401,))
    if told.ok or (told.status == 401 and told.attempts > 1):
        person.fate = "left"
        crowd.history.told("user.deleted", person.id, person.id)
    elif told.unknown:
        crowd.history.untold("user.deleted", person.id, person.id)
    else:
        crowd.refused("the deletion of an account", told)
