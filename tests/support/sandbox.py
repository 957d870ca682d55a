"""A folder in which real `gt`, `bd` and git run: towns, repositories, processes; all gone after the test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.support import processes

T = TypeVar("T")

FILES = {"README.md": "# A project\n", "src/app.py": "def answer():\n    return 42\n"}


class CommandFailed(AssertionError):
    """A command exited with a code that the test did not ask for, or did not end in time."""

    def __init__(self, what: str, done: subprocess.CompletedProcess[str]) -> None:
        command = " ".join(map(str, done.args))
        super().__init__(f"{what}: {command}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
        self.done = done


class Sandbox:
    """`env` and `cwd` are what commands run with: a test may change both."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = dict(env)
        self.home = Path(self.env["HOME"])
        self.cwd = self.home

    def run(
        self,
        *argv: str | Path,
        check: bool = True,
        input: str | None = None,
        timeout: float = 60,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, output captured as text.

        :raises CommandFailed: the code is not 0 (unless `check` is false); or `timeout` seconds have passed,
            or a process left behind holds its output open so long.
        """
        process = self.start(*argv, cwd=cwd, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE)
        try:
            stdout, stderr = process.communicate(input, timeout)
        except subprocess.TimeoutExpired as late:
            _kill_group(process)
            done = subprocess.CompletedProcess(argv, -1, _text(late.stdout), _text(late.stderr))
            raise CommandFailed(f"not ended after {timeout:.0f} s", done) from None
        done = subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)
        if check and done.returncode != 0:
            raise CommandFailed(f"exit code {done.returncode}", done)
        return done

    def start(
        self, *argv: str | Path, cwd: Path | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """Start and do not wait; in a process group of its own, which a test can interrupt or kill whole."""
        return subprocess.Popen(
            [str(argument) for argument in argv],
            env=self.env,
            cwd=cwd or self.cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def json(self, *argv: str | Path, **options: Any) -> Any:
        """What the command prints with `--json`."""
        return json.loads(self.run(*argv, "--json", **options).stdout)

    def git(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run git; its output without the last newline."""
        return self.run("git", *arguments, cwd=cwd).stdout.rstrip("\n")

    def repo(self, name: str, files: Mapping[str, str] = FILES, branch: str = "main") -> Path:
        """A git repository of a person's, `home/code/NAME`, with one commit per file."""
        path = self.home / "code" / name
        path.mkdir(parents=True)
        self.git("init", "--quiet", f"--initial-branch={branch}", cwd=path)
        for file, text in files.items():
            self.commit(path, {file: text}, f"Add {file}")
        return path

    def commit(self, repository: Path, files: Mapping[str, str], message: str = "Change") -> str:
        """Write files in a repository and commit them; the new commit's id."""
        for file, text in files.items():
            target = repository / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "--all", cwd=repository)
        self.git("commit", "--quiet", f"--message={message}", cwd=repository)
        return self.git("rev-parse", "HEAD", cwd=repository)

    def town(self, name: str = "town", *options: str) -> Path:
        """A new town; later commands run in it."""
        path = self.home / name
        self.run("gt", "init", path, *options)
        self.cwd = path
        return path

    def processes(self) -> set[int]:
        """What runs in here now."""
        return processes.in_folder(self.folder)

    def end_processes(self) -> None:
        processes.end_in_folder(self.folder)

    def log_tails(self, lines: int = 30) -> list[tuple[str, str]]:
        """Each town's logs and transcripts, shortened, by path."""
        logs = sorted(self.home.glob("*/logs/**/*"), key=lambda path: path.name)
        tails = {
            path: path.read_text(errors="replace").splitlines()[-lines:] for path in logs if path.is_file()
        }
        return [(str(path.relative_to(self.home)), "\n".join(tail)) for path, tail in tails.items() if tail]

    def without(self, *commands: str) -> None:
        """Take commands off PATH, as on a machine that has everything else."""
        commands_left = self.folder / "path"
        commands_left.mkdir(exist_ok=True)
        for directory in self.env["PATH"].split(os.pathsep):
            for command in Path(directory).glob("*"):
                link = commands_left / command.name
                if command.name not in commands and not link.is_symlink():
                    link.symlink_to(command)
        self.env["PATH"] = str(commands_left)
        for command_name in commands:
            assert shutil.which(command_name, path=self.env["PATH"]) is None


def _kill_group(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        pass
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def eventually(predicate: Callable[[], T], deadline: float = 60, what: str = "") -> T:
    """Ask until the answer is true, and return it.

    :raises AssertionError: `deadline` seconds have passed; says the last answer, or the last failure.
    """
    end = time.monotonic() + deadline
    while True:
        failure: AssertionError | None = None
        answer: T | None = None
        try:
            answer = predicate()
        except AssertionError as error:
            failure = error
        if answer:
            return answer
        if time.monotonic() >= end:
            last = failure if failure else f"last answer: {answer!r}"
            raise AssertionError(f"not within {deadline:.0f} s: {what or predicate}; {last}") from failure
        time.sleep(0.05)
