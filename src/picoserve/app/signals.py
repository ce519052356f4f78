"""What signals ask of the server, from the beginning of its start on.

SIGTERM and SIGINT ask it to end, a second one at once. SIGHUP asks it to read its configuration
again; when it means that the terminal has gone, it is the end too.
"""

import asyncio
import os
import signal
from collections.abc import Callable


class Signals:
    """What signals have asked for.

    Attributes:
        stop: End, after what runs.
        hurry: End now.
        reload: Read the configuration again.
    """

    def __init__(self) -> None:
        """Heed signals. What they ask for before `follow` is kept."""
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.reload = asyncio.Event()
        # Under nohup the server outlives its terminal.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._ends_with_terminal = not ignored and _has_terminal()
        self._reactions: dict[signal.Signals, Callable[[], None]] = {
            signal.SIGTERM: self._on_end,
            signal.SIGINT: self._on_end,
            signal.SIGHUP: self._on_hangup,
        }
        for number in self._reactions:
            signal.signal(number, lambda got, _: self._reactions[signal.Signals(got)]())

    def follow(self) -> None:
        """Have the running event loop heed them, so that they wake who waits for the events."""
        loop = asyncio.get_running_loop()
        for number, react in self._reactions.items():
            loop.add_signal_handler(number, react)

    def _on_end(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

    def _on_hangup(self) -> None:
        if self._ends_with_terminal and not _has_terminal():
            self.stop.set()
        else:
            self.reload.set()


def _has_terminal() -> bool:
    """Whether there is a terminal that this process belongs to."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
