"""The stores and what each can do."""

from typing import get_args

from app.core.dynamo.table import MAX_TOGETHER
from app.datasets.stores import MAX_KEY_COLUMNS, STORES, Store


def test_each_store_has_a_row() -> None:
    assert set(STORES) == set(get_args(Store))


def test_no_key_has_more_columns_than_any_store_takes() -> None:
    assert max(can.max_key_columns for can in STORES.values()) == MAX_KEY_COLUMNS


def test_a_store_has_a_table_or_an_item() -> None:
    assert all(can.has_table != can.has_item for can in STORES.values())


def test_what_the_key_value_store_adds_at_once_fits_one_transaction_of_dynamodb() -> None:
    # One action of each is the check of the write fence.
    assert STORES["keyvalue"].max_added == MAX_TOGETHER - 1
