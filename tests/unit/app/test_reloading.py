import asyncio

from structlog.testing import capture_logs

from picoserve.app.access import access_from
from picoserve.app.limits import limits_from
from picoserve.app.reloading import Reloading
from picoserve.config.settings import Settings
from picoserve.server.limits.ledger import Ledger


async def test_a_fault_that_nobody_thought_of_is_told_each_time() -> None:
    settings = Settings()
    access = access_from(settings)
    wanted = asyncio.Event()

    def read() -> Settings:
        raise ZeroDivisionError

    reloading = Reloading(settings, read, access, Ledger(limits_from(settings, access)))
    with capture_logs() as told:
        task = asyncio.create_task(reloading.run(wanted))
        for times in (1, 2):
            wanted.set()
            while len(told) < times:
                await asyncio.sleep(0)
        task.cancel()

    assert [entry["event"] for entry in told] == [
        "configuration not reloaded; the old one stays"
    ] * 2
