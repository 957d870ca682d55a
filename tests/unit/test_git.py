"""Saving a clone: every commit, the stash and the dirty tree, once; and nothing of the clone is changed by it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gastown.host import git, snapshots
from tests.support.sandbox import Sandbox

PREFIX = "refs/gastown/attempts/1"


@pytest.fixture
def mirror(sandbox: Sandbox) -> Path:
    path = sandbox.folder / "repo.git"
    git.mirror(str(sandbox.repo("app")), path)
    return path


@pytest.fixture
def clone(sandbox: Sandbox, mirror: Path) -> Path:
    path = sandbox.folder / "clone"
    git.clone(mirror, path, "main", "polecat/toast/ap-1-1")
    return path


def base(clone: Path) -> str:
    found = git.tip(clone, "refs/remotes/origin/main")
    assert found
    return found


def kept(mirror: Path) -> list[str]:
    return sorted(subject for _, subject in snapshots.saved(mirror, PREFIX))


def state(sandbox: Sandbox, clone: Path) -> tuple[str, ...]:
    """What a person sees of a clone: head, index, tree, branches, stash."""
    look = (
        ("status", "--porcelain=v2", "--branch"),
        ("diff", "--cached"),
        ("diff",),
        ("for-each-ref",),
        ("stash", "list"),
    )
    return tuple(sandbox.git(*arguments, cwd=clone) for arguments in look)


def test_a_clean_clone_has_nothing_to_save(mirror: Path, clone: Path) -> None:
    assert snapshots.save(clone, mirror, PREFIX, base(clone)) == []
    assert kept(mirror) == []


def test_everything_is_saved_and_nothing_is_touched(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    start = base(clone)
    sandbox.commit(clone, {"stashed": "s\n"}, "On the branch")
    for text in ("stashed change\n", "another\n"):
        (clone / "README.md").write_text(text)
        sandbox.git("stash", cwd=clone)
    sandbox.git("checkout", "-q", "-b", "side", start, cwd=clone)
    sandbox.commit(clone, {"side": "s\n"}, "On another branch")
    sandbox.git("checkout", "-q", "--detach", start, cwd=clone)
    sandbox.commit(clone, {"loose": "l\n"}, "On no branch")
    (clone / "new").write_text("new\n")
    (clone / "staged").write_text("staged\n")
    sandbox.git("add", "staged", cwd=clone)
    (clone / "src/app.py").unlink()
    before = state(sandbox, clone)

    saved = snapshots.save(clone, mirror, PREFIX, start)

    subjects = kept(mirror)
    assert [s for s in subjects if not s.startswith("WIP on")] == [
        "On another branch",
        "On no branch",
        "On the branch",
        "Uncommitted work, saved by Gas Town",
    ]
    assert len([s for s in subjects if s.startswith("WIP on")]) == 2 and len(saved) == 6
    assert state(sandbox, clone) == before
    [dirty] = [ref for ref, subject in snapshots.saved(mirror, PREFIX) if subject.startswith("Uncommitted")]
    files = sandbox.git("ls-tree", "-r", "--name-only", dirty, cwd=mirror).split()
    assert files == ["README.md", "loose", "new", "staged"]


def test_saving_twice_saves_once(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    sandbox.commit(clone, {"a": "a\n"}, "One")
    (clone / "dirty").write_text("dirty\n")
    first = snapshots.save(clone, mirror, PREFIX, base(clone))
    assert snapshots.save(clone, mirror, PREFIX, base(clone)) == first and len(kept(mirror)) == 2


def test_what_changes_between_two_saves_is_saved_beside(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    for text in ("one\n", "two\n"):
        (clone / "dirty").write_text(text)
        snapshots.save(clone, mirror, PREFIX, base(clone))
    texts = {sandbox.git("show", f"{ref}:dirty", cwd=mirror) for ref, _ in snapshots.saved(mirror, PREFIX)}
    assert texts == {"one", "two"}


@pytest.mark.parametrize("half", ["merge", "rebase"])
def test_a_half_done_merge_is_saved_too(sandbox: Sandbox, mirror: Path, clone: Path, half: str) -> None:
    sandbox.git("checkout", "-q", "-b", "theirs", cwd=clone)
    sandbox.commit(clone, {"README.md": "theirs\n"}, "Theirs")
    sandbox.git("checkout", "-q", "polecat/toast/ap-1-1", cwd=clone)
    sandbox.commit(clone, {"README.md": "ours\n"}, "Ours")
    sandbox.run("git", half, "theirs", cwd=clone, check=False)
    assert git.unfinished(clone) == half
    snapshots.save(clone, mirror, PREFIX, base(clone))
    assert {"Ours", "Theirs", "Uncommitted work, saved by Gas Town"} <= set(kept(mirror))


def test_work_is_saved_from_a_branch_that_has_no_commit_yet(
    sandbox: Sandbox, mirror: Path, clone: Path
) -> None:
    start = base(clone)
    sandbox.commit(clone, {"a": "a\n"}, "Before")
    sandbox.git("checkout", "-q", "--orphan", "fresh", cwd=clone)
    (clone / "more").write_text("more\n")
    snapshots.save(clone, mirror, PREFIX, start)
    assert kept(mirror) == ["Before", "Uncommitted work, saved by Gas Town"]


def test_what_was_reset_amended_or_deleted_is_saved(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    start = base(clone)
    for n in range(2):
        sandbox.commit(clone, {f"a{n}": "a\n"}, f"Reset {n}")
    sandbox.git("reset", "-q", "--hard", start, cwd=clone)
    sandbox.git("checkout", "-q", "-b", "side", cwd=clone)
    sandbox.commit(clone, {"b": "b\n"}, "Deleted")
    sandbox.git("checkout", "-q", "-", cwd=clone)
    sandbox.git("branch", "-q", "-D", "side", cwd=clone)
    sandbox.commit(clone, {"c": "c\n"}, "Amended")
    sandbox.git("commit", "-q", "--amend", "-m", "Final", cwd=clone)
    snapshots.save(clone, mirror, PREFIX, start)
    assert kept(mirror) == ["Amended", "Deleted", "Final", "Reset 1"], "no ref for what another one holds"
    assert sandbox.git("log", "--format=%s", f"{start}..", cwd=clone) == "Final"


def test_a_subject_cannot_pass_for_another_line(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    start = base(clone)
    sandbox.commit(clone, {"a": "a\n"}, "One\u2028refs/heads/main Two")
    snapshots.save(clone, mirror, PREFIX, start)
    assert kept(mirror) == ["One\u2028refs/heads/main Two"]
    assert len(git.commits(clone, start)) == 1


def test_what_an_agent_pushed_itself_has_a_safety_ref_too(
    sandbox: Sandbox, mirror: Path, clone: Path
) -> None:
    sandbox.commit(clone, {"a": "a\n"}, "Pushed")
    sandbox.git("push", "-q", "origin", "HEAD", cwd=clone)
    snapshots.save(clone, mirror, PREFIX, base(clone))
    assert kept(mirror) == ["Pushed"]


def test_a_repository_within_the_clone_is_told_and_the_rest_is_saved(
    sandbox: Sandbox, mirror: Path, clone: Path
) -> None:
    start = base(clone)
    assert snapshots.left(clone, start) == []
    for name in ("empty one", "full", "linked"):
        (clone / "lib" / name).mkdir(parents=True)
        sandbox.git("init", "-q", cwd=clone / "lib" / name)
    sandbox.commit(clone / "lib/full", {"x": "x\n"}, "Inner")
    sandbox.commit(clone / "lib/linked", {"x": "x\n"}, "Inner")
    sandbox.git("add", "lib/linked", cwd=clone)
    sandbox.git("commit", "-q", "-m", "Link", cwd=clone)
    (clone / "lib/file").write_text("file\n")
    snapshots.save(clone, mirror, PREFIX, start)
    assert kept(mirror) == ["Link", "Uncommitted work, saved by Gas Town"]
    [dirty] = [ref for ref, subject in snapshots.saved(mirror, PREFIX) if subject.startswith("Uncommitted")]
    assert sandbox.git("show", f"{dirty}:lib/file", cwd=mirror) == "file"
    assert snapshots.left(clone, start) == ["lib/empty one/", "lib/full/", "lib/linked"]


@pytest.mark.parametrize("part", [".git/HEAD", ".git/index", ".git"])
def test_a_broken_clone_is_told_and_no_repository_above_is_taken_for_it(
    sandbox: Sandbox, mirror: Path, clone: Path, part: str
) -> None:
    start = base(clone)
    sandbox.git("init", "-q", cwd=clone.parent)
    sandbox.commit(clone.parent, {"private": "p\n"}, "A person's own")
    (clone / "new").write_text("new\n")
    if (clone / part).is_dir():
        shutil.rmtree(clone / part)
    else:
        (clone / part).write_bytes(b"broken")
    with pytest.raises(snapshots.Unreadable):
        snapshots.save(clone, mirror, PREFIX, start)
    assert kept(mirror) == []


def test_what_git_ignores_stays_out(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    git.exclude(clone, ["/AGENTS.md"])
    (clone / "AGENTS.md").write_text("ours\n")
    assert snapshots.save(clone, mirror, PREFIX, base(clone)) == []


def test_a_save_that_does_not_arrive_is_an_error(sandbox: Sandbox, mirror: Path, clone: Path) -> None:
    (clone / "dirty").write_text("dirty\n")
    mirror.rename(mirror.with_name("elsewhere"))
    with pytest.raises(git.GitError):
        snapshots.save(clone, mirror, PREFIX, base(clone))
    assert (clone / "dirty").exists()


def test_a_branch_moves_only_from_where_it_was_said_to_be(
    sandbox: Sandbox, mirror: Path, clone: Path
) -> None:
    old = base(clone)
    new = sandbox.commit(clone, {"a": "a\n"}, "New")
    other = sandbox.commit(clone, {"b": "b\n"}, "Other")
    git.push_branch(clone, mirror, other, ["refs/heads/polecat/toast/ap-1-1"])
    git.advance(mirror, "main", new, old)
    with pytest.raises(git.BranchMoved):
        git.advance(mirror, "main", other, old)
    assert git.tip(mirror, "refs/heads/main") == new
    git.advance(mirror, "main", new, old)  # again, after a crash: it is done already


@pytest.mark.parametrize("strategy", ["squash", "merge", "rebase"])
def test_a_candidate_is_exactly_the_merged_tree(
    sandbox: Sandbox, mirror: Path, clone: Path, strategy: str
) -> None:
    old = base(clone)
    sandbox.commit(clone, {"a": "1\n"}, "One")
    head = sandbox.commit(clone, {"a": "2\n"}, "Two")
    ref = f"{PREFIX}/{head[:12]}"
    git.push_branch(clone, mirror, head, [ref])
    work = sandbox.folder / "refinery"
    built = git.candidate(work, mirror, old, head, ref, strategy, "The bead\n\nBead: ap-1\n")
    assert isinstance(built, git.Candidate)
    (work / "left over").write_text("of a gate\n")
    (work / "README.md").write_text("changed by a gate\n")
    again = git.candidate(work, mirror, old, head, ref, strategy, "The bead\n\nBead: ap-1\n")
    assert isinstance(again, git.Candidate)
    tree = sandbox.git("rev-parse", f"{built.commit}^{{tree}}", cwd=work)
    assert tree == sandbox.git("rev-parse", f"{head}^{{tree}}", cwd=clone)
    assert sandbox.git("rev-parse", f"{again.commit}^{{tree}}", cwd=work) == tree
    assert sandbox.git("status", "--porcelain", "--ignored", cwd=work) == ""
    count = {"squash": "1", "merge": "3", "rebase": "2"}[strategy]
    assert sandbox.git("rev-list", "--count", f"{old}..{built.commit}", cwd=work) == count


@pytest.mark.parametrize("part", [".git/index.lock", ".git/HEAD", ".git/objects"])
def test_a_refinery_that_somebody_left_broken_is_made_anew(
    sandbox: Sandbox, mirror: Path, clone: Path, part: str
) -> None:
    old, head = base(clone), sandbox.commit(clone, {"a": "1\n"}, "One")
    ref, work = f"{PREFIX}/{head[:12]}", sandbox.folder / "refinery"
    git.push_branch(clone, mirror, head, [ref])
    git.candidate(work, mirror, old, head, ref, "squash", "The bead")
    if (work / part).is_dir():
        shutil.rmtree(work / part)
    else:
        (work / part).write_text("")
    assert isinstance(git.candidate(work, mirror, old, head, ref, "squash", "The bead"), git.Candidate)
    assert (work / "a").read_text() == "1\n"


@pytest.mark.parametrize("strategy", ["squash", "merge", "rebase"])
def test_a_conflict_is_told_and_leaves_the_clone_usable(
    sandbox: Sandbox, mirror: Path, clone: Path, strategy: str
) -> None:
    old = base(clone)
    head = sandbox.commit(clone, {"README.md": "ours\n"}, "Ours")
    sandbox.git("checkout", "-q", "-b", "theirs", old, cwd=clone)
    target = sandbox.commit(clone, {"README.md": "theirs\n"}, "Theirs")
    refs = [f"{PREFIX}/{c[:12]}" for c in (head, target)]
    git.push_branch(clone, mirror, head, refs[:1])
    git.push_branch(clone, mirror, target, [refs[1], "refs/heads/polecat/x"])
    work = sandbox.folder / "refinery"
    for _ in range(2):
        told = git.candidate(work, mirror, target, head, refs[0], strategy, "Bead")
        assert isinstance(told, git.Conflict)
        assert told.paths == ("README.md",)
        assert "ours" in told.text and "theirs" in told.text
    assert git.unfinished(work) is None


def over_ssh(sandbox: Sandbox, mirror: Path, script: str) -> Path:
    """An origin that is asked by the person's own ssh command; returns what the script may write to."""
    seen = sandbox.folder / "seen"
    ssh = sandbox.folder / "own-ssh"
    ssh.write_text(f"#!/bin/sh\nexec >&2 2>{seen}\n{script}\n")
    ssh.chmod(0o755)
    sandbox.git("config", "core.sshCommand", str(ssh), cwd=mirror)
    sandbox.git("remote", "set-url", "origin", "ssh://git@127.0.0.1:9/app.git", cwd=mirror)
    return seen


