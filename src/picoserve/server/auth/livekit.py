"""LiveKit's access tokens, as `livekit.agents.inference` makes one for each request.

HS256 over the API secret, issuer = API key, a grant `inference.perform`, `exp` and `nbf`
(livekit-agents 1.8.9, `inference/_utils.py`). Other algorithms are refused, `none` first.
"""

import warnings
from collections.abc import Mapping
from typing import Final

import jwt

_LEEWAY_SECONDS: Final = 60
_MAX_TOKEN_CHARACTERS: Final = 8192


class LiveKitTokens:
    """Verifies tokens against configured key and secret pairs."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take the pairs, API key → API secret."""
        self._secrets = dict(secrets)
        # PyJWT would warn of a short secret at each token; that is told when it is configured.
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)

    def __bool__(self) -> bool:
        """True when a pair is configured."""
        return bool(self._secrets)

    def accepts(self, token: str) -> bool:
        """Whether the token is genuine, in force, and allows inference."""
        return self.name_of(token) is not None

    def name_of(self, token: str) -> str | None:
        """`livekit:` and the API key of a token that is accepted, None for any other."""
        if not self._secrets or len(token) > _MAX_TOKEN_CHARACTERS or token.count(".") != 2:
            return None
        try:
            claims = self._verified(token)
        except jwt.PyJWTError:
            return None
        grant = claims.get("inference")
        allowed = isinstance(grant, dict) and grant.get("perform") is True
        return _name(claims["iss"]) if allowed else None

    def names(self) -> list[str]:
        """What `name_of` says of tokens that are accepted."""
        return [_name(issuer) for issuer in self._secrets]

    def _verified(self, token: str) -> dict[str, object]:
        """The claims of a genuine token. Raises jwt.PyJWTError."""
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        secret = self._secrets.get(issuer) if isinstance(issuer, str) else None
        if secret is None:
            raise jwt.InvalidIssuerError
        claims: dict[str, object] = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            issuer=issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "enforce_minimum_key_length": False},
        )
        return claims


def _name(issuer: object) -> str:
    return f"livekit:{issuer}"
