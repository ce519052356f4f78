import pytest
from pydantic import ValidationError

from picoserve.app.planning import keeper_limits
from picoserve.config.server import LogSettings, PoolSettings, ServerSettings
from picoserve.pool.keeper import KeeperLimits


@pytest.mark.parametrize("host", ["", "a b", "http://x", "x\n"])
def test_a_host_that_nobody_can_listen_on_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="host name or an address"):
        ServerSettings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", "inference.local"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert ServerSettings(host=host).host == host


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_beyond_the_range_is_refused(port: int) -> None:
    with pytest.raises(ValidationError):
        ServerSettings(port=port)


def test_the_level_may_be_written_in_capitals() -> None:
    assert LogSettings.model_validate({"level": "DEBUG"}).level == "debug"


def test_prompts_are_not_logged_unless_asked_for() -> None:
    assert LogSettings().prompts is False


def test_the_pool_is_as_patient_as_the_keepers_are_by_themselves() -> None:
    assert keeper_limits(PoolSettings()) == KeeperLimits()


@pytest.mark.parametrize("said", [{"silence_seconds": 9}, {"heartbeat_seconds": 60}])
def test_an_engine_is_looked_at_twice_before_it_counts_as_silent(said: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=r"silence_seconds .* twice heartbeat_seconds"):
        PoolSettings.model_validate(said)
    PoolSettings.model_validate({"silence_seconds": 120, "heartbeat_seconds": 60})
