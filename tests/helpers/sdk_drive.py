"""Run by an interpreter that has the official SDK: two of its clients, each with a server.

Takes one JSON argument: ``command``, ``env`` and ``cwd`` of the server, and ``ids`` of the two
sessions.  Calls every tool and prints what each call returned, as one JSON object.  Works with
both majors of the SDK, whose names differ in spelling only.
"""

from __future__ import annotations

import json
import sys
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from mcp import ClientSession, StdioServerParameters, stdio_client

ASKED = json.loads(sys.argv[1])
FOUND: dict[str, object] = {}


def parsed(result: object) -> dict:
    (item,) = result.content
    is_error = getattr(result, "is_error", None)
    if is_error is None:
        is_error = getattr(result, "isError", False)
    return {**json.loads(item.text), "is_error": bool(is_error)}


async def call(client: ClientSession, tool: str, **arguments: object) -> dict:
    answer = parsed(await client.call_tool(tool, arguments))
    FOUND.setdefault(tool, answer)
    return answer


def parameters() -> StdioServerParameters:
    command, *arguments = ASKED["command"]
    return StdioServerParameters(
        command=command, args=arguments, env=ASKED["env"], cwd=ASKED["cwd"]
    )


@asynccontextmanager
async def legacy_client():
    async with stdio_client(parameters()) as (read, write), ClientSession(read, write) as session:
        started = await session.initialize()
        version = getattr(started, "protocol_version", None) or started.protocolVersion
        FOUND["version"], FOUND["instructions"] = version, started.instructions
        yield session


@asynccontextmanager
async def newest_client():
    """The way of the newest major, which first tries a protocol without a handshake."""
    from mcp import Client

    async with Client(parameters()) as client:
        FOUND["version"], FOUND["instructions"] = client.protocol_version, client.instructions
        yield client


async def answer_when_asked(peer: ClientSession) -> None:
    while True:
        mail = await call(peer, "read_my_messages")
        for message in mail["messages"]:
            await call(peer, "reply_to_message", message_id=message["id"], body="indeed")
            return
        await anyio.sleep(0.02)


async def main() -> None:
    connect = newest_client if ASKED["newest"] else legacy_client
    me, peer = ASKED["ids"]
    with anyio.fail_after(15):
        await talk(connect, me, peer)


async def talk(connect, me: str, peer: str) -> None:
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(connect())
        b = await stack.enter_async_context(connect())
        FOUND["tools"] = [tool.name for tool in (await a.list_tools()).tools]
        await a.send_ping()
        await call(a, "claim_session", session_id=me)
        await call(b, "register_my_session", session_id=peer)
        await call(a, "set_my_state", purpose="testing")
        await call(b, "list_project_sessions")
        await call(a, "get_my_session")
        await call(b, "read_session", name=me)
        sent = await call(a, "send_message", target=peer, body="hello \u2028 there")
        FOUND["before"] = await call(a, "message_status", message_id=sent["message_id"])
        FOUND["mail"] = await call(b, "read_my_messages")
        FOUND["after"] = FOUND["before"]
        while FOUND["after"]["status"] in ("stored", "offered"):  # the receipt follows the answer
            FOUND["after"] = await call(a, "message_status", message_id=sent["message_id"])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer_when_asked, b)
            await call(a, "ask_peer", target=peer, body="well?", timeout_ms=60_000)
        work = await call(a, "send_message", target=peer, body="do it", action_required=True)
        await call(b, "my_open_work")
        await call(b, "complete_work", message_id=work["message_id"], body="done")
        work = await call(a, "send_message", target=peer, body="and this", action_required=True)
        await call(b, "block_work", message_id=work["message_id"], reason="cannot")
        FOUND["malformed"] = await call(a, "send_message", target=peer, body="x" * 8193)
        try:
            await a.call_tool("no_such_tool", {})
        except Exception as error:  # noqa: BLE001 - the two majors raise different classes
            FOUND["unknown"] = getattr(error, "code", None) or error.error.code


anyio.run(main)
sys.stdout.write(json.dumps(FOUND))
