"""The stand-in library as the real picollm package sees it."""

import itertools
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import picollm
import pytest
from tests.standin.build import SOURCE_FOLDER, SOURCES, build_library, zig_compiler
from tests.standin.model_script import ModelScript, Reply, Status, Top, escape, read_journal
from tests.support.server import wait_until

CHAT: Final = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
TWO_GPUS: Final = "gpu:0 - Card A;gpu:1 - Card B;cpu:[0-8] - CPU (8 threads)"

Create = Callable[..., Any]


@pytest.fixture
def create(standin_library: Path, tmp_path: Path) -> Iterator[Create]:
    """Starts an engine on a script, which the test releases or this fixture does."""
    engines: list[Any] = []

    def start(script: ModelScript, **options: Any) -> Any:
        path = script.write(tmp_path / "model.pllm")
        given = {"access_key": "key", "device": "cpu", "library_path": str(standin_library)}
        engine = picollm.create(model_path=str(path), **(given | options))
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        if engine._handle is not None:
            engine.release()


def say(*replies: Reply, **keys: Any) -> ModelScript:
    return ModelScript(replies=replies, journal="journal", **keys)


def python(library: Path, script: Path, body: str) -> list[str]:
    """The command that runs a few lines, which may call `create`."""
    head = (
        "import os, picollm\n"
        f"def create(): return picollm.create('key', {str(script)!r}, 'cpu', True, "
        f"{str(library)!r})\n"
    )
    return [sys.executable, "-c", head + body]


