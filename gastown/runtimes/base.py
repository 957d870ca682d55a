"""The contract between a town and a coding agent's program, and the defaults that most programs share.

A runtime is a module (or, for `[runtimes.NAME]` of town.toml, an object) with the members of `Runtime`. Anything a
runtime needs from us it finds by three commands: `gt prime` or `gt hook`, commits on its branch, `gt done`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a launch is for. `clone`: the working folder, with the branch checked out."""

    rig: str
    polecat: str
    bead: str
    clone: Path

    @property
    def prompt(self) -> str:
        """The start instruction: one line, for the work itself is on the hook."""
        return (
            f"You are polecat {self.polecat} of rig {self.rig}. Run `gt prime` now: it shows the work on your hook. "
            "Do that work in this folder, commit it on the branch that is checked out, and then run `gt done`."
        )


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the program. `typed`: what to type once `ready` (a regular expression) is on the screen, for
    programs that take no prompt as an argument; `stdin`: text on its standard input instead of the terminal."""

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    typed: str | None = None
    ready: str = ""
    stdin: str | None = None


class Runtime(Protocol):
    """What an adapter provides."""

    @property
    def command(self) -> str:
        """The program, as found on PATH."""
        ...

    @property
    def env(self) -> tuple[str, ...]:
        """Environment variables of this vendor that the program may see (patterns); no other vendor's."""
        ...

    @property
    def instruction_file(self) -> str:
        """The file that the program reads its standing instructions from, or '' when it has none."""
        ...

    @property
    def nudges(self) -> bool:
        """Whether typing into its terminal reaches it."""
        ...

    @property
    def about(self) -> str:
        """One line for `gt runtime list`."""
        ...

    def launch(self, assignment: Assignment, /) -> Launch:
        """The command line for one session."""
        ...

    def missing(self) -> str | None:
        """What to install when the program is not there; None when it is."""
        ...


def missing_command(command: str, how: str) -> str | None:
    return None if shutil.which(command) else f"'{command}' is not on PATH: {how}"
