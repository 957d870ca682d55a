"""Run inside beads-mcp's own environment: starts the server over stdio, calls every tool of it, prints what it said.

Arguments: the server's program, the workspace, the `bd` to use. One JSON object on standard output.
"""

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

server, workspace, bd = sys.argv[1:4]
ENV = {**os.environ, "BEADS_PATH": bd, "BEADS_ACTOR": "mcp", "BEADS_WORKING_DIR": workspace}
said: dict[str, object] = {}


async def story(session: ClientSession) -> None:
    called = set()

    async def call(step: str, tool: str, **arguments: object) -> object:
        called.add(tool)
        answer = await session.call_tool(tool, arguments)
        text = answer.content[0].text if answer.content else ""
        if answer.isError:
            said[step] = {"error": text}
            return said[step]
        found = answer.structuredContent
        said[step] = found.get("result", found) if isinstance(found, dict) else text
        return said[step]

    tools = {tool.name for tool in (await session.list_tools()).tools}
    await call("discover", "discover_tools")
    await call("tool", "get_tool_info", tool_name="ready")
    await call("set", "context", action="set", workspace_root=workspace)
    await call("init", "context", action="init", prefix="mc")
    await call("context", "context", action="set", workspace_root=workspace)
    await call("context_shown", "context", action="show")
    await call("epic", "create", title="Epic", issue_type="epic", brief=False)
    await call(
        "first", "create", title="First", description="why <it>", priority=0, labels=["x", "y"], brief=False
    )
    first = said["first"]["id"]  # type: ignore[index]
    await call(
        "second",
        "create",
        title="Second",
        deps=[first],
        assignee="ann",
        acceptance="ok",
        design="d",
        brief=False,
    )
    second = said["second"]["id"]  # type: ignore[index]
    await call("dep", "dep", issue_id=second, depends_on_id=said["epic"]["id"], dep_type="related")  # type: ignore[index]
    await call("cycle", "dep", issue_id=first, depends_on_id=second)
    await call("ready", "ready", limit=5)
    await call(
        "ready_narrow", "ready", limit=5, priority=0, labels=["x"], unassigned=True, sort_policy="oldest"
    )
    await call("blocked", "blocked")
    await call("list", "list", status="open", query="seco", limit=5)
    await call("show", "show", issue_id=second)
    await call("claim", "claim", issue_id=first, brief=False)
    await call("claim_again", "claim", issue_id=first, brief=False)
    await call(
        "update",
        "update",
        issue_id=first,
        notes="n",
        priority=1,
        title="First!",
        external_ref="gh-1",
        brief=False,
    )
    await call("by_update", "update", issue_id=said["epic"]["id"], status="in_progress", assignee="bob")  # type: ignore[index]
    await call("narrow", "list", status="in_progress", assignee="bob", issue_type="epic")
    await call("comment", "comment", issue_id=first, text="- said")
    await call("comments", "comments", issue_id=first)
    await call("note", "note", issue_id=first, text="noted")
    await call("close_blocked", "close", issue_id=second)
    await call("close", "close", issue_id=first, reason="done", brief=False)
    await call("reopen", "reopen", issue_ids=[first], reason="not yet", brief=False)
    await call("reopen_open", "reopen", issue_ids=[first])
    await call("close_again", "close", issue_id=first, brief=False)
    await call("ready_after", "ready", limit=5)
    await call("stats", "stats")
    for action in ("validate", "repair", "schema", "debug", "migration", "pollution"):
        await call(f"admin_{action}", "admin", action=action)
    await damaged(call)
    await call("unknown", "show", issue_id="mc-nope")
    said["quickstart"] = (await session.read_resource("beads://quickstart")).contents[0].text  # type: ignore[union-attr, arg-type]
    said["not called"] = sorted(tools - called)


async def damaged(call: Callable[..., Awaitable[object]]) -> None:
    """A store from which a program that knows no foreign keys took an issue, and in which a test left one."""
    await call("left", "create", title="Test issue 1", id="mc-left", external_ref="gh-2", brief=False)
    await call("gone", "create", title="Gone", id="mc-gone")
    await call("orphan", "create", title="Orphan", id="mc-orphan", deps=["mc-gone"], labels=["z"])
    raw = sqlite3.connect(Path(workspace) / ".beads" / "beads.db", isolation_level=None)
    raw.execute("DELETE FROM issues WHERE id = 'mc-gone'")
    raw.close()
    await call("invalid", "admin", action="validate")
    await call("repair", "admin", action="repair")
    await call("repair_fix", "admin", action="repair", fix=True)
    await call("valid", "admin", action="validate", fix_all=True)
    await call("ready_repaired", "ready", limit=5, labels_any=["z", "zz"], issue_type="task", brief=True)
    await call("polluted", "admin", action="pollution")
    await call("clean", "admin", action="pollution", clean=True)
    await call("cleaned", "show", issue_id="mc-left")


async def main() -> None:
    parameters = StdioServerParameters(command=server, env=ENV, cwd=workspace)
    async with stdio_client(parameters, errlog=sys.stderr) as streams, ClientSession(*streams) as session:
        await session.initialize()
        await story(session)
    print(json.dumps(said))


asyncio.run(main())
