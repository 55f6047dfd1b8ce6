"""Conditions of a request on the state of a record: ETag, If-Match and If-None-Match, as RFC 9110 has them. Pure."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import ParameterInvalid

_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_LIST = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")
_ANY = "*"
# As SQL computes it of the same text: an UPDATE compares without having read the record first.
DIGEST_SQL = "md5"


def etag_of(record: str) -> str:
    """The entity tag of a record, given as the JSON text that shows it."""
    return quoted(digest_of(record))


def digest_of(record: str) -> str:
    """The digest of a record's JSON text, of which its entity tag consists."""
    return hashlib.md5(record.encode(), usedforsecurity=False).hexdigest()


def quoted(digest: str) -> str:
    """The entity tag of a record whose JSON text has this digest."""
    return f'"{digest}"'


@dataclass(frozen=True)
class Preconditions:
    """Preconditions of a write to a record.

    `digests` are those of its JSON text of which one must be its own; `exists` and `absent` say that it must be there,
    or must not.
    """

    digests: tuple[str, ...] | None = None
    exists: bool = False
    absent: bool = False


def read_preconditions(if_match: Sequence[str], if_none_match: Sequence[str], *, creates: bool) -> Preconditions:
    """The preconditions in a write's headers; only a write that `creates` may require the record's absence.

    A weak tag in If-Match never matches: the standard compares strongly there.

    Raises:
        ParameterInvalid: a header is not what the standard describes, or this request cannot have it.
    """
    if if_none_match:
        if not creates or ",".join(if_none_match).strip() != _ANY or if_match:
            reason = "can only be * here" if creates and not if_match else "cannot be used beside 'If-Match'"
            raise ParameterInvalid(
                f"'If-None-Match' {reason if creates else 'cannot be used here'}.",
                hint="If-None-Match: * has PUT create a record and replace none; If-Match is for all other conditions.",
            )
        return Preconditions(absent=True)
    if not if_match:
        return Preconditions()
    tags = _read_tags("If-Match", if_match)
    if tags is None:
        return Preconditions(exists=True)
    return Preconditions(digests=tuple(tag for is_weak, tag in tags if not is_weak), exists=True)


def is_known(if_none_match: Sequence[str], etag: str) -> bool:
    """Return whether a reader's If-None-Match says that it has a record with this tag already.

    Raises:
        ParameterInvalid: the header is not what the standard describes.
    """
    if not if_none_match:
        return False
    tags = _read_tags("If-None-Match", if_none_match)
    return tags is None or any(f'"{tag}"' == etag for _, tag in tags)


def _read_tags(header: str, lines: Sequence[str]) -> list[tuple[bool, str]] | None:
    """The tags of a header, each with whether it is weak; None for `*`."""
    text = ",".join(lines)
    if text.strip() == _ANY:
        return None
    if _LIST.fullmatch(text) is None:
        raise ParameterInvalid(
            f"'{header}' is not * or a list of entity tags.",
            hint='Send the ETag as it came, with its quotes: "0a1b…".',
        )
    return [(bool(weak), tag) for weak, tag in re.findall(_TAG, text)]
