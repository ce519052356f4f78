"""Saved contexts over a real server: made, loaded where that saves work, kept, deleted, broken."""

import json
import stat
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from livekit.agents import inference
from livekit.agents.llm import ChatContext
from openai import OpenAI
from tests.standin.model_script import ModelScript, Reply, Status, read_journal
from tests.support.models import ACCESS_KEY, standin_model, tiny_model
from tests.support.processes import wait_idle
from tests.support.server import START_SECONDS, RunningServer, running_server, wait_until
from tests.support.wire import error_of, open_stream, unread

from picoserve.openai_api.answer_shapes import ContextObject

MODEL: Final = "llama-3.2-1b-instruct [3.85 v1]"
SYSTEM: Final = "You answer the telephone of a small hotel near the sea. " * 20
QUICK_POOL: Final = """
[pool]
first_piece_seconds = 4.0
heartbeat_seconds = 0.2
next_piece_seconds = 4.0
interrupt_seconds = 3.0
backoff_seconds = 0.05
"""

Messages = list[dict[str, Any]]


def script(**options: Any) -> ModelScript:
    replies = (
        Reply(match_last="count", count=1500, tokens_per_second=10),
        Reply(text="Of course."),
    )
    return ModelScript(**{"model": MODEL, "journal": "pico.journal", "replies": replies} | options)


class Hotel:
    """A server with saved contexts, and what its engines have written down."""

    def __init__(
        self, server: RunningServer, folder: Path, client: httpx.Client, model: str = "pico"
    ) -> None:
        self.server = server
        self.client = client
        self.model = model
        self.files = folder / "contexts"
        self._journal = folder / f"{model}.journal"

    def save(self, name: str = "hotel", system: str = SYSTEM, **fields: Any) -> httpx.Response:
        messages = [{"role": "system", "content": system}]
        body = {"model": self.model, "name": name, "messages": messages} | fields
        return self.client.post("/v1/contexts", json=body)

    def saved(self, name: str = "hotel", system: str = SYSTEM) -> dict[str, Any]:
        answer = self.save(name, system)
        assert answer.status_code == 200, answer.text
        context: dict[str, Any] = answer.json()
        return context

    def ask(
        self, question: str, *, system: str = SYSTEM, key: str | None = "hotel", **fields: Any
    ) -> dict[str, Any]:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        answer: dict[str, Any] = self.say(messages, key=key, **fields)
        return answer

    def say(self, messages: Messages, *, key: str | None = "hotel", **fields: Any) -> Any:
        body = {"model": self.model, "messages": messages, "prompt_cache_key": key} | fields
        answer = self.client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def spoil(self) -> None:
        """Have every engine read something else."""
        for number in range(len(self.engines())):
            self.ask(f"{number}", system=f"{number} is my number. " * 90, key=None)

    def engines(self) -> list[dict[str, Any]]:
        return [e for e in self.server.health()["engines"] if e["model"] == self.model]

    def of(self, model: str) -> "Hotel":
        return Hotel(self.server, self.files.parent, self.client, model)

    def events(self, event: str) -> list[dict[str, Any]]:
        return read_journal(self._journal, event)

    def context(self, context_id: str) -> Any:
        return self.client.get(f"/v1/contexts/{context_id}").json()

    def log_lines(self, text: str) -> list[str]:
        return self.server.log_lines(text)


