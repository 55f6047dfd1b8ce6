"""The origins whose pages may call from a browser, as the setting lists them. Pure."""

import re
from dataclasses import dataclass

SETTING = "TOLVA_CORS_ORIGINS"
EVERY = "*"
# Every page of this computer, whichever program serves it: what `tolva dev` allows if nothing else is set.
LOOPBACK = ",".join(
    f"{scheme}://{host}:*"
    for scheme in ("http", "https")
    for host in ("localhost", "*.localhost", "127.0.0.1", "[::1]")
)
# Any page may send this word as its origin: a file, or a frame in a sandbox.
OPAQUE = "null"

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}|\*))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ANY_PORT, _ANY_LABELS = "(?::[0-9]{1,5})?", r"(?:[a-z0-9_-]+\.)+"
_LARGEST_PORT = 65_535
_WILDCARDS = "a * stands for any port, or for what is before a domain: http://localhost:* or https://*.example.com"


@dataclass(frozen=True)
class Origins:
    """Which origins are allowed: every one, or those that fit a pattern whole."""

    allows_every: bool
    pattern: re.Pattern[str]

    @property
    def allows_none(self) -> bool:
        """Return whether pages of no other origin may call."""
        return not self.allows_every and not self.pattern.pattern

    def allow(self, origin: str) -> bool:
        """Return whether pages of an origin may call."""
        return self.allows_every or (not self.allows_none and self.pattern.fullmatch(origin) is not None)


def parse_origins(text: str) -> Origins:
    """The origins of a list with commas.

    Raises:
        ValueError: an entry can be no origin, or `*` is not alone.
    """
    entries = [entry for part in text.split(",") if (entry := part.strip())]
    if EVERY in entries:
        if len(entries) > 1:
            raise ValueError("has * beside others: * alone allows every origin; leave it out, or leave the others out")
        return Origins(True, re.compile(""))
    return Origins(False, re.compile("|".join(_pattern_of(entry) for entry in dict.fromkeys(entries))))


def _pattern_of(entry: str) -> str:
    """The regular expression of the origins that an entry allows, as browsers write them."""
    found = _ORIGIN.fullmatch(entry.lower())
    if found is None:
        raise ValueError(f"has '{entry}', {_mistake(entry)}")
    scheme, host, port = found["scheme"], found["host"], found["port"]
    labels = host.removeprefix("*.")
    if labels != host and "." not in labels and labels != "localhost":
        raise ValueError(
            f"has '{entry}', which allows a whole top-level domain: write one of yours, https://*.example.com"
        )
    if port not in (None, EVERY) and not 0 < int(port) <= _LARGEST_PORT:
        raise ValueError(f"has '{entry}', whose port is not one: they end at {_LARGEST_PORT}")
    before = _ANY_LABELS if labels != host else ""
    return f"{re.escape(scheme)}://{before}{re.escape(labels)}{_port_pattern(scheme, port)}"


def _port_pattern(scheme: str, port: str | None) -> str:
    if port == EVERY:
        return _ANY_PORT
    # Browsers leave out the port that a scheme has anyway.
    if port is None or str(int(port)) == _DEFAULT_PORTS.get(scheme):
        return ""
    return f":{int(port)}"


def _mistake(entry: str) -> str:
    """The mistake in an entry, and how to write it instead."""
    if entry.lower() == OPAQUE:
        return "which any page can send: files and sandboxed frames; serve your page, or allow every origin with *"
    scheme, separator, rest = entry.partition("://")
    if not separator:
        return f"which has no scheme: write https://{entry.strip('/')}"
    host, slash, _ = rest.partition("/")
    if slash:
        return (
            f"which has a path: an origin is scheme, host and port only, without a slash behind it: {scheme}://{host}"
        )
    if EVERY in rest:
        return f"which no origin fits: {_WILDCARDS}"
    if not rest.isascii():
        return "which no browser sends: write the host in ASCII, as browsers do (xn--…)"
    return "which is no origin: write scheme, host and port as in https://app.example.com, separated by commas"
