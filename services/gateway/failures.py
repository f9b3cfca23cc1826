"""How it looks from outside when a service cannot be asked (contract G9); an unreachable one is `Unavailable`, 503."""

from libs.common.errors import Failure


class NoAnswerInTime(Failure):
    """The service is there but has not answered within the route's deadline."""

    status = 504

    def __init__(self) -> None:
        super().__init__({"detail": "The service did not answer in time."})


class BadAnswer(Failure):
    """The service closed the connection, or answered with something that is not HTTP."""

    status = 502

    def __init__(self) -> None:
        super().__init__({"detail": "The service gave no valid answer."})
