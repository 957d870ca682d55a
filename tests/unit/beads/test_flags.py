"""Every flag that clients may send is taken by its verb, and none is taken twice."""

from __future__ import annotations

import re

import click
import pytest

from beads.cli.root import VERBS, bd
from tests.support.environment import CHECKOUT

_WORDS = (
    "--rig -p --priority -t --type -a --assignee -l --label --label-any --metadata-field --has-metadata-key"
)
_TEXTS = "--title-contains --desc-contains --notes-contains --empty-description --no-assignee --no-labels"
_TIMES = " ".join(
    f"--{name}-{end}" for name in ("created", "updated", "closed") for end in ("after", "before")
)
_RANGES = f"{_TIMES} --priority-min --priority-max"
_FIELDS = (
    "-t --type -p --priority -d --description --body -m --body-file --stdin --design --design-file --acceptance "
    "--notes --append-notes -a --assignee --external-ref --spec-id -e --estimate --due --defer --metadata"
)
FLAGS = {
    "": "-C --directory --db --actor --json --format --sandbox --readonly --global --dolt-auto-commit --profile -v "
    "--verbose -q --quiet --ignore-schema-skew --no-color --no-daemon --no-auto-flush --no-auto-import --no-db -V "
    "--version",
    "init": "-p --prefix -q --stealth --skip-hooks --skip-agents --non-interactive --role --from-jsonl --reinit-local "
    "--destroy-token --backend",
    "create": f"{_FIELDS} -l --labels --label --id --parent --no-inherit-labels --deps --waits-for --waits-for-gate "
    "--ephemeral --no-history --mol-type --wisp-type --event-kind --event-category --event-actor --event-target "
    "--event-payload --validate --force --repo --silent --dry-run --title -f --file --graph -s --status --rig",
    "q": "-p --priority -t --type -l --labels --parent",
    "list": f"{_WORDS} {_TEXTS} {_RANGES} -s --status --all --exclude-label --label-pattern --label-regex "
    "--label-exact --title --id --parent --no-parent --sort -r --reverse -n --limit --ready --deferred --overdue "
    "--due-after --due-before --defer-after --defer-before --include-gates --include-infra --include-templates "
    "--exclude-type --pinned --no-pinned --tree --flat --pretty --long --no-pager --skip-labels --mol-type --wisp-type "
    "--spec --offset --external-ref --external-contains --format",
    "show": "--id --short --refs --children --thread --current --include-dependents --include-comments --long "
    "--local-time --brief-deps",
    "update": f"{_FIELDS} --claim -s --status --title --acceptance-criteria --add-label --remove-label --set-labels "
    "--parent --set-metadata --unset-metadata --ephemeral --persistent --session --await-id --history --no-history "
    "-l --labels --allow-empty-description",
    "close": "-r --reason --resolution --message --comment --reason-file -f --force --continue --no-auto "
    "--suggest-next --claim-next --session",
    "reopen": "-r --reason",
    "ready": f"{_WORDS} -n --limit -u --unassigned -s --sort --exclude-label --exclude-type --parent --mol --mol-type "
    "--include-deferred --include-ephemeral --gated --explain --claim --plain --pretty",
    "blocked": "--parent",
    "dep add": "-t --type --blocked-by --depends-on --file --no-cycle-check",
    "dep remove": "-t --type",
    "dep list": "--direction -t --type",
    "dep tree": "--direction --format -d --max-depth --reverse --show-all-paths --status -t --type",
    "dep relate": "",
    "dep unrelate": "",
    "dep cycles": "",
    "label add": "",
    "label remove": "",
    "label list": "",
    "label list-all": "",
    "label propagate": "",
    "comments": "-a --author -f --file --local-time",
    "comment": "--stdin -f --file -a --author",
    "note": "--stdin --file",
    "epic status": "--eligible-only",
    "epic close-eligible": "--dry-run",
    "search": f"{_WORDS} {_TEXTS} {_RANGES} --external-contains -n --limit --long --query -r --reverse --sort "
    "-s --status",
    "query": "-a --all -n --limit --long --offset --parse-only -r --reverse --sort",
    "stale": "-d --days -s --status -n --limit",
    "count": f"{_WORDS} {_TEXTS} {_RANGES} --by-status --by-priority --by-type --by-assignee --by-label -s --status "
    "--id --title --include-infra",
    "status": "--assigned --no-activity --all",
    "duplicates": "--auto-merge --dry-run",
    "delete": "-f --force --cascade --from-file --dry-run",
    "info": "--schema",
    "config set": "",
    "config set-many": "",
    "config get": "",
    "config list": "",
    "config unset": "",
    "doctor": "--fix -y --yes --check --clean --agent",
    "sync": "--flush-only --import-only --import --dry-run --status --force --full --no-push --no-pull",
    "context": "",
    "dolt": "",
    "repair-deps": "--fix",
    "migrate": "--inspect",
    "graph": "--all --open --dot --html --compact --box",
    "sql": "--csv",
    "prime": "--full --mcp --stealth --hook-json --memories-only",
    "batch": "-f --file --dry-run -m --message",
    "lint": "-t --type -s --status",
    "human list": "-s --status",
    "human respond": "-r --response -f --file --stdin",
    "human dismiss": "-r --reason",
    "set-state": "-r --reason",
    "unclaim": "-r --reason --force --if-assignee",
    "children": "--pretty",
    "history": "--limit --events",
    "export": "--all --include-infra --include-memories -o --output --scrub --exclude-owner",
    "import": "--dedup --dry-run -i --input",
    "defer": "--until -r --reason",
    "supersede": "--with",
    "duplicate": "--of",
    "link": "-t --type",
}


def command(path: str) -> click.Command:
    found: click.Command = bd
    for name in path.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), name)
        assert inner is not None, path
        found = inner
    return found


def options(found: click.Command) -> list[str]:
    given = [param for param in found.get_params(click.Context(found)) if isinstance(param, click.Option)]
    return [name for param in given for name in (*param.opts, *param.secondary_opts)]


@pytest.mark.parametrize("path", FLAGS)
def test_flags_that_clients_send(path: str) -> None:
    taken = options(command(path))
    assert [flag for flag in FLAGS[path].split() if flag not in taken] == []


def every_command() -> list[str]:
    groups = [name for name in VERBS if isinstance(command(name), click.Group)]
    inner = [f"{name} {sub}" for name in groups for sub in command(name).list_commands(click.Context(bd))]  # type: ignore[attr-defined]
    return ["", *VERBS, *inner]


def test_every_verb_is_in_the_documentation() -> None:
    pages = "".join(page.read_text() for page in (CHECKOUT / "docs").glob("*.md"))
    named = set(re.findall(r"`(?:bd )?([a-z-]+)", pages))
    assert [name for name in VERBS if name not in named] == []


@pytest.mark.parametrize("path", every_command())
def test_no_flag_is_taken_twice_and_json_is_taken_everywhere(path: str) -> None:
    taken = options(command(path))
    assert sorted(set(taken)) == sorted(taken)
    assert {"--json", "--actor", "--no-daemon", "--sandbox"} <= set(taken)
