"""Conflict: two beads edit the same line. The second comes back with the conflict told, and nothing is lost."""

from __future__ import annotations

from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork

VERSION = {"version.txt": "1\n"}
# Both begin from the same commit: each waits, the first time, until the other has begun too.
BUMP = """
    touch {meet}/{n}
    while [ $(ls {meet} | wc -l) -lt 2 ]; do sleep 0.05; done
    echo "$(cat version.txt) and {n}" > version.txt
"""


def test_the_second_of_two_edits_comes_back_and_is_made_again_on_top(sandbox: Sandbox) -> None:
    meet = sandbox.folder / "meet"
    meet.mkdir()
    town = TownAtWork(sandbox, VERSION)
    beads = [town.bead(f"Add {n}", BUMP.format(n=n, meet=meet)) for n in ("a", "b")]
    convoy = town.convoy("Both", *beads)
    town.up()
    town.sling(*beads)
    town.settle(*beads)

    winner, loser = sorted(beads, key=lambda bead: len(town.attempts(bead)))
    assert [a.state for a in town.attempts(winner)] == ["merged"]
    assert [a.state for a in town.attempts(loser)] == ["failed", "merged"]
    assert town.file("version.txt") in ("1 and a and b", "1 and b and a")

    told = town.comments(loser)
    assert "not merged: conflict with main at " in told and "in version.txt" in told
    assert "<<<<<<<" in told and "1 and a" in told and "1 and b" in told, "git's own words, with both sides"
    rejected, merged = town.merge_requests(loser)
    assert (rejected.state, rejected.verdict) == ("rejected", "conflict") and merged.state == "merged"

    first_try = town.attempts(loser)[0]
    assert rejected.head_commit in town.git("for-each-ref", "--format=%(objectname)", first_try.safety_ref)
    assert {town.issue(bead).status for bead in beads} == {"closed"}
    eventually(lambda: town.issue(convoy).status == "closed")


def test_a_bead_that_always_conflicts_escalates_with_every_try_kept(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox, VERSION)
    town.box.commit(town.repo, {"version.txt": "2\n"}, "Second version")
    # A worker that insists on building upon an old commit.
    stubborn = "git reset --quiet --hard HEAD~1; echo mine > version.txt; git commit --quiet -am 'Mine'"
    bead = town.bead("Stubborn", stubborn)
    dependent = town.bead("After it", "true", depends_on=((bead, "blocks"),))
    convoy = town.convoy("Never lands", bead)
    town.up()
    town.sling(bead)
    town.settle(bead)

    assert [a.state for a in town.attempts(bead)] == ["failed", "failed", "escalated"]
    assert town.file("version.txt") == "2", "the target is untouched"
    assert town.issue(bead).status == "blocked" and town.issue(convoy).status != "closed"
    assert "escalated: " in town.comments(bead) and "gt polecat restore" in town.comments(bead)
    for attempt in town.attempts(bead):
        assert list(town.safe_commits(attempt).values()) == ["Mine"]
    refused = town.gt("sling", dependent, check=False)
    assert refused.returncode == 1 and f"blocked by {bead}" in refused.stderr

    # A person looks at it, and gives it a new chance.
    folder = sandbox.home / "look"
    town.gt("polecat", "restore", bead, folder)
    assert (folder / "version.txt").read_text() == "mine\n"
    town.gt("sling", bead)
    assert town.attempt(bead).tries == 1, "a person's word begins the count anew"


def test_two_edits_of_different_lines_need_no_second_attempt(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox, {"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\n"})
    beads = [town.bead(f"Line {n}", f"sed 's/^{n}$/{n} done/' list.txt > x; mv x list.txt") for n in (1, 8)]
    town.up()
    town.sling(*beads)
    town.settle(*beads)
    assert town.file("list.txt").split("\n") == ["1 done", *"234567", "8 done"]
    assert [len(town.attempts(bead)) for bead in beads] == [1, 1]


def test_a_conflict_in_another_encoding_is_told_too(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox, VERSION)
    town.box.commit(town.repo, {"version.txt": "2\n"}, "Second version")
    old = "git reset --quiet --hard HEAD~1; printf 'caf\\351' > version.txt"
    bead = town.bead(
        "Latin", f"if [ ! -e {sandbox.folder}/once ]; then touch {sandbox.folder}/once; {old}; fi; echo > x"
    )
    town.gt("sling", "--wait", bead)
    assert [a.state for a in town.attempts(bead)] == ["failed", "merged"]
    assert "caf\ufffd" in town.comments(bead)
