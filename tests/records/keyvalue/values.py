"""Values of every type that a key can have, for properties of items and their keys."""

import struct
from datetime import UTC
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

STABLE = settings(deadline=None, derandomize=True, max_examples=300)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
BITS = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("d", bits.to_bytes(8, "big"))[0])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "integer": st.integers(-(2**53) + 1, 2**53 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "number": BITS | st.floats() | st.integers(-1000, 1000).map(float),
    "decimal": st.decimals(-9999, 9999, places=2),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "uuid": st.uuids(),
}
