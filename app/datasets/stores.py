"""The stores that records are kept in, and what each can do: a row a store, which everything else asks. Pure."""

from dataclasses import dataclass
from math import inf
from typing import Literal

Store = Literal["relational", "keyvalue"]
# Of any store.
MAX_KEY_COLUMNS = 8


@dataclass(frozen=True)
class Capabilities:
    """The abilities of a store with the records of a dataset."""

    # Records are a table of PostgreSQL, with its constraints, indexes, references and locks.
    has_table: bool
    # An item of the key-value table says what the dataset is, so that its records are served without PostgreSQL.
    has_item: bool
    # Records are filtered and sorted by any column, searched, counted, computed with and exported; if not, a list
    # has the records whose key begins with one value.
    queries: bool
    # Records are shown with those that they refer to.
    embeds: bool
    # An import writes all of its rows to a stage before the first of them is written to the records.
    always_stages: bool
    max_key_columns: int
    # Records that one request adds, all or none; the settings may allow fewer.
    max_added: float


STORES: dict[str, Capabilities] = {
    "relational": Capabilities(
        has_table=True,
        has_item=False,
        queries=True,
        embeds=True,
        always_stages=False,
        max_key_columns=MAX_KEY_COLUMNS,
        max_added=inf,
    ),
    "keyvalue": Capabilities(
        has_table=False, has_item=True, queries=False, embeds=False, always_stages=True, max_key_columns=2, max_added=99
    ),
}
