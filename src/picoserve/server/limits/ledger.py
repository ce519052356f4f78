"""All accounts: whose request it is, what its limits are, what was used."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from picoserve.server.limits.account import Account, Limits

# Whoever holds an IPv6 address holds the network around it.
_IPV6_NETWORK_BITS: Final = 64
_FORGET_ABOVE: Final = 1024


@dataclass(frozen=True, slots=True)
class LimitTable:
    """Limits by name.

    Attributes:
        default: For whoever has none of his own.
        named: By the name of a key, or a client's address.
    """

    default: Limits = field(default_factory=Limits)
    named: Mapping[str, Limits] = field(default_factory=dict)

    def limits_of(self, name: str) -> Limits:
        """What applies to this name."""
        return self.named.get(name, self.default)


class Ledger:
    """The accounts of all who have asked lately.

    Attributes:
        table: The limits that apply; may be exchanged while the server runs.
    """

    def __init__(self, table: LimitTable) -> None:
        self.table = table
        self._accounts: dict[str, Account] = {}
        self._forget_at = _FORGET_ABOVE

    def __len__(self) -> int:
        return len(self._accounts)

    def account(self, name: str) -> Account:
        """The account of a key or of an address."""
        limits = self.table.limits_of(name)
        account = self._accounts.get(name)
        if account is None:
            self._forget()
            account = self._accounts[name] = Account(limits)
        account.limits = limits
        return account

    def _forget(self) -> None:
        """Drop accounts that are as good as new, so that strangers cannot fill the memory."""
        if len(self._accounts) < self._forget_at:
            return
        self._accounts = {
            n: account for n, account in self._accounts.items() if not account.is_idle
        }
        self._forget_at = max(_FORGET_ABOVE, 2 * len(self._accounts))


def name_of_address(host: str) -> str:
    """The name under which a client without a key is counted."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _IPV6_NETWORK_BITS), strict=False))
