"""Cold start: what `gt --help`, `gt hook` and `bd ready` take, against the bare interpreter and against importing the
libraries that they cannot do without. Agents call these commands thousands of times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from beads.model import Draft
from benchmarks.measure import ENV, RIG, a_town, options, ratio, run, table, take_turns
from gastown import polecats, sling
from gastown.town import Town

PASS, SQL, SQL_CLICK = "python -c pass", "import sqlalchemy", "import sqlalchemy, click"
READY = "bd ready"
LIMIT = 1.3
"""How much longer than importing SQLAlchemy and Click `bd ready` may take."""
GT, BD = "from gastown.cli import main; main()", "from beads.cli import main; main()"
BEADS = 200


def main(argv: Sequence[str]) -> None:
    rounds = options("Cold start of commands.", argv, rounds=21, quick=3).rounds
    with a_town() as town:
        attempt = _fill(town)
        env = ENV | {"GT_TOWN": str(town.root), "BEADS_DIR": str(town.beads_dir), "GT_ATTEMPT": str(attempt)}
        found = take_turns(rounds, {name: _python(env, *code) for name, code in CASES.items()})
    print(f"Cold start, medians of {rounds} runs that take turns")
    table(
        ("", "ms", f"/ {PASS}", f"/ {SQL}", f"/ {SQL_CLICK}"),
        [(name, f"{median(times) * 1000:.0f}", *(f"{ratio(times, found[to]):.2f}" for to in (PASS, SQL, SQL_CLICK)))
         for name, times in found.items()],
    )  # fmt: skip
    reached = ratio(found[READY], found[SQL_CLICK])
    verdict = "within" if reached <= LIMIT else "beyond"
    print(f"{READY} / {SQL_CLICK}: {reached:.2f}, {verdict} the limit of {LIMIT}")


CASES: dict[str, tuple[str, ...]] = {
    PASS: ("pass",),
    SQL: (SQL,),
    SQL_CLICK: (SQL_CLICK,),
    "gt --help": (GT, "--help"),
    "bd --help": (BD, "--help"),
    READY: (BD, "ready"),
    "gt hook": (GT, "hook"),
}


def _python(env: Mapping[str, str], code: str, *arguments: str) -> Callable[[], object]:
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
