"""A scripted model server on loopback: the only fake in an otherwise real agent session.

The vendors' real programs are pointed at it by their own configuration. It keeps no state per conversation: what it
answers follows from the request alone, so sessions may run in parallel, be killed and be resumed. The last real user
prompt selects a rule; the number of tool results after that prompt selects the rule's step.

In a test: `with ModelServer([Rule("STARTWORK", (Run("gt hook"), Say("finished")))]) as server: ... server.url`.
As a process: `python -m tests.support.model_server --rules rules.json --log requests.jsonl`, which prints its URL.
One function per endpoint, in `ENDPOINTS`, speaks one vendor's protocol.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """The model asks for a shell command. `\\g<name>` and `\\g<1>` are groups of the rule's pattern."""

    command: str
    after: float = 0.0  # seconds of thinking before the answer


@dataclass(frozen=True)
class Say:
    """The model answers with text, which ends the turn."""

    text: str
    after: float = 0.0


@dataclass(frozen=True)
class Fail:
    """The provider refuses: an HTTP error as rate limits and bad keys give it."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    kind: str = "error"


Step = Run | Say | Fail


@dataclass(frozen=True)
class Rule:
    """When `prompt` (a regular expression, searched for) is in the user's prompt, do `steps` one after the other."""

    prompt: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One request as it came in, kept for a test's asserts; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Json
    prompt: str
    step: int

    def says(self, text: str) -> bool:
        """Whether `text` is anywhere in what the program sent: prompt, instructions, tool results."""
        return text in json.dumps(self.body, ensure_ascii=False)


@dataclass(frozen=True)
class Turn:
    """What every protocol's request boils down to. An aside is the program's own question, with no tools: a title."""

    prompt: str
    results: int
    aside: bool = False


Answer = Callable[[Step], Reply]


# ---- the script


FINISHED = Say("FINAL: nothing more in the script.")
ASIDE = Say('{"title": "Scripted work"}')


def choose(rules: Iterable[Rule], turn: Turn) -> Step:
    """The step for this turn; a prompt without a rule is a mistake in the test and is said so loudly."""
    if turn.aside:
        return ASIDE
    for rule in rules:
        if match := re.search(rule.prompt, turn.prompt, re.DOTALL):
            step = rule.steps[turn.results] if turn.results < len(rule.steps) else FINISHED
            return _filled(step, match)
    return Say(f"NO RULE of the model server matches this prompt: {turn.prompt[:200]!r}")


def _filled(step: Step, match: re.Match[str]) -> Step:
    if not isinstance(step, Run):
        return step
    command = re.sub(r"\\g<(\w+)>", lambda group: match[_group(group[1])] or "", step.command)
    return Run(command, step.after)


def _group(name: str) -> int | str:
    return int(name) if name.isdecimal() else name


def load_rules(text: str) -> list[Rule]:
    """Rules from JSON: `[{"prompt": "RE", "steps": [{"run": "..."}, {"say": "..."}, {"fail": 429, "message": "..."}]}]`."""
    return [Rule(rule["prompt"], tuple(_load_step(step) for step in rule["steps"])) for rule in json.loads(text)]


def _load_step(step: Json) -> Step:
    after = float(step.get("after", 0.0))
    if "run" in step:
        return Run(step["run"], after)
    if "say" in step:
        return Say(step["say"], after)
    return Fail(step["fail"], step["message"], step.get("headers", {}), after, step.get("kind", "error"))


# ---- the vendors' protocols: a request's body -> its turn, and how to answer it


def _identifier(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:24]}"


def _sse(events: Iterable[Json]) -> Reply:
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Reply("".join(lines).encode(), "text/event-stream")


def _refusal(fail: Fail) -> Reply:
    body = {"error": {"message": fail.message, "type": fail.kind, "code": fail.kind}}
    return Reply(json.dumps(body).encode(), status=fail.status, headers=fail.headers)


# Codex puts its own texts into user messages too: the instruction files and what it says of the machine.
CODEX_CONTEXT = re.compile(r"\s*(<[a-z_]+[ >]|# AGENTS\.md instructions)")
CODEX_STILL_RUNNING = re.compile(r"Process running with session ID (\d+)")


