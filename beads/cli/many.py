"""Verbs over several ids: a failure is told and the rest goes on; it fails only when nothing succeeded."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from beads.cli.call import Call
from beads.errors import BeadsError

if TYPE_CHECKING:
    from beads.store import View

T = TypeVar("T")


def each(call: Call, names: Iterable[str], act: Callable[[str], T]) -> list[T]:
    """Act on every name; return what came of those that succeeded.

    :raises BeadsError: when none did: the only error, or one that tells how many.
    """
    done: list[T] = []
    failed: list[BeadsError] = []
    wanted = list(names)
    for name in wanted:
        try:
            done.append(act(name))
        except BeadsError as error:
            failed.append(error)
    if failed and not done and len(wanted) == 1:
        raise failed[0]
    for failure in failed:
        call.failed(failure)
    if failed and not done:
        raise BeadsError(f"none of the {len(wanted)} succeeded", failed[0].hint)
    return done


def named(call: Call, view: "View", ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids given, or the issue last touched when none was."""
    return ids or (view.resolve(call.last_touched()),)
