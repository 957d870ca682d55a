"""One tree of errors that a person is meant to read.

A message says what happened and to which id; a hint says what to type next. Anything that is raised
and is not one of these is a bug of ours.
"""


class BeadsError(Exception):
    """An expected failure: `message` says what and which, `hint` what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotFound(BeadsError):
    """Nothing has that name."""


class Ambiguous(BeadsError):
    """Several things have that name."""


class Invalid(BeadsError):
    """A value that cannot be stored or understood."""


class Refused(BeadsError):
    """Understood, and not done, for a reason that the message gives."""


class NoWorkspace(BeadsError):
    """There is no issue store here."""


class StoreBroken(BeadsError):
    """The store is there and cannot be used: damaged, unreadable, or the disk is full."""


class StoreBusy(BeadsError):
    """Another process has held the store for longer than anyone should wait."""


class StoreTooNew(BeadsError):
    """The store was written by a newer version of this program."""


class StoreOutdated(BeadsError):
    """The store was written by an older version and has to be migrated first."""
