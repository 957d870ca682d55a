"""beads-ui, the web board from npm, unmodified, serving a workspace on loopback as a person would start it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.sandbox import Sandbox, eventually
from tests.support.vendors import Vendor, installed

BOARD = Vendor("bdui", "beads-ui", "0.12.0")
NODE = Vendor("node", "node", "22.23.3")  # which the board wants, whatever Node this machine has


@contextmanager
def serving(sandbox: Sandbox, workspace: Path) -> Iterator[str]:
    """The address of the workspace's board; its log is told after a failure, as a town's is.

    :raises VendorUnavailable: npm or its registry cannot be had.
    """
    program, node = installed(BOARD), installed(NODE)
    sandbox.env["PATH"] = f"{node.parent}{os.pathsep}{sandbox.env['PATH']}"
    sandbox.env["BDUI_RUNTIME_DIR"] = str(sandbox.home / "board" / "logs")
    host, port = _free()
    sandbox.run(program, "start", "--debug", "--host", host, "--port", str(port), cwd=workspace)
    try:
        eventually(lambda: _listens(host, port), what="the board listens")
        yield f"http://{host}:{port}/"
    finally:
        sandbox.run(program, "stop", cwd=workspace)


def _free() -> tuple[str, int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address: tuple[str, int] = probe.getsockname()
    return address


def _listens(host: str, port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((host, port)) == 0
