"""What a command that the town starts may see of our environment: an allow-list, never a copy.

So one vendor's keys do not reach another vendor's program, and nothing of the session that ran `gt` leaks in.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from gastown.config import replace

BASE = (
    "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "XDG_*",
    # certificates and proxies: without them nothing behind a company's gate reaches its vendor
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO", "PIP_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSH_AUTH_SOCK",
    "TMUX_TMPDIR",  # where the town's own socket is
)  # fmt: skip
NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
SHELL_PATH = "/usr/local/bin:/usr/bin:/bin"


def allowed(patterns: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The base list and what matches the patterns (`OPENAI_API_KEY`, `AWS_*`); without what is no name for a shell,
    such as a function that bash exports."""
    wanted = (*BASE, *patterns)
    return {k: v for k, v in environ.items() if NAME.fullmatch(k) and any(fnmatchcase(k, p) for p in wanted)}


def with_path(env: dict[str, str], bin_dir: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The same, with the town's own `gt` and `bd` first on PATH."""
    rest = environ.get("PATH", SHELL_PATH)
    first = str(bin_dir)
    others = [p for p in rest.split(os.pathsep) if p and p != first]
    return env | {"PATH": os.pathsep.join([first, *others]), "SHELL": "/bin/sh", "PYTHONUNBUFFERED": "1"}


def write_shims(bin_dir: Path) -> None:
    """`gt` and `bd` for agents: this very installation, whatever else is on PATH or in the working folder
    (`-P`: a clone of this project must not be imported in its place)."""
    bin_dir.mkdir(parents=True, exist_ok=True)
    for name, module in (("gt", "gastown.cli"), ("bd", "beads.cli")):
        code = f"from {module} import main; main()"
        text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -c {shlex.quote(code)} "$@"\n'
        path = bin_dir / name
        if not path.exists() or path.read_text() != text:
            replace(path, text)
            path.chmod(0o755)
