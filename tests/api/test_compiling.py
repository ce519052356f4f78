"""Schemas that take long to compile: everybody else goes on."""

import asyncio
from typing import Any

import httpx
from tests.support.server import RunningServer
from tests.support.wire import chat_body

PATH = "/v1/chat/completions/render"
QUICK = {"type": "object", "properties": {"a": {"type": "string"}}}


def costly(number: int) -> dict[str, Any]:
    """A schema whose smallest document is so long that the search for it is given up."""
    names = [f"p{number}_{index}" for index in range(3000)]
    properties = {name: {"type": "integer"} for name in names}
    return wanted({"type": "object", "properties": properties, "required": names})


def wanted(schema: dict[str, Any]) -> dict[str, Any]:
    return chat_body(
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    )


async def test_others_are_answered_while_one_client_has_costly_schemas_compiled(
    server: RunningServer,
) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        assert (await client.post(PATH, json=wanted(QUICK))).status_code == 200
        compiling = [
            asyncio.create_task(client.post(PATH, json=costly(number))) for number in range(3)
        ]
        await asyncio.sleep(0)
        plain = await client.post(PATH, json=chat_body())
        known = await client.post(PATH, json=wanted(QUICK))
        assert not all(task.done() for task in compiling)
        refused = await asyncio.gather(*compiling)

    assert (plain.status_code, known.status_code) == (200, 200)
    assert {response.status_code for response in refused} == {400}
