"""The benchmarks run, and say what they are there to say; their figures are nobody's test."""

from __future__ import annotations

import re
import sys

from tests.support.environment import CHECKOUT
from tests.support.sandbox import Sandbox


def test_both_run_quickly_and_report_ratios(sandbox: Sandbox) -> None:
    printed = sandbox.run(sys.executable, "-m", "benchmarks", "--quick", cwd=CHECKOUT, timeout=180).stdout
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
    assert sandbox.processes() == set()
