"""The demo's material: three small projects with a history and a real gate, and the work to be done in them.

Scripts keep to what every POSIX shell has, so that they run on Debian and on macOS alike.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """A repository of the demo. `history`: commits, oldest first, as subject and files. `{python}` in the gate is
    the interpreter."""

    name: str
    prefix: str
    gate: str
    history: tuple[tuple[str, dict[str, str]], ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A bead to be filed in the n-th rig. `needs`: keys of those that must be merged before."""

    key: str
    rig: int
    title: str
    why: str
    script: str
    needs: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        return f"{self.why}\n\n```sh\n{self.script}```\n"


_WORDS = '''\
"""Count the words of a text."""


def count(text):
    """How often each word occurs."""
    found = {}
    for word in text.split():
        found[word] = found.get(word, 0) + 1
    return found
'''
_WORDS_TEST = """\
import unittest

import words


class Count(unittest.TestCase):
    def test_a_word_that_occurs_twice(self):
        self.assertEqual(words.count("to be or to do"), {"to": 2, "be": 1, "or": 1, "do": 1})
"""
WORDS = Project(
    "words",
    "wo",
    '{{ run = "{python} -m unittest", tests = "Ran ([0-9]+) test" }}',
    (
        ("Count the words of a text", {"words.py": _WORDS}),
        ("Test the count", {"test_words.py": _WORDS_TEST}),
        ("Say what it is for", {"README.md": "# words\n\nCounts the words of a text.\n"}),
    ),
    "a Python module",
)

_REPORT = """\
#!/bin/sh
# How long is a text? sh report.sh FILE
set -eu
printf 'lines: %d\\n' "$(wc -l <"$1")"
"""
_REPORT_TEST = """\
#!/bin/sh
set -eu
cd "$(dirname "$0")"
sample=$(mktemp)
trap 'rm -f "$sample"' EXIT
printf 'the cat\\nand the dog\\n' >"$sample"

expect() {
    sh report.sh "$sample" | grep -qx "$1" || { echo "not in the report: $1"; exit 1; }
    echo "ok: $1"
}

expect 'lines: 2'
"""
REPORT = Project(
    "report",
    "re",
    '"sh test.sh"',
    (
        ("Report the lines of a text", {"report.sh": _REPORT}),
        ("Test the report", {"test.sh": _REPORT_TEST}),
        ("Say what it is for", {"README.md": "# report\n\nSays how long a text is.\n"}),
    ),
    "a shell script",
)

OURSELVES = Project(
    "gastown", "gt", '"{python} -m compileall -q beads gastown"', about="a clone of this very repository"
)
"""The third rig, where the demo runs from a checkout; its history is the checkout's own."""

HANDBOOK = Project(
    "handbook",
    "ha",
    '"sh check.sh"',
    (
        ("Begin a handbook", {"README.md": "# Handbook\n\n- [Days](docs/days.md)\n"}),
        ("Describe the days", {"docs/days.md": "# Days\n\nEvery day begins in the morning.\n"}),
        (
            "Check that no link leads nowhere",
            {
                "check.sh": "set -eu\n"
                'for page in $(sed -n "s/.*](\\(.*\\)).*/\\1/p" README.md); do test -f "$page"; done\n'
            },
        ),
    ),
    "a handbook",
)
"""The third rig elsewhere."""

WORK = (
    Work(
        "case",
        0,
        "Count words whatever their case",
        "`The` and `the` are one word.",
        """\
sed 's/text.split()/text.lower().split()/' words.py >words.new
mv words.new words.py
cat >>test_words.py <<'END'

    def test_case_makes_no_difference(self):
        self.assertEqual(words.count("The the"), {"the": 2})
END
git add .
git commit -q -m 'Count words whatever their case'
""",
    ),
    Work(
        "licence",
        0,
        "Say who may use it",
        "Others ask whether they may.",
        "echo 'You may use this as you like.' >LICENSE\n",
    ),
    Work(
        "length",
        1,
        "Report the words of a text",
        "Lines alone say little.",
        """\
cat >>report.sh <<'END'
printf 'words: %d\\n' "$(wc -w <"$1")"
END
echo "expect 'words: 5'" >>test.sh
""",
    ),
    Work(
        "notebook",
        2,
        "Keep a notebook",
        "What was tried and what came of it should be written down.",
        """\
mkdir -p docs
printf '# Notebook\\n\\n- A demo was run here.\\n' >docs/notebook.md
""",
    ),
    Work(
        "top",
        0,
        "Name the commonest word",
        "It must count as `count` does, whatever the case.",
        """\
cat >>words.py <<'END'


def top(text):
    \"\"\"The commonest word; of several, the first in the alphabet.\"\"\"
    found = count(text)
    return min(found, key=lambda word: (-found[word], word))
END
cat >>test_words.py <<'END'

    def test_the_commonest(self):
        self.assertEqual(words.top("A rose is a rose is a rose"), "a")
END
""",
        needs=("case",),
    ),
    Work(
        "link",
        2,
        "Link the notebook",
        "A notebook that nobody finds is not read.",
        "printf '\\n- [Notebook](docs/notebook.md)\\n' >>README.md\n",
        needs=("notebook",),
    ),
    Work(
        "report",
        1,
        "Put the commonest word into the report",
        "In the same way as `words.top`, which must be there first.",
        """\
cat >>report.sh <<'END'
printf 'commonest: %s\\n' "$(tr '[:upper:]' '[:lower:]' <"$1" | tr -s '[:space:]' '\\n' |
    sort | uniq -c | sort -k1,1nr -k2 | sed -n '1s/.* //p')"
END
echo "expect 'commonest: the'" >>test.sh
""",
        needs=("length", "top"),
    ),
)
