"""The vendors' real programs, headless, do what the scripted model asks: proof that the script speaks their protocols.

Their sessions in tmux, with prompts, trust and nudges, are tested with the runtimes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import vendors
from tests.support.model_server import ModelServer, Rule, Run, Say
from tests.support.sandbox import Sandbox
from tests.support.vendor_homes import HOMES

RULES = [
    Rule("STARTWORK", (Run("echo scripted >made.txt"), Run("cat made.txt"), Say("Finished as scripted.")))
]
PROMPT = "STARTWORK please"

HEADLESS = {
    vendors.CODEX: (
        "exec",
        "-c",
        "analytics.enabled=false",
        "--dangerously-bypass-approvals-and-sandbox",
        PROMPT,
    ),
    vendors.CLAUDE: ("-p", PROMPT, "--allowedTools", "Bash"),
    vendors.GEMINI: ("--yolo", "--skip-trust", "-p", PROMPT),
    vendors.COPILOT: ("--allow-all", "--no-ask-user", "-p", PROMPT),
    vendors.OPENCODE: ("run", "--auto", PROMPT),
}


# Codex always; the others are 900 MB more from npm, and run by `make vendors`.
ALL = "GT_TEST_VENDORS" in vendors.ENVIRON


def program(vendor: vendors.Vendor) -> Path:
    if vendor is not vendors.CODEX and not ALL:
        pytest.skip(f"the real {vendor.command} is run by `make vendors`")
    try:
        return vendors.installed(vendor)
    except vendors.VendorUnavailable as unavailable:
        pytest.skip(unavailable.reason)


@pytest.mark.parametrize("vendor", [pytest.param(vendor, id=vendor.command) for vendor in HEADLESS])
def test_the_real_program_follows_the_script(sandbox: Sandbox, vendor: vendors.Vendor) -> None:
    command = program(vendor)
    repository = sandbox.repo("project")
    with ModelServer(RULES) as server:
        sandbox.env |= HOMES[vendor.command](sandbox.home, server.url)
        sandbox.env["PWD"] = str(
            repository
        )  # opencode works in the folder that this names, wherever it is started
        done = sandbox.run(command, *HEADLESS[vendor], cwd=repository, timeout=120)
    print(done.stdout, done.stderr)  # shown when the test fails: these programs exit with 0 whatever happened
    assert [request.answer for request in server.requests] == list(RULES[0].steps)
    assert (repository / "made.txt").read_text() == "scripted\n"
    assert server.requests[-1].contains("scripted") and "Finished as scripted." in done.stdout
