"""The language of `bd query`: a tree of comparisons, or an error that points at the wrong word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from beads.errors import Invalid
from beads.text import nearest, safe

EQUALITY = ("=", "!=")
ORDER = ("=", "!=", "<", "<=", ">", ">=")
CONTENT = ("=", "!=", "~", "!~")
# Kind of field → the operators it knows. What each means in SQL is in beads.querying.
KINDS = {
    "status": EQUALITY,
    "type": EQUALITY,
    "priority": ORDER,
    "number": ORDER,
    "person": CONTENT,
    "text": CONTENT,
    "word": CONTENT,
    "label": CONTENT,
    "id": CONTENT,
    "parent": EQUALITY,
    "flag": EQUALITY,
    "recorded": ORDER,
    "planned": ORDER,
    "metadata": CONTENT,
    "metadata key": EQUALITY,
}
# Field → its kind, and the attribute of an issue.
FIELDS = {
    "id": ("id", "id"),
    "status": ("status", "status"),
    "priority": ("priority", "priority"),
    "type": ("type", "type"),
    "title": ("text", "title"),
    "description": ("text", "description"),
    "design": ("text", "design"),
    "acceptance": ("text", "acceptance_criteria"),
    "notes": ("text", "notes"),
    "close_reason": ("text", "close_reason"),
    "assignee": ("person", "assignee"),
    "owner": ("person", "owner"),
    "creator": ("person", "created_by"),
    "label": ("label", "labels"),
    "parent": ("parent", "parent"),
    "created": ("recorded", "created_at"),
    "updated": ("recorded", "updated_at"),
    "started": ("recorded", "started_at"),
    "closed": ("recorded", "closed_at"),
    "due": ("planned", "due_at"),
    "defer": ("planned", "defer_until"),
    "estimate": ("number", "estimated_minutes"),
    "spec": ("word", "spec_id"),
    "external_ref": ("word", "external_ref"),
    "mol_type": ("word", "mol_type"),
    "wisp_type": ("word", "wisp_type"),
    "blocked": ("flag", "is_blocked"),
    "pinned": ("flag", "pinned"),
    "ephemeral": ("flag", "ephemeral"),
    "template": ("flag", "is_template"),
    "no_history": ("flag", "no_history"),
    "has_metadata_key": ("metadata key", "metadata"),
}
ALIASES = {
    "desc": "description",
    "acceptance_criteria": "acceptance",
    "issue_type": "type",
    "created_by": "creator",
    "labels": "label",
    "created_at": "created",
    "updated_at": "updated",
    "started_at": "started",
    "closed_at": "closed",
    "due_at": "due",
    "defer_until": "defer",
    "deferred": "defer",
    "estimated_minutes": "estimate",
    "spec_id": "spec",
    "is_template": "template",
}
METADATA = "metadata."
MAX_DEPTH, MAX_COMPARISONS = 50, 200
_SHOWN = 100
_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<op>!=|!~|>=|<=|==|[=<>~])"""
    r"""|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<word>[^\s()=<>!~"']+))"""
)


@dataclass(frozen=True)
class Comparison:
    """One field compared with one value; `place` and `value_place` are (start, length) in the text."""

    field: str
    op: str
    value: str
    place: tuple[int, int]
    value_place: tuple[int, int]

    @property
    def kind(self) -> str:
        """What may be done with the field."""
        return "metadata" if self.field.startswith(METADATA) else FIELDS[self.field][0]

    def __str__(self) -> str:
        return f"{self.field}{self.op}{self.value}"


@dataclass(frozen=True)
class Not:
    """What must not hold."""

    operand: "Node"

    def __str__(self) -> str:
        return f"NOT {self.operand}"


@dataclass(frozen=True)
class Several:
    """What must hold, all of it (AND) or any of it (OR)."""

    word: str
    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return "(" + f" {self.word} ".join(map(str, self.parts)) + ")"


Node: TypeAlias = Comparison | Not | Several


