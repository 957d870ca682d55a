"""The one place where errors become text, JSON and exit codes, for both command lines.

0 done, 1 expected failure, 2 usage, 3 a bug of ours (a short line here, the traceback in a log),
130 interrupted.
"""

import errno
import gc
import itertools
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from beads.errors import BeadsError, Invalid
from beads.text import safe_block

BUG, INTERRUPTED, BROKEN_PIPE = 3, 130, 141
_ROOM, _RIGHTS, _PATH = "make room, then try again", "check who may write there", "check the path"
# What a machine may refuse, and a person can put right.
MACHINE = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.ENOTDIR: _PATH,
    errno.EISDIR: _PATH,
    errno.ENAMETOOLONG: _PATH,
    errno.ELOOP: _PATH,
}


def run(
    group: click.Group, prog: str, argv: Sequence[str] | None = None, *, json_to_stdout: bool = False
) -> int:
    """Run a command line and return its exit code; every error is told once, here.

    With `--json` an error is JSON on stderr; with `json_to_stdout`, one that is not about the input's form is
    on stdout as well, where some clients look for it.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = wants_json(arguments)
    try:
        code = _invoke(group, prog, arguments, as_json, json_to_stdout)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read has gone; what Python still has in hand must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def leave(code: int) -> NoReturn:
    """End the process. What is registered for its end is done; only the collector is spared all that was imported.

    Its last rounds take a fifth of a short command's time. A web board that was told of a change by the file and asks
    again meanwhile would get that answer before this command's.
    """
    gc.freeze()
    sys.exit(code)


def _invoke(group: click.Group, prog: str, arguments: list[str], as_json: bool, json_to_stdout: bool) -> int:
    try:
        result = group.main(arguments, prog_name=prog, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except BeadsError as error:
        both = json_to_stdout and not isinstance(error, Invalid)
        _tell(error.message, error.hint, as_json, both, getattr(error, "details", None))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        usual = f"{context.command_path} --help" if context is not None else f"{prog} --help"
        _tell(usage(error), getattr(error, "hint", None) or usual, as_json, False, None)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in MACHINE:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
            _tell(what, MACHINE[error.errno], as_json, json_to_stdout, None)
            return 1
        if wrong := _of_input(error):
            _tell(wrong, None, as_json, False, None)
            return 1
        log = _log(prog)
        where = f"the traceback is in {log}" if log else "the traceback could not be saved"
        _tell(f"bug in {prog}: {type(error).__name__}: {error}", where, as_json, json_to_stdout, None)
        return BUG


def usage(error: click.ClickException) -> str:
    """Return what is wrong with a command line, as our errors say it."""
    if isinstance(error, click.NoSuchOption):
        # Programs that try a newer flag first know by these words that they may do without.
        near = f"; did you mean {', '.join(sorted(error.possibilities))}?" if error.possibilities else ""
        return f"unknown flag: {error.option_name}{near}"
    return _plain(error.format_message())


def _of_input(error: Exception) -> str | None:
    """Return what was wrong with the input, for what only the last instance that it reaches finds out."""
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return "what was given is not valid UTF-8"
    if isinstance(error, OverflowError) and "SQLite INTEGER" in str(error):
        return "a number that was given is beyond 64 bits"
    if isinstance(error, ValueError) and "embedded null byte" in str(error):
        return "a name that was given contains a NUL character"
    return None


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether the answer is to be JSON, before anything is parsed."""
    given = list(arguments)
    before = given[: given.index("--")] if "--" in given else given
    said = any(word in before for word in ("--json", "--format=json"))
    return said or ("--format", "json") in itertools.pairwise(before)


def _plain(message: str) -> str:
    message = message.rstrip(".")
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def _tell(message: str, hint: str | None, as_json: bool, both: bool, details: dict[str, Any] | None) -> None:
    if not as_json:
        click.echo(f"error: {safe_block(message)}", err=True)
        if hint:
            click.echo(f"  {safe_block(hint)}", err=True)
        return
    told: dict[str, Any] = {"error": message, **({"hint": hint} if hint else {}), **(details or {})}
    text = json.dumps({**told, "schema_version": 1}, indent=2)
    click.echo(text, err=True)
    if both:
        click.echo(text)


def _log(prog: str) -> Path | None:
    """Append the traceback to a log of the person's own, and return where it is."""
    import traceback
    from datetime import UTC, datetime

    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    path = Path(state).expanduser() / "gastown" / f"{prog}-bugs.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{datetime.now(UTC).isoformat()} {sys.argv!r}\n{traceback.format_exc()}\n")
    except OSError:
        return None
    return path
