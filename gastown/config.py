"""town.toml: read into typed, validated settings; edited with the person's comments kept.

Unknown keys are errors that name the nearest valid key. Settings live here and nowhere else; state lives in the store.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from beads.errors import Invalid
from beads.text import nearest
from gastown import locks


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that must exit 0 on the merged tree. `tests`: a regular expression whose first group is how many
    tests ran; none found, or 0, is not a pass. `timeout` in seconds."""

    run: str
    timeout: float | None = None
    tests: str | None = None


class Rig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    repo: str
    prefix: str
    runtime: str
    branch: str = "main"
    max_polecats: int = 4
    time_limit: float = 3600.0
    ack_timeout: float = 90.0
    setup: str = ""
    setup_timeout: float = 900.0
    gates: list[str | Gate] = []
    gate_timeout: float = 1200.0
    merge_strategy: str = "squash"
    push: bool = False
    env: list[str] = []

    def gate_list(self) -> list[Gate]:
        """The gates with every default filled in."""
        gates = [Gate(run=g) if isinstance(g, str) else g for g in self.gates]
        return [Gate(run=g.run, timeout=g.timeout or self.gate_timeout, tests=g.tests) for g in gates]


class RuntimeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any command as a runtime. `prompt`: how the start instruction reaches it."""

    command: str
    args: list[str] = []
    prompt: str = "argument"
    ready: str = ""
    instruction_file: str = ""
    env: list[str] = []


class TownTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = "town"
    max_polecats: int = 16
    default_runtime: str = "shell"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    town: TownTable = TownTable()
    rigs: dict[str, Rig] = {}
    runtimes: dict[str, RuntimeTable] = {}


MERGE_STRATEGIES = ("squash", "merge", "rebase")
PROMPTS = ("argument", "stdin", "typed", "none")
RIG_KEYS = tuple(k for k in Rig.__struct_fields__ if k != "prefix")
_TABLES: dict[str, type[msgspec.Struct]] = {"town": TownTable, "rigs": Rig, "runtimes": RuntimeTable}


def _nearest(word: str, valid: tuple[str, ...]) -> str:
    close = nearest(word, valid)
    return f"did you mean '{close}'?" if close else f"valid: {', '.join(valid)}"


def _fail(path: Path, what: str, hint: str) -> Invalid:
    return Invalid(f"{path.name}: {what}", hint=hint)


def _check_keys(path: Path, data: dict[str, Any]) -> None:
    """Say which key is unknown and what was probably meant, before the decoder only says that one is."""
    for name, table in data.items():
        if name not in _TABLES:
            raise _fail(path, f"unknown table [{name}]", _nearest(name, tuple(_TABLES)))
        keyed = {f"{name}": table} if name == "town" else {f"{name}.{k}": v for k, v in table.items()}
        for where, body in keyed.items():
            if not isinstance(body, dict):
                raise _fail(path, f"[{where}] must be a table", "see town.example.toml")
            for key in body:
                valid = _TABLES[name].__struct_fields__
                if key not in valid:
                    raise _fail(path, f"unknown key '{key}' in [{where}]", _nearest(key, valid))


def _check_values(path: Path, settings: Settings) -> None:
    def positive(where: str, **values: float) -> None:
        for key, value in values.items():
            if value <= 0:
                raise _fail(
                    path, f"{where}.{key} must be more than 0, not {value:g}", "see town.example.toml"
                )

    positive("town", max_polecats=settings.town.max_polecats)
    for name, rig in settings.rigs.items():
        positive(
            f"rigs.{name}",
            max_polecats=rig.max_polecats,
            time_limit=rig.time_limit,
            ack_timeout=rig.ack_timeout,
            setup_timeout=rig.setup_timeout,
            gate_timeout=rig.gate_timeout,
        )
        if rig.merge_strategy not in MERGE_STRATEGIES:
            raise _fail(
                path,
                f"rigs.{name}.merge_strategy is '{rig.merge_strategy}'",
                _nearest(rig.merge_strategy, MERGE_STRATEGIES),
            )
        for gate in rig.gate_list():
            _check_gate(path, name, gate)
    for name, runtime in settings.runtimes.items():
        if runtime.prompt not in PROMPTS:
            raise _fail(
                path, f"runtimes.{name}.prompt is '{runtime.prompt}'", _nearest(runtime.prompt, PROMPTS)
            )


def _check_gate(path: Path, rig: str, gate: Gate) -> None:
    if not gate.run.strip():
        raise _fail(path, f"rigs.{rig}.gates has an empty command", f"gt rig config {rig} gates 'make test'")
    if gate.timeout is not None and gate.timeout <= 0:
        raise _fail(path, f"rigs.{rig}.gates: timeout must be more than 0", "see town.example.toml")
    if gate.tests is None:
        return
    try:
        groups = re.compile(gate.tests).groups
    except re.error as error:
        raise _fail(path, f"rigs.{rig}.gates: tests is no regular expression: {error}", "") from None
    if groups < 1:
        raise _fail(
            path, f"rigs.{rig}.gates: tests = '{gate.tests}' has no group", "such as '([0-9]+) passed'"
        )


def parse(text: str, path: Path) -> Settings:
    """Validated settings of a town.toml's text. :raises Invalid: with the key or line and what would be right."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _fail(path, str(error), f"edit {path}") from None
    _check_keys(path, data)
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise _fail(path, str(error).replace("$.", ""), "see town.example.toml") from None
    _check_values(path, settings)
    return settings


