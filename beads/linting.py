"""What an issue of each type should say, so that whoever takes it knows when it is done."""

from collections.abc import Mapping
from typing import Any

from beads.model import Issue
from beads.words import split

ACCEPTANCE, SUCCESS = "Acceptance Criteria", "Success Criteria"
# Type → sections of its description: heading, and what stands there.
SECTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "bug": (
        ("Steps to Reproduce", "how the bug can be seen"),
        (ACCEPTANCE, "how one knows that it is gone"),
    ),
    "task": ((ACCEPTANCE, "how one knows that it is done"),),
    "feature": ((ACCEPTANCE, "how one knows that it is done"),),
    "story": ((ACCEPTANCE, "how one knows that it is done"),),
    "epic": ((SUCCESS, "what will be better"),),
    "decision": (
        ("Decision", "what was decided"),
        ("Rationale", "why"),
        ("Alternatives Considered", "what else there was, and why not"),
    ),
    "spike": (("Goal", "the question"), ("Findings", "the answer")),
}
LIMITED = ("title", "description", "design", "acceptance_criteria", "notes")
_MORE, _MOST, _HINT = "lint.sections.", "lint.max-chars.", "lint.max-chars-hint."


def sections(kind: str, settings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the sections that issues of a type should have: the usual ones, and those of the settings."""
    found = {heading.lower(): (heading, why) for heading, why in SECTIONS.get(kind, ())}
    for entry in split(settings.get(_MORE + kind, "")):
        heading = entry.lstrip("# ").strip()
        found.setdefault(heading.lower(), (heading, f"asked for by {_MORE}{kind}"))
    return [section for name, section in found.items() if name]


def missing(issue: Issue, settings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the sections that an issue lacks. A field of its own for acceptance criteria is as good as a section."""
    text = f"{issue.description}\n{issue.acceptance_criteria}".lower()
    alike = (ACCEPTANCE.lower(), SUCCESS.lower())
    accepted = bool(issue.acceptance_criteria) or any(name in text for name in alike)
    return [
        (heading, why)
        for heading, why in sections(issue.type, settings)
        if heading.lower() not in text and not (accepted and heading in (ACCEPTANCE, SUCCESS))
    ]


def too_long(issue: Issue, settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the fields with more characters than the settings allow."""
    found = []
    for name in LIMITED:
        limit = settings.get(_MOST + name, "")
        chars = len(getattr(issue, name))
        if limit.isdecimal() and 0 < int(limit) < chars:
            hint = settings.get(_HINT + name, "").strip()
            found.append(
                {"field": name, "chars": chars, "max": int(limit), **({"hint": hint} if hint else {})}
            )
    return found
