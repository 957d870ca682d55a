"""Capacity: twenty beads at once, four places; everything merges, nothing is done twice, every commit is green."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork

# Each script notes how many of its kind run beside it, so that not one moment is missed.
COUNTED = """
    mkdir {log}/running/{n}
    ls {log}/running | wc -l >> {log}/beside
    echo {n} >> {log}/worked
    echo 'part {n}' > parts/{n}.txt
    sleep {seconds}
    rmdir {log}/running/{n}
"""
GATE = "test -s README.md && for part in parts/*.txt; do grep -q '^part ' $part || exit 1; done"


@pytest.fixture
def log(sandbox: Sandbox) -> Path:
    path = sandbox.folder / "log"
    (path / "running").mkdir(parents=True)
    return path


def test_twenty_beads_share_four_places_and_all_merge(sandbox: Sandbox, log: Path) -> None:
    town = TownAtWork(sandbox, {"parts/0.txt": "part 0\n"}, max_polecats=4, gates=[GATE])
    beads = [town.bead(f"Part {n}", COUNTED.format(n=n, log=log, seconds=1)) for n in range(1, 21)]
    town.up()
    town.sling(*beads)

    seen: list[int] = []

    def over() -> bool:
        seen.append(len(town.sessions()))
        return all(map(town.settled, beads))

    eventually(over, 120, "all twenty settled")

    assert max(seen) <= 4, "more sessions than places"
    assert max(int(line) for line in (log / "beside").read_text().split()) <= 4, "more scripts than places"
    assert sorted(map(int, (log / "worked").read_text().split())) == list(range(1, 21)), "worked once each"
    assert {town.issue(bead).status for bead in beads} == {"closed"}
    assert [len(town.attempts(bead)) for bead in beads] == [1] * 20
    assert sorted(s for s in town.subjects() if s.startswith("Part")) == sorted(
        f"Part {n}" for n in range(1, 21)
    )
    assert town.sessions() == []
    eventually(lambda: not town.clones(), what="every clone is deleted")
    every_commit_passes(town)


def every_commit_passes(town: TownAtWork) -> None:
    checkout = town.box.folder / "checkout"
    town.box.git("clone", "--quiet", town.mirror, checkout)
    for commit in town.git("log", "--format=%H", "main", "--", "parts").splitlines():
        town.box.git("checkout", "--quiet", "--detach", commit, cwd=checkout)
        town.box.run("sh", "-c", GATE, cwd=checkout)


def test_the_whole_town_has_a_limit_too(sandbox: Sandbox, log: Path) -> None:
    town = TownAtWork(sandbox, {"parts/0.txt": "part 0\n"})
    sandbox.run("gt", "config", "set", "town.max_polecats", "1")
    beads = [town.bead(f"Part {n}", COUNTED.format(n=n, log=log, seconds=0.5)) for n in range(1, 4)]
    town.sling(*beads)
    town.up()
    town.settle(*beads)
    assert (log / "beside").read_text().split() == ["1"] * 3


def test_urgent_work_goes_first_and_then_the_oldest(sandbox: Sandbox, log: Path) -> None:
    town = TownAtWork(sandbox, {"parts/0.txt": "part 0\n"}, max_polecats=1)
    low, first, second = (
        town.bead(f"Part {n}", COUNTED.format(n=n, log=log, seconds=0), priority=p)
        for n, p in ((1, 3), (2, 1), (3, 1))
    )
    for bead in (low, first, second):
        town.sling(bead)
    town.up()
    town.settle(low, first, second)
    assert (log / "worked").read_text().split() == ["2", "3", "1"]
