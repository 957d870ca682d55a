"""The real Codex CLI, its model played by a script on loopback: it reads its hook, commits, hands in, is merged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.model_script import Rule, Run, Say
from tests.support.model_server import ModelServer
from tests.support.sandbox import Sandbox
from tests.support.vendors import VendorUnavailable, codex_path

WORK = Rule(
    r"polecat \w+ of rig ml-pipeline",
    (
        Run("gt prime; env | cut -d= -f1"),
        Run("gt hook --json > hook.json && cat hook.json"),
        Run("rm hook.json; echo 'features = 2' >> features.py; git commit -aqm 'Update the features'"),
        Run("gt done --message 'The features are updated.'"),
        Say("Handed in."),
    ),
)


@pytest.fixture
def codex(sandbox: Sandbox) -> Path:
    """The program on the sandbox's PATH, and nothing of it in the home but the provider."""
    try:
        program = codex_path()
    except VendorUnavailable as unavailable:
        pytest.skip(unavailable.reason)
    node = shutil.which("node")
    if node is None:
        pytest.skip("codex is a Node program, and node is not on the PATH")
    tools = sandbox.folder / "tools"
    tools.mkdir()
    (tools / "codex").symlink_to(program)
    (tools / "node").symlink_to(node)
    sandbox.env["PATH"] = f"{tools}:{sandbox.env['PATH']}"
    return program


def login(sandbox: Sandbox, url: str) -> None:
    """What a person has in ~/.codex after setting up a provider of their own."""
    home = sandbox.home / ".codex"
    home.mkdir()
    (home / "config.toml").write_text(
        f'model = "scripted"\nmodel_provider = "loopback"\n[model_providers.loopback]\nname = "loopback"\n'
        f'base_url = "{url}/v1"\nenv_key = "LOOPBACK_KEY"\nwire_api = "responses"\n'
    )
    sandbox.env["LOOPBACK_KEY"] = "not-a-secret"


def test_a_slung_bead_is_worked_by_codex_and_merged(sandbox: Sandbox, codex: Path) -> None:
    repo = sandbox.repo("ml-pipeline", {"features.py": "features = 1\n"})
    town = sandbox.town()
    with ModelServer([WORK]) as model:
        login(sandbox, model.url)
        sandbox.env["ANTHROPIC_API_KEY"] = "of another vendor"
        sandbox.run(
            *("gt", "rig", "create", "ml-pipeline"), *("--runtime", "codex", "--prefix", "ml", "--repo", repo)
        )
        sandbox.run("gt", "rig", "config", "ml-pipeline", "env", "LOOPBACK_KEY")
        sandbox.run("gt", "rig", "config", "ml-pipeline", "gates", "grep -q 'features = 2' features.py")
        bead = sandbox.json("bd", "create", "--rig", "ml-pipeline", "Update feature extraction")["id"]
        sandbox.run("gt", "sling", "--wait", bead, timeout=120)
        seen = "".join(json.dumps(request.body) for request in model.requests)
    issue = sandbox.json("bd", "show", bead)[0]
    assert issue["status"] == "closed"
    assert "merged as" in issue["close_reason"]
    mirror = town / "rigs/ml-pipeline/repo.git"
    assert sandbox.git("show", "main:features.py", cwd=mirror).splitlines() == [
        "features = 1",
        "features = 2",
    ]
    assert f"Bead: {bead}" in sandbox.git("log", "-1", "--format=%B", "main", cwd=mirror)
    assert sandbox.git("ls-tree", "--name-only", "main", cwd=mirror) == "features.py"
    # What the model was shown: the task from `gt prime`, and no other vendor's key.
    assert "Update feature extraction" in seen
    assert "LOOPBACK_KEY" in seen
    assert "ANTHROPIC_API_KEY" not in seen
    attempt = sandbox.json("gt", "polecat", "list", "--all")[0]
    assert (attempt["runtime"], attempt["state"]) == ("codex", "merged")
    assert attempt["acked_at"] is not None