def load(path: Path) -> Settings:
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError:
        raise _fail(path, "is not UTF-8 text", f"edit {path}") from None


def edit(path: Path, change: Callable[[Any], None]) -> Settings:
    """Apply `change` to the parsed document; comments and order stay; validated before it replaces the file.
    :raises Invalid: the result would not be valid; the file is untouched."""
    import tomlkit

    # Beside the file, for the file itself is replaced.
    with locks.held(path.with_name(f".{path.name}.lock")):
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
        change(document)
        text = tomlkit.dumps(document)
        settings = parse(text, path)
        replace(path, text)
        return settings


def replace(path: Path, text: str) -> None:
    """Write a file so that a reader, or a power cut, sees the old text or the new one and nothing between."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def set_value(path: Path, keys: tuple[str, ...], text: str) -> Settings:
    """Set one dotted key from the command line. The text is read as TOML where it is TOML (`4`, `true`,
    `["make test"]`), and is a string otherwise; a list key takes one bare string as its only item."""
    return edit(path, lambda document: _assign(path, document, keys, text))


def _assign(path: Path, document: Any, keys: tuple[str, ...], text: str) -> None:
    *tables, last = keys
    node = document
    for key in tables:
        if key not in node and len(tables) > 1 and key == tables[-1]:
            raise _fail(
                path, f"there is no [{'.'.join(tables)}]", "gt config example shows how one is written"
            )
        node = node.setdefault(key, {})
    kind = _TABLES.get(keys[0])
    wanted = {f.name: f.type for f in msgspec.structs.fields(kind)} if kind else {}
    node[last] = _value(text, wanted.get(last))


def _value(text: str, wanted: Any) -> Any:
    if wanted is str:
        return text
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    if not isinstance(value, list) and str(wanted).startswith("list"):
        one = value if isinstance(value, str | dict) else text  # `true` is a command
        return [one] if one != "" else []
    return value


def get_value(settings: Settings, keys: tuple[str, ...]) -> Any:
    """The value at a dotted key, defaults included. :raises Invalid: with the nearest key."""
    value = msgspec.to_builtins(settings)
    for depth, key in enumerate(keys):
        if not isinstance(value, dict) or key not in value:
            known = tuple(value) if isinstance(value, dict) else ()
            where = ".".join(keys[: depth + 1])
            raise Invalid(f"there is no setting '{where}'", hint=_nearest(key, known) if known else None)
        value = value[key]
    return value
