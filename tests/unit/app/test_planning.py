from picoserve.app.planning import SHIPPED_MODEL, plan_models
from picoserve.config.settings import Settings


def test_shipped_model_is_cool_where_a_request_says_nothing() -> None:
    plan = plan_models(Settings())

    assert plan.is_default
    assert [model.name for model in plan.models] == [SHIPPED_MODEL]
    assert plan.models[0].default_sampling.temperature == 0.2
    assert plan.models[0].default_sampling.max_tokens == 1024, "what repeats itself ends"
    assert plan.models[0].description
