"""The benchmarks run, and say what they are there to say; their figures are nobody's test."""

from __future__ import annotations

import re
import sys

from tests.support.environment import CHECKOUT
from tests.support.sandbox import Sandbox


def test_all_run_quickly_and_report_ratios(sandbox: Sandbox) -> None:
    printed = sandbox.run(sys.executable, "-m", "benchmarks", "--quick", cwd=CHECKOUT, timeout=300).stdout
    for command in ("gt --help", "gt hook", "bd ready"):
        assert re.search(rf"^{command} +\d+( +\d+\.\d\d){{3}}$", printed, re.MULTILINE), printed
    assert re.search(
        r"^bd ready / import sqlalchemy, click: \d\.\d\d, (within|beyond) the limit", printed, re.M
    )
    for part in (
        "interpreter and imports: worker",
        "git",
        "tmux new-session, script",
        "gate",
        "waiting for the daemon",
    ):
        assert re.search(rf"^{re.escape(part)} +\d+ +\d+\.\d\d$", printed, re.MULTILINE), printed
    assert re.search(r"^gt sling to merged / its bare parts by hand: \d+\.\d\d$", printed, re.MULTILINE)
    assert "SEARCH issues USING INDEX issues_ready" in printed
    for step in ("create", "show", "close", "ready", "list"):
        assert len(re.findall(rf"^{step} +\d+\.\d +\d+\.\d +\d+\.\d\d$", printed, re.M)) == 2, printed
    assert re.search(r"^99.9 % +\d+\.\d$", printed, re.M), printed
    assert "fields that differ: none" in printed
    assert "twice: identical and identical" in printed
    assert sandbox.processes() == set()
