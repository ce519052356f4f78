import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from tests.page.browser import ENTER, Page
from tests.support.images import encoded, picture
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.processes import wait_idle, worker_pids
from tests.support.server import RunningServer, free_port, running_server, wait_until

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

KEY = "right-key-for-tests"

pytestmark = pytest.mark.page


def test_a_wrong_key_is_refused_and_the_right_one_is_kept_for_the_tab_only(page: Page) -> None:
    page.give_key("wrong")
    page.wait_for("#key-problem", "not accepted")
    page.give_key(KEY)
    wait_until(lambda: not page.shows("#key-dialog"))

    page.wait_for("#model", "pico")
    assert list(page.storage("sessionStorage").values()) == [KEY]
    assert page.storage("localStorage") == {}


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_the_pool_can_be_watched_without_a_key(page: Page, by_keyboard: bool) -> None:
    page.wait_for("#key-dialog")

    if by_keyboard:
        page.escape()
    else:
        page.click("#key-cancel")

    page.wait_for_looks(3)
    assert not page.shows("#key-dialog")
    page.wait_for(".engine .state", "ready")
    page.click("#key-button")
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    assert not page.shows("#key-dialog")


@pytest.mark.parametrize(
    ("key", "problem"), [("k…y", "character"), ("k\x01y", "character"), ("k" * 100_000, "header")]
)
def test_a_key_that_cannot_be_sent_or_judged_is_told_and_not_kept(
    page: Page, key: str, problem: str
) -> None:
    page.wait_for("#key-dialog")
    page.paste("#key", key)
    page.click("#key-form [type=submit]")

    page.wait_for("#key-problem", problem)
    assert page.storage("sessionStorage") == {}
    page.fill("#key", "")
    page.give_key(KEY)
    page.wait_for("#model", "pico")


