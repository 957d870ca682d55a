"""The vendors' model protocols: one function per endpoint, from a request's body to its conversation and an answer.

A new vendor: write a function `body -> (Conversation, Answer)` and add it to `ENDPOINTS`. Each program puts texts of
its own into the person's messages (instruction files, the date, what it knows of the machine); those are no prompts.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.model_script import Conversation, Fail, Json, Run, Say, Step


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Step], Reply]
Endpoint = Callable[[Json], tuple[Conversation, Answer]]

# What programs wrap their own texts in, alone or in front of the prompt: <environment_context>…</…>
WRAPPED = re.compile(r"<([a-z_-]+)(?: [^>]*)?>.*?</\1>\s*", re.DOTALL)


def json_reply(body: Json) -> Reply:
    return Reply(json.dumps(body).encode())


def refusal(fail: Fail, **fields: Any) -> Reply:
    """An HTTP error; its object has the keys of all the vendors."""
    error = {"message": fail.message, "type": fail.kind, "code": fail.kind, **fields, **fail.details}
    body = json.dumps({"type": "error", "error": error}).encode()
    return Reply(body, status=fail.status, headers=fail.headers)


# ---- codex: POST /v1/responses


STILL_RUNNING = re.compile(r"Process running with session ID (\d+)")


def responses(body: Json) -> tuple[Conversation, Answer]:
    """Codex, answered as server-sent events."""
    conversation = _conversation(body, _schema(body, "text", "format", "schema"))
    running = None
    for item in body.get("input", []):
        if item.get("type") == "message" and item.get("role") == "user":
            _say(conversation, _texts(item["content"]))
        elif item.get("type") == "function_call_output":
            running = STILL_RUNNING.search(str(item["output"]))
            if not running:
                conversation.result()

    def answer(step: Step) -> Reply:
        if isinstance(step, Fail):
            return refusal(step)
        if running:  # the command outlived the tool's patience: wait for it before the next step
            return _response(_codex_call("write_stdin", session_id=int(running[1]), chars=""))
        if isinstance(step, Run):
            return _response(_codex_call("exec_command", cmd=step.command, yield_time_ms=30_000))
        content = [{"type": "output_text", "text": step.text}]
        return _response({"type": "message", "role": "assistant", "id": _new("msg"), "content": content})

    return conversation, answer


def _codex_call(name: str, **arguments: Any) -> Json:
    call = {"type": "function_call", "id": _new("fc"), "call_id": _new("call")}
    return {**call, "name": name, "arguments": json.dumps(arguments)}


def _response(item: Json) -> Reply:
    response: Json = {"id": _new("resp")}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    return _events(
        {"type": "response.created", "response": response},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**response, "usage": usage}},
    )


# ---- claude: POST /v1/messages


def messages(body: Json) -> tuple[Conversation, Answer]:
    """Claude Code, answered as server-sent events or, when it does not ask for a stream, whole."""
    conversation = _conversation(body, _schema(body, "output_config", "format", "schema"))
    for message in body.get("messages", []):
        if message["role"] == "user":
            blocks = message["content"] if isinstance(message["content"], list) else []
            for _ in (block for block in blocks if block["type"] == "tool_result"):
                conversation.result()
            _say(conversation, _texts(message["content"]))

    def answer(step: Step) -> Reply:
        if isinstance(step, Fail):
            return refusal(step)
        if isinstance(step, Run):
            call = {"command": step.command, "description": "Scripted work"}
            block = {"type": "tool_use", "id": _new("toolu"), "name": "Bash", "input": call}
        else:
            block = {"type": "text", "text": step.text}
        return _message(block, str(body.get("model")), bool(body.get("stream")))

    return conversation, answer


def _message(block: Json, model: str, stream: bool) -> Reply:
    stop = "tool_use" if block["type"] == "tool_use" else "end_turn"
    usage = {"input_tokens": 10, "output_tokens": 5}
    message = {"id": _new("msg"), "type": "message", "role": "assistant", "model": model, "usage": usage}
    if not stream:
        return json_reply({**message, "content": [block], "stop_reason": stop, "stop_sequence": None})
    if stop == "tool_use":
        start, delta = {**block, "input": {}}, {"type": "input_json_delta"}
        delta["partial_json"] = json.dumps(block["input"])
    else:
        start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    return _events(
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    )


def count_tokens(body: Json) -> tuple[Conversation, Answer]:
    """Claude Code asks how long a text is."""
    return _conversation(body, None, aside="tokens"), lambda step: json_reply({"input_tokens": 10})


# ---- gemini: POST /v1beta/models/MODEL:generateContent and :streamGenerateContent


def generate_content(body: Json) -> tuple[Conversation, Answer]:
    """Gemini, one whole answer."""
    conversation, chunk = _gemini(body)
    return conversation, lambda step: refusal_of_gemini(step) or json_reply(chunk(step))


def stream_generate_content(body: Json) -> tuple[Conversation, Answer]:
    """Gemini, as server-sent events without names."""
    conversation, chunk = _gemini(body)
    return conversation, lambda step: refusal_of_gemini(step) or _data(chunk(step))


def refusal_of_gemini(step: Step) -> Reply | None:
    return refusal(step, code=step.status, status=step.kind) if isinstance(step, Fail) else None


def _gemini(body: Json) -> tuple[Conversation, Callable[[Step], Json]]:
    conversation = _conversation(body, _gemini_schema(body))
    for content in body.get("contents", []):
        if content.get("role") == "user":
            for _ in (part for part in content["parts"] if "functionResponse" in part):
                conversation.result()
            _say(conversation, _texts(content["parts"]))

    def chunk(step: Step) -> Json:
        if isinstance(step, Run):
            call = {"command": step.command, "description": "Scripted work"}
            part: Json = {"functionCall": {"name": "run_shell_command", "args": call}}
        else:
            part = {"text": step.text if isinstance(step, Say) else step.message}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
        content = {"role": "model", "parts": [part]}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, "responseId": _new("resp")}

    return conversation, chunk


def _gemini_schema(body: Json) -> Json | None:
    settings = body.get("generationConfig", {})
    schema: Json | None = settings.get("responseJsonSchema") or settings.get("responseSchema")
    return schema


# ---- opencode, copilot: POST /v1/chat/completions


def chat_completions(body: Json) -> tuple[Conversation, Answer]:
    """Whatever speaks the common chat protocol and calls its shell tool `bash`."""
    conversation = _conversation(body, _schema(body, "response_format", "json_schema", "schema"))
    for message in body.get("messages", []):
        if message["role"] == "tool":
            conversation.result()
        elif message["role"] == "user":
            _say(conversation, _texts(message["content"]))

    def answer(step: Step) -> Reply:
        if isinstance(step, Fail):
            return refusal(step)
        if isinstance(step, Run):
            arguments = json.dumps({"command": step.command, "description": "Scripted work"})
            call = {"index": 0, "id": _new("call"), "type": "function"}
            call["function"] = {"name": "bash", "arguments": arguments}
            return _completion({"tool_calls": [call]}, "tool_calls", body)
        return _completion({"content": step.text}, "stop", body)

    return conversation, answer


def _completion(message: Json, finish: str, body: Json) -> Reply:
    stream = bool(body.get("stream"))
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    kind = "chat.completion.chunk" if stream else "chat.completion"
    whole = {"id": _new("chatcmpl"), "object": kind, "created": 0, "model": body.get("model"), "usage": usage}
    said = {"role": "assistant", **message}
    if not stream:
        return json_reply({**whole, "choices": [{"index": 0, "message": said, "finish_reason": finish}]})
    first = {"index": 0, "delta": said, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": finish}
    reply = _data({**whole, "choices": [first]}, {**whole, "choices": [last]})
    return Reply(reply.body + b"data: [DONE]\n\n", reply.content_type)


# A path's end -> who answers.
ENDPOINTS: Mapping[str, Endpoint] = {
    "/v1/responses": responses,
    "/v1/messages": messages,
    "/v1/messages/count_tokens": count_tokens,
    ":generateContent": generate_content,
    ":streamGenerateContent": stream_generate_content,
    "/v1/chat/completions": chat_completions,
}


# ---- common to all


def _conversation(body: Json, schema: Json | None, aside: str = "Scripted work") -> Conversation:
    """A question without tools is one on the side: what it contains must not set the script going."""
    if body.get("tools") and schema is None:
        return Conversation()
    return Conversation(aside=aside if schema is None else json.dumps(example(schema)))


def _schema(body: Json, *path: str) -> Json | None:
    found: Any = body
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def example(schema: Json) -> Any:
    """The plainest value that fits a JSON schema."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = str(schema.get("type", "string")).lower()
    if kind == "object":
        return {name: example(part) for name, part in schema.get("properties", {}).items()}
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"array": [], "boolean": False}.get(kind, "Scripted work")


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if isinstance(part.get("text"), str)]


def _say(conversation: Conversation, texts: Iterable[str]) -> None:
    """Add the person's words, if the program's own leave any."""
    theirs = (text for text in texts if not text.startswith("# AGENTS.md instructions"))
    words = "\n".join(filter(None, (WRAPPED.sub("", text).strip() for text in theirs)))
    if words:
        conversation.say(words)


def _new(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:24]}"


def _events(*events: Json) -> Reply:
    """Server-sent events with their type as name."""
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Reply("".join(lines).encode(), "text/event-stream")


def _data(*events: Json) -> Reply:
    lines = (f"data: {json.dumps(event)}\n\n" for event in events)
    return Reply("".join(lines).encode(), "text/event-stream")
