"""Cold start: what `gt --help`, `gt hook` and `bd ready` take, against the bare interpreter and against importing the
libraries that they cannot do without. Agents call these commands thousands of times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from beads.model import Draft
from benchmarks.measure import ENV, RIG, a_town, medians, options, run, table
from gastown import polecats, sling
from gastown.town import Town

PASS, SQL, SQL_CLICK = "python -c pass", "import sqlalchemy", "import sqlalchemy, click"
READY = "bd ready"
LIMIT = 1.3
"""How much longer than importing SQLAlchemy and Click `bd ready` may take."""
GT, BD = "from gastown.cli import main; main()", "from beads.cli import main; main()"
BEADS = 200


def main(argv: Sequence[str]) -> None:
    rounds = options("Cold start of commands.", argv, rounds=21, quick=3)
    with a_town() as town:
        attempt = _fill(town)
        env = ENV | {"GT_TOWN": str(town.root), "BEADS_DIR": str(town.beads_dir), "GT_ATTEMPT": str(attempt)}
        found = medians(rounds, {name: _python(env, *code) for name, code in CASES.items()})
    print(f"Cold start, medians of {rounds} runs that take turns")
    table(
        ("", "ms", f"/ {PASS}", f"/ {SQL}", f"/ {SQL_CLICK}"),
        [(name, f"{t * 1000:.0f}", *(f"{t / found[to]:.2f}" for to in (PASS, SQL, SQL_CLICK)))
         for name, t in found.items()],
    )  # fmt: skip
    ratio = found[READY] / found[SQL_CLICK]
    verdict = "within" if ratio <= LIMIT else "beyond"
    print(f"{READY} / {SQL_CLICK}: {ratio:.2f}, {verdict} the limit of {LIMIT}")


CASES: dict[str, tuple[str, ...]] = {
    PASS: ("pass",),
    SQL: (SQL,),
    SQL_CLICK: (SQL_CLICK,),
    "gt --help": (GT, "--help"),
    "bd --help": (BD, "--help"),
    READY: (BD, "ready"),
    "gt hook": (GT, "hook"),
}


def _python(env: Mapping[str, str], code: str, *arguments: str) -> Callable[[], None]:
    return lambda: run(sys.executable, "-c", code, *arguments, env=env)


def _fill(town: Town) -> int:
    """Beads to find, and one of them on a hook; returns the attempt's number."""
    with town.store.write("bench") as change:
        for number in range(BEADS):
            issue = change.create(Draft(title=f"Task {number}", rig=RIG, metadata={"script": "true"}))
    (slung,), _ = sling.sling(town, [issue.id])
    dispatched = polecats.dispatch(town, slung.attempt.id)
    assert dispatched is not None
    return dispatched.id


if __name__ == "__main__":
    main(sys.argv[1:])