def test_a_persons_own_ssh_command_is_used_and_nothing_is_asked(sandbox: Sandbox, mirror: Path) -> None:
    seen = over_ssh(sandbox, mirror, "env >&2; exit 255")
    with pytest.raises(git.GitError):
        git.push_to_origin(mirror, "main", git.head(mirror))
    assert {"SSH_ASKPASS=false", "SSH_ASKPASS_REQUIRE=force"} <= set(seen.read_text().splitlines())


def test_an_origin_that_hangs_is_given_up(
    sandbox: Sandbox, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_ssh(sandbox, mirror, "exec sleep 600")
    monkeypatch.setattr(git, "ORIGIN_LIMIT", 0.3)
    git.follow_origin(mirror, "main")
    with pytest.raises(git.GitError, match="did not complete"):
        git.push_to_origin(mirror, "main", git.head(mirror))


SETTINGS = """
[clone]
    defaultRemoteName = upstream
[commit]
    cleanup = strip
    gpgSign = true
[merge]
    ff = {ff}
    verifySignatures = true
[push]
    followTags = true
    gpgSign = true
[safe]
    bareRepository = explicit
[status]
    showUntrackedFiles = no
"""


@pytest.mark.parametrize("ff", ["false", "only"])
def test_a_persons_own_settings_stop_nothing_and_hide_nothing(sandbox: Sandbox, ff: str) -> None:
    repo, mirror, clone = sandbox.repo("app"), sandbox.folder / "repo.git", sandbox.folder / "clone"
    own = sandbox.home / ".gitconfig"
    own.write_text(own.read_text() + SETTINGS.format(ff=ff))
    git.mirror(str(repo), mirror)
    start = git.clone(mirror, clone, "main", "polecat/toast/ap-1-1")
    sandbox.git("tag", "-m", "a tag of the agent's", "v9", cwd=clone)
    (clone / "new").write_text("new\n")
    assert git.dirty(clone) == ["?? new"]
    git.commit_all(clone, "#1: begins with a mark")
    head = git.head(clone)
    git.push_branch(clone, mirror, head, [f"{PREFIX}/{head[:12]}"])
    built = git.candidate(
        sandbox.folder / "refinery", mirror, start, head, f"{PREFIX}/{head[:12]}", "squash", "#1"
    )
    assert isinstance(built, git.Candidate)
