"""OpenAI's Codex CLI (`codex`, 0.169.0 measured). Everything it must know is on the command line: the person's own
~/.codex is read for the login and the provider, and not written by us.
"""

from __future__ import annotations

import json

from gastown.runtimes.base import Assignment, Launch, missing_command

command = "codex"
env = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORGANIZATION",
    "OPENAI_PROJECT",
    "CODEX_HOME",
    "CODEX_API_KEY",
)
instruction_file = "AGENTS.md"
nudges = True
about = "OpenAI Codex CLI"


def launch(assignment: Assignment) -> Launch:
    # The trust dialog is answered beforehand. Only the inline table works: a dotted key with the path is silently
    # ignored. The path is the real one, as the program sees it; a JSON string is a valid TOML basic string.
    trusted = f'projects={{{json.dumps(str(assignment.clone.resolve()))}={{trust_level="trusted"}}}}'
    settings = (
        "analytics.enabled=false",  # else it hangs for seconds at exit when it is offline
        "allow_login_shell=false",  # else /etc/profile resets PATH, and `gt` is not found
        "check_for_update_on_startup=false",
        trusted,
    )
    return Launch(
        [
            command,
            "--no-daemon",  # else a background server outlives the session
            "--dangerously-bypass-approvals-and-sandbox",
            *(word for setting in settings for word in ("-c", setting)),
            assignment.prompt,
        ]
    )


def missing() -> str | None:
    return missing_command(command, "npm install -g @openai/codex")
