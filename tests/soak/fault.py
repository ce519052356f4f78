"""What a fault is, and what it may cost."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tests.soak.stage import Stage
from tests.standin.model_script import Reply

Strike: TypeAlias = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, dealt to a server that goes on.

    Attributes:
        strike: Deals it once. Returns when whoever it is aimed at has an answer.
        reply: What the model answers to the fault's mark.
        most_lost: Requests that may end in an error, bystanders included. One fault costs at
            most one; a kind that deals several at once says how many.
        restarts: Workers that it ends.
        may_refuse: Whether newcomers may be told to come again later.
        pool: Settings of the pool that differ; the fault gets a server of its own for them.
    """

    name: str
    strike: Strike
    reply: Reply | None = None
    most_lost: int = 1
    restarts: int = 0
    may_refuse: bool = False
    pool: Mapping[str, float | bool] | None = None
