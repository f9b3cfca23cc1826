"""What stops the embedded stack from running, in one sentence for a person."""


class StackFailure(Exception):
    """The stack cannot start or go on; the message says why and what to do."""
