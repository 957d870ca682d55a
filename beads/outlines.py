"""Issues as a Markdown file says them: `## Title`, and below it `### Priority`, `### Labels` and so on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from beads.errors import Invalid

# Heading in lower case → what is set by the text below it.
SECTIONS = {
    "priority": "priority",
    "type": "type",
    "description": "description",
    "design": "design",
    "acceptance": "acceptance",
    "acceptance criteria": "acceptance",
    "notes": "notes",
    "assignee": "assignee",
    "labels": "labels",
    "dependencies": "dependencies",
    "deps": "dependencies",
}
_TITLE = re.compile(r"##\s+(.+?)(\s+#+)?\s*")
_SECTION = re.compile(r"###\s+(.+?)(\s+#+)?\s*")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")


@dataclass
class Outline:
    """One issue: its title, the text of each known section, and the headings that are not known."""

    title: str
    line: int
    sections: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a section's words, between commas or blanks."""
        return tuple(
            word.removeprefix("-")
            for word in re.split(r"[,\s]+", self.sections.get(name, ""))
            if word != "-" and word
        )

    def add(self, name: str, text: str) -> None:
        """Add text to a section; what was said twice is said in one."""
        parts = (self.sections.get(name, ""), text.strip())
        if said := "\n\n".join(part for part in parts if part):
            self.sections[name] = said


def read(text: str) -> list[Outline]:
    """Read a file. What stands before the first title is not an issue's; an unknown section stays description.

    :raises Invalid: when there is no title at all.
    """
    found: list[Outline] = []
    section, below = "description", list[str]()
    for number, line, fenced in _lines(text):
        title, heading = (None, None) if fenced else (_TITLE.fullmatch(line), _SECTION.fullmatch(line))
        if not title and not heading:
            below.append(line)
            continue
        if found:
            found[-1].add(section, "\n".join(below))
        section, below = "description", []
        if title:
            found.append(Outline(title[1], number))
        elif heading and found:
            known = SECTIONS.get(heading[1].lower())
            section = known or section
            if known is None:
                found[-1].unknown.append(heading[1])
                below.append(line)
    if not found:
        raise Invalid(
            "there is no issue in this file", "begin each with a heading of its own: ## Fix the login"
        )
    found[-1].add(section, "\n".join(below))
    return found


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield (number, line, whether it is code, in which nothing is a heading)."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        yield number, line, bool(fence)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
