"""The page through a browser, in words of what a person does and sees."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.server import wait_until

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_CSS = "css selector"
ENTER = "\ue007"
_ESCAPE = "\ue00c"


class Page:
    """One tab."""

    def __init__(self, driver: "WebDriver", url: str) -> None:
        self.driver = driver
        self._url = url

    def open(self, *, forget: bool = True) -> None:
        """Load the page; as somebody new, unless told otherwise."""
        self.driver.get(self._url)
        if forget:
            self.driver.execute_script("sessionStorage.clear()")
            self.driver.refresh()

    def text(self, selector: str) -> str:
        """What stands in the last element of that kind; "" where there is none."""
        script = "return [...document.querySelectorAll(arguments[0])].at(-1)?.innerText ?? ''"
        return str(self.driver.execute_script(script, selector))

    def shows(self, selector: str) -> bool:
        """Whether such an element can be seen."""
        script = (
            "return [...document.querySelectorAll(arguments[0])]"
            ".some((found) => found.checkVisibility({visibilityProperty: true}))"
        )
        return bool(self.driver.execute_script(script, selector))

    def wait_for(self, selector: str, text: str = "") -> None:
        """Return once such an element is seen with that text."""
        wait_until(lambda: self.shows(selector) and text in self.text(selector), 15)

    def fill(self, selector: str, text: str) -> None:
        """Put a text into a field."""
        field = self.driver.find_element(_CSS, selector)
        field.clear()
        field.send_keys(text)

    def paste(self, selector: str, text: str) -> None:
        """Put a text into a field at once, whatever characters it has."""
        script = "document.querySelector(arguments[0]).value = arguments[1]"
        self.driver.execute_script(script, selector, text)

    def click(self, selector: str) -> None:
        """Press a button."""
        self.driver.find_element(_CSS, selector).click()

    def choose(self, selector: str, option: str) -> None:
        """Pick an option of a list."""
        self.driver.find_element(_CSS, f"{selector} option[value={option}]").click()

    def give_file(self, selector: str, path: Path) -> None:
        """Choose a file."""
        self.driver.find_element(_CSS, selector).send_keys(str(path))

    def give_key(self, key: str) -> None:
        """Answer the question for the key."""
        self.wait_for("#key-dialog")
        self.fill("#key", key + ENTER)

    def say(self, text: str) -> None:
        """Send a message by the keyboard alone."""
        self.fill("#message", text + ENTER)

    def click_where_there_is_one(self, selector: str) -> None:
        """Press a button in whatever state the page is, if it is there at all."""
        self.driver.execute_script("document.querySelector(arguments[0])?.click()", selector)

    def wait_for_looks(self, count: int) -> None:
        """Return once the page has looked at the server's state that often from now on."""
        script = (
            "return performance.getEntriesByType('resource')"
            ".filter((entry) => entry.name.endsWith('/health')).length"
        )
        before = self.driver.execute_script(script)
        wait_until(lambda: self.driver.execute_script(script) >= before + count)

    def count(self, selector: str) -> int:
        """How many such elements there are."""
        script = "return document.querySelectorAll(arguments[0]).length"
        return int(self.driver.execute_script(script, selector))

    def value(self, selector: str) -> str:
        """What a field holds, or which option of a list is chosen."""
        return str(
            self.driver.execute_script(
                "return document.querySelector(arguments[0]).value", selector
            )
        )

    def attributes(self, selector: str, name: str) -> list[str]:
        """An attribute of each such element that has it."""
        script = (
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((found) => found.getAttribute(arguments[1])).filter(Boolean)"
        )
        found: list[str] = self.driver.execute_script(script, selector, name)
        return found

    def mark(self, selector: str) -> None:
        """Give these elements a class of their own, which others in their place have not."""
        script = (
            "document.querySelectorAll(arguments[0]).forEach((it) => it.classList.add('marked'))"
        )
        self.driver.execute_script(script, selector)

    def escape(self) -> None:
        """Press Escape wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(_ESCAPE)

    def resize(self, width: int) -> None:
        """Show the page on a screen of that width; 0 for the browser's own."""
        size = {"width": width, "height": 0, "deviceScaleFactor": 0, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        root = "document.documentElement"
        return int(self.driver.execute_script(f"return {root}.scrollWidth - {root}.clientWidth"))

    def storage(self, name: str) -> dict[str, str]:
        """What the browser keeps under `sessionStorage` or `localStorage`."""
        kept: dict[str, str] = self.driver.execute_script(f"return {{...{name}}}")
        return kept

    def complaints(self) -> list[str]:
        """What the browser itself complained of, such as breaches of the policy."""
        lines = self.driver.get_log("browser")
        return [line["message"] for line in lines if "favicon" not in line["message"]]
