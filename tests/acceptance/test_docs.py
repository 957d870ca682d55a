"""Every command block of README.md and docs/ is run, page by page, in the order in which a reader meets it.

Each page has a home of its own with three repositories in `~/code`, also reachable as `git@github.com:you/…`.
A page that does not make a town itself begins in one that has these repositories as rigs.
The vendors' programs are played by a script that commits a file; the real ones have tests of their own.
"""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from pathlib import Path

import pytest

from tests.support import docs
from tests.support.environment import CHECKOUT
from tests.support.sandbox import Sandbox

RIGS = {"backend": "be", "ml-pipeline": "ml", "frontend": "fe"}
MAKES_ITS_OWN_TOWN = ("gt init", "gt install", "gt demo")
LANGUAGES = docs.COMMANDS | {"toml", "json", "text", "python", "mermaid", "markdown"}
VENDORS_PROGRAMS = ("codex",)
AN_AGENT = """\
#!/bin/sh
set -e
gt prime
echo "Work of attempt $GT_ATTEMPT" >"attempt-$GT_ATTEMPT.txt"
git add --all
git commit --quiet --message="Work of attempt $GT_ATTEMPT"
gt done
"""
PAGES = docs.pages()
PAGE_IDS = [page.name for page in PAGES]
PAGE_SECONDS = 300

ALL_PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")])

each_page = pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)


def runnable(page: Path) -> list[docs.Block]:
    return [block for block in docs.blocks(page) if block.language in docs.COMMANDS and not block.reason]


def set_the_stage(sandbox: Sandbox, text: str) -> None:
    code = sandbox.home / "code"
    for name in RIGS:
        path = sandbox.repo(name)
        bare = code / f"{name}.git"
        sandbox.git("clone", "--quiet", "--bare", path, bare)
        sandbox.git("remote", "add", "origin", bare, cwd=path)
    sandbox.git("config", "--global", f"url.{code}/.insteadOf", "git@github.com:you/")
    play_the_vendors(sandbox)
    if any(command in text for command in MAKES_ITS_OWN_TOWN):
        return
    sandbox.town()
    for name, prefix in RIGS.items():
        sandbox.run("gt", "rig", "create", name, "--prefix", prefix, "--repo", code / f"{name}.git")


def play_the_vendors(sandbox: Sandbox) -> None:
    programs = sandbox.home / ".local/bin"
    programs.mkdir(parents=True)
    for name in VENDORS_PROGRAMS:
        (programs / name).write_text(AN_AGENT)
        (programs / name).chmod(0o755)
    sandbox.env["PATH"] = f"{programs}{os.pathsep}{sandbox.env['PATH']}"


@each_page
def test_the_commands_of_a_page_run(page: Path, sandbox: Sandbox) -> None:
    steps = [step for block in runnable(page) for step in docs.steps(block)]
    if not steps:
        return
    set_the_stage(sandbox, "\n".join(step.commands for step in steps))
    marker = f"@@{secrets.token_hex(8)}"
    done = sandbox.run("/bin/sh", "-c", docs.script(steps, marker), check=False, timeout=PAGE_SECONDS)
    printed = docs.outputs(done.stdout, marker)
    stopped_at = list(printed)[-1]
    assert done.returncode == 0, f"{page.name}:{stopped_at} failed:\n{printed[stopped_at]}"
    for step in steps:
        missing = docs.missing_line(step.prints, printed[step.line])
        assert missing is None, (
            f"{page.name}:{step.line} does not print {missing!r}, but:\n{printed[step.line]}"
        )


@each_page
def test_the_settings_of_a_page_are_valid(page: Path) -> None:
    from gastown import config

    for block in docs.blocks(page):
        if block.language == "toml":
            config.parse(_completed(block.text), Path(block.place))


def _completed(text: str) -> str:
    """A page may show some keys of a rig or a runtime: the required ones are added."""
    import tomlkit

    tables = tomllib.loads(text)
    for name, rig in tables.get("rigs", {}).items():
        tables["rigs"][name] = {"repo": "/repository", "prefix": name[:2], "runtime": "shell"} | rig
    for name, runtime in tables.get("runtimes", {}).items():
        tables["runtimes"][name] = {"command": name} | runtime
    return tomlkit.dumps(tables)


@each_page
def test_every_block_of_a_page_is_run_or_says_why_not(page: Path) -> None:
    for block in docs.blocks(page):
        assert block.language in LANGUAGES, (
            f"{block.place}: language '{block.language}' is none of {sorted(LANGUAGES)}"
        )
        if "no-run" in block.tags:
            assert block.reason, f"{block.place}: say why it is not run: <!-- not run: reason --> before it"


PAGE = """\
Text.

```sh
one
two
```

<!-- not run: needs an account -->
```sh no-run
three
```

1. In a list:

   ```console
   $ gt hook --json \\
   >   | head
   be-x1  Refactor …
   $ bd show be-nope  # exit code 1
   ```
"""


def _anchors(page: Path) -> set[str]:
    """What GitHub calls a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text())
    for path, anchor in targets:
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), path
        assert not anchor or anchor in _anchors(place), f"{path}#{anchor}"


def test_blocks_are_found_with_place_and_reason() -> None:
    first, second, third = docs.parse(PAGE, "page.md")
    assert (first.place, first.language, first.text, first.reason) == ("page.md:4", "sh", "one\ntwo", None)
    assert (second.tags, second.reason) == ("no-run", "needs an account")
    assert docs.steps(first) == [docs.Step(4, "one\ntwo")]
    assert docs.steps(third) == [
        docs.Step(16, "gt hook --json \\\n  | head", ("be-x1  Refactor …",)),
        docs.Step(19, "bd show be-nope  # exit code 1"),
    ]


def test_a_page_stops_at_the_step_that_fails(sandbox: Sandbox) -> None:
    steps = [
        docs.Step(1, "false # exit code 1"),
        docs.Step(2, "cd /; x=1"),
        docs.Step(3, "pwd; false"),
        docs.Step(4, ":"),
    ]
    done = sandbox.run("/bin/sh", "-c", docs.script(steps, "@@mark"), check=False)
    assert done.returncode == 1
    assert docs.outputs(done.stdout, "@@mark") == {1: "", 2: "", 3: "/\n"}


@pytest.mark.parametrize(
    ("shown", "printed", "missing"),
    [
        ("be-a1f  open", "x\nbe-7c2   open\ny", None),
        ("be-a1f  open", "ml-7c2  open", "be-a1f  open"),
        ("merged … into main", "merged be-2 (abc) into main", None),
        ("be-…", "be-x.1", None),
        ("one", "one two", "one"),
    ],
)
def test_what_a_page_shows_is_compared_with_what_is_printed(
    shown: str, printed: str, missing: str | None
) -> None:
    assert docs.missing_line((shown,), printed) == missing
