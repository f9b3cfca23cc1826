"""The friendship state machine as the contract draws it, every state with every step (contract B9)."""

import pytest

from services.social.transitions import (
    AlreadyFriends,
    AlreadyPending,
    Blocked,
    NotPending,
    NotTheRecipient,
    after_response,
    check_can_ask,
    may_end,
)

STATES = ("pending", "accepted", "rejected", "blocked")


@pytest.mark.parametrize("status", [None, "rejected"])
def test_asking_where_nothing_stands_in_the_way(status) -> None:
    check_can_ask(status)


@pytest.mark.parametrize(
    ("status", "refusal"), [("pending", AlreadyPending), ("accepted", AlreadyFriends), ("blocked", Blocked)]
)
def test_asking_in_vain(status, refusal) -> None:
    with pytest.raises(refusal):
        check_can_ask(status)


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize(("action", "becomes"), [("accept", "accepted"), ("reject", "rejected"), ("block", "blocked")])
def test_responses(status, action, becomes) -> None:
    if action == "block" or status == "pending":
        assert after_response(status, action, by_recipient=True) == becomes
    else:
        with pytest.raises(NotPending, match=f"Only pending requests can be {becomes}"):
            after_response(status, action, by_recipient=True)
    with pytest.raises(NotTheRecipient):
        after_response(status, action, by_recipient=False)


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("by_blocker", [True, False])
def test_only_who_blocked_can_unblock(status, by_blocker) -> None:
    assert may_end(status, by_blocker=by_blocker) == (status != "blocked" or by_blocker)
