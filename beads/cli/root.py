"""The table of verbs."""

import click

from beads.cli.lazy import LazyGroup
from beads.cli.verb import global_options
from beads.version import BEADS_VERSION, __version__

# name → where it is, and what it does; an entry without a description is an alias.
VERBS: dict[str, tuple[str, str]] = {
    "init": ("beads.cli.init:init", "Make an issue store here."),
    "create": ("beads.cli.create:create", "File an issue."),
    "new": ("beads.cli.create:create", ""),
    "q": ("beads.cli.create:quick", "File an issue and print only its id."),
    "show": ("beads.cli.show:show", "Show issues with all that hangs on them."),
    "view": ("beads.cli.show:show", ""),
    "list": ("beads.cli.listing:list_issues", "List issues."),
    "ready": ("beads.cli.ready:ready", "List what can be started now, or claim it."),
    "blocked": ("beads.cli.ready:blocked", "List what is held up, and by what."),
    "update": ("beads.cli.update:update", "Change issues."),
    "close": ("beads.cli.close:close", "Close issues."),
    "done": ("beads.cli.close:close", ""),
    "reopen": ("beads.cli.close:reopen", "Open closed issues again."),
    "batch": ("beads.cli.batch:batch", "Make many changes in one transaction."),
    "dep": ("beads.cli.dep:dep", "What depends on what: add, remove, list, tree, cycles."),
    "graph": (
        "beads.cli.graph:graph",
        "Show what hangs together, in the order in which it can be worked off.",
    ),
    "label": ("beads.cli.label:label", "Labels: add, remove, list, list-all."),
    "comment": ("beads.cli.comments:comment", "Say something about an issue."),
    "comments": ("beads.cli.comments:comments", "Read what was said about an issue."),
    "note": ("beads.cli.comments:note", "Add to an issue's notes."),
    "config": ("beads.cli.config:config", "Settings: get, set, list, unset."),
    "gate": ("beads.cli.gate:gate", "What work has to wait for: create, list, show, check, resolve."),
    "mol": ("beads.cli.mol:mol", "Work poured from templates: pour, wisp, current, squash."),
    "epic": ("beads.cli.epic:epic", "How far epics have come; close the finished ones."),
    "search": ("beads.cli.search:search", "Find issues by their words."),
    "query": ("beads.cli.query:query", "Find issues by a condition."),
    "duplicates": ("beads.cli.relations:duplicates", "Find open issues that say the same."),
    "duplicate": ("beads.cli.relations:duplicate", "Close an issue that says what another one says."),
    "supersede": ("beads.cli.relations:supersede", "Close an issue whose place another one takes."),
    "children": ("beads.cli.relations:children", "List the children of an issue."),
    "link": ("beads.cli.relations:link", "Let an issue depend on another."),
    "assign": ("beads.cli.shortcuts:assign", "Give an issue to somebody."),
    "unclaim": ("beads.cli.shortcuts:unclaim", "Give back what was claimed."),
    "priority": ("beads.cli.shortcuts:priority", "Say how urgent an issue is."),
    "tag": ("beads.cli.shortcuts:tag", "Put a label on an issue."),
    "state": ("beads.cli.state:state", "Tell the state of an issue in one dimension."),
    "set-state": ("beads.cli.state:set_state", "Set the state of an issue, and record why."),
    "human": ("beads.cli.human:human", "What a person needs most; what waits for one."),
    "defer": ("beads.cli.defer:defer", "Put issues off."),
    "undefer": ("beads.cli.defer:undefer", "Take issues up again."),
    "kv": ("beads.cli.kv:kv", "Keys and values."),
    "remember": ("beads.cli.kv:remember", "Remember something for later sessions."),
    "memories": ("beads.cli.kv:memories", "List what is remembered."),
    "recall": ("beads.cli.kv:recall", "Tell what is remembered under a key."),
    "forget": ("beads.cli.kv:forget", "Forget what is remembered under a key."),
    "sql": ("beads.cli.sql:sql", "Ask the database in SQL."),
    "history": ("beads.cli.history:history", "Tell what was done to an issue."),
    "audit": ("beads.cli.audit:audit", "Record what agents have done, and what is thought of it."),
    "undo": ("beads.cli.history:undo", "Take back your last change."),
    "prime": ("beads.cli.prime:prime", "Print what an agent should know at the start of a session."),
    "export": ("beads.cli.interchange:export", "Write every issue as one line of JSON."),
    "sync": ("beads.cli.sync:sync", "Keep the issues in a file beside the code, for git to carry."),
    "import": ("beads.cli.interchange:import_issues", "Merge issues from JSONL, or from GitHub's JSON."),
    "rename": ("beads.cli.rename:rename", "Give an issue another id."),
    "rename-prefix": ("beads.cli.rename:rename_prefix", "Let every id begin with another prefix."),
    "delete": ("beads.cli.delete:delete", "Delete issues for good."),
    "status": ("beads.cli.status:status", "Count issues by state."),
    "stats": ("beads.cli.status:status", ""),
    "count": ("beads.cli.status:count", "Count issues, also in groups."),
    "stale": ("beads.cli.status:stale", "List issues that nobody has changed for long."),
    "lint": ("beads.cli.lint:lint", "Find issues that do not say when they are done."),
    "doctor": ("beads.cli.doctor:doctor", "Examine the store, and put it right."),
    "repair-deps": ("beads.cli.doctor:repair_deps", "Find dependencies that lead nowhere."),
    "migrate": ("beads.cli.migrate:migrate", "Bring an older store up to this version."),
    "statuses": ("beads.cli.vocabulary:statuses", "List the statuses that an issue may have."),
    "types": ("beads.cli.vocabulary:types", "List the types that an issue may have."),
    "quickstart": ("beads.cli.quickstart:quickstart", "Show the shortest introduction."),
    "ping": ("beads.cli.status:ping", "Answer, and tell how long it took."),
    "info": ("beads.cli.info:info", "Tell about the database."),
    "context": ("beads.cli.info:context", "Tell which store a call would work on."),
    "where": ("beads.cli.info:where", "Tell where the issue store is."),
    "version": ("beads.cli.info:version", "Tell the version."),
    "dolt": ("beads.cli.dolt:dolt", ""),
    "daemon": ("beads.cli.dolt:dolt", ""),
}


def version_line() -> str:
    """Return the version as clients look for it: the Beads version that `bd` answers like comes first."""
    return f"bd version {BEADS_VERSION} (gastown {__version__})"


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(version_line())
        ctx.exit()


@click.command(cls=LazyGroup, table=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version and exit.",
)  # fmt: skip
def bd() -> None:
    """Issues that agents and people work from, kept beside the code."""


bd.params += global_options(set())
