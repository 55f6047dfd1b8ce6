"""Reading rates, sizes and mixes as people write them."""

import re
from difflib import get_close_matches

from app.cost.workload import KINDS, MONTH_SECONDS, REFUSED, Store

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86_400.0, "month": MONTH_SECONDS}
COUNTS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
SIZES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
NUMBER = r"(\d+(?:\.\d+)?)"
RATE = re.compile(rf"{NUMBER}\s*(k|M|G)?/(s|min|h|day|month)")
SIZE = re.compile(rf"{NUMBER}\s*(B|kB|MB|GB|TB)(?:/(day|month))?")
MOST_RATE = 1e6
MOST_CSV = 1e15
# Shares are rounded by those who write them.
SUM_TOLERANCE = 0.5


class Unreadable(ValueError):
    """Says what does not fit, and how to write it."""


def read_rate(text: str) -> float:
    """Requests a second, from `100/s`, `5/min` or `2M/month`.

    Raises:
        Unreadable: it is written otherwise.
    """
    found = RATE.fullmatch(text.strip())
    if found is None:
        raise Unreadable(f"'{text}' is not a rate. Write a number and a time: 100/s, 5/min, 20k/day, 2M/month")
    rate = float(found[1]) * COUNTS[found[2] or ""] / SECONDS[found[3]]
    if not 0 < rate <= MOST_RATE:
        raise Unreadable(f"'{text}' is out of range: more than 0 and at most {MOST_RATE:,.0f}/s")
    return rate


def read_size(text: str) -> float:
    """Bytes a day, from `10GB/day`, `300GB/month` or `500MB`, which is a day's.

    Raises:
        Unreadable: it is written otherwise.
    """
    if text.strip() == "0":
        return 0.0
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise Unreadable(f"'{text}' is not a size for each day. Write 10GB/day, 500MB/day, 2TB/month, or 0")
    days = SECONDS[found[3] or "day"] / SECONDS["day"]
    size = float(found[1]) * SIZES[found[2]] / days
    if size > MOST_CSV:
        raise Unreadable(f"'{text}' is out of range: at most {MOST_CSV / 1e12:,.0f}TB/day")
    return size


def read_mix(text: str, store: Store) -> dict[str, float]:
    """The shares of kinds of requests, from `get=80,list=15,post=5`.

    Raises:
        Unreadable: a kind is unknown or the store refuses it, a share is no number, or they do not sum to 100.
    """
    mix: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, share = _read_share(part)
        if kind in mix:
            raise Unreadable(f"'{kind}' stands twice in the mix")
        if kind in REFUSED[store]:
            raise Unreadable(f"a key-value dataset cannot do '{kind}'. Take it out, or use --store relational")
        mix[kind] = share
    total = sum(mix.values())
    if abs(total - 100) > SUM_TOLERANCE:
        raise Unreadable(f"the shares sum to {total:g}, not to 100: {text}")
    return {kind: share / total for kind, share in mix.items() if share}


def _read_share(part: str) -> tuple[str, float]:
    kind, _, share = (piece.strip() for piece in part.partition("="))
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, 1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise Unreadable(f"there is no kind '{kind}' of requests.{meant} The kinds are {', '.join(KINDS)}")
    if re.fullmatch(NUMBER, share) is None:
        raise Unreadable(f"'{part}' has no share. Write {kind}=80")
    return kind, float(share)
