"""Accept-Encoding and If-None-Match: whether an answer is compressed, and whether it is sent at all. Pure."""

import re

_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip, and does not prefer an answer as it is."""
    qualities = dict(_read_coding(part) for part in accept_encoding.split(","))
    named = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return named > 0 and named >= qualities.get("identity", 0.0)


def _read_coding(text: str) -> tuple[str, float]:
    """A coding of the header, and how much it is preferred."""
    coding, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return coding, float(value)
            except ValueError:
                return coding, 0.0
    return coding, 1.0


def is_known(if_none_match: str, etag: str) -> bool:
    """Return whether an If-None-Match header names an answer's entity tag; weak tags are compared like any other."""
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(if_none_match)
