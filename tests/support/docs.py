"""The fenced blocks of README.md and docs/, and how a page's commands become one shell script.

`sh` blocks are commands. `console` blocks are commands after `$ ` with what they print: the given lines must
be printed in that order, `…` stands for anything, and any id stands for any other id of the same prefix.
`# exit code 1` at the end of a command says that it is shown for its error. `toml` blocks are parts of a
town.toml. Commands that cannot be run say why, in a comment just before: `<!-- not run: reason -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import CHECKOUT

COMMANDS = frozenset({"sh", "console"})
PROMPT = "$ "
_FENCE = re.compile(r"^(?P<indent>\s*)(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w-]*)(?P<tags>.*)$")
_NOT_RUN = re.compile(r"<!--\s*not run:\s*(?P<reason>\S.*?)\s*-->\s*\Z", re.DOTALL)
_EXIT_CODE = re.compile(r"#\s*exit code (\d+)\s*\Z")
_ID = re.compile(r"\b([a-z][a-z0-9]*)-(?=[a-z0-9]*\d|…)[a-z0-9…]{2,}(\.\d+)*\b|\b([a-z][a-z0-9]*)-…")


@dataclass(frozen=True)
class Block:
    page: str
    line: int  # of its first line of text
    language: str
    tags: str
    text: str
    reason: str | None  # why it is not run

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Step:
    """Some lines given to the shell at once. `prints`: lines that must be among its output, in this order."""

    line: int
    commands: str
    prints: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        found = _EXIT_CODE.search(self.commands)
        return int(found[1]) if found else 0


def pages() -> list[Path]:
    return [*CHECKOUT.glob("README.md"), *sorted((CHECKOUT / "docs").glob("**/*.md"))]


def blocks(page: Path) -> list[Block]:
    return list(parse(page.read_text(), str(page.relative_to(CHECKOUT))))


def parse(text: str, page: str) -> Iterator[Block]:
    before: list[str] = []
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        opening = _FENCE.match(line)
        if not opening:
            before.append(line)
            continue
        body = []
        for _, inner in lines:
            if inner.strip().startswith(opening["fence"]) and not inner.strip().strip(opening["fence"][0]):
                break
            body.append(inner.removeprefix(opening["indent"]))
        reason = _NOT_RUN.search("\n".join(before))
        yield Block(
            page,
            number + 1,
            opening["language"],
            opening["tags"].strip(),
            "\n".join(body),
            " ".join(reason["reason"].split()) if reason else None,
        )
        before = []


def reasons_not_run() -> list[str]:
    every = [block for page in pages() for block in blocks(page)]
    return [f"{block.place}: {block.reason}" for block in every if block.reason]


def steps(block: Block) -> list[Step]:
    """A block with prompts is a step per command; one without is a single step."""
    if block.language != "console" and not block.text.lstrip().startswith(PROMPT):
        return [Step(block.line, block.text)]
    found: list[tuple[int, list[str], list[str]]] = []
    continued = False
    for number, line in enumerate(block.text.splitlines(), block.line):
        if continued:
            found[-1][1].append(line.removeprefix("> "))
        elif line.startswith(PROMPT):
            found.append((number, [line.removeprefix(PROMPT)], []))
        elif found and line.strip():
            found[-1][2].append(line)
        continued = line.endswith("\\") and (continued or line.startswith(PROMPT))
    return [Step(number, "\n".join(commands), tuple(prints)) for number, commands, prints in found]


def script(page_steps: list[Step], marker: str) -> str:
    """A script for `sh` that prints the marker and a step's line before each, and stops where one fails."""
    parts = ["set -eu", "exec 2>&1"]
    for step in page_steps:
        parts.append(f"printf '\\n%s %s\\n' {marker} {step.line}")
        if step.exit_code:
            parts.append(f"{{ {step.commands}\n}} && code=0 || code=$?\n[ $code = {step.exit_code} ]")
        else:
            parts.append(step.commands)
    return "\n".join(parts) + "\n"


def outputs(printed: str, marker: str) -> dict[int, str]:
    """What each step printed, by its line; the last one is where the script stopped."""
    sections = printed.split(f"\n{marker} ")[1:]
    return {int(line): text for line, _, text in (section.partition("\n") for section in sections)}


def missing_line(wanted: tuple[str, ...], printed: str) -> str | None:
    """The first line of `wanted` that is not printed, in that order."""
    rest = iter(printed.splitlines())
    for line in wanted:
        pattern = _pattern(line)
        if not any(pattern.fullmatch(" ".join(candidate.split())) for candidate in rest):
            return line
    return None


def _pattern(line: str) -> re.Pattern[str]:
    """Runs of blanks are equal, `…` is anything, an id with a digit in it is any id of that prefix."""
    normal = " ".join(line.split())
    with_ids = _ID.sub(lambda found: f"{found[1] or found[3]}-\0", normal)
    escaped = re.escape(with_ids).replace(re.escape("\0"), r"[a-z0-9]+(?:\.\d+)*")
    return re.compile(escaped.replace("…", ".*"))
