"""Any command as a runtime, from a `[runtimes.NAME]` table of town.toml.

`{prompt}`, `{clone}`, `{bead}`, `{rig}` and `{polecat}` are replaced in its arguments; where `prompt = "argument"`
and no argument says `{prompt}`, it comes last.
"""

from __future__ import annotations

from dataclasses import dataclass

from gastown.config import RuntimeTable
from gastown.runtimes.base import Assignment, Launch, missing_command


@dataclass(frozen=True)
class Custom:
    name: str
    table: RuntimeTable

    @property
    def command(self) -> str:
        return self.table.command

    @property
    def env(self) -> tuple[str, ...]:
        return tuple(self.table.env)

    @property
    def instruction_file(self) -> str:
        return self.table.instruction_file

    @property
    def nudges(self) -> bool:
        return self.table.prompt != "none"

    @property
    def about(self) -> str:
        return f"yours: {' '.join([self.table.command, *self.table.args])}"

    def missing(self) -> str | None:
        return missing_command(self.table.command, f"install it, or edit [runtimes.{self.name}] in town.toml")

    def launch(self, assignment: Assignment) -> Launch:
        words = {
            "{prompt}": assignment.prompt,
            "{clone}": str(assignment.clone),
            "{bead}": assignment.bead,
            "{rig}": assignment.rig,
            "{polecat}": assignment.polecat,
        }
        argv = [self.table.command, *(_fill(arg, words) for arg in self.table.args)]
        how = self.table.prompt
        if how == "argument" and not any("{prompt}" in arg for arg in self.table.args):
            argv.append(assignment.prompt)
        return Launch(
            argv,
            typed=assignment.prompt if how == "typed" else None,
            ready=self.table.ready,
            stdin=assignment.prompt + "\n" if how == "stdin" else None,
        )


def _fill(arg: str, words: dict[str, str]) -> str:
    for mark, text in words.items():
        arg = arg.replace(mark, text)
    return arg
