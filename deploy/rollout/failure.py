"""What ends a deploy, in one sentence for people."""


class NotDone(Exception):
    """Something did not go through; the sentence says what."""


class Interrupted(NotDone):
    """Somebody asked the deploy to end."""
