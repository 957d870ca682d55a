"""What GitHub says about a run or a pull request, asked through its own program `gh`."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beads.gates import FAILED, GH_RUN, PENDING, RESOLVED, UNCHECKED, Verdict
from beads.model import Issue
from beads.text import safe

SECONDS = 30
_GOOD = ("success", "skipped", "neutral")


class _NoAnswer(Exception):
    """GitHub could not be asked, or what it said is not understood."""


def ask(gate: Issue, cwd: Path) -> Verdict:
    """Find out about one gate. Slow, so never inside of a transaction."""
    program = shutil.which("gh")
    if program is None:
        return Verdict(UNCHECKED, "the program gh is not installed")
    if not gate.await_id or gate.await_id.startswith("-"):
        return Verdict(UNCHECKED, f"nothing can be asked about {safe(gate.await_id)!r}")
    repository = gate.metadata.get("repo") if isinstance(gate.metadata, dict) else None
    where = ["--repo", str(repository)] if repository else []

    def answer(*line: str) -> Any:
        return _json(_called([program, *line, *where], cwd))

    try:
        return _run(gate, answer) if gate.await_type == GH_RUN else _pull_request(gate, answer)
    except _NoAnswer as error:
        return Verdict(UNCHECKED, str(error))


def _called(line: list[str], cwd: Path) -> str:
    try:
        done = subprocess.run(
            line, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _NoAnswer(f"gh gave no answer for {SECONDS} seconds") from None
    except OSError as error:
        raise _NoAnswer(f"gh cannot be started: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise _NoAnswer(f"gh says: {safe(said[0])}" if said else f"gh failed with {done.returncode}")
    return done.stdout


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise _NoAnswer("gh gave no JSON") from None


def _run(gate: Issue, answer: Callable[..., Any]) -> Verdict:
    fields = ("--json", "status,conclusion,name")
    if gate.await_id.isdigit():
        found = answer("run", "view", gate.await_id, *fields)
    else:
        runs = answer("run", "list", "--workflow", gate.await_id, "--limit", "1", *fields)
        if not runs:
            return Verdict(PENDING, f"workflow {safe(gate.await_id)} has not run yet")
        found = runs[0]
    status, conclusion = _text(found, "status"), _text(found, "conclusion")
    if status != "completed":
        return Verdict(PENDING, f"the run is {safe(status)}")
    return Verdict(RESOLVED if conclusion in _GOOD else FAILED, f"the run has ended: {safe(conclusion)}")


def _pull_request(gate: Issue, answer: Callable[..., Any]) -> Verdict:
    state = _text(answer("pr", "view", gate.await_id, "--json", "state,title"), "state")
    outcome = {"MERGED": RESOLVED, "CLOSED": FAILED}.get(state, PENDING)
    return Verdict(outcome, f"the pull request is {safe(state.lower())}")


def _text(found: Any, name: str) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise _NoAnswer(f"gh did not tell the {name}")
    return value