class Misread(Invalid):
    """A query that is not understood: where, and what would be."""

    def __init__(self, what: str, text: str, place: tuple[int, int], hint: str) -> None:
        start, length = place
        first = max(0, start - _SHOWN // 2)
        shown = text[first : first + _SHOWN]
        length = max(1, min(length, len(shown) - start + first))
        pointer = " " * (start - first) + "^" * length
        super().__init__(f"{what}, at character {start + 1}", f"{shown}\n  {pointer}\n  {hint}")
        self.details = {"position": start + 1}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: tuple[int, int]

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


def parse(text: str) -> Node:
    """Read a query.

    :raises Misread: naming the nearest field, or what was expected.
    """
    return _Reader(" ".join(text.splitlines()) if text.splitlines() != [text] else text).read()


def comparisons(node: Node) -> Iterator[Comparison]:
    """Yield every comparison of a tree."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Not):
        yield from comparisons(node.operand)
    else:
        for part in node.parts:
            yield from comparisons(part)


class _Reader:
    """Reads one query from left to right. NOT binds more than AND, and AND more than OR."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.next = 0
        self.depth = 0
        self.count = 0

    def read(self) -> Node:
        if self._here().kind == "end":
            raise Invalid("the query is empty", 'bd query "status=open AND priority<2"')
        found = self._either()
        if self._here().kind != "end":
            raise self._wrong(f"{self._shown()} comes unexpectedly", "join comparisons with AND or OR")
        return found

    def _here(self) -> _Token:
        return self.tokens[self.next]

    def _shown(self) -> str:
        here = self._here()
        return "the end" if here.kind == "end" else repr(safe(here.text[:40]))

    def _wrong(self, what: str, hint: str) -> Misread:
        return Misread(what, self.text, self._here().place, hint)

    def _either(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._wrong(f"the query is nested more than {MAX_DEPTH} deep", "leave out some parentheses")
        parts = [self._both()]
        while self._here().is_word("OR"):
            self.next += 1
            parts.append(self._both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Several("OR", tuple(parts))

    def _both(self) -> Node:
        parts = [self._single()]
        while self._here().is_word("AND"):
            self.next += 1
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Several("AND", tuple(parts))

    def _single(self) -> Node:
        negated = False
        while self._here().is_word("NOT"):
            self.next += 1
            negated = not negated
        found = self._group() if self._here().text == "(" else self._comparison()
        return Not(found) if negated else found

    def _group(self) -> Node:
        opened = self._here()
        self.next += 1
        found = self._either()
        if self._here().text != ")":
            what = f"a parenthesis is opened here and not closed before {self._shown()}"
            raise Misread(what, self.text, opened.place, "close it with )")
        self.next += 1
        return found

    def _comparison(self) -> Comparison:
        self.count += 1
        if self.count > MAX_COMPARISONS:
            raise self._wrong(f"the query compares more than {MAX_COMPARISONS} times", "ask for less at once")
        name = self._here()
        if name.kind != "word" or name.is_word("AND", "OR"):
            raise self._wrong(f"a field is needed, not {self._shown()}", f"one of: {', '.join(FIELDS)}")
        field = self._field(name)
        self.next += 1
        op = self._operator(field)
        value = self._here()
        if value.kind not in ("word", "text"):
            raise self._wrong(f"a value is needed, not {self._shown()}", f'for nothing at all: {field}=""')
        self.next += 1
        return Comparison(field, op, _value(value), name.place, value.place)

    def _field(self, name: _Token) -> str:
        word = name.text.lower()
        if word.startswith(METADATA) and word != METADATA:
            return METADATA + name.text[len(METADATA) :]  # JSON's keys have their case
        found = ALIASES.get(word, word)
        if found not in FIELDS:
            near = nearest(word, [*FIELDS, *ALIASES])
            hint = f"did you mean {near!r}? " if near else ""
            hint += f"one of: {', '.join(FIELDS)}, metadata.KEY"
            raise self._wrong(f"unknown field {safe(name.text[:40])!r}", hint)
        return found

    def _operator(self, field: str) -> str:
        here = self._here()
        if here.kind != "op":
            raise self._wrong(
                f"{field} is followed by {self._shown()}, and not by an operator", "= != < <= > >= ~ !~"
            )
        op = "=" if here.text == "==" else here.text
        known = KINDS["metadata" if field.startswith(METADATA) else FIELDS[field][0]]
        if op not in known:
            raise self._wrong(f"{field} cannot be compared by {op!r}", f"{field} takes {' '.join(known)}")
        self.next += 1
        return op


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            what = (
                "a quotation is opened here and not closed"
                if text[start] in "\"'"
                else f"{text[start]!r} says nothing"
            )
            raise Misread(
                what, text, (start, 1), 'quote a value that holds such characters: title="what\'s new"'
            )
        kind = match.lastgroup
        yield _Token(kind, match[kind], (match.start(kind), len(match[kind])))
        at = match.end()
    yield _Token("end", "", (end, 1))


def _value(token: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "text" else token.text