def responses(body: Json) -> tuple[Turn, Answer]:
    """Codex: POST /v1/responses, answered as server-sent events."""
    prompt, outputs = "", list[str]()
    for item in body.get("input", []):
        if item.get("type") == "message" and item.get("role") == "user":
            text = "\n".join(part.get("text", "") for part in item["content"])
            if not CODEX_CONTEXT.match(text):
                prompt, outputs = text, []
        elif item.get("type") == "function_call_output":
            outputs.append(str(item["output"]))
    running = CODEX_STILL_RUNNING.search(outputs[-1]) if outputs else None
    finished = [output for output in outputs if not CODEX_STILL_RUNNING.search(output)]

    def answer(step: Step) -> Reply:
        if isinstance(step, Fail):
            return _refusal(step)
        if running:  # a command outlived the tool's patience; ask again before taking the next step
            return _responses_stream(_codex_call("write_stdin", {"session_id": int(running[1]), "chars": ""}))
        if isinstance(step, Run):
            return _responses_stream(_codex_call("exec_command", {"cmd": step.command, "yield_time_ms": 30_000}))
        content = [{"type": "output_text", "text": step.text}]
        return _responses_stream(
            {"type": "message", "role": "assistant", "id": _identifier("msg"), "content": content}
        )

    return Turn(prompt, len(finished), aside=not body.get("tools")), answer


def _codex_call(name: str, arguments: Json) -> Json:
    return {
        "type": "function_call",
        "id": _identifier("fc"),
        "call_id": _identifier("call"),
        "name": name,
        "arguments": json.dumps(arguments),
    }


def _responses_stream(item: Json) -> Reply:
    response: Json = {"id": _identifier("resp")}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    return _sse(
        [
            {"type": "response.created", "response": response},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {**response, "usage": usage}},
        ]
    )


Endpoint = Callable[[Json], tuple[Turn, Answer]]

ENDPOINTS: Sequence[tuple[str, Endpoint]] = ((r"/v1/responses$", responses),)


# ---- the server


class ModelServer:
    """The server in a thread of this process; a context manager. `url` has no trailing slash and no version."""

    def __init__(self, rules: Sequence[Rule], port: int = 0, log: TextIO | None = None) -> None:
        self.rules = list(rules)
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._log = log
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def seen(self, text: str) -> list[Request]:
        """The requests so far that contain `text`."""
        return [request for request in list(self.requests) if request.says(text)]

    def await_request(self, text: str, timeout: float = 30.0) -> Request:
        """The first request containing `text`, waiting for it. :raises TimeoutError: none came in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := self.seen(text):
                return found[0]
            self.closing.wait(0.05)
        prompts = [request.prompt[:80] for request in self.requests]
        raise TimeoutError(f"no request contained {text!r} within {timeout} s; prompts seen: {prompts}")

    def reply(self, path: str, headers: Mapping[str, str], body: Json) -> Reply:
        """Record the request and answer it from the script."""
        for pattern, endpoint in ENDPOINTS:
            if re.search(pattern, path):
                turn, answer = endpoint(body)
                self._record(Request(path, headers, body, turn.prompt, turn.results))
                step = choose(self.rules, turn)
                self.closing.wait(step.after)
                return answer(step)
        self._record(Request(path, headers, body, "", 0))
        return _refusal(Fail(404, f"the model server has no endpoint {path}"))

    def _record(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            if self._log:
                self._log.write(json.dumps(asdict(request)) + "\n")
                self._log.flush()


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._send(Reply(b""))

        def do_GET(self) -> None:
            self._send(Reply(b'{"object": "list", "data": [], "models": []}'))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(server.reply(urlsplit(self.path).path, headers, json.loads(raw or b"{}")))

        def _send(self, reply: Reply) -> None:
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # a killed session hangs up; that is what the tests do

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the recorded requests say more."""

    return Handler


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.model_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rules", type=Path, required=True, help="a JSON file, see load_rules")
    parser.add_argument("--log", type=argparse.FileType("a"), help="append every request as a JSON line")
    given = parser.parse_args()
    with ModelServer(load_rules(given.rules.read_text()), given.port, given.log) as server:
        print(server.url, flush=True)
        try:
            server.closing.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
