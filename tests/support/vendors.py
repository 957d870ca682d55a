"""The vendors' real programs, at pinned versions, from npm: installed once per checkout and shared by all tests.

A machine without npm, or without a way to the registry, cannot have them: `VendorUnavailable`, which a test turns into
a skip with its reason. Everything else that goes wrong is an error, so that a broken pin cannot hide as a skip.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# Read when this module is imported: a test's own environment has no GT_* and another home.
ENVIRON = dict(os.environ)
CACHE = Path(ENVIRON.get("GT_VENDOR_CACHE") or CHECKOUT / ".cache" / "vendors")
PATIENCE = 600  # seconds for one installation: the largest is 400 MB


class VendorUnavailable(Exception):
    """This machine cannot have the program."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Vendor:
    """A program on npm."""

    command: str
    package: str
    version: str


CLAUDE = Vendor("claude", "@anthropic-ai/claude-code", "2.1.197")
CODEX = Vendor("codex", "@openai/codex", "0.169.0")
COPILOT = Vendor("copilot", "@github/copilot", "1.0.102")
GEMINI = Vendor("gemini", "@google/gemini-cli", "0.61.0")
OPENCODE = Vendor("opencode", "opencode-ai", "1.18.33")


def codex_path() -> Path:
    """The real `codex` launcher, which needs `node` on the PATH it is started with.

    :raises VendorUnavailable: neither here yet nor to be had.
    """
    return installed(CODEX)


def installed(vendor: Vendor, cache: Path = CACHE, environ: Mapping[str, str] = ENVIRON) -> Path:
    """The program, installed into `cache` by the first who asks; the others wait for it.

    :raises VendorUnavailable: npm is missing, or it cannot reach its registry.
    :raises RuntimeError: npm failed in another way.
    """
    folder = cache / f"{vendor.command}-{vendor.version}"
    program = folder / "node_modules" / ".bin" / vendor.command
    if not program.exists():
        with _alone(folder.with_name(f"{folder.name}.lock")):
            if not program.exists():
                _install(vendor, folder, environ)
    return program


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(vendor: Vendor, folder: Path, environ: Mapping[str, str]) -> None:
    """Install beside `folder` and rename at the end, so that an interrupted installation is never taken for one."""
    env = _npm_environment(environ)
    npm = shutil.which("npm", path=env["PATH"])
    if npm is None:
        raise VendorUnavailable(f"npm, which installs {vendor.package}, is not on the PATH")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    _run_npm([npm, "install", *OPTIONS, "--prefix", str(partial), f"{vendor.package}@{vendor.version}"], env)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


# No lock file, no reports; few repeats, because without a network the tests should go on soon.
OPTIONS = (
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--no-update-notifier",
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)
NO_REGISTRY = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT"
    r"|CERT|E401|E403|E407|E5\d\d|ENOTCACHED"
)


def _run_npm(argv: list[str], env: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise VendorUnavailable(f"npm did not install {argv[-1]} within {PATIENCE} s") from None
    if done.returncode == 0:
        return
    code = re.search(r"npm (?:ERR!|error) code (\S+)", done.stderr)
    if code and NO_REGISTRY.search(code[1]):
        raise VendorUnavailable(f"npm cannot reach its registry for {argv[-1]}: {code[1]}")
    raise RuntimeError(f"npm failed to install {argv[-1]}:\n{done.stderr.strip()}")


# Where systems keep the certificates they trust; Node brings its own list and would not look.
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def _npm_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with the person's real home (.npmrc may name a registry), and certificates where none are named."""
    env = {**environ, "HOME": pwd.getpwuid(os.getuid()).pw_dir}
    env.setdefault("PATH", os.defpath)
    named = {"NODE_EXTRA_CA_CERTS", "npm_config_cafile", "NPM_CONFIG_CAFILE"} & set(env)
    bundle = next((path for path in CERTIFICATES if Path(path).exists()), None)
    if not named and bundle:
        env |= {"NODE_EXTRA_CA_CERTS": bundle, "npm_config_cafile": bundle}
    return env
