"""The only libtmux. One tmux server per town, on a socket of its own: the person's default server is never touched.

`list-panes -a` is one call for any number of sessions (5 ms at 300); libtmux's object lists cost ten times that, so
facts are read by command and libtmux is used for what it does well: finding tmux, the socket, the errors.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from beads.errors import BeadsError, Refused
from gastown.config import replace

COLUMNS, ROWS = 160, 50
HISTORY = 2000
"""Lines of scrollback: 2.2 MB a session when full at 150 columns; the transcript has the whole."""

_CONFIG = """\
set -g remain-on-exit on
set -g history-limit {history}
set -g default-terminal "screen-256color"
set -g update-environment ""
set -g status-left-length 40
set -g status-right ""
set -g set-titles off
set -g escape-time 10
set-environment -g GT_RING {ring}
set-hook -g pane-died 'run-shell -b "/bin/sh \\"\\$GT_RING\\""'
set-hook -g session-closed 'run-shell -b "/bin/sh \\"\\$GT_RING\\""'
"""
# Opened for reading and writing, so that a bell whose listener is gone cannot block the shell.
_RING = 'for bell in {bells}/*; do [ -p "$bell" ] && printf x 1<>"$bell"; done\nexit 0\n'


@dataclass(frozen=True, slots=True)
class Pane:
    """What tmux says of one session's pane. `status`: exit code, or None while it runs or when unknown."""

    alive: bool
    status: str | None
    pid: int


class TmuxError(BeadsError):
    """tmux did not do what it was asked to."""


class Tmux:
    """The town's tmux server. `state_dir`: where its configuration is kept; `bells`: whom to wake when one dies."""

    def __init__(self, root: Path, state_dir: Path, bells: Path) -> None:
        self.socket = "gt-" + hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:10]
        self._config = state_dir / "tmux.conf"
        self._ring = state_dir / "ring.sh"
        self._bells = bells

    def require(self) -> None:
        """:raises Refused: tmux is not installed."""
        if shutil.which("tmux") is None:
            raise Refused("tmux is not on PATH", hint="apt-get install tmux   (macOS: brew install tmux)")

    def start(self, name: str, script: Path, cwd: Path, transcript: Path) -> None:
        """Run a launch script in a new detached session whose output goes to the transcript from the first byte:
        both are one command list, which the server works off before it reads from the new pane."""
        self._write_config()
        transcript.parent.mkdir(parents=True, exist_ok=True)
        self._must(
            "new-session", "-d", "-s", name, "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(cwd).replace("#", "##"),
            f"exec /usr/bin/env -i /bin/sh {quote(str(script))}", ";",
            "pipe-pane", "-t", f"={name}:", _unformatted(f"exec cat >> {quote(str(transcript))}"),
        )  # fmt: skip

    def panes(self) -> dict[str, Pane] | None:
        """Every session by name; None when tmux could not say (never taken for 'dead')."""
        code, out, err = self._cmd(
            "list-panes", "-a", "-F", "#{session_name} #{pane_dead} #{pane_pid} #{pane_dead_status}"
        )
        if code != 0:
            gone = ("no server running", "error connecting", "No such file", "no current", "server exited")
            return {} if any(text in err for text in gone) else None
        found = {}
        for line in out:
            name, dead, pid, *status = line.split(" ")
            found[name] = Pane(dead != "1", status[0] if status and status[0] else None, int(pid or 0))
        return found

    def kill(self, name: str) -> None:
        self._cmd("kill-session", "-t", f"={name}")

    def kill_server(self) -> None:
        """End the town's sessions, and only those; returns when the socket is free."""
        self._cmd("kill-server")
        deadline = time.monotonic() + 5
        while self.panes() and time.monotonic() < deadline:
            time.sleep(0.05)

    def capture(self, name: str, lines: int = 0) -> str:
        """The screen as a person sees it, and `lines` of the scrollback above it."""
        code, out, err = self._cmd("capture-pane", "-p", "-t", f"={name}:", "-S", str(-lines))
        if code != 0:
            raise Refused(f"there is no session {name} now: {err.strip()}", hint="gt polecat list")
        return "\n".join(out).rstrip() + "\n"

    def type_text(self, name: str, text: str) -> None:
        """Type into a session: one literal paste, then Enter as a key of its own after a pause.

        Only ever a doorbell ("run `gt prime`"): nothing typed is the record of anything."""
        buffer = f"gt-{uuid.uuid4().hex[:8]}"
        self._must("set-buffer", "-b", buffer, "--", text)
        self._must("paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", f"={name}:")
        time.sleep(0.3)  # several programs take an Enter in the same read for a part of the paste
        self._must("send-keys", "-t", f"={name}:", "Enter")

    def attach_command(self, name: str) -> list[str]:
        return ["tmux", "-L", self.socket, "attach-session", "-t", f"={name}"]

    def _write_config(self) -> None:
        self._config.parent.mkdir(parents=True, exist_ok=True)
        for path, text in (
            (self._ring, _RING.format(bells=quote(str(self._bells)))),
            (self._config, _CONFIG.format(history=HISTORY, ring=quote(str(self._ring)))),
        ):
            if not path.exists() or path.read_text() != text:
                replace(path, text)

    def _must(self, *args: str) -> list[str]:
        code, out, err = self._cmd(*args)
        if code != 0:
            raise TmuxError(f"tmux {args[0]}: {err.strip() or f'exit {code}'}", hint="gt status")
        return out

    def _cmd(self, *args: str) -> tuple[int, list[str], str]:
        self.require()
        import libtmux

        server = libtmux.Server(socket_name=self.socket, config_file=str(self._config))
        done = server.cmd(*args)
        return done.returncode, done.stdout, "\n".join(done.stderr)


def attach(tmux: Tmux, name: str) -> int:
    """Hand this terminal to the session until the person detaches; inside tmux it nests, as the person asked."""
    env = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}
    return subprocess.call(tmux.attach_command(name), env=env)


def _unformatted(text: str) -> str:
    """For what tmux would put values, and the time, into."""
    return text.replace("#", "##").replace("%", "%%")
