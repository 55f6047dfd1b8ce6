"""Formats of dates, as DD/MM/YYYY: what they are made of. Pure."""

import re

ISO_DATE = "YYYY-MM-DD"
TOKENS = re.compile(r"YYYY|MM|DD|MON")


def is_date_format(text: str) -> bool:
    """Whether `text` is a format: YYYY, DD and MM or MON once each, with anything but letters and digits between."""
    tokens = TOKENS.findall(text)
    rest = TOKENS.sub("", text)
    return sorted(tokens) in (["DD", "MM", "YYYY"], ["DD", "MON", "YYYY"]) and not re.search(r"[A-Za-z0-9]", rest)
