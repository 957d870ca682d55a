"""What the scripted model does: rules, their steps, and which step a conversation has come to.

Nothing is remembered between requests. The last prompt that has a rule selects it, and the number of tool results
since then selects its step; so a nudge without a rule of its own does not disturb the work it lands in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Run:
    r"""The model asks for a shell command. `\g<1>` and `\g<name>` in it are groups of the rule's pattern."""

    command: str
    after: float = 0.0  # seconds of thinking before the answer


@dataclass(frozen=True)
class Say:
    """The model answers with text, which ends the turn."""

    text: str
    after: float = 0.0


@dataclass(frozen=True)
class Fail:
    """The provider refuses with an HTTP error; `details` go into the error object beside type and message."""

    status: int
    message: str
    kind: str = "error"
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    after: float = 0.0


Step = Run | Say | Fail

FINISHED = Say("FINAL: nothing more in the script.")


@dataclass(frozen=True)
class Rule:
    """When `prompt`, a regular expression, is found in a person's prompt: `steps`, one after the other."""

    prompt: str
    steps: tuple[Step, ...]


@dataclass
class Conversation:
    """What every vendor's request boils down to: prompts, each with the number of tool results that followed."""

    prompts: list[str] = field(default_factory=list)
    results: list[int] = field(default_factory=list)
    aside: str | None = None  # the answer, if this is the program's own question on the side (a title)

    def say(self, prompt: str) -> None:
        self.prompts.append(prompt)
        self.results.append(0)

    def result(self) -> None:
        if self.results:
            self.results[-1] += 1

    @property
    def prompt(self) -> str:
        return self.prompts[-1] if self.prompts else ""


def choose(rules: Sequence[Rule], conversation: Conversation) -> Step:
    """The next step. Prompts without any rule are a mistake in the test, and the answer says so."""
    if conversation.aside is not None:
        return Say(conversation.aside)
    for place in reversed(range(len(conversation.prompts))):
        for rule in rules:
            if match := re.search(rule.prompt, conversation.prompts[place], re.DOTALL):
                return _step(rule, sum(conversation.results[place:]), match)
    return Say(f"NO RULE of the scripted model is for this prompt: {conversation.prompt[:200]!r}")


def _step(rule: Rule, done: int, match: re.Match[str]) -> Step:
    if done >= len(rule.steps):
        return FINISHED
    step = rule.steps[done]
    if not isinstance(step, Run):
        return step
    return Run(re.sub(r"\\g<(\w+)>", lambda name: match[_group(name[1])] or "", step.command), step.after)


def _group(name: str) -> int | str:
    return int(name) if name.isdecimal() else name


def load_rules(text: str) -> list[Rule]:
    """Rules from JSON: `[{"prompt": "RE", "steps": [{"run": …}, {"say": …}, {"fail": 429, "message": …}]}]`.

    The other keys of a step are the fields of `Run`, `Say` and `Fail`.
    """
    return [
        Rule(rule["prompt"], tuple(_load_step(dict(step)) for step in rule["steps"]))
        for rule in json.loads(text)
    ]


def _load_step(step: Json) -> Step:
    if "run" in step:
        return Run(step.pop("run"), **step)
    if "say" in step:
        return Say(step.pop("say"), **step)
    return Fail(step.pop("fail"), **step)
