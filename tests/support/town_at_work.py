"""A town for stories: made, filled and looked into quickly in this process; worked by the real commands.

What a story is about (slinging, the daemon, `gt done`) always runs as the real program; only what surrounds it
(a rig, beads with scripts, a look at the store) is done here directly, because an interpreter per bead is slow.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from beads.model import Comment, Draft, Issue
from gastown import config, convoys, daemon, rigs, store
from gastown.model import LIVE, Attempt, MergeRequest, Session
from gastown.town import Town, create
from tests.support.sandbox import FILES, Sandbox, eventually

RIG = "app"
SETTLED = 90.0


class TownAtWork:
    """A town in a sandbox, its rig `app` from a repository of a person's; commands run in the town's folder."""

    def __init__(self, sandbox: Sandbox, files: dict[str, str] | None = None, **settings: Any) -> None:
        self.box = sandbox
        self.town: Town = create(sandbox.home / "town", "town")
        sandbox.cwd = self.town.root
        self.repo = sandbox.repo("app", FILES | (files or {}))
        rigs.create(self.town, RIG, str(self.repo), "shell", "ap")
        self.configure(**settings)

    def configure(self, **settings: Any) -> None:
        """Settings of the rig, as a person's edit of town.toml."""

        def change(document: Any) -> None:
            for key, value in settings.items():
                document["rigs"][RIG][key] = value

        config.edit(self.town.file, change)

    @property
    def mirror(self) -> Path:
        return self.town.mirror(RIG)

    # beads

    def bead(self, title: str, script: str = "", **fields: Any) -> str:
        """A bead with a script for the shell runtime; its id."""
        draft = Draft(
            title=title, rig=RIG, prefix="ap", metadata={"script": textwrap.dedent(script)}, **fields
        )
        with self.town.store.write("person") as change:
            return change.create(draft).id

    def issue(self, bead: str) -> Issue:
        with self.town.store.read() as view:
            return view.get(bead)

    def comments(self, bead: str) -> str:
        with self.town.store.read() as view:
            found: list[Comment] = view.comments(bead)
        return "\n".join(comment.text for comment in found)

    def attempts(self, bead: str) -> list[Attempt]:
        with self.town.store.read() as view:
            return store.attempts_of(view.conn, bead)

    def attempt(self, bead: str) -> Attempt:
        """The bead's latest attempt."""
        return self.attempts(bead)[-1]

    def sessions_of(self, bead: str) -> list[Session]:
        with self.town.store.read() as view:
            id = store.attempts_of(view.conn, bead)[-1].id
            return store.sessions_of(view.conn, [id])[id]

    def merge_requests(self, bead: str) -> list[MergeRequest]:
        with self.town.store.read() as view:
            return store.merge_requests_of(view.conn, bead)

    def set_attempt(self, bead: str, **values: Any) -> Attempt:
        """Change the latest attempt behind the town's back, as time or another host would."""
        attempt = self.attempt(bead)
        with self.town.store.write("test") as change:
            store.change_attempt(change.conn, attempt.id, **values)
        return replace(attempt, **values)

    def convoy(self, title: str, *beads: str) -> str:
        return convoys.create(self.town, title, list(beads)).id

    # work

    def gt(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        return self.box.run("gt", *arguments, **options)

    def sling(self, *beads: str) -> None:
        self.gt("sling", *beads)

    def up(self) -> int:
        """Start the daemon; its process."""
        self.gt("up")
        process = daemon.holder(self.town)
        assert process is not None
        return process

    def kill_daemon(self) -> None:
        """As a power cut would; returns when it is gone."""
        process = daemon.holder(self.town)
        assert process is not None, "no daemon runs"
        os.kill(process, signal.SIGKILL)
        eventually(lambda: daemon.holder(self.town) != process, what="the daemon's lock is free")

    def settled(self, bead: str) -> bool:
        """Whether nobody works on the bead any more, and everything of its attempts has been cleared away."""
        attempts = self.attempts(bead)
        return bool(attempts) and all(a.state not in LIVE and a.cleaned_at for a in attempts)

    def settle(self, *beads: str, deadline: float = SETTLED) -> None:
        eventually(lambda: all(map(self.settled, beads)), deadline, f"{', '.join(beads)} settled")

    def state_is(self, bead: str, *states: str, deadline: float = 30) -> Attempt:
        """Wait until the bead's latest attempt is in one of the states."""
        eventually(
            lambda: self.attempts(bead) and self.attempt(bead).state in states, deadline, f"{bead} {states}"
        )
        return self.attempt(bead)

    # what tmux and git say

    def tmux(self, *arguments: str) -> str:
        """Ask the town's own tmux server; empty where it does not run."""
        return self.box.run("tmux", "-L", self.town.tmux.socket, *arguments, check=False).stdout.strip()

    def sessions(self) -> list[str]:
        return self.tmux("list-sessions", "-F", "#{session_name}").splitlines()

    def git(self, *arguments: str | Path) -> str:
        """git in the rig's repository."""
        return self.box.git(*arguments, cwd=self.mirror)

    def file(self, path: str, ref: str = "main") -> str:
        """A file's text on the target branch."""
        return self.git("show", f"{ref}:{path}")

    def subjects(self) -> list[str]:
        """The target branch, newest first."""
        return self.git("log", "--format=%s", "main").splitlines()

    def safe_commits(self, attempt: Attempt) -> dict[str, str]:
        """Subject by safety ref of an attempt."""
        lines = self.git("for-each-ref", "--format=%(refname) %(subject)", attempt.safety_ref).splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def clones(self) -> list[Path]:
        """Folders of attempts that are still there."""
        return sorted(self.town.rig_dir(RIG).glob("polecats/*/*"))


_numbers = itertools.count()


def a_long_sleep() -> Iterator[str]:
    """For a fixture: a command that runs for hours and is like no other on this machine; ended after the test."""
    command = f"sleep 3600.{os.getpid():07}{next(_numbers):03}"
    yield command
    for process in running(command):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def detached(command: str) -> str:
    """A shell command that runs another one in a session of its own, as servers do, and does not wait for it."""
    code = "import os, sys; os.fork() and os._exit(0); os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])"
    return f'{sys.executable} -I -c "{code}" {command}'


def running(marker: str) -> list[int]:
    """Processes with `marker` among their arguments."""
    listing = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, text=True, check=True)
    lines = (line.split(maxsplit=1) for line in listing.stdout.splitlines() if marker in line)
    return [int(line[0]) for line in lines]
