"""The scripted model server answers as the vendors do; the vendors' programs are installed once."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import CHECKOUT
from tests.support.model_script import FINISHED, Conversation, choose, load_rules
from tests.support.model_server import Fail, ModelServer, Rule, Run, Say
from tests.support.vendors import Vendor, VendorUnavailable, installed

Json = dict[str, Any]

RULES = (
    Rule(r"STARTWORK (?P<bead>\S+)", (Run(r"bd show \g<bead> \g<1>"), Run("gt done"), Say("All done."))),
    Rule("LIMIT", (Fail(429, "slow down", "rate_limit", {"Retry-After": "9"}, {"resets_at": 7}),)),
    Rule("THINK", (Say("at last", after=60.0),)),
)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(RULES) as running:
        yield running


def post(server: ModelServer, path: str, body: Json) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response, response.read().decode()


def events(text: str) -> list[Json]:
    """The data of server-sent events, but for the mark of the end."""
    return [json.loads(data) for data in re.findall(r"^data: (\{.*\})$", text, re.MULTILINE)]


# ---- the script


def conversation(*turns: str | int) -> Conversation:
    """Prompts, and after each the number of tool results."""
    made = Conversation()
    for turn in turns:
        if isinstance(turn, str):
            made.say(turn)
        else:
            for _ in range(turn):
                made.result()
    return made


def test_results_since_the_prompt_are_the_step() -> None:
    steps = [choose(RULES, conversation("STARTWORK gt-1", done)) for done in range(4)]
    assert steps == [Run("bd show gt-1 gt-1"), Run("gt done"), Say("All done."), FINISHED]


def test_a_new_prompt_starts_its_own_rule_from_the_first_step() -> None:
    assert choose(RULES, conversation("LIMIT", 5, "STARTWORK gt-2")) == Run("bd show gt-2 gt-2")


def test_a_nudge_without_a_rule_does_not_disturb_the_work() -> None:
    assert choose(RULES, conversation("STARTWORK gt-1", 1, "check your mail")) == Run("gt done")
    assert choose(RULES, conversation("STARTWORK gt-1", 1, "check your mail", 1)) == Say("All done.")


def test_a_prompt_without_a_rule_is_answered_with_the_mistake() -> None:
    answer = choose(RULES, conversation("who are you?"))
    assert isinstance(answer, Say) and "NO RULE" in answer.text and "who are you?" in answer.text


def test_rules_are_read_from_json() -> None:
    steps = [
        {"run": "ls", "after": 2.0},
        {"say": "x"},
        {"fail": 401, "message": "no", "kind": "invalid_api_key"},
    ]
    (rule,) = load_rules(json.dumps([{"prompt": "P", "steps": steps}]))
    assert rule == Rule("P", (Run("ls", after=2.0), Say("x"), Fail(401, "no", "invalid_api_key")))


# ---- one protocol after the other: the bodies have the shape of the real programs' requests


def user(kind: str, *texts: str) -> Json:
    return {"type": "message", "role": "user", "content": [{"type": kind, "text": text} for text in texts]}


def codex_body(*items: Json) -> Json:
    context = user(
        "input_text",
        "# AGENTS.md instructions for /c\n\nSTARTWORK not-this",
        "<environment_context>x</environment_context>",
    )
    return {
        "tools": [{"name": "exec_command"}],
        "input": [context, user("input_text", "STARTWORK gt-1"), *items],
    }


def codex_output(text: str) -> Json:
    return {"type": "function_call_output", "call_id": "c", "output": text}


def codex_item(server: ModelServer, body: Json) -> Json:
    response, text = post(server, "/v1/responses", body)
    first, item, last = events(text)
    assert response.getheader("Content-Type") == "text/event-stream"
    assert (first["type"], last["type"]) == ("response.created", "response.completed")
    made: Json = item["item"]
    return made


def test_codex_gets_its_shell_tool_and_then_the_text(server: ModelServer) -> None:
    call = codex_item(server, codex_body())
    assert (call["name"], json.loads(call["arguments"])["cmd"]) == ("exec_command", "bd show gt-1 gt-1")
    done = codex_output("Process exited with code 0")
    assert codex_item(server, codex_body(done, done))["content"][0]["text"] == "All done."


def test_codex_waits_for_a_long_command_before_the_next_step(server: ModelServer) -> None:
    running = codex_output("Process running with session ID 12\nOutput:\n")
    call = codex_item(server, codex_body(running))
    assert (call["name"], json.loads(call["arguments"])) == ("write_stdin", {"session_id": 12, "chars": ""})
    call = codex_item(server, codex_body(running, codex_output("Process exited with code 0")))
    assert json.loads(call["arguments"])["cmd"] == "gt done"


def test_a_question_on_the_side_does_not_set_the_script_going(server: ModelServer) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    body = codex_body() | {"tools": [], "text": {"format": {"schema": schema}}}
    assert json.loads(codex_item(server, body)["content"][0]["text"]) == {"title": "Scripted work"}
    assert server.requests == []


CLAUDE_PROMPT = {
    "role": "user",
    "content": [
        {"type": "text", "text": "<system-reminder>\nSTARTWORK not-this\n</system-reminder>\n"},
        {"type": "text", "text": "STARTWORK gt-1"},
    ],
}
CLAUDE_RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]}


def claude_body(*messages: Json) -> Json:
    return {"tools": [{"name": "Bash"}], "model": "m", "messages": [CLAUDE_PROMPT, *messages]}


def test_claude_gets_its_shell_tool_as_a_stream(server: ModelServer) -> None:
    _, text = post(server, "/v1/messages", claude_body() | {"stream": True})
    _, start, delta, _, stop, _ = events(text)
    assert (start["content_block"]["type"], start["content_block"]["name"]) == ("tool_use", "Bash")
    assert json.loads(delta["delta"]["partial_json"])["command"] == "bd show gt-1 gt-1"
    assert stop["delta"]["stop_reason"] == "tool_use"


def test_claude_gets_text_whole_when_it_asks_for_no_stream(server: ModelServer) -> None:
    _, text = post(server, "/v1/messages", claude_body(CLAUDE_RESULT, CLAUDE_RESULT))
    answer = json.loads(text)
    assert (answer["content"], answer["stop_reason"]) == ([{"type": "text", "text": "All done."}], "end_turn")
    _, text = post(server, "/v1/messages/count_tokens", claude_body())
    assert json.loads(text) == {"input_tokens": 10}


GEMINI_PROMPT = {
    "role": "user",
    "parts": [{"text": "<session_context>STARTWORK not-this</session_context>\nSTARTWORK gt-1"}],
}
GEMINI_RESULT = {
    "role": "user",
    "parts": [{"functionResponse": {"name": "run_shell_command", "response": {}}}],
}


def gemini_parts(server: ModelServer, method: str, body: Json) -> list[Json]:
    _, text = post(server, f"/v1beta/models/gemini-2.5-pro:{method}?alt=sse", body)
    answer = events(text)[0] if method.startswith("stream") else json.loads(text)
    parts: list[Json] = answer["candidates"][0]["content"]["parts"]
    return parts


def test_gemini_gets_its_shell_tool_and_then_the_text(server: ModelServer) -> None:
    body: Json = {"tools": [{}], "contents": [GEMINI_PROMPT]}
    (part,) = gemini_parts(server, "streamGenerateContent", body)
    assert part["functionCall"]["name"] == "run_shell_command"
    assert part["functionCall"]["args"]["command"] == "bd show gt-1 gt-1"
    body["contents"] += [GEMINI_RESULT, GEMINI_RESULT]
    assert gemini_parts(server, "generateContent", body) == [{"text": "All done."}]


def test_gemini_gets_its_question_on_the_side_answered_by_schema(server: ModelServer) -> None:
    schema = {"type": "OBJECT", "properties": {"model": {"type": "STRING", "enum": ["flash", "pro"]}}}
    body = {"tools": [{}], "contents": [GEMINI_PROMPT], "generationConfig": {"responseJsonSchema": schema}}
    (part,) = gemini_parts(server, "generateContent", body)
    assert json.loads(part["text"]) == {"model": "flash"}


@pytest.mark.parametrize("stream", [True, False])
def test_the_chat_protocol_gets_bash_and_then_the_text(server: ModelServer, stream: bool) -> None:
    prompt = {"role": "user", "content": '<current_datetime>now</current_datetime>\n\n"STARTWORK gt-1 "'}
    body: Json = {"tools": [{}], "model": "m", "stream": stream, "messages": [prompt]}
    _, text = post(server, "/v1/chat/completions", body)
    choice = (events(text)[0] if stream else json.loads(text))["choices"][0]
    (call,) = choice["delta" if stream else "message"]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])["command"]) == (
        "bash",
        "bd show gt-1 gt-1",
    )
    assert text.endswith("data: [DONE]\n\n") == stream
    body["messages"] += [{"role": "tool", "content": "ok"}] * 2
    _, text = post(server, "/v1/chat/completions", body)
    assert "All done." in text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"input": [user("input_text", "LIMIT")]}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "LIMIT"}]}),
        ("/v1beta/models/m:generateContent", {"contents": [{"role": "user", "parts": [{"text": "LIMIT"}]}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "LIMIT"}]}),
    ],
)
def test_a_refusal_looks_like_the_vendors(server: ModelServer, path: str, body: Json) -> None:
    response, text = post(server, path, {"tools": [{}], **body})
    assert (response.status, response.getheader("Retry-After")) == (429, "9")
    error = json.loads(text)["error"]
    assert (error["message"], error["type"], error["resets_at"]) == ("slow down", "rate_limit", 7)


# ---- the server


def test_requests_are_kept_for_asserts(server: ModelServer) -> None:
    post(server, "/v1/responses", codex_body(codex_output('it is "quoted"\nand ü')))
    (request,) = server.requests
    assert request.contains('"quoted"\nand ü') and not request.contains("absent")
    assert (request.prompt, request.answer) == ("STARTWORK gt-1", Run("gt done"))
    assert server.await_request("and ü", timeout=1.0) == request
    with pytest.raises(TimeoutError, match=r"no request with 'absent'.*STARTWORK gt-1"):
        server.await_request("absent", timeout=0.05)


def test_an_unknown_endpoint_is_refused_and_seen(server: ModelServer) -> None:
    response, text = post(server, "/v2/thoughts", {})
    assert response.status == 404 and "/v2/thoughts" in text
    assert [request.path for request in server.requests] == ["/v2/thoughts"]


def test_closing_does_not_wait_for_a_model_that_thinks() -> None:
    with ModelServer(RULES) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        body = {"tools": [{}], "input": [user("input_text", "THINK")]}
        connection.request("POST", "/v1/responses", json.dumps(body))
        server.await_request("THINK")
    assert "at last" in connection.getresponse().read().decode()


def test_it_runs_as_a_process_and_logs_what_it_saw(tmp_path: Path) -> None:
    rules, log = tmp_path / "rules.json", tmp_path / "log.jsonl"
    rules.write_text('[{"prompt": "STARTWORK", "steps": [{"say": "from a process"}]}]')
    argv = [sys.executable, "-m", "tests.support.model_server", "--rules", str(rules), "--log", str(log)]
    with subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip().removeprefix("http://")
        connection = http.client.HTTPConnection(url, timeout=10)
        connection.request("POST", "/v1/responses", json.dumps(codex_body()))
        assert "from a process" in connection.getresponse().read().decode()
        process.terminate()
    assert json.loads(log.read_text())["prompt"] == "STARTWORK gt-1"


# ---- the vendors' programs

FAKE_NPM = """\
#!/bin/sh
echo run >>"$COUNT"
while [ "$1" != --prefix ]; do shift; done
[ -z "$FAILS" ] || { echo "npm error code $FAILS" >&2; exit 1; }
sleep 0.2
mkdir -p "$2/node_modules/.bin"
echo "$3" >"$2/node_modules/.bin/tool"
"""
TOOL = Vendor("tool", "@vendor/tool", "1.2.3")


@pytest.fixture
def npm(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine whose npm only notes that it was called."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(FAKE_NPM)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.defpath}", "COUNT": str(tmp_path / "count"), "FAILS": ""}


def _install(cache: Path, environ: dict[str, str]) -> None:
    installed(TOOL, cache, environ)


def test_parallel_workers_install_a_program_once(tmp_path: Path, npm: dict[str, str]) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_install, args=(tmp_path / "cache", npm)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert Path(npm["COUNT"]).read_text() == "run\n"
    assert installed(TOOL, tmp_path / "cache", npm).read_text() == "@vendor/tool@1.2.3\n"


def test_an_interrupted_installation_is_done_again(tmp_path: Path, npm: dict[str, str]) -> None:
    (tmp_path / "cache" / "tool-1.2.3.partial" / "half").mkdir(parents=True)
    program = installed(TOOL, tmp_path / "cache", npm)
    assert program.exists() and not (program.parents[2] / "half").exists()


def test_a_machine_without_npm_or_network_says_why(tmp_path: Path, npm: dict[str, str]) -> None:
    with pytest.raises(VendorUnavailable, match="npm, which installs @vendor/tool, is not on the PATH"):
        installed(TOOL, tmp_path / "cache", {"PATH": str(tmp_path)})
    with pytest.raises(VendorUnavailable, match=r"cannot reach its registry.*ENOTFOUND"):
        installed(TOOL, tmp_path / "cache", npm | {"FAILS": "ENOTFOUND"})


def test_a_version_that_does_not_exist_is_an_error_and_no_skip(tmp_path: Path, npm: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="ETARGET"):
        installed(TOOL, tmp_path / "cache", npm | {"FAILS": "ETARGET"})
