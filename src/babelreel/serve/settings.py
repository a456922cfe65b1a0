"""How the server runs: where it listens, who may ask, and how much at once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from babelreel.errors import ConfigError
from babelreel.model import cache_folder

SHORTEST_TOKEN = 16  # characters: too many to be guessed over a network


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server listens, and its limits.

    Without `token` only this machine may ask. `cache` holds copies of media that browsers do not play, of at most
    `cache_bytes`. `upload_bytes` bounds a request's body, `waiting` the searches that wait for their turn, `requests`
    all that are answered at once. A request is given up after `seconds`, the making of a copy after `copy_seconds`.

    Raises:
        ConfigError: when other machines could ask without a token, or a value makes no sense; all is said at once.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    cache: Path = field(default_factory=lambda: cache_folder() / "media")
    cache_bytes: int = 4 << 30
    upload_bytes: int = 20 << 20
    waiting: int = 128
    requests: int = 256
    seconds: float = 20.0
    copy_seconds: float = 300.0

    def __post_init__(self) -> None:
        wrong = []
        if self.token is None and not is_loopback(self.host):
            wrong.append(
                f"{self.host} can be reached from other machines, so a token is needed: set BABELREEL_TOKEN, or "
                "listen on 127.0.0.1"
            )
        if self.token is not None and (len(self.token) < SHORTEST_TOKEN or not self.token.isascii()):
            wrong.append(
                f"the token must have {SHORTEST_TOKEN} or more characters, all ASCII, so that nobody guesses it: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one"
            )
        if not 0 <= self.port <= 65535:
            wrong.append(f"the port must lie between 0 and 65535, found {self.port}")
        if self.cache_bytes < 0:
            wrong.append(f"cache_bytes must be 0 or more, found {self.cache_bytes}")
        for name in ("upload_bytes", "waiting", "requests", "seconds", "copy_seconds"):
            if getattr(self, name) <= 0:
                wrong.append(f"{name} must be more than 0, found {getattr(self, name)}")
        if wrong:
            raise ConfigError("The server cannot start: " + "; ".join(wrong) + ".")


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own, out of reach for others."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
