"""Issue ids: how they are made, taken apart, and recognised.

A top-level id is `<prefix>-<hash>`; the hash is base 36 and just long enough that a collision is unlikely
among the ids already there. A child's id is its parent's with `.N` added.
"""

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
NONCES_PER_LENGTH = 10
MAX_DEPTH = 3
MAX_PREFIX = 40
# Between the prefix and the hash of a molecule and of a wisp.
INFIXES = ("mol", "wisp")
MAX_ID = 255

# How many leading bytes of the digest feed a hash of each length.
_DIGEST_BYTES = {3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 5}

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*")
# A child's number is a column.
_NUMBER = re.compile(r"[0-9]{1,9}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*(-[A-Za-z0-9_]+)+(\.[0-9]{1,9})*")


@dataclass(frozen=True)
class Lengths:
    """The bounds of a hash: shortest, longest, and how probable a collision may be before it grows."""

    shortest: int = 3
    longest: int = 8
    max_collision: float = 0.25

    def for_count(self, count: int) -> int:
        """Return the shortest length at which `count` random hashes stay below the allowed probability."""
        for length in range(self.shortest, self.longest):
            if 1 - math.exp(-(count**2) / (2 * 36**length)) <= self.max_collision:
                return length
        return self.longest


def candidates(
    prefix: str, title: str, description: str, creator: str, nanos: int, count: int, lengths: Lengths
) -> Iterator[str]:
    """Yield ids to try in order: ten at the fitting length, then ten at each longer one."""
    for length in range(lengths.for_count(count), lengths.longest + 1):
        for nonce in range(NONCES_PER_LENGTH):
            yield f"{prefix}-{hash_of(title, description, creator, nanos, nonce, length)}"


def hash_of(title: str, description: str, creator: str, nanos: int, nonce: int, length: int) -> str:
    """Return the base-36 hash of what an issue was born with, `length` digits long."""
    content = f"{title}|{description}|{creator}|{nanos}|{nonce}"
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()
    return base36(int.from_bytes(digest[: _DIGEST_BYTES[length]], "big"), length)


def base36(number: int, length: int) -> str:
    """Write a number in base 36, left-padded with zeros, keeping its low digits."""
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits = ALPHABET[digit] + digits
    return digits


def is_prefix(text: str) -> bool:
    """Say whether `text` can stand before the hyphen of an id."""
    return len(text) <= MAX_PREFIX and _PREFIX.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Say whether `text` has the form of a whole id."""
    return len(text) <= MAX_ID and _ID.fullmatch(text) is not None


def prefix_of(issue_id: str) -> str:
    """Return what stands before the last hyphen: `my-app-x7k.1` belongs to `my-app`."""
    return issue_id.split(".", 1)[0].rpartition("-")[0]


def home_of(issue_id: str) -> str:
    """Return the prefix of the store or rig that an id belongs to: `gt` for `gt-wisp-a3f` as for `gt-a3f`."""
    prefix = prefix_of(issue_id)
    head, _, tail = prefix.rpartition("-")
    return head if tail in INFIXES else prefix


def parent_of(issue_id: str) -> str | None:
    """Return the id this one was made under, by its form alone."""
    head, dot, number = issue_id.rpartition(".")
    return head if dot and head and _NUMBER.fullmatch(number) else None


def depth_of(issue_id: str) -> int:
    """Return how many levels of children lie above: 0 for a top-level id."""
    parent = parent_of(issue_id)
    return 0 if parent is None else 1 + depth_of(parent)
