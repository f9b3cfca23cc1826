"""What may become of a friendship, and by whom (contract B9). Pure rules; nothing here reads or writes."""

from typing import ClassVar, Final, Literal

from libs.common.errors import Refusal
from libs.contracts.social import Status

Action = Literal["accept", "reject", "block"]

BECOMES: Final[dict[Action, Status]] = {"accept": "accepted", "reject": "rejected", "block": "blocked"}


class AskedOneself(Refusal):
    sentence = "Cannot send friend request to yourself"


class AlreadyFriends(Refusal):
    sentence = "Users are already friends"


class AlreadyPending(Refusal):
    """In either direction: crossed requests accept nothing by themselves."""

    sentence = "Friend request already pending"


class Blocked(Refusal):
    """By either side; which of the two is nobody's business."""

    sentence = "Cannot send friend request"


class NotTheRecipient(Refusal):
    sentence = "Only the recipient can respond to this request"
    status = 403


class NotPending(Refusal):
    past: ClassVar[dict[Action, str]] = {"accept": "accepted", "reject": "rejected"}

    def __init__(self, action: Action) -> None:
        super().__init__(f"Only pending requests can be {self.past[action]}")


def check_can_ask(status: Status | None) -> None:
    """Whether a request may be sent where two players stand so; None where there is nothing between them.

    Raises:
        AlreadyFriends, AlreadyPending, Blocked
    """
    if status == "accepted":
        raise AlreadyFriends
    if status == "pending":
        raise AlreadyPending
    if status == "blocked":
        raise Blocked


def after_response(status: Status, action: Action, *, by_recipient: bool) -> Status:
    """What a friendship becomes when one of the two responds. To block is possible from anywhere, and again.

    Raises:
        NotTheRecipient, NotPending
    """
    if not by_recipient:
        raise NotTheRecipient
    if action != "block" and status != "pending":
        raise NotPending(action)
    return BECOMES[action]


def may_end(status: Status, *, by_blocker: bool) -> bool:
    """Whether somebody of the two may end it: either of them, but a block only who made it."""
    return status != "blocked" or by_blocker
