"""`bd kv`, and `bd remember`, `memories`, `recall`, `forget`: small facts beside the issues."""

import re
from collections.abc import Mapping

import click

from beads.cli.call import Call, current
from beads.cli.verb import Nouns, Verb
from beads.errors import Invalid, NotFound
from beads.text import safe

_KV, MEMORY = "kv.", "kv.memory."
_MAX_KEY = 200


def _checked(key: str) -> str:
    if not key.strip() or len(key) > _MAX_KEY or not key.isprintable():
        raise Invalid(f"{safe(key[:60])!r} cannot be a key")
    return key


@click.group(cls=Nouns)
def kv() -> None:
    """Keys and values."""


@kv.command("set")
@click.argument("key")
@click.argument("value")
def set_value(key: str, value: str) -> None:
    """Set a key."""
    call = current()
    with call.writing() as change:
        change.set_config(_KV + _checked(key), value)
    _answer(call, {"key": key, "value": value}, f"{key} = {value}")


@kv.command("get")
@click.argument("key")
def get_value(key: str) -> None:
    """Read a key."""
    call = current()
    with call.reading() as view:
        value = view.config(_KV + key)
    if value is None:
        raise NotFound(f"there is no key {safe(key)!r}", "bd kv list")
    _answer(call, {"key": key, "value": value, "found": True}, value)


@kv.command("list")
def list_values() -> None:
    """List keys and values."""
    call = current()
    with call.reading() as view:
        found = {
            key.removeprefix(_KV): value
            for key, value in view.config_items(_KV).items()
            if not key.startswith(MEMORY)
        }
    _answer(call, found, "\n".join(f"{key} = {value}" for key, value in found.items()) or "no keys")


@kv.command("clear")
@click.argument("key")
def clear(key: str) -> None:
    """Forget a key."""
    call = current()
    with call.writing() as change:
        deleted = change.unset_config(_KV + key)
    _answer(call, {"key": key, "deleted": deleted}, f"{key} {'forgotten' if deleted else 'was not set'}")


def _answer(call: Call, answer: Mapping[str, object], text: str) -> None:
    if call.json:
        call.emit(dict(answer))
    elif text:
        call.say_block(text)


@click.command(cls=Verb)
@click.argument("words", nargs=-1, required=True, metavar="TEXT")
@click.option("--key", help="Under this key; else one is made of the text.")
def remember(words: tuple[str, ...], key: str | None) -> None:
    """Remember something for later sessions."""
    call = current()
    text = " ".join(words)
    if not text.strip():
        raise Invalid("there is nothing to remember")
    slug = "-".join(re.findall(r"[a-z0-9]+", text.lower())[:6]) or "memory"
    name = _checked(key or slug)
    with call.writing() as change:
        known = change.config(MEMORY + name) is not None
        change.set_config(MEMORY + name, text)
    action = "updated" if known else "remembered"
    _answer(call, {"key": name, "value": text, "action": action}, f"{action} {name}")


@click.command(cls=Verb)
@click.argument("part", required=False, default="")
def memories(part: str) -> None:
    """List what is remembered, or what of it contains a word."""
    call = current()
    with call.reading() as view:
        every = {key.removeprefix(MEMORY): text for key, text in view.config_items(MEMORY).items()}
    found = {key: text for key, text in every.items() if part.lower() in f"{key} {text}".lower()}
    text = "\n".join(f"{key}: {text}" for key, text in found.items())
    _answer(call, dict(found), text or "nothing is remembered" + (" of that" if every else ""))


@click.command(cls=Verb)
@click.argument("key")
def recall(key: str) -> None:
    """Tell what is remembered under a key."""
    call = current()
    with call.reading() as view:
        text = view.config(MEMORY + key)
    if text is None:
        raise NotFound(f"nothing is remembered as {safe(key)!r}", "bd memories")
    _answer(call, {"key": key, "value": text, "found": True}, text)


@click.command(cls=Verb)
@click.argument("key")
def forget(key: str) -> None:
    """Forget what is remembered under a key."""
    call = current()
    with call.writing() as change:
        if not change.unset_config(MEMORY + key):
            raise NotFound(f"nothing is remembered as {safe(key)!r}", "bd memories")
    _answer(call, {"key": key, "deleted": True}, f"forgot {key}")
