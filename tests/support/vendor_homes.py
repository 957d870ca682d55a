"""The home of a person who has set a vendor's program up, whose model is the scripted one at `url`.

Each function writes the program's own files and returns the environment variables that go with them. Questions about a
folder (trust) are left open: answering those is what a runtime does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Env = dict[str, str]


def codex(home: Path, url: str) -> Env:
    provider = {"name": "fake", "base_url": f"{url}/v1", "env_key": "FAKE_KEY", "wire_api": "responses"}
    lines = ['model = "fake-model"', 'model_provider = "fake"', "[model_providers.fake]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in provider.items()]
    _write(home / ".codex" / "config.toml", "\n".join(lines) + "\n")
    return {"FAKE_KEY": "dummy"}


def claude(home: Path, url: str) -> Env:
    """Without its first-run questions: they look for the vendor's own server and end the program if it is away."""
    key = "sk-fake-000000000000000000000000"
    known = {"approved": [key[-20:]], "rejected": []}
    _write_json(
        home / ".claude.json",
        {"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": known},
    )
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": key, **quiet}


def gemini(home: Path, url: str) -> Env:
    _write_json(
        home / ".gemini" / "settings.json", {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    )
    return {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "fake-key"}


def copilot(home: Path, url: str) -> Env:
    provider = {"COPILOT_PROVIDER_BASE_URL": f"{url}/v1", "COPILOT_PROVIDER_API_KEY": "dummy"}
    return {
        **provider,
        "COPILOT_MODEL": "fake-model",
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
    }


def opencode(home: Path, url: str) -> Env:
    model = {"name": "fake-model", "tool_call": True, "limit": {"context": 128_000, "output": 4_096}}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": f"{url}/v1", "apiKey": "dummy"}}
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "model": "fake/fake-model",
        "small_model": "fake/fake-model",
        "provider": {"fake": {**provider, "models": {"fake-model": model}}},
    }
    _write_json(home / ".config" / "opencode" / "opencode.json", settings)
    return {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}


HOMES: Mapping[str, Callable[[Path, str], Env]] = {
    "claude": claude,
    "codex": codex,
    "copilot": copilot,
    "gemini": gemini,
    "opencode": opencode,
}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    _write(path, json.dumps(content, indent=2))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
