"""Any command is a runtime by a table in town.toml, however it takes its prompt."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from gastown import config
from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork

# A program as a vendor might write one: it waits, shows its mark, takes an instruction, and uses the contract.
AGENT = """\
import os, subprocess, sys, time
time.sleep(0.5)
if len(sys.argv) < 2:
    print("ready> ", end="", flush=True)
text = sys.argv[1] if len(sys.argv) > 1 else input()
assert "gt prime" in text, text
prime = subprocess.run(["gt", "prime"], check=True, capture_output=True, text=True).stdout
open("prime.txt", "w").write(prime)
open("said.txt", "w").write(text + chr(10) + os.environ.get("AGENT_KEY", "no key") + os.environ.get("OTHER_KEY", ""))
subprocess.run(["gt", "done"], check=True)
"""


@pytest.mark.parametrize("how", ["argument", "stdin", "typed"])
def test_a_command_of_ones_own_works_a_bead(sandbox: Sandbox, how: str) -> None:
    sandbox.env |= {"AGENT_KEY": "for the agent", "OTHER_KEY": "for another"}
    work = TownAtWork(sandbox)
    agent = sandbox.folder / "agent.py"
    agent.write_text(AGENT)

    def add(document: Any) -> None:
        document["runtimes"] = {
            "mine": {
                "command": sys.executable,
                "args": [str(agent)],
                "prompt": how,
                "ready": "ready> ",
                "env": ["AGENT_KEY"],
            }
        }

    config.edit(work.town.file, add)
    bead = work.bead("Say what you were told", description="The description of the task.")
    work.gt("sling", bead, "--runtime", "mine", "--wait")
    said = sandbox.git("show", "main:said.txt", cwd=work.mirror)
    prime = sandbox.git("show", "main:prime.txt", cwd=work.mirror)
    assert said.startswith("You are polecat toast of rig app.")
    assert said.endswith("for the agent")
    assert "| The description of the task." in prime
    assert len(work.sessions_of(bead)) == 1


def test_a_session_whose_runtime_is_no_longer_described_is_not_forgotten(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    before, flag = town.town.file.read_text(), sandbox.folder / "flag"
    script = f"gt hook; until test -e {flag}; do sleep 0.1; done; exit 3"
    town.town.file.write_text(
        f'{before}\n[runtimes.mine]\ncommand = "sh"\nargs = ["-c", "{script}"]\nprompt = "none"\n'
    )
    bead = town.bead("Mine")
    town.up()
    town.gt("sling", "--runtime", "mine", bead)
    town.state_is(bead, "working")
    town.town.file.write_text(before)
    flag.touch()
    eventually(lambda: town.attempts(bead)[0].state == "failed", what="its end is noticed")
    assert "there is no runtime 'mine'" in (town.attempts(bead)[0].reason or "")
