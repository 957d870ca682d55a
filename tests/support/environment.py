"""The environment of every test: nothing of the person's own or of an agent's session, and a private home.

What a machine needs to reach a registry (proxies, certificates, npm's settings) is kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# A town of the person's, an agent's session or `make` around the tests, and whatever changes output.
SCRUBBED_PREFIXES = (
    "BD_",
    "BEADS_",
    "GT_",
    "GIT_",
    "TMUX",
    "XDG_",
    "LC_",
    "MAKE",
    "CLAUDE",
    "ANTHROPIC_",
    "OPENAI_",
    "CODEX_",
    "GEMINI_",
    "CURSOR_",
)
SCRUBBED_SUFFIXES = ("_API_KEY", "_AUTH_TOKEN")
SCRUBBED = frozenset(
    {
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONSAFEPATH"),
        *("EDITOR", "VISUAL", "PAGER", "LESS", "ENV", "BASH_ENV", "CDPATH", "MFLAGS", "LANGUAGE"),
        *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"),
    }
)
CHECKOUT = Path(__file__).resolve().parents[2]
KEPT_PREFIXES = ("GIT_SSL_",)

# A checkout may belong to another user than the one who runs the tests, as in a CI container.
GIT_CONFIG = """\
[user]
\tname = Test Person
\temail = person@example.test
[init]
\tdefaultBranch = main
[safe]
\tdirectory = *
[core]
\thooksPath = /dev/null
[gc]
\tauto = 0
"""


def _is_scrubbed(name: str) -> bool:
    if name.startswith(KEPT_PREFIXES):
        return False
    return name in SCRUBBED or name.startswith(SCRUBBED_PREFIXES) or name.endswith(SCRUBBED_SUFFIXES)


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what could change how `gt`, `bd`, git or tmux behave."""
    return {name: value for name, value in environ.items() if not _is_scrubbed(name)}


def pinned(folder: Path) -> dict[str, str]:
    """What is set for every test; makes a home with a git identity, and a place for sockets, in `folder`."""
    home, tmux_dir = folder / "home", folder / "tmux"
    home.mkdir()
    tmux_dir.mkdir(mode=0o700)
    git_config = home / ".gitconfig"
    git_config.write_text(GIT_CONFIG)
    return {
        "PATH": f"{_commands(folder)}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(git_config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "TMUX_TMPDIR": str(tmux_dir),
    }


def _commands(folder: Path) -> Path:
    """Where this interpreter's `gt` and `bd` are; scripts in their place if it is not installed."""
    installed = Path(sys.executable).parent
    if (installed / "gt").exists() and (installed / "bd").exists():
        return installed
    shims = folder / "bin"
    shims.mkdir()
    for name, module in {"gt": "gastown.cli", "bd": "beads.cli"}.items():
        code = f"import sys; sys.path.insert(0, '{CHECKOUT}'); from {module} import main; main()"
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -c "{code}" "$@"\n')
        shim.chmod(0o755)
    return shims


def short_folder(prefix: str) -> Path:
    """A new folder with a short path: a socket's may have about 100 bytes, and pytest's use most."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp")).resolve()


def end_tmux_servers(tmux_dir: Path) -> None:
    """End the servers whose sockets lie in `tmux_dir`, and no others. Never raises: it runs in finalizers."""
    tmux = shutil.which("tmux")
    if tmux is None:
        return
    for socket in tmux_dir.glob("tmux-*/*"):
        try:
            subprocess.run(
                [tmux, "-S", str(socket), "kill-server"],
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=10,
            )
        except (OSError, subprocess.SubprocessError):
            continue
