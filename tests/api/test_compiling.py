"""Schemas that take long to compile: everybody else goes on."""

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
from tests.standin.model_script import ModelScript
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server
from tests.support.wire import chat_body, error_of

PATH = "/v1/chat/completions/render"
QUICK = {"type": "object", "properties": {"a": {"type": "string"}}}


def costly(number: int) -> dict[str, Any]:
    """A schema with so many properties that it takes long to compile."""
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
        compiled = await asyncio.gather(*compiling)

    assert (plain.status_code, known.status_code) == (200, 200)
    assert {response.status_code for response in compiled} == {200}


async def test_client_of_little_patience_is_told_that_its_other_schemas_take_long(
    server: RunningServer,
) -> None:
    other = wanted({"type": "object", "properties": {"b": {"type": "string"}}}) | {"stream": True}
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        compiling = [
            asyncio.create_task(client.post(PATH, json=costly(number))) for number in (10, 11, 12)
        ]
        await asyncio.wait(compiling, return_when=asyncio.FIRST_COMPLETED)
        refused = await client.post(
            "/v1/chat/completions", json=other, headers={"x-stainless-read-timeout": "0.3"}
        )
        assert not all(task.done() for task in compiling)
        await asyncio.gather(*compiling)

    assert (refused.status_code, error_of(refused)["code"]) == (503, "server_is_overloaded")
    assert refused.headers["retry-after"] == "1"


async def test_costly_schemas_of_saved_contexts_hold_up_only_their_caller(
    standin_library: Path, tmp_path: Path
) -> None:
    keys = [{"authorization": f"Bearer {name}-key-for-tests-only"} for name in ("one", "another")]
    config = '[auth]\nkeys = ["one-key-for-tests-only", "another-key-for-tests-only"]\n'
    config += '[contexts]\nfolder = "contexts"\n'
    script = ModelScript(model="llama-3.2-1b-instruct [3.85 v1]")
    config += standin_model(standin_library, tmp_path, script)
    # As many as could hold every thread that an event loop has by itself.
    threads = min(32, (os.cpu_count() or 1) + 4)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            compiling = [
                asyncio.create_task(
                    client.post("/v1/contexts", json=saving(costly(number)), headers=keys[0])
                )
                for number in range(2 * threads)
            ]
            refused = await next(asyncio.as_completed(compiling))
            saved = await client.post("/v1/contexts", json=saving(wanted(QUICK)), headers=keys[1])
            deleted = await client.delete(f"/v1/contexts/{saved.json()['id']}", headers=keys[1])
            done = sum(task.done() for task in compiling)
            for task in compiling:
                task.cancel()

        assert (refused.status_code, saved.status_code, deleted.status_code) == (400, 200, 200)
        assert done < threads


def saving(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"model": "pico", "name": "a"}
