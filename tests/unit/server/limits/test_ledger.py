import pytest

from picoserve.server.limits.account import Limits
from picoserve.server.limits.ledger import Ledger, LimitTable, name_of_address

FEW, MANY = Limits(requests_per_minute=1), Limits(requests_per_minute=100)


def test_who_has_no_limits_of_his_own_has_the_default_ones() -> None:
    ledger = Ledger(LimitTable(FEW, {"alice": MANY}))

    assert ledger.account("alice").limits == MANY
    assert ledger.account("bob").limits == FEW
    assert ledger.account("bob") is ledger.account("bob")


def test_exchanged_limits_hold_from_the_next_request_on() -> None:
    ledger = Ledger(LimitTable(FEW))
    account = ledger.account("alice")

    ledger.table = LimitTable(MANY)

    assert ledger.account("alice") is account
    assert account.limits == MANY


def test_those_who_have_not_asked_for_long_are_forgotten() -> None:
    ledger = Ledger(LimitTable(FEW))
    busy = ledger.account("busy")
    busy.running = 1
    for number in range(5000):
        ledger.account(f"client {number}")

    assert len(ledger) < 2100
    assert ledger.account("busy") is busy


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("testclient", "testclient"),
    ],
)
def test_client_is_counted_by_its_address_or_by_its_ipv6_network(host: str, name: str) -> None:
    assert name_of_address(host) == name
