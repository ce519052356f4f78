"""Questions about picoLLM that only a real engine can answer; each test prints its answer.

    PICOVOICE_ACCESS_KEY=... PICOSERVE_TEST_MODEL=model.pllm pytest -m picollm

`PICOSERVE_TEST_DEVICE` chooses the device (`cpu:4`, `gpu:0`), `PICOSERVE_TEST_LIBRARY` another
library. One engine is started for all questions, and a second one for one of them: each start
may count as an activation.
"""

import os
import resource
import shutil
import stat
import subprocess
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from time import perf_counter

import pytest
from tests.engine.conftest import KeptPieces

from picoserve.engine.devices import usable_cpus
from picoserve.engine.engine import EngineError, EngineKind, EngineSpec
from picoserve.engine.list_devices import listed_devices
from picoserve.engine.picollm import PicoLLMEngine
from picoserve.generation import ContextFile, EngineFinish, Image, Job, Sampling
from picoserve.prompt.chat_template import family_for
from picoserve.prompt.turns import Turn

KEY = os.environ.get("PICOVOICE_ACCESS_KEY", "")
MODEL = os.environ.get("PICOSERVE_TEST_MODEL", "")
LIBRARY = os.environ.get("PICOSERVE_TEST_LIBRARY", "")
DEVICE = os.environ.get("PICOSERVE_TEST_DEVICE", f"cpu:{usable_cpus()}")

pytestmark = [
    pytest.mark.picollm,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not (KEY and MODEL), reason="needs PICOVOICE_ACCESS_KEY and PICOSERVE_TEST_MODEL"
    ),
]

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Say:
    """Prints an answer past pytest's capturing."""

    def write(answer: str) -> None:
        with capsys.disabled():
            print(f"\n{request.node.name}: {answer}")  # noqa: T201

    return write


def started() -> PicoLLMEngine:
    return PicoLLMEngine(
        EngineSpec(EngineKind.PICOLLM, "real", MODEL, DEVICE, access_key=KEY, library_path=LIBRARY)
    )


@pytest.fixture(scope="module")
def engine() -> Generator[PicoLLMEngine, None, None]:
    engine = started()
    yield engine
    engine.close()


def chat(engine: PicoLLMEngine, text: str) -> str:
    template = family_for(engine.info.model)
    return template.render([Turn("user", text)]) if template else text


def test_devices_and_their_order(say: Say) -> None:
    say("; ".join(listed_devices(LIBRARY)))


def test_model_string_and_family(engine: PicoLLMEngine, say: Say) -> None:
    family = family_for(engine.info.model)
    say(f"{engine.info} family {family.name if family else 'unknown'}")


def test_pieces_that_split_characters(engine: PicoLLMEngine, say: Say) -> None:
    sink = KeptPieces()
    prompt = chat(engine, "Answer with ten emoji and ten Chinese characters, nothing else.")
    outcome = engine.generate(Job(prompt, 80, (), Sampling(0.0)), sink)
    split = sum(piece.decode(errors="ignore").encode() != piece for piece in sink.pieces)
    say(
        f"{split} of {len(sink.pieces)} pieces split a character; tail {outcome.tail!r}; "
        f"text {sink.data.decode(errors='replace')!r}"
    )


def test_end_of_turn_without_stop_phrases(engine: PicoLLMEngine, say: Say) -> None:
    sink = KeptPieces()
    outcome = engine.generate(Job(chat(engine, "Say yes."), 60, (), Sampling(0.0)), sink)
    say(f"{outcome.finish}, last bytes {sink.data[-40:]!r}")


