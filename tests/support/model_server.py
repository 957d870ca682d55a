"""A scripted model server on loopback: the only fake in an otherwise real agent session.

The vendors' real programs are pointed at it by their own configuration. It is stateless, so sessions may run side by
side, be killed and be resumed. `model_script` says what is answered, `model_protocols` how.

In a test: `with ModelServer([Rule("STARTWORK", (Run("gt hook"), Say("finished")))]) as server: … server.url`.
As a process, which prints its URL: `python -m tests.support.model_server --rules rules.json --log requests.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TextIO
from urllib.parse import urlsplit

from tests.support.model_protocols import ENDPOINTS, Reply, refusal
from tests.support.model_script import Fail, Json, Rule, Run, Say, Step, choose, load_rules

__all__ = ["Fail", "ModelServer", "Request", "Rule", "Run", "Say", "Step"]


@dataclass(frozen=True)
class Request:
    """One request as it came in, kept for a test's asserts, with what was answered. Header names: lower case."""

    path: str
    headers: Mapping[str, str]
    body: Json
    prompt: str  # the person's last words in it
    aside: bool  # a question of the program's own, such as one for a title
    answer: Step

    def contains(self, text: str) -> bool:
        """Whether `text` is anywhere in what was sent: prompts, instructions, results of commands."""
        return json.dumps(text, ensure_ascii=False)[1:-1] in json.dumps(self.body, ensure_ascii=False)


class ModelServer:
    """The server in a thread of this process. `url` has no slash at its end and no version."""

    def __init__(self, rules: Sequence[Rule], port: int = 0, log: TextIO | None = None) -> None:
        self.rules = list(rules)
        self._requests: list[Request] = []
        self._news = threading.Condition()
        self._closing = threading.Event()
        self._log = log
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def requests(self) -> list[Request]:
        """The programs' real requests so far, without their questions on the side."""
        with self._news:
            return [request for request in self._requests if not request.aside]

    def await_request(self, text: str, timeout: float = 30.0) -> Request:
        """The first request that contains `text`.

        :raises TimeoutError: none came within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for request in self._requests:
                    if not request.aside and request.contains(text):
                        return request
                if not self._news.wait(deadline - time.monotonic()):
                    seen = [f"{request.path} {request.prompt[:80]!r}" for request in self._requests]
                    raise TimeoutError(f"no request with {text!r} in {timeout} s; there were: {seen}")

    def wait_until_closed(self) -> None:
        self._closing.wait()

    def answer(self, path: str, headers: Mapping[str, str], body: Json) -> Reply:
        """Answer from the script, after the step's pause, and record the request."""
        for end, endpoint in ENDPOINTS.items():
            if path.endswith(end):
                conversation, reply = endpoint(body)
                step = choose(self.rules, conversation)
                aside = conversation.aside is not None
                self._record(Request(path, headers, body, conversation.prompt, aside, step))
                self._closing.wait(step.after)
                return reply(step)
        unknown = Fail(404, f"the model server has no endpoint {path}")
        self._record(Request(path, headers, body, "", False, unknown))
        return refusal(unknown)

    def _record(self, request: Request) -> None:
        with self._news:
            self._requests.append(request)
            if self._log:
                print(json.dumps(asdict(request), ensure_ascii=False), file=self._log, flush=True)
            self._news.notify_all()


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:  # a program asks whether somebody is there
            self._send(Reply(b""))

        def do_GET(self) -> None:  # the list of models
            self._send(Reply(b'{"object": "list", "data": [], "models": []}'))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(server.answer(urlsplit(self.path).path, headers, json.loads(raw or b"{}")))

        def _send(self, reply: Reply) -> None:
            headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
            try:
                self.send_response(reply.status)
                for name, value in {**headers, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
            except ConnectionError:  # the session was killed while the model was thinking
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the recorded requests say more."""

    return Handler


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.model_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rules", type=Path, required=True, help="a JSON file, see model_script.load_rules")
    parser.add_argument("--log", type=argparse.FileType("a"), help="append every request as a line of JSON")
    given = parser.parse_args()
    with ModelServer(load_rules(given.rules.read_text()), given.port, given.log) as server:
        print(server.url, flush=True)
        try:
            server.wait_until_closed()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
