"""A headless Chromium. Without it, or without Selenium, the page's tests are skipped."""

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.page.browser import Page
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.server import RunningServer, running_server, wait_until

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}</tool_call>'
_REPLIES = (
    Reply(match="sunny", text="Bring a hat.", tokens_per_second=1000.0),
    Reply(match="in Oslo", text=_CALL, tokens_per_second=1000.0),
    Reply(match="Ponder", text="<think>\nWell, well.\n</think>\n\nIt depends."),
)
_THINKING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}{# <tool_call> </think> #}"
)
_EYES = ModelScript(
    model="qwen3-vl-2b-it [5.37 v1]",
    vision=True,
    replies=[Reply(kind="image", text="{width}x{height} of {rgb}"), Reply(text="nothing to see")],
)
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@pytest.fixture(scope="module")
def chromium() -> "Generator[WebDriver, None, None]":
    """One browser for a file's tests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip("there is no Chromium with its chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture(scope="module")
def slow_server(
    chromium: "WebDriver", tmp_path_factory: pytest.TempPathFactory, standin_library: Path
) -> Generator[RunningServer, None, None]:
    """Says twenty words a second, for minutes; "Yes." to what holds "brief". Wants a key."""
    folder = tmp_path_factory.mktemp("page")
    template = folder / "chat.jinja"
    template.write_text(_THINKING)
    config = '[auth]\nkeys = ["right-key-for-tests"]\n' + standin_model(
        standin_library, folder, slow_script(replies=_REPLIES)
    )
    config += f'chat_template = "{template}"\n'
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server


@pytest.fixture
def page(chromium: "WebDriver", slow_server: RunningServer) -> Page:
    """The page as somebody sees it who has just come, and has no key yet."""
    page = Page(chromium, slow_server.url)
    page.open()
    return page


@pytest.fixture
def page_with_eyes(
    chromium: "WebDriver", tmp_path: Path, standin_library: Path
) -> Generator[Page, None, None]:
    """The page of a server without keys, one of whose models looks at images."""
    config = standin_model(standin_library, tmp_path, slow_script())
    config += standin_model(standin_library, tmp_path, _EYES, name="eyes")
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        page = Page(chromium, server.url)
        page.open()
        yield page


@pytest.fixture
def page_with_a_broken_model(
    chromium: "WebDriver", tmp_path: Path, standin_library: Path
) -> Generator[Page, None, None]:
    """The page of a server without keys, the first of whose models cannot be loaded."""
    config = standin_model(standin_library, tmp_path, slow_script(), name="broken")
    config += standin_model(standin_library, tmp_path, slow_script())
    (tmp_path / "broken.pllm").unlink()
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: "engine ready" in server.log.read_text(), 30)
        page = Page(chromium, server.url)
        page.open()
        yield page
