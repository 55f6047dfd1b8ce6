"""Date formats, such as DD/MM/YYYY, and their parts. Pure."""

import re

ISO_DATE = "YYYY-MM-DD"
TOKENS = re.compile(r"YYYY|YY|MM|DD|MON")
# As POSIX has it: years of two digits from here on are of the last century, smaller ones of this.
PIVOT = 69


def is_date_format(text: str) -> bool:
    """Return whether `text` is a format: YYYY or YY, DD, and MM or MON once each, with no letters or digits between."""
    tokens = TOKENS.findall(text)
    rest = TOKENS.sub("", text)
    wanted = [sorted((year, "DD", month)) for year in ("YYYY", "YY") for month in ("MM", "MON")]
    return sorted(tokens) in wanted and not re.search(r"[A-Za-z0-9]", rest)


def has_short_year(date_format: str) -> bool:
    """Return whether a format's years have two digits."""
    return "YY" in TOKENS.findall(date_format)