def run_python(library: Path, script: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Runs a few lines in a process of their own."""
    command = python(library, script, body)
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def stack_of(error: pytest.ExceptionInfo[Any]) -> str:
    return "\n".join(error.value.message_stack)


# ---- the engine and its device ------------------------------------------------------------


def test_engine_tells_what_the_script_says(create: Create) -> None:
    engine = create(
        ModelScript(model="llama-3.2 [4 v1]", context_length=77, max_top_choices=9, version="9.1")
    )

    assert (engine.model, engine.context_length) == ("llama-3.2 [4 v1]", 77)
    assert (engine.max_top_choices, engine.version) == (9, "9.1")


def test_defaults_are_those_of_the_real_library(create: Create) -> None:
    engine = create(ModelScript())

    assert (engine.model, engine.context_length) == ("phi2 [2.90 v1]", 2048)
    assert (engine.max_top_choices, engine.version) == (128, "2.1.0")
    assert engine.generate("x").completion == "Hello from the stand-in."


def test_devices_are_listed_from_the_environment_or_as_one_cpu(
    standin_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = picollm.available_devices(library_path=str(standin_library))
    monkeypatch.setenv("PICOLLM_STANDIN_DEVICES", TWO_GPUS)

    assert only.startswith("cpu:[0-")
    assert picollm.available_devices(library_path=str(standin_library)) == TWO_GPUS.split(";")


@pytest.mark.parametrize(
    "device", ["cpu", "cpu:1", "cpu:99", "cpu:0", "cpu:-1", "cpu:", "cpu: 1", "cpu:+1", "", "best"]
)
def test_device_string_is_taken(create: Create, device: str) -> None:
    assert create(ModelScript(), device=device).generate("x")


@pytest.mark.parametrize(
    ("device", "error", "message"),
    [
        ("gpu", picollm.PicoLLMRuntimeError, "Failed to communicate with device."),
        ("gpu:0", picollm.PicoLLMRuntimeError, "Failed to communicate with device."),
        ("gpu:", picollm.PicoLLMRuntimeError, "Failed to communicate with device."),
        ("nonsense", picollm.PicoLLMInvalidArgumentError, "nonsense is not a valid device string"),
        ("CPU", picollm.PicoLLMInvalidArgumentError, "not a valid device string"),
        ("cpux", picollm.PicoLLMInvalidArgumentError, "not a valid device string"),
        ("cpu ", picollm.PicoLLMInvalidArgumentError, "not a valid device string"),
        ("best:0", picollm.PicoLLMInvalidArgumentError, "not a valid device string"),
        ("cpu:[0-2] - CPU (2 threads)", picollm.PicoLLMInvalidArgumentError, "d539b48"),
        ("gpu:0 - NVIDIA RTX", picollm.PicoLLMInvalidArgumentError, "d539b48"),
        ("cpu:1x", picollm.PicoLLMInvalidArgumentError, "d539b48"),
        ("gpu:0,1", picollm.PicoLLMInvalidArgumentError, "d539b48"),
        ("gpu:0 ", picollm.PicoLLMInvalidArgumentError, "d539b48"),
        ("cpu:99999999999", picollm.PicoLLMMemoryError, "out of memory"),
    ],
)
def test_device_string_is_refused(
    create: Create, device: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        create(ModelScript(), device=device)

    assert message in stack_of(caught)


def test_gpu_is_there_when_it_is_listed(create: Create, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICOLLM_STANDIN_DEVICES", TWO_GPUS)

    assert create(say(Reply(text="{device}")), device="gpu:1").generate("x").completion == "gpu:1"
    with pytest.raises(picollm.PicoLLMRuntimeError) as caught:
        create(ModelScript(), device="gpu:2")
    assert "Found `2` available GPU devices." in stack_of(caught)


# ---- init ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("garbage", "dcb76d5"),
        ("", "dcb76d5"),
        ("picollm-standin 1\nmodle = x", "script line 2: unknown key `modle`"),
        ("picollm-standin 1\n\n[reply]\nmodel = x", "script line 4: unknown reply key `model`"),
        ("picollm-standin 1\ncontext_length = many", "bad value for `context_length`"),
        ("picollm-standin 1\ncontext_length = -1", "bad value for `context_length`"),
        ("picollm-standin 1\ndeaf = yes", "bad value for `deaf`"),
        ("picollm-standin 1\nmodel = a\\q", "bad escape in `a\\q`"),
        ("picollm-standin 1\nmodel = a\\x00", "bad escape"),
        ("picollm-standin 1\nmodel", "not a `key = value` pair: `model`"),
        ("picollm-standin 1\n[reply]\nstatus_after = 1:BAD", "bad value for `status_after`"),
        ("picollm-standin 1\n[reply]\ntop = 1 -0.5", "bad value for `top`"),
    ],
)
def test_bad_script_is_an_io_error_that_says_why(
    standin_library: Path, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "model.pllm"
    path.write_text(content)

    with pytest.raises(picollm.PicoLLMIOError) as caught:
        picollm.create("key", str(path), "cpu", library_path=str(standin_library))

    assert message in stack_of(caught)


def test_missing_model_file_is_named(standin_library: Path) -> None:
    with pytest.raises(picollm.PicoLLMIOError) as caught:
        picollm.create("key", "/nope.pllm", "best", library_path=str(standin_library))

    assert "Failed to open file `/nope.pllm`." in caught.value.message_stack[-1]
    assert len(caught.value.message_stack) == 4  # `best` left three lines about the missing GPU


@pytest.mark.parametrize("status", list(Status))
def test_init_fails_with_the_scripted_status(create: Create, status: Status) -> None:
    with pytest.raises(picollm.PicoLLMError) as caught:
        create(ModelScript(init_status=status, init_messages=["one", "key {access_key}!"]))

    name = caught.type.__name__.removeprefix("PicoLLM").removesuffix("Error").lower()
    assert name in status.lower().replace("_", "").replace("outofmemory", "memory")
    assert [line[18:] for line in caught.value.message_stack] == ["one", "key key!"]


def test_wrong_access_key_is_refused_and_printed(create: Create) -> None:
    assert create(ModelScript(access_key="good"), access_key="good")
    with pytest.raises(picollm.PicoLLMInvalidArgumentError) as caught:
        create(ModelScript(access_key="good"), access_key="bad==")
    assert "Failed to parse AccessKey `bad==`." in stack_of(caught)

    refused = ModelScript(access_key="good", access_key_status=Status.ACTIVATION_REFUSED)
    with pytest.raises(picollm.PicoLLMActivationRefusedError):
        create(refused, access_key="bad")


def test_file_of_another_version_is_refused(create: Create) -> None:
    with pytest.raises(picollm.PicoLLMInvalidArgumentError) as caught:
        create(ModelScript(file_version="2.0.0"))

    assert "File is `2.0.0` while library is `2.1.0`." in stack_of(caught)


def test_first_inits_fail_and_later_ones_do_not(create: Create) -> None:
    script = say(fail_inits=2, init_status=Status.ACTIVATION_LIMIT_REACHED)

    for _ in range(2):
        with pytest.raises(picollm.PicoLLMActivationLimitError):
            create(script)
    assert create(script)


def test_init_takes_its_time_and_prints(create: Create, capfd: pytest.CaptureFixture[str]) -> None:
    before = time.monotonic()
    create(ModelScript(init_delay_seconds=0.1, stdout_noise="out\n", stderr_noise="err\n"))

    assert time.monotonic() - before >= 0.1
    assert capfd.readouterr() == ("out\n", "err\n")


def test_error_stack_is_read_once_and_belongs_to_its_thread(create: Create) -> None:
    engine = create(say(Reply(status_after=(0, Status.RUNTIME_ERROR), status_messages=["why"])))
    elsewhere: list[type[BaseException]] = []

    def look() -> None:
        with pytest.raises(picollm.PicoLLMInvalidStateError) as caught:
            engine.get_error_stack()
        elsewhere.append(caught.type)

    with pytest.raises(picollm.PicoLLMRuntimeError, match="why"):
        engine.generate("x")
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    look()
    assert len(elsewhere) == 2


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_memory_is_held_and_grows(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(ballast_mib=80, grow_mib=80).write(tmp_path / "m")

    # In a process of its own, in which nobody else takes memory or gives it back.
    ended = run_python(
        standin_library,
        script,
        "def look(): print(int(open('/proc/self/statm').read().split()[1]))\n"
        "look(); engine = create(); look(); engine.generate('x'); look()",
    )

    page_mib = os.sysconf("SC_PAGE_SIZE") / 2**20
    before, held, grown = (int(pages) * page_mib for pages in ended.stdout.split())
    assert held - before > 60
    assert grown - held > 60


# ---- tokens -------------------------------------------------------------------------------


def test_tokens_are_specials_short_words_and_single_bytes(create: Create) -> None:
    engine = create(ModelScript(specials=["<|mine|>"], bos="<s>", eos="</s>"))

    def count(text: str) -> int:
        return len(engine.tokenize(text, False, False))

    assert count("<|im_start|>user\nHello world, extraordinary<|mine|>") == 1 + 1 + 1 + 3 + 3 + 1
    assert count("é") == 1
    assert count("😀") == 2
    bos, *middle, eos = engine.tokenize("a b", True, True)
    assert (bos, eos) == (
        engine.tokenize("<s>", False, False)[0],
        engine.tokenize("</s>", False, False)[0],
    )
    assert middle == engine.tokenize("a b", False, False)
    assert engine.generate("a b").usage.prompt_tokens == 3


# ---- replies ------------------------------------------------------------------------------


def test_first_matching_reply_is_played(create: Create) -> None:
    engine = create(
        say(
            Reply(match="weather", match_last="Paris", text="Paris rain"),
            Reply(match="weather", text="rain"),
            Reply(match_end="assistant\nSo", text="so it is"),
            Reply(times=1, text="once"),
            Reply(match="hello", echo=True),
            Reply(match="count", count=3),
            Reply(match="json", text='{"a": "{user}", "b": {}}'),
        )
    )

    def ask(prompt: str) -> str:
        return str(engine.generate(prompt).completion)

    assert ask(CHAT.format("weather in Paris?")) == "Paris rain"
    assert ask(CHAT.format("Paris") + "ok<|im_end|>\n" + CHAT.format("weather?")) == "rain"
    assert ask(CHAT.format("x") + "So") == "so it is"
    assert ask("x") == "once"
    assert ask(CHAT.format("first") + "ok<|im_end|>\n" + CHAT.format("hello é")) == "hello é"
    assert ask("count") == "word0 word1 word2"
    assert ask(CHAT.format("json")) == '{"a": "json", "b": {}}'
    with pytest.raises(picollm.PicoLLMRuntimeError, match=r"no \[reply\] matches"):
        ask("other")


def test_reply_goes_on_where_the_prompt_leaves_it(create: Create) -> None:
    engine = create(say(Reply(text='{"city": "Oslo"}', continues=True)))

    assert engine.generate('x\n{"ci').completion == 'ty": "Oslo"}'
    assert engine.generate("x\n").completion == '{"city": "Oslo"}'


def test_pieces_arrive_as_they_are_produced(create: Create) -> None:
    engine = create(say(Reply(match="1", pieces=["He", "llo", "", "!"]), Reply(text=" Hi you")))
    pieces: list[str] = []

    completion = engine.generate("1", stream_callback=pieces.append)

    assert pieces == ["He", "llo", "", "!"]
    assert (completion.completion, completion.usage.completion_tokens) == ("Hello!", 4)
    pieces.clear()
    engine.generate("2", stream_callback=pieces.append)
    assert pieces == [" Hi", " you"]


def test_end_of_sentence_text_is_part_of_everything(create: Create) -> None:
    engine = create(say(Reply(text="Hi you"), eos="<|endoftext|>"))
    pieces: list[str] = []

    done = engine.generate("x", stream_callback=pieces.append, stop_phrases={"<|endoftext|>"})

    assert done.endpoint is picollm.PicoLLMEndpoints.END_OF_SENTENCE
    assert done.completion == "".join(pieces) == "Hi you<|endoftext|>"
    assert [item.token.token for item in done.completion_tokens] == pieces
    assert done.usage.completion_tokens == 3


def test_stop_phrase_is_found_over_piece_borders_and_returned(create: Create) -> None:
    engine = create(say(Reply(text="one two three four")))

    done = engine.generate("x", stop_phrases={"o thr", "four"})

    assert done.endpoint is picollm.PicoLLMEndpoints.STOP_PHRASE_ENCOUNTERED
    assert (done.completion, done.usage.completion_tokens) == ("one two three", 3)


def test_token_limit_is_exact(create: Create) -> None:
    engine = create(say(Reply(count=20)))

    done = engine.generate("x", completion_token_limit=7)

    assert done.endpoint is picollm.PicoLLMEndpoints.COMPLETION_TOKEN_LIMIT_REACHED
    assert done.usage.completion_tokens == len(done.completion_tokens) == 7
    assert engine.generate("x").usage.completion_tokens == 20


def test_context_ends_in_the_scripted_way(create: Create) -> None:
    limit = Reply(match="limit", count=20, context_end="limit")
    engine = create(say(limit, Reply(count=20, context_end="error"), context_length=10))

    done = engine.generate("limit")

    assert done.endpoint is picollm.PicoLLMEndpoints.COMPLETION_TOKEN_LIMIT_REACHED
    assert done.usage.completion_tokens == 9
    with pytest.raises(picollm.PicoLLMRuntimeError, match="reached it's context length"):
        engine.generate("x")
    with pytest.raises(
        picollm.PicoLLMInvalidArgumentError, match="not smaller than model's context length"
    ):
        engine.generate("." * 10)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_half_characters_are_streamed_raw_unless_whole_ones_are_asked_for(create: Create) -> None:
    halves = Reply(match="halves", text="Hi 😀 end")
    engine = create(say(halves, Reply(text="Hi 😀é end", piece_bytes=1, stream="characters")))
    pieces: list[str] = []

    done = engine.generate("halves", stream_callback=pieces.append)

    assert "".join(pieces) == "Hi  end"  # the binding drops what it cannot decode
    assert done.completion == "Hi 😀 end"
    assert "\\xF0\\x9F" in [item.token.token for item in done.completion_tokens]
    pieces.clear()
    engine.generate("x", stream_callback=pieces.append)
    assert pieces == [*"Hi ", "😀", "é", *" end"]
    with pytest.raises(UnicodeDecodeError):
        engine.generate("halves", completion_token_limit=3)


def test_alternatives_and_log_probs_are_scripted_or_filled_up(create: Create) -> None:
    tops = [
        Top(piece=0, log_prob=-0.5, token="Yes"),
        Top(piece=0, log_prob=-1.5, token="No"),
        Top(piece=1, log_prob=-0.25, token=b"\xff"),
    ]
    engine = create(say(Reply(text="Yes sir", top=tops, log_probs=[(1, -2.0)])))

    first, second = engine.generate("x", num_top_choices=3).completion_tokens

    assert first.token.log_prob == -0.5
    assert [choice.token for choice in first.top_choices] == ["Yes", "No", " other2"]
    assert [choice.token for choice in second.top_choices] == ["\\xFF", " sir", " other2"]
    assert [choice.log_prob for choice in second.top_choices] == [-0.25, -2.0, -3.0]
    (only,) = engine.generate("x", num_top_choices=1).completion_tokens[1].top_choices
    assert only.token == " sir"


def test_temperature_and_seed_choose_the_variant(create: Create) -> None:
    engine = create(say(Reply(text="a", variants=["b", "c"])))

    def ask(**options: Any) -> str:
        return str(engine.generate("x", **options).completion)

    assert {ask(seed=seed) for seed in range(1, 5)} == {"a"}
    assert [ask(temperature=0.5, seed=seed) for seed in (3, 4, 5, 5)] == ["a", "b", "c", "c"]
    assert {ask(temperature=0.5) for _ in range(60)} == {"a", "b", "c"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"presence_penalty": -0.5},
        {"frequency_penalty": -0.5},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"seed": 0},
        {"seed": -5},
        {"num_top_choices": -1},
        {"num_top_choices": 129},
        {"completion_token_limit": 0},
    ],
)
def test_arguments_out_of_range_are_refused_when_strict(
    create: Create, arguments: dict[str, Any]
) -> None:
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match=next(iter(arguments))):
        create(ModelScript()).generate("x", **arguments)

    assert create(ModelScript(strict_arguments=False)).generate("x", **arguments)


# ---- pace and interrupts ------------------------------------------------------------------


def test_pace_follows_a_schedule(create: Create) -> None:
    engine = create(
        say(
            Reply(count=11, tokens_per_second=100, stall_after=(5, 0.1)),
            prefill_tokens_per_second=50,
        )
    )
    before = time.monotonic()
    times: list[float] = []

    engine.generate("....!", stream_callback=lambda _: times.append(time.monotonic() - before))

    assert times[0] >= 0.1
    assert times[4] >= 0.14
    assert times[5] >= 0.25
    assert times[10] >= 0.3


def test_pace_is_kept_against_the_start(create: Create) -> None:
    engine = create(say(Reply(count=10, tokens_per_second=20)))
    times: list[float] = []

    def stream(_: str) -> None:
        if not times:
            time.sleep(0.5)
        times.append(time.monotonic())

    engine.generate("x", stream_callback=stream)

    # All others are late by then, and wait no more; each would, for its part of a second.
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) < 1 / 20


def test_context_cache_skips_the_common_prefix(create: Create, tmp_path: Path) -> None:
    script = say(Reply(text="fine"), eos="<|im_end|>")
    engine = create(script, enable_context_caching=True)
    first = CHAT.format("how are you?")
    longer = f"{first}fine<|im_end|>\n{CHAT.format('and now?')}"

    for prompt in (first, longer, longer, "<s>other"):
        engine.generate(prompt)

    events = read_journal(tmp_path / "journal", "generate")
    prompts = [event["prompt_tokens"] for event in events]
    assert prompts[0] == len(engine.tokenize(first, False, False))
    cached = [event["cached_tokens"] for event in events]
    assert cached == [0, prompts[0] + 2, prompts[1] - 1, 0]
    assert [event["evaluated_tokens"] for event in events] == [
        whole - known for whole, known in zip(prompts, cached, strict=True)
    ]


def test_interrupt_in_the_callback_ends_the_loop(create: Create) -> None:
    engine = create(say(Reply(count=50)))
    pieces: list[str] = []

    def stream(piece: str) -> None:
        pieces.append(piece)
        if len(pieces) == 3:
            engine.interrupt()

    done = engine.generate("x", stream_callback=stream)

    assert done.endpoint is picollm.PicoLLMEndpoints.INTERRUPTED
    assert done.completion == "".join(pieces) == "word0 word1 word2"


@pytest.mark.parametrize(
    ("reply", "produced"), [({"interrupt_overshoot": 4}, 7), ({"deaf": True}, 50)]
)
def test_engine_may_overshoot_or_not_listen(
    create: Create, reply: dict[str, Any], produced: int
) -> None:
    engine = create(say(Reply(count=50, **reply)))
    pieces: list[str] = []

    def stream(piece: str) -> None:
        pieces.append(piece)
        if len(pieces) == 3:
            engine.interrupt()

    assert engine.generate("x", stream_callback=stream).usage.completion_tokens == produced


@pytest.mark.parametrize(
    ("settings", "endpoint", "produced"),
    [
        ({}, "END_OF_SENTENCE", 5),
        ({"early_interrupt_lost": False}, "INTERRUPTED", 0),
        ({"prefill_interruptible": True}, "INTERRUPTED", 0),
    ],
)
def test_interrupt_during_prefill(
    create: Create, tmp_path: Path, settings: dict[str, Any], endpoint: str, produced: int
) -> None:
    engine = create(say(Reply(count=5), gate="gate", **settings))
    with ThreadPoolExecutor(1) as threads:
        generating = threads.submit(engine.generate, "x")
        wait_until(lambda: read_journal(tmp_path / "journal", "generate"))
        engine.interrupt()
        try:
            if "prefill_interruptible" in settings:
                generating.result(20)
        finally:
            (tmp_path / "gate").touch()
        done = generating.result(20)

    assert (done.endpoint.name, done.usage.completion_tokens) == (endpoint, produced)
    (interrupt,) = read_journal(tmp_path / "journal", "interrupt")
    assert (interrupt["phase"], interrupt["heard"]) == ("prefill", bool(settings))


def test_prompt_is_not_over_before_its_gate_is_there(create: Create, tmp_path: Path) -> None:
    engine = create(say(Reply(count=1), gate="gate", delay_seconds=0.01))
    before: list[str] = []

    def open_gate() -> None:
        wait_until(lambda: read_journal(tmp_path / "journal", "generate"))
        time.sleep(0.05)
        before.extend(event["event"] for event in read_journal(tmp_path / "journal"))
        (tmp_path / "gate").touch()

    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(open_gate)
        engine.generate("x")
        opening.result(20)

    assert before[-1] == "generate"


@pytest.mark.parametrize("sticks", [False, True])
def test_interrupt_between_jobs_is_lost_or_hits_the_next(create: Create, sticks: bool) -> None:
    engine = create(say(Reply(count=3), idle_interrupt_sticks=sticks))

    engine.interrupt()

    assert engine.generate("x").usage.completion_tokens == (0 if sticks else 3)
    assert engine.generate("x").usage.completion_tokens == 3


# ---- the journal --------------------------------------------------------------------------


def test_journal_tells_what_the_engine_did(create: Create, tmp_path: Path) -> None:
    engine = create(say(Reply(text="Hi you"), journal_prompts=True))
    engine.generate('say "hi"\n', temperature=0.5, seed=3, stop_phrases={"zz"})
    engine.release()
    engine._handle = None

    events = read_journal(tmp_path / "journal")

    assert [event["event"] for event in events] == [
        "init", "ready", "generate", "first", "end", "delete",
    ]  # fmt: skip
    assert events == sorted(events, key=lambda event: event["t"])
    asked, ended = events[2], events[4]
    assert asked["prompt"] == asked["prompt_tail"] == 'say "hi"\n'
    assert (asked["temperature"], asked["seed"], asked["stop_phrases"]) == (0.5, 3, ["zz"])
    assert (ended["endpoint"], ended["completion_tokens"]) == ("END_OF_SENTENCE", 2)


# ---- context files, images, embeddings ----------------------------------------------------


def test_saved_context_serves_another_engine(create: Create, tmp_path: Path) -> None:
    file = str(tmp_path / "context.bin")
    saver = create(say(), enable_context_caching=True)
    with pytest.raises(picollm.PicoLLMRuntimeError, match="no context"):
        saver.context_save(file)
    saver.generate("one two three")
    saver.context_save(file)
    loader = create(say(), enable_context_caching=True)

    loader.context_load(file)
    loader.generate("one two four")

    assert read_journal(tmp_path / "journal", "generate")[-1]["cached_tokens"] == 2
    with pytest.raises(picollm.PicoLLMIOError, match="Failed to open file"):
        loader.context_load(file + "x")
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="not a valid context"):
        create(ModelScript(model="other"), enable_context_caching=True).context_load(file)
    with pytest.raises(picollm.PicoLLMRuntimeError, match="context caching enabled"):
        create(say()).context_load(file)
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="doesn't support `pv_picollm_c"):
        create(say(context_caching=False), enable_context_caching=True).context_load(file)


def test_context_file_that_is_damaged_or_of_another_version_is_refused(
    create: Create, tmp_path: Path
) -> None:
    file = tmp_path / "context.bin"
    saver = create(say(), enable_context_caching=True)
    saver.generate("one two three")
    saver.context_save(str(file))
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="not a valid context"):
        create(ModelScript(version="2.2.0"), enable_context_caching=True).context_load(str(file))
    file.write_bytes(file.read_bytes()[:-5])

    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="not a valid context"):
        saver.context_load(str(file))


def test_context_files_fail_and_take_time_as_the_script_says(
    create: Create, tmp_path: Path
) -> None:
    engine = create(
        say(save_fault=Status.IO_ERROR, load_fault=Status.RUNTIME_ERROR, context_file_seconds=0.1),
        enable_context_caching=True,
    )
    engine.generate("one two three")
    began = time.monotonic()
    with pytest.raises(picollm.PicoLLMIOError):
        engine.context_save(str(tmp_path / "context.bin"))
    with pytest.raises(picollm.PicoLLMRuntimeError):
        engine.context_load(str(tmp_path / "context.bin"))

    assert time.monotonic() - began >= 0.2
    assert [e["status"] for e in read_journal(tmp_path / "journal")[-2:]] == [2, 7]


def test_model_without_context_cache_fails_where_the_script_says(create: Create) -> None:
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="context caching"):
        create(
            say(context_caching=False, context_caching_unsupported="init"),
            enable_context_caching=True,
        )
    engine = create(
        say(context_caching=False, context_caching_unsupported="generate"),
        enable_context_caching=True,
    )
    with pytest.raises(picollm.PicoLLMRuntimeError, match="context caching"):
        engine.generate("x")


def test_image_is_read_and_progress_is_told(create: Create) -> None:
    engine = create(say(Reply(kind="image", text="{width}x{height} of {rgb}"), vision=True))
    progress: list[float] = []

    done = engine.generate_with_image(
        "What is it?", 4, 2, bytes([10, 20, 30]) * 8, prompt_progress_callback=progress.append
    )

    assert done.completion == "4x2 of 10,20,30"
    assert done.usage.prompt_tokens == 4
    assert progress == [25, 50, 75, 100]
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="image_width"):
        engine.generate_with_image("x", 0, 2, b"")


def test_text_of_an_image_is_read(create: Create) -> None:
    engine = create(say(Reply(kind="ocr", text="seen {rgb}"), ocr=True, generate=False))

    done = engine.generate_ocr(1, 1, b"\1\2\3")

    assert (done.completion, done.usage, done.completion_tokens) == ("seen 1,2,3", None, None)


def test_embeddings_are_normalised_and_alike_for_like_texts(create: Create) -> None:
    engine = create(ModelScript(embeddings=64, context_length=20))

    def similarity(left: str, right: str) -> float:
        first, second = (engine.generate_embeddings(text) for text in (left, right))
        return math.fsum(a * b for a, b in zip(first, second, strict=True))

    assert similarity("", "") == pytest.approx(1)
    assert similarity("red fish", "red fish") == pytest.approx(1)
    assert 0.3 < similarity("red fish blue", "red fish green") < 0.95
    with pytest.raises(picollm.PicoLLMInvalidArgumentError, match="context length"):
        engine.generate_embeddings("." * 20)


def test_missing_capability_is_refused_in_the_library_s_words(create: Create) -> None:
    engine = create(ModelScript(generate=False))
    calls: dict[str, Callable[[], object]] = {
        "pv_picollm_generate`": lambda: engine.generate("x"),
        "pv_picollm_generate_with_image`": lambda: engine.generate_with_image("x", 1, 1, b"123"),
        "pv_picollm_generate_ocr`": lambda: engine.generate_ocr(1, 1, b"123"),
        "pv_picollm_generate_embeddings`": lambda: engine.generate_embeddings("x"),
    }
    for name, call in calls.items():
        with pytest.raises(picollm.PicoLLMInvalidArgumentError, match=f"doesn't support `{name}"):
            call()


def test_forward_gives_logits_that_reset_repeats(create: Create) -> None:
    engine = create(ModelScript())

    first, second = engine.forward(5), engine.forward(5)
    engine.reset()

    assert len(first) == 256
    assert first != second
    assert engine.forward(5) == first


# ---- faults -------------------------------------------------------------------------------


def test_generate_fails_with_the_scripted_status(create: Create, tmp_path: Path) -> None:
    engine = create(
        say(Reply(count=9, times=1, status_after=(2, Status.ACTIVATION_ERROR)), Reply())
    )
    pieces: list[str] = []

    with pytest.raises(picollm.PicoLLMActivationError):
        engine.generate("x", stream_callback=pieces.append)

    assert len(pieces) == 2
    assert engine.generate("x").completion == ""
    assert [event["status"] for event in read_journal(tmp_path / "journal", "end")] == [8, 0]


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"crash_after": 2}, -11), ({"abort_after": 2}, -6), ({"exit_after": (2, 7)}, 7)],
)
def test_fault_ends_the_process_after_the_pieces(
    standin_library: Path, tmp_path: Path, fault: dict[str, Any], code: int
) -> None:
    script = say(Reply(count=9, stdout_noise="noise\n", **fault)).write(tmp_path / "m")

    ended = run_python(
        standin_library,
        script,
        "create().generate('x', stream_callback=lambda piece: print(piece, flush=True))",
    )

    assert (ended.returncode, ended.stdout) == (code, "noise\nword0\n word1\n")


@pytest.mark.parametrize(
    ("script", "last"), [(say(init_hang=True), "init"), (say(Reply(hang_after=0)), "generate")]
)
def test_hang_lasts_until_the_process_is_killed(
    standin_library: Path, tmp_path: Path, script: ModelScript, last: str
) -> None:
    command = python(standin_library, script.write(tmp_path / "m"), "create().generate('x')")
    with subprocess.Popen(command) as process:
        wait_until(lambda: read_journal(tmp_path / "journal", last), 50)

        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()

    assert read_journal(tmp_path / "journal")[-1]["event"] == last


def test_init_crashes_as_often_as_scripted(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(init_crash=True, fail_inits=1).write(tmp_path / "m")

    codes = [run_python(standin_library, script, "create()").returncode for _ in range(2)]

    assert codes == [-11, 0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "engine.generate('x', stream_callback=lambda _: engine.generate('y'))",
            "`pv_picollm_generate` while `pv_picollm_generate` is running",
        ),
        (
            "engine.generate('x', stream_callback=lambda _: engine.release())",
            "`pv_picollm_delete` while `pv_picollm_generate` is running",
        ),
        ("engine.release(); engine.generate('x')", "`pv_picollm_generate` on a handle that was"),
        ("engine.release(); engine.release()", "`pv_picollm_delete` on a handle that was deleted"),
        ("engine.release(); engine.interrupt()", "`pv_picollm_interrupt` on a handle that was"),
    ],
)
def test_misuse_of_a_handle_aborts_and_says_so(
    standin_library: Path, tmp_path: Path, body: str, message: str
) -> None:
    script = ModelScript().write(tmp_path / "m")

    ended = run_python(standin_library, script, "engine = create()\n" + body)

    assert ended.returncode == -6
    assert f"picollm stand-in: {message}" in ended.stderr


# ---- the build and the writer -------------------------------------------------------------


def test_sources_compile_without_warnings() -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler besides the ziglang wheel")

    checked = subprocess.run(
        [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
        + [str(SOURCE_FOLDER / name) for name in SOURCES],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.stderr == ""


def test_library_is_built_once(standin_library: Path) -> None:
    built = standin_library.stat().st_mtime_ns

    assert build_library(standin_library.parent) == standin_library
    assert standin_library.stat().st_mtime_ns == built


@pytest.mark.timeout(300)
def test_zig_wheel_builds_the_library_too(standin_library: Path) -> None:
    if find_spec("ziglang") is None:
        pytest.skip("the ziglang wheel is not installed")

    library = build_library(standin_library.parent, zig_compiler())

    assert picollm.available_devices(library_path=str(library))


def test_writer_escapes_what_a_line_cannot_hold() -> None:
    assert escape(" a\n\\ é\u2028😀 ") == "\\x20a\\n\\\\ é\\u{2028}😀\\x20"
    assert escape(b"\xf0\x9f") == "\\xf0\\x9f"
    assert escape("  ") == "\\x20\\x20"
    with pytest.raises(ValueError, match="zero byte"):
        escape("a\0")


def test_any_text_survives_the_script(create: Create) -> None:
    text = " \t# a = b\r\n\\n é \u2028\u0001😀 [reply] "

    assert create(say(Reply(text=text))).generate("x").completion == text