@contextmanager
def running_hotel(
    library: Path,
    folder: Path,
    more: str = "",
    *,
    engines: int = 1,
    **options: Any,
) -> Generator[Hotel, None, None]:
    """Start a server with these options of its model's script."""
    contexts = '[contexts]\nfolder = "contexts"\nmax_count = 9\n'
    config = contexts + standin_model(library, folder, script(**options), engines=engines) + more
    with (
        running_server(folder, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        server.wait_engines()
        yield Hotel(server, folder, client)


@pytest.fixture(scope="module")
def hotel(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Hotel, None, None]:
    """Two engines; the context `hotel` is saved."""
    folder = tmp_path_factory.mktemp("hotel")
    with running_hotel(standin_library, folder, engines=2) as hotel:
        hotel.saved()
        yield hotel
        assert hotel.server.process.poll() is None
    log = hotel.server.log.read_text()
    assert "Traceback" not in log
    assert "telephone" not in log


def test_context_object_tells_what_it_holds(hotel: Hotel) -> None:
    context = hotel.saved()
    files = hotel.files / context["id"]

    assert context.keys() == ContextObject.__annotations__.keys()
    assert context.pop("id").startswith("ctx_")
    assert context.pop("created") > 1_700_000_000
    assert context.pop("bytes") == sum(file.stat().st_size for file in files.glob("*.bin"))
    assert context == {
        "object": "context",
        "model": "pico",
        "name": "hotel",
        "prompt_tokens": hotel.events("generate")[0]["prompt_tokens"],
        "status": "ready",
        "problem": None,
    }


def test_new_conversation_loads_the_context_and_evaluates_only_its_own_words(hotel: Hotel) -> None:
    hotel.spoil()
    loads = len(hotel.events("load"))

    usage = hotel.ask("Good day to you.")["usage"]

    asked = hotel.events("generate")[-1]
    assert len(hotel.events("load")) == loads + 1
    assert asked["cached_tokens"] == hotel.saved()["prompt_tokens"]
    assert asked["evaluated_tokens"] < 20
    assert usage["prompt_tokens"] == asked["prompt_tokens"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == asked["cached_tokens"]


def test_engine_that_holds_more_does_not_load(hotel: Hotel) -> None:
    hotel.spoil()
    messages: Messages = [{"role": "system", "content": SYSTEM}]
    messages += [{"role": "user", "content": "I would like a room."}]
    messages += [hotel.say(messages)["choices"][0]["message"]]
    messages += [{"role": "user", "content": "And breakfast."}]
    loads = len(hotel.events("load"))

    usage = hotel.say(messages)["usage"]

    asked = hotel.events("generate")[-1]
    assert len(hotel.events("load")) == loads
    assert asked["cached_tokens"] > hotel.saved()["prompt_tokens"] + 10
    assert usage["prompt_tokens_details"]["cached_tokens"] == asked["cached_tokens"]


@pytest.mark.parametrize(
    ("system", "key"),
    [
        ("Another hotel. " * 90, "hotel"),
        (SYSTEM[:-5], "hotel"),
        (SYSTEM, "nobody"),
        (SYSTEM, "../contexts"),
        (SYSTEM, None),
    ],
    ids=["other-prompt", "shorter-prompt", "unknown-key", "path", "no-key"],
)
def test_context_is_loaded_for_its_own_key_and_prompt_only(
    hotel: Hotel, system: str, key: str | None
) -> None:
    hotel.spoil()
    loads = len(hotel.events("load"))

    hotel.ask("Good day.", system=system, key=key)

    assert len(hotel.events("load")) == loads


def test_every_choice_of_a_request_may_load(hotel: Hotel) -> None:
    hotel.spoil()
    loads = len(hotel.events("load"))

    answer = hotel.ask("Two answers, please.", n=2)

    assert len(answer["choices"]) == 2
    assert len(hotel.events("load")) in {loads + 1, loads + 2}
    assert all(asked["evaluated_tokens"] < 20 for asked in hotel.events("generate")[-2:])


def test_openai_client_names_the_context(hotel: Hotel) -> None:
    hotel.spoil()
    with OpenAI(base_url=hotel.server.base_url, api_key="any", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="pico",
            messages=[
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": "Is there a room?"},
            ],
            prompt_cache_key="hotel",
        )

    usage = answer.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == hotel.saved()["prompt_tokens"]


async def test_livekit_client_names_the_context(hotel: Hotel) -> None:
    hotel.spoil()
    conversation = ChatContext.empty()
    conversation.add_message(role="system", content=SYSTEM)
    conversation.add_message(role="user", content="Is there a room?")
    llm = inference.LLM(
        "pico",
        base_url=hotel.server.base_url,
        api_key="any",
        api_secret="any-secret-of-thirty-two-letters",
        extra_kwargs={"prompt_cache_key": "hotel"},
    )
    async with llm, llm.chat(chat_ctx=conversation) as stream:
        usages = [chunk.usage async for chunk in stream if chunk.usage]

    assert usages[-1].prompt_cached_tokens == hotel.saved()["prompt_tokens"]


def test_tools_are_part_of_what_is_saved(hotel: Hotel) -> None:
    tools = [{"type": "function", "function": {"name": "book", "parameters": {"type": "object"}}}]
    context = hotel.save("with-tools", tools=tools).json()
    hotel.spoil()

    hotel.ask("Is there a room?", key="with-tools", tools=tools)

    assert hotel.events("generate")[-1]["cached_tokens"] == context["prompt_tokens"]
    assert context["prompt_tokens"] > hotel.saved()["prompt_tokens"] + 20
    hotel.client.delete(f"/v1/contexts/{context['id']}")


def test_saving_the_same_again_does_nothing_and_another_prompt_takes_its_place(
    hotel: Hotel,
) -> None:
    first = hotel.saved("changing")
    jobs = len(hotel.events("generate"))
    assert hotel.saved("changing") == first
    assert len(hotel.events("generate")) == jobs

    second = hotel.saved("changing", SYSTEM + "Be brief.")

    assert second["id"] != first["id"]
    assert hotel.client.get(f"/v1/contexts/{first['id']}").status_code == 404
    wait_until(lambda: not (hotel.files / first["id"]).exists())
    assert hotel.client.delete(f"/v1/contexts/{second['id']}").json() == {
        "id": second["id"],
        "object": "context",
        "deleted": True,
    }


def test_deleted_context_is_gone_from_list_and_disk_and_its_name_means_nothing(
    hotel: Hotel,
) -> None:
    context = hotel.saved("short-lived")
    listed = hotel.client.get("/v1/contexts").json()
    assert listed["object"] == "list"
    assert context in listed["data"]
    assert hotel.context(context["id"]) == context

    hotel.client.delete(f"/v1/contexts/{context['id']}")

    assert context not in hotel.client.get("/v1/contexts").json()["data"]
    assert not (hotel.files / context["id"]).exists()
    hotel.spoil()
    hotel.ask("Good day.", key="short-lived")
    assert hotel.events("generate")[-1]["cached_tokens"] < 20


def test_files_are_the_servers_own_and_say_nothing_of_the_prompt(hotel: Hotel) -> None:
    for path in [hotel.files, *hotel.files.rglob("*")]:
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
        assert "hotel" not in path.name
    for record in hotel.files.glob("*/context.json"):
        assert "telephone" not in record.read_text()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "ü", "a\n", "x" * 65, 7])
def test_name_of_other_signs_is_refused(hotel: Hotel, name: Any) -> None:
    answer = hotel.save(name)

    assert answer.status_code == 400
    assert error_of(answer)["param"] == "name"


@pytest.mark.parametrize("context_id", ["ctx_0", "..%2f..%2fjournal", "ctx_%00", "hotel"])
def test_unknown_id_is_not_found_and_touches_no_file(hotel: Hotel, context_id: str) -> None:
    before = sorted(hotel.files.rglob("*"))
    for method in ("GET", "DELETE"):
        answer = hotel.client.request(method, f"/v1/contexts/{context_id}")
        assert answer.status_code == 404
        error_of(answer)

    assert sorted(hotel.files.rglob("*")) == before


def test_fields_without_a_meaning_are_named_and_bad_ones_refused(hotel: Hotel) -> None:
    named = [{"role": "system", "content": SYSTEM, "name": "desk"}]
    answer = hotel.save(temperature=0.5, stream=True, messages=named)
    assert answer.status_code == 200
    assert answer.headers["x-picoserve-ignored"] == "messages.name, stream, temperature"

    assert error_of(hotel.save(messages=[]))["param"] == "messages"
    assert error_of(hotel.save(model="nobody"))["code"] == "model_not_found"
    too_long = hotel.save("too-long", "word " * 3000)
    assert (too_long.status_code, error_of(too_long)["code"]) == (400, "context_length_exceeded")
    assert not list(hotel.files.glob(".new-*"))
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    image = hotel.save(messages=[{"role": "user", "content": [picture]}])
    assert (image.status_code, error_of(image)["code"]) == (400, "unsupported_value")


def test_contexts_survive_restarts_and_each_is_used_as_long_as_it_can_be(
    standin_library: Path, tmp_path: Path
) -> None:
    with running_hotel(standin_library, tmp_path) as hotel:
        context, other = hotel.saved(), hotel.saved("other")
    with running_hotel(standin_library, tmp_path) as hotel:
        assert hotel.context(context["id"]) == context
        hotel.ask("Is there a room?")
        assert [load["status"] for load in hotel.events("load")] == [0]
        assert hotel.events("generate")[-1]["cached_tokens"] == context["prompt_tokens"]
        # Of the same size, so that only the engine can see it.
        file = hotel.files / context["id"] / "context.bin"
        file.write_bytes(b"x" * len(file.read_bytes()))
        hotel.spoil()

        usage = hotel.ask("Is there a room?")["usage"]
        hotel.spoil()
        hotel.ask("Is there a room?")

        assert "prompt_tokens_details" not in usage
        assert [load["status"] for load in hotel.events("load")] == [0, 3]
        assert len(hotel.log_lines("saved context is broken")) == 1
        loads = 'picoserve_context_loads_total{model_name="pico",result="failed"} 1.0'
        wait_until(lambda: loads in hotel.client.get("/metrics").text)
    with running_hotel(standin_library, tmp_path, version="2.2.0") as hotel:
        assert hotel.context(context["id"])["status"] == "broken"
        assert hotel.context(other["id"])["status"] == "stale"
        hotel.ask("Is there a room?", key="other")
        hotel.ask("Is there a room?", key="other")
        assert len(hotel.log_lines("saved context is of another model file")) == 1
        assert len(hotel.events("load")) == 2
        assert hotel.saved()["status"] == "ready"
        hotel.spoil()
        hotel.ask("Is there a room?")
        assert [load["status"] for load in hotel.events("load")] == [0, 3, 0]


@pytest.fixture(scope="module")
def faulty(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Hotel, None, None]:
    """Models whose context files go wrong, or that have none; nine contexts are kept."""
    folder = tmp_path_factory.mktemp("faulty")
    more = QUICK_POOL
    for action, fault in (
        *(("load", "crash"), ("load", "hang")),
        *(("save", Status.IO_ERROR), ("save", "crash"), ("save", "hang")),
    ):
        name = f"{action}-{fault}"
        faults: dict[str, Any] = {f"{action}_fault": fault}
        model = script(journal=f"{name}.journal", **faults)
        engines = 2 if action == "load" else 1
        more += standin_model(standin_library, folder, model, name=name, engines=engines)
    slow = script(journal="slow.journal", context_file_seconds=2.0)
    more += standin_model(standin_library, folder, slow, name="slow")
    more += tiny_model(name="tiny")
    more += standin_model(standin_library, folder, script(context_caching=False), name="silent")
    more += standin_model(standin_library, folder, script(), name="off")
    more += "context_cache = false\n"
    with running_hotel(standin_library, folder, more) as hotel:
        yield hotel


@pytest.mark.parametrize("fault", ["crash", "hang"])
def test_context_that_kills_its_engine_kills_no_second_one(faulty: Hotel, fault: str) -> None:
    hotel = faulty.of(f"load-{fault}")
    context = hotel.saved()
    hotel.spoil()

    answer = hotel.ask("Is there a room?")

    assert answer["choices"][0]["message"]["content"] == "Of course."
    assert hotel.context(context["id"])["status"] == "broken"
    hotel.server.wait_engines()
    assert sum(engine["restarts"] for engine in hotel.engines()) == 1


def test_load_that_hangs_is_broken_also_when_its_client_has_left(faulty: Hotel) -> None:
    hotel = faulty.of("load-hang")
    context = hotel.saved("left-alone")
    hotel.spoil()

    system = {"role": "system", "content": SYSTEM}
    body = {
        "model": hotel.model,
        "messages": [system, {"role": "user", "content": "Is there a room?"}],
        "prompt_cache_key": "left-alone",
    }
    # Its 200 is committed while the engine loads.
    with open_stream(hotel.client, body) as stream:
        assert stream.response.status_code == 200

    wait_until(lambda: hotel.context(context["id"])["status"] == "broken")
    hotel.server.wait_engines()
    assert hotel.ask("Is there a room?", key="left-alone")["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize("fault", [Status.IO_ERROR, "crash", "hang"])
def test_save_that_fails_is_an_error_and_leaves_nothing_behind(faulty: Hotel, fault: str) -> None:
    hotel = faulty.of(f"save-{fault}")

    answer = hotel.save()

    assert (answer.status_code, error_of(answer)["code"]) == (500, "engine_error")
    assert str(hotel.files) not in answer.text
    assert not list(hotel.files.glob(".new-*"))
    hotel.server.wait_engines()
    assert hotel.ask("Is there a room?")["usage"]["completion_tokens"] == 3


def test_client_that_hangs_up_leaves_a_free_engine_and_no_file(faulty: Hotel) -> None:
    hotel = faulty.of("slow")
    before = hotel.client.get("/v1/contexts").json()
    body = {"model": "slow", "name": "x", "messages": [{"role": "user", "content": "a"}]}
    with unread(hotel.server, body, "/v1/contexts"):
        wait_until(lambda: hotel.events("generate"))
    wait_idle(hotel.server)

    assert hotel.client.get("/v1/contexts").json() == before
    wait_until(lambda: not list(hotel.files.glob(".new-*/*")))
    assert hotel.saved()["status"] == "ready"


@pytest.mark.parametrize("model", ["tiny", "silent", "off"])
def test_engine_that_saves_no_contexts_names_the_capability(faulty: Hotel, model: str) -> None:
    answer = faulty.of(model).save()

    assert (answer.status_code, error_of(answer)["param"]) == (400, "model")
    assert "lacks the capability 'saved contexts'" in error_of(answer)["message"]


def test_more_contexts_than_may_be_kept_are_refused(faulty: Hotel) -> None:
    first = faulty.saved("first")
    answers = [faulty.save(f"another-{number}") for number in range(9)]

    refused = answers[-1]
    assert (refused.status_code, error_of(refused)["code"]) == (400, "contexts_full")
    assert "contexts.max_count" in error_of(refused)["message"]
    assert len(faulty.client.get("/v1/contexts").json()["data"]) == 9
    # Its own place it may keep.
    assert faulty.saved("first", SYSTEM + "Be brief.")["id"] != first["id"]
    for context in faulty.client.get("/v1/contexts").json()["data"]:
        faulty.client.delete(f"/v1/contexts/{context['id']}")


def test_server_without_a_folder_names_the_setting(http: httpx.Client) -> None:
    for answer in (
        http.post("/v1/contexts", json={}),
        http.get("/v1/contexts"),
        http.delete("/v1/contexts/ctx_0"),
    ):
        assert answer.status_code == 404
        assert "contexts.folder" in error_of(answer)["message"]


def test_folder_that_cannot_be_used_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "contexts").write_text(json.dumps("a file"))

    with running_server(tmp_path, '[contexts]\nfolder = "contexts"\n', wait=False) as server:
        assert server.process.wait(START_SECONDS) == 2
        assert "contexts.folder" in server.log.read_text()


def test_chat_does_not_wait_for_the_engine_that_a_saving_waits_for(
    standin_library: Path, tmp_path: Path
) -> None:
    table = standin_model(standin_library, tmp_path, script())
    config = '[contexts]\nfolder = "contexts"\n' + table.replace('["cpu:1"]', '["gpu:0", "cpu:1"]')
    listed = {"PICOLLM_STANDIN_DEVICES": "gpu:0 - Card;cpu:[0-1] - CPU (2 threads)"}
    body = {"model": "pico", "messages": [{"role": "user", "content": "count"}]}
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY | listed) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        server.wait_engines()
        hotel = Hotel(server, tmp_path, client)
        with open_stream(client, body) as first, open_stream(client, body) as second:
            by_device = {
                stream.response.headers["x-picoserve-engine"].partition("@")[2]: stream
                for stream in (first, second)
            }
            # Contexts are saved on a GPU where there is one.
            saving = threads.submit(hotel.save)
            wait_until(lambda: server.waiting() == 1)
            by_device["cpu:1"].response.close()
            wait_until(lambda: server.busy() == 1)

            hotel.ask("Good day.", key=None)

            assert server.waiting() == 1
            assert not saving.done()
        assert saving.result().status_code == 200


