"""Limits of a dataset in the key-value store. Pure."""

import json

from app.datasets.definition import Definition
from app.datasets.errors import NotSupportedByStore
from app.datasets.stores import STORES

# The definition is an item of the table, which has 400 KB at most.
MAX_DEFINITION_BYTES = 350_000


def check_definition(definition: Definition) -> None:
    """Raise NotSupportedByStore if the key-value store cannot hold a dataset of this definition with columns."""
    if not 1 <= len(definition.key) <= STORES["keyvalue"].max_key_columns:
        raise NotSupportedByStore(
            f"A key-value dataset needs a key of one or two columns, not of {len(definition.key)}.",
            hint="Give `key`: the column that finds a record, and one that sorts those with the same value of it.",
        )
    for column in definition.columns:
        if column.unique and definition.key != (column.name,):
            raise NotSupportedByStore(f"'{column.name}' is unique: in the key-value store only the key is.")
        if column.references is not None:
            raise NotSupportedByStore(
                f"'{column.name}' references '{column.references}': the key-value store does not."
            )
    if definition.indexes:
        raise NotSupportedByStore("The key-value store has no indexes beside the key.")
    kept = [column.model_dump(mode="json", exclude_none=True) for column in definition.columns]
    if len(json.dumps(kept)) > MAX_DEFINITION_BYTES:
        raise NotSupportedByStore("The columns' descriptions and constraints are too long for the key-value store.")
