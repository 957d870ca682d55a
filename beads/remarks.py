"""What may be put on an issue beside its own fields: labels, comments, and the log of what was done; and settings."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy import func as fn

from beads import clock, creation, rows, words
from beads.errors import Invalid, NotFound
from beads.model import Comment
from beads.queries import View
from beads.schema import comments, config, events, issues, labels
from beads.text import safe

_EVENT = insert(events)
_LAST_EVENT = select(fn.max(events.c.id))
_TOUCH = update(issues).where(issues.c.id == bindparam("touched"))


def ahead() -> Iterator[tuple[Any, Iterable[str]]]:
    """Yield the statements of nearly every write, with the names of their values."""
    values = [column.name for column in events.c if column.name != "id"]
    yield from ((_LAST_EVENT, ()), (_EVENT, values), (_TOUCH, ("touched", "updated_at")))


class Remarks(View):
    """The part of a writing transaction that leaves the issues themselves as they are."""

    def __init__(self, conn: Connection, now: datetime, actor: str) -> None:
        super().__init__(conn, now)
        self.actor = actor
        self._change: int | None = None

    # labels and comments

    def add_label(self, issue_id: str, label: str) -> bool:
        """Put a label on an issue; say whether it is new."""
        name = words.label(label)
        self._required(issue_id)
        if name in self.labels_of([issue_id]).get(issue_id, ()):
            return False
        self.conn.execute(insert(labels).values(issue_id=issue_id, label=name))
        self.record(issue_id, "label_added", new=name)
        self._touch(issue_id)
        return True

    def remove_label(self, issue_id: str, label: str) -> bool:
        """Take a label off an issue; say whether it was there."""
        self._required(issue_id)
        query = delete(labels).where(labels.c.issue_id == issue_id, labels.c.label == label.strip())
        if not self.conn.execute(query).rowcount:
            return False
        self.record(issue_id, "label_removed", old=label.strip())
        self._touch(issue_id)
        return True

    def set_labels(self, issue_id: str, wanted: Iterable[str]) -> None:
        """Leave exactly these labels on an issue."""
        target = {words.label(name) for name in wanted}
        present = set(self.labels_of([issue_id]).get(issue_id, ()))
        for name in sorted(present - target):
            self.remove_label(issue_id, name)
        for name in sorted(target - present):
            self.add_label(issue_id, name)

    def add_comment(self, issue_id: str, text: str, author: str | None = None) -> Comment:
        """Say something about an issue.

        :raises Invalid: when there is nothing said.
        """
        self._required(issue_id)
        if not text.strip():
            raise Invalid("the comment is blank", f'bd comment {issue_id} "what you want to say"')
        creation.check_texts({"comment": text, "author": author})
        comment = Comment(
            id=rows.new_comment_id(self.now),
            issue_id=issue_id,
            author=author or self.actor,
            text=text,
            created_at=self.now,
        )
        values = {"author": comment.author, "text": text, "created_at": clock.stored(self.now)}
        self.conn.execute(insert(comments).values(id=comment.id, issue_id=issue_id, **values))
        self.record(issue_id, "commented", comment=text)
        self._touch(issue_id)
        return comment

    # the log and the settings

    def record(
        self,
        issue_id: str,
        event_type: str,
        old: str | None = None,
        new: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Write an event. All events of one transaction carry the same `change`."""
        values: dict[str, Any] = {"issue_id": issue_id, "event_type": event_type, "actor": self.actor}
        values |= {"old_value": old, "new_value": new, "comment": comment}
        stamp = {"change": self.number(), "created_at": clock.stored(self.now)}
        self.conn.execute(_EVENT, values | stamp)

    def number(self) -> int:
        """Return the number that all events of this transaction carry."""
        if self._change is None:
            self._change = (self.conn.execute(_LAST_EVENT).scalar() or 0) + 1
        return self._change

    def _touch(self, issue_id: str) -> None:
        self.conn.execute(_TOUCH, {"touched": issue_id, "updated_at": clock.stored(self.now)})

    def _required(self, issue_id: str) -> None:
        if not self.exists(issue_id):
            raise NotFound(f"no issue found matching {safe(issue_id)!r}", "see what there is: bd list")

    def set_config(self, key: str, value: str) -> None:
        """Set one setting."""
        self._forget_settings()
        if not self.conn.execute(update(config).where(config.c.key == key).values(value=value)).rowcount:
            self.conn.execute(insert(config).values(key=key, value=value))

    def unset_config(self, key: str) -> bool:
        """Forget one setting; say whether it was there."""
        self._forget_settings()
        return bool(self.conn.execute(delete(config).where(config.c.key == key)).rowcount)

    def _forget_settings(self) -> None:
        self.__dict__.pop("_settings", None)