def test_context_is_saved_on_an_engine_that_works(standin_library: Path, tmp_path: Path) -> None:
    refused = Reply(match_last="refuse", count=9, status_after=(0, Status.ACTIVATION_LIMIT_REACHED))
    table = standin_model(standin_library, tmp_path, script(replies=[refused, Reply(text="Yes.")]))
    config = '[contexts]\nfolder = "contexts"\n' + table.replace('["cpu:1"]', '["gpu:0", "cpu:1"]')
    listed = {"PICOLLM_STANDIN_DEVICES": "gpu:0 - Card;cpu:[0-1] - CPU (2 threads)"}
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY | listed) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        server.wait_engines()
        hotel = Hotel(server, tmp_path, client)
        messages = [{"role": "user", "content": "refuse"}]
        client.post("/v1/chat/completions", json={"model": "pico", "messages": messages})
        wait_until(lambda: server.health()["engines"][0]["state"] == "failed")

        assert hotel.saved()["status"] == "ready"


def test_model_that_turns_out_to_cache_nothing_saves_nothing(
    standin_library: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "context_caching": False,
        "context_caching_unsupported": "generate",
    }
    with running_hotel(standin_library, tmp_path, **options) as hotel:
        hotel.ask("Good day.", key=None)

        answer = hotel.save()

        assert answer.status_code == 400
        assert "contexts" in error_of(answer)["message"]


def test_context_of_an_engine_that_a_person_restarts_stays_good(
    standin_library: Path, tmp_path: Path
) -> None:
    admin = '[auth]\nadmin_keys = ["the-admin-key"]\n'
    with (
        running_hotel(standin_library, tmp_path, admin, context_file_seconds=1.0) as hotel,
        ThreadPoolExecutor(1) as threads,
    ):
        context = hotel.saved()
        hotel.spoil()
        asking = threads.submit(hotel.ask, "Is there a room?")
        wait_until(lambda: hotel.server.busy() == 1)
        hotel.client.post(
            "/admin/engines/pico@cpu:1/restart", headers={"authorization": "Bearer the-admin-key"}
        ).raise_for_status()

        assert asking.result()["choices"][0]["message"]["content"] == "Of course."
        assert hotel.context(context["id"])["status"] == "ready"
