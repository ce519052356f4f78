"""Settings → the parts of a server. Whatever is wrong with the settings shows here.

Nothing of the web framework is imported, so that engines can start before it is loaded.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picoserve.app.access import access_from, warn_of_short_secrets
from picoserve.app.context_store import context_store
from picoserve.app.limits import limits_from
from picoserve.app.observing import metrics_for
from picoserve.app.planning import Plan, plan_models
from picoserve.app.tracing import tracer_for
from picoserve.config.settings import Settings
from picoserve.contexts.store import ContextStore
from picoserve.pool.pool import Pool
from picoserve.server.auth.access import Access
from picoserve.server.limits.ledger import Ledger
from picoserve.server.metrics import Metrics

if TYPE_CHECKING:  # needs an extra
    from picoserve.tracing.tracer import Tracer


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server is made of; nothing has been started."""

    settings: Settings
    plan: Plan
    pool: Pool
    access: Access
    ledger: Ledger
    metrics: Metrics
    contexts: ContextStore | None
    tracer: "Tracer | None"


def parts_from(settings: Settings) -> Parts:
    """Make the parts. Raises ConfigError."""
    access = access_from(settings)
    warn_of_short_secrets(settings.auth)
    plan = plan_models(settings)
    pool = plan.pool(settings)
    return Parts(
        settings=settings,
        plan=plan,
        pool=pool,
        access=access,
        ledger=Ledger(limits_from(settings, access)),
        metrics=metrics_for(pool),
        contexts=context_store(settings.contexts),
        tracer=tracer_for(settings, os.environ),
    )
