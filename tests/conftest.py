"""Fixtures of every test: a scrubbed environment, private tmux servers, and a sandbox for real commands."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import docs
from tests.support.environment import end_tmux_servers, pinned, scrubbed, short_folder
from tests.support.sandbox import Sandbox

# The same examples in every run, so that a change is not blamed for what another one broke; `make chaos` has more.
hypothesis.settings.register_profile("same", derandomize="GT_PROPERTY_EXAMPLES" not in os.environ)
hypothesis.settings.load_profile("same")

SANDBOX: pytest.StashKey[Sandbox] = pytest.StashKey()


@pytest.fixture(autouse=True)
def private_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every test's `os.environ`; yields the folder with its home and its tmux sockets."""
    folder = short_folder("gt-")
    environment = scrubbed(os.environ) | pinned(folder)
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    yield folder
    end_tmux_servers(folder / "tmux")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sandbox(private_environment: Path, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A folder in which real `gt`, `bd` and git run; whatever is started in it is ended after the test."""
    box = Sandbox(private_environment, os.environ)
    request.node.stash[SANDBOX] = box
    yield box
    box.end_processes()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the tails of a failed test's town logs into its report: the folder is gone afterwards."""
    report = yield
    if report.when == "call" and report.failed and SANDBOX in item.stash:
        report.sections += item.stash[SANDBOX].log_tails()
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which blocks of the documentation were not run, and why, whenever the documentation was tested."""
    ran = any("test_docs" in report.nodeid for report in terminalreporter.stats.get("passed", []))
    reasons = docs.reasons_not_run() if ran else []
    if reasons:
        terminalreporter.section("documentation blocks that are not run")
        for reason in reasons:
            terminalreporter.write_line(reason)
