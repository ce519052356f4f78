"""Signals that are meant for the server and reach its children as well."""

import signal


def leave_signals_to_the_server() -> None:
    """Ignore what asks the server to end or to read its configuration again.

    A terminal's Ctrl-C, a shell whose terminal is closed and `systemctl kill` reach the whole
    group. The server alone decides when its children end, and they end with their pipe.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