def test_a_message_is_answered_with_its_times(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.say("be brief")

    page.wait_for(".turn.assistant .meta", "first token")
    assert page.text(".turn.user") == "be brief"
    assert "Yes." in page.text(".turn.assistant .text")
    assert "pico@cpu:1" in page.text(".turn.assistant .meta")


def test_what_a_model_thinks_is_folded_up_before_its_answer(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.say("Ponder.")

    page.wait_for(".turn.assistant .meta", "first token")
    assert page.text(".turn.assistant > .text") == "It depends."
    assert not page.shows(".thoughts .text")
    page.click(".thoughts summary")
    page.wait_for(".thoughts .text", "Well, well.")


def test_an_answer_grows_until_it_is_stopped_and_the_engine_is_free(
    page: Page, slow_server: RunningServer
) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.say("Count.")
    page.wait_for(".turn[aria-busy=true] .text", " ")
    before = page.text(".turn.assistant .text")
    wait_until(lambda: len(page.text(".turn.assistant .text")) > len(before))
    page.wait_for(".slots i.busy")

    page.click("#stop")

    page.wait_for(".turn[aria-busy=false] .meta", "stopped")
    wait_idle(slow_server)
    wait_until(lambda: not page.shows(".slots i.busy"))
    assert page.shows("#send")


def test_escape_stops_too(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.say("Count.")
    page.wait_for(".turn[aria-busy=true] .text", " ")

    page.escape()

    page.wait_for(".turn[aria-busy=false] .meta", "stopped")


def have_refused(page: Page, text: str) -> None:
    """Say something that the server refuses, and put right what it refused."""
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.click("#settings summary")
    page.fill("#temperature", "9")
    page.say(text)
    page.wait_for(".turn.error[role=alert]", "temperature")
    page.fill("#temperature", "1")


def test_an_error_is_shown_and_can_be_tried_again(page: Page) -> None:
    have_refused(page, "be brief")

    page.click(".turn.error button")

    page.wait_for(".turn.assistant .meta", "first token")
    assert not page.shows(".turn.error")


def test_an_old_error_starts_no_second_answer(page: Page) -> None:
    have_refused(page, "Hello.")
    page.say("Count.")
    page.wait_for(".turn[aria-busy=true] .text", " ")

    page.click_where_there_is_one(".turn.error button")

    assert page.count(".turn[aria-busy=true]") == 1
    page.click("#stop")
    page.wait_for(".turn[aria-busy=false] .meta", "stopped")
    assert page.count(".turn.assistant") == 1


def test_tools_that_are_no_json_are_told_before_anything_is_sent(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.click("#settings summary")
    page.fill("#tools", "{")
    page.say("be brief")

    page.wait_for("#tools-problem", "Not a JSON list")
    assert not page.shows(".turn.assistant")


def test_an_engine_that_dies_is_seen_at_once(page: Page, slow_server: RunningServer) -> None:
    page.give_key(KEY)
    page.wait_for(".engine .state", "ready")

    (pid,) = worker_pids(slow_server)
    os.kill(pid, signal.SIGKILL)

    page.wait_for(".engine", "restarts 1")
    page.wait_for(".engine .state", "ready")


def test_a_model_that_works_is_chosen_unless_a_person_chooses(
    page_with_a_broken_model: Page,
) -> None:
    page = page_with_a_broken_model
    wait_until(lambda: page.value("#model") == "pico", 15)

    page.choose("#model", "broken")
    page.mark("#model option")
    page.wait_for_looks(3)

    assert page.value("#model") == "broken"
    assert page.count("#model option.marked") == 2


def test_a_server_that_is_started_again_has_no_throughput_below_nought(
    chromium: "WebDriver", tmp_path: Path, standin_library: Path
) -> None:
    config = standin_model(standin_library, tmp_path, slow_script())
    port = free_port()
    with running_server(tmp_path, config, environment=ACCESS_KEY, port=port) as server:
        page = Page(chromium, server.url)
        page.open()
        page.say("be brief")
        page.wait_for(".turn.assistant .meta", "first token")
        page.wait_for_looks(2)
    page.wait_for("#health", "Unreachable")
    with running_server(tmp_path, config, environment=ACCESS_KEY, port=port):
        page.wait_for("#health", "Ready")
        page.wait_for_looks(2)
        curves = page.attributes(".curve .trace", "points")

    heights = [float(point.split(",")[1]) for curve in curves for point in curve.split()]
    assert len(heights) > 3
    # The floor of a curve is at 40, and what is larger is below.
    assert max(heights) <= 40


def test_an_image_is_sent_where_the_model_takes_one(page_with_eyes: Page, tmp_path: Path) -> None:
    page = page_with_eyes
    noise = Image.effect_noise((2000, 1500), 100)
    pictures = {
        "small.png": (picture((40, 20)), "40x20 of 255,0,0"),
        "large.png": (noise.convert("RGB"), "1024x768 of "),
        "large-and-transparent.png": (_transparent(noise), "1024x768 of 255,255,255"),
    }
    for name, (image, _) in pictures.items():
        (tmp_path / name).write_bytes(encoded(image, compress_level=1))
    page.wait_for("#model", "eyes")
    assert not page.shows("#image-button")
    page.choose("#model", "eyes")
    page.wait_for("#image-button")

    for name, (_, answer) in pictures.items():
        page.give_file("#image", tmp_path / name)
        page.wait_for("#attached img")
        page.say("What is it?")
        page.wait_for(".turn.assistant:last-of-type .meta", "first token")
        assert page.text(".turn.assistant .text").startswith(answer)
        assert page.shows(".turn.user:nth-last-of-type(2) img")
        assert not page.shows("#attached")


def test_the_browser_has_nothing_to_complain_of(page: Page) -> None:
    page.complaints()
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.say("be brief")
    page.wait_for(".turn.assistant .meta", "first token")

    assert page.complaints() == []


def test_a_tool_call_is_shown_and_its_result_goes_back(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.click("#settings summary")
    page.click("#tools-example")
    page.say("How is it in Oslo?")
    page.wait_for(".call", "get_weather")
    assert '"city": "Oslo"' in page.text(".call pre")

    page.fill(".call input", "sunny" + ENTER)

    page.wait_for(".call .result", "sunny")
    page.wait_for(".turn.assistant:last-child .text", "Bring a hat.")


def test_a_new_conversation_forgets_the_one_that_was_running(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.say("Count.")
    page.wait_for(".turn[aria-busy=true] .text", " ")

    page.click("#reset")

    page.wait_for("#welcome")
    wait_until(lambda: page.shows("#send"))
    assert not page.shows(".turn")


def test_a_narrow_screen_needs_no_scrolling_sideways(page: Page) -> None:
    page.give_key(KEY)
    page.wait_for("#model", "pico")
    page.click("#settings summary")

    for width in (320, 390, 700):
        page.resize(width)
        assert page.overflow() == 0, width
    page.resize(0)


def _transparent(image: Image.Image) -> Image.Image:
    """The picture with all of its colours, of which nothing can be seen."""
    seen = image.convert("RGB")
    seen.putalpha(0)
    return seen