def test_interrupt_during_the_prompt(engine: PicoLLMEngine, say: Say) -> None:
    sink = KeptPieces()
    prompt = "The rain had not stopped. " * (engine.info.context_length // 12)
    began = perf_counter()
    timer = threading.Timer(0.05, engine.interrupt)
    timer.start()
    outcome = engine.generate(Job(prompt, 20, (), Sampling(0.0)), sink)
    timer.join()
    say(
        f"{outcome.finish} after {perf_counter() - began:.2f} s with {len(sink.pieces)} pieces, "
        f"{outcome.prompt_tokens} prompt tokens"
    )


def test_latency_of_an_interrupt_while_speaking(engine: PicoLLMEngine, say: Say) -> None:
    times: list[float] = []

    def interrupt(count: int) -> None:
        if count == 5:
            times.append(perf_counter())
            engine.interrupt()

    outcome = engine.generate(Job(chat(engine, "Tell a story."), 200), KeptPieces(interrupt))
    seconds = perf_counter() - times[0] if times else 0
    say(f"{outcome.finish}, {seconds * 1000:.1f} ms, {outcome.completion_tokens} tokens")


def test_context_that_becomes_full(engine: PicoLLMEngine, say: Say) -> None:
    word = " rain"
    per_word = (len(engine.tokenize(word * 40)) - len(engine.tokenize(word * 20))) / 20
    prompt = word * int((engine.info.context_length - 12) / per_word)
    try:
        outcome = engine.generate(Job(prompt, None, (), Sampling(0.0)), KeptPieces())
        say(f"{outcome.finish} with {outcome.prompt_tokens} + {outcome.completion_tokens}")
    except EngineError as error:
        say(f"{error.kind}: {error.message}")


@pytest.mark.parametrize(
    "job",
    [
        Job("x", 2, (), Sampling(presence_penalty=-0.5)),
        Job("x", 2, (), Sampling(frequency_penalty=-0.5)),
        Job("x", 2, (), Sampling(top_p=0.0)),
        Job("x", 0),
    ],
    ids=["presence", "frequency", "top-p-0", "limit-0"],
)
def test_values_at_the_edge(engine: PicoLLMEngine, say: Say, job: Job) -> None:
    try:
        say(f"taken: {engine.generate(job, KeptPieces()).finish}")
    except EngineError as error:
        say(f"{error.kind}: {error.message}")


def test_gain_of_the_context_cache(engine: PicoLLMEngine, say: Say) -> None:
    prompt = "The rain had not stopped since the morning. " * (engine.info.context_length // 40)
    times = []
    for text in (prompt, prompt + "Then", "Another one. " + prompt):
        began = perf_counter()
        engine.generate(Job(text, 1, (), Sampling(0.0)), KeptPieces())
        times.append(f"{perf_counter() - began:.3f}")
    say(f"cold {times[0]} s, same prefix {times[1]} s, other prefix {times[2]} s")


def test_gain_of_a_saved_context(engine: PicoLLMEngine, say: Say, tmp_path: Path) -> None:
    file = tmp_path / "context.bin"
    prompt = "The rain had not stopped since the morning. " * (engine.info.context_length // 40)

    def seconds(job: Job) -> float:
        began = perf_counter()
        engine.generate(job, KeptPieces())
        return perf_counter() - began

    try:
        saving = seconds(Job(prompt, 1, (), Sampling(0.0), save_to=str(file)))
    except EngineError as error:
        say(f"{error.kind}: {error.message}")
        return
    other = seconds(Job("Another one. " + prompt, 1, (), Sampling(0.0)))
    sink, load = KeptPieces(), ContextFile(str(file), len(prompt))
    began = perf_counter()
    engine.generate(Job(prompt + "Then", 1, (), Sampling(0.0), load=load), sink)
    say(
        f"{file.stat().st_size} bytes, mode {stat.filemode(file.stat().st_mode)}; read and saved "
        f"{saving:.3f} s, read only {other:.3f} s, loaded {perf_counter() - began:.3f} s; "
        f"{sink.loads[0]}"
    )


def test_memory_with_the_model_loaded(engine: PicoLLMEngine, say: Say) -> None:
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    query = ["nvidia-smi", "--query-gpu=index,name,memory.used", "--format=csv,noheader"]
    gpus = ""
    if shutil.which(query[0]):
        gpus = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()
    say(f"{engine.info.device}: {resident} MiB at most in this process; GPUs: {gpus or 'none'}")


def test_two_engines_on_one_device(engine: PicoLLMEngine, say: Say) -> None:
    job = Job(chat(engine, "Tell a story."), 40, (), Sampling(0.0))
    began = perf_counter()
    engine.generate(job, KeptPieces())
    alone = perf_counter() - began
    try:
        second = started()
    except EngineError as error:
        say(f"a second one: {error.kind}: {error.message}")
        return
    began = perf_counter()
    other = threading.Thread(target=second.generate, args=(job, KeptPieces()))
    other.start()
    engine.generate(job, KeptPieces())
    other.join()
    say(f"alone {alone:.2f} s, both at once {perf_counter() - began:.2f} s")
    second.close()


def test_generation_without_an_image(engine: PicoLLMEngine, say: Say) -> None:
    try:
        outcome = engine.generate(Job(chat(engine, "Hello!"), 20), KeptPieces())
        say(f"{engine.info.model}: {outcome.finish}")
        assert outcome.finish in set(EngineFinish)
    except EngineError as error:
        say(f"{engine.info.model}: {error.kind}: {error.message}")


@pytest.mark.parametrize("prompt", ["What colour is this?", ""])
def test_generation_with_an_image(engine: PicoLLMEngine, say: Say, prompt: str) -> None:
    image = Image(64, 64, bytes((0, 0, 255)) * (64 * 64), "blue")
    sink = KeptPieces()
    try:
        outcome = engine.generate(Job(prompt, 40, image=image), sink)
        said = (sink.data + outcome.tail).decode()
        say(f"{outcome.prompt_tokens} prompt tokens, progress {sink.percents}: {said!r}")
        assert outcome.finish in set(EngineFinish)
    except EngineError as error:
        say(f"{engine.info.model}: {error.kind}: {error.message}")
