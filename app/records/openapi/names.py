"""The names of the documents' components, of which generators make classes, and references to them. Pure.

What a dataset has of its own is named for it and for the part that it is: `products_record` becomes `ProductsRecord`.
Its title is in no name: clients stay the same when it changes.
"""

from typing import Any

from app.columns.column import Column
from app.columns.schema_references import in_comment, schema_reference
from app.datasets.schema import DatasetSchema

PARAMETERS = "#/components/parameters/"
RESPONSES = "#/components/responses/"

# What all datasets share.
ANY_RECORD = "AnyRecord"
COUNTING = "Counting"
KEY_PART = "KeyPart"
PROBLEM = "ProblemDocument"


def part_of(schema: DatasetSchema, part: str) -> dict[str, Any]:
    """A reference to one of a dataset's own schemas."""
    return schema_reference(f"{schema.name}_{part}")


def choices_name(schema: DatasetSchema, column: Column) -> str | None:
    """The name of the schema of a column's allowed values, None without any."""
    # Generators make classes of texts and integers, and fail with booleans and numbers.
    has_classes = column.kind.json_type not in ("boolean", "number")
    return column_part(schema, column, "choice") if column.one_of is not None and has_classes else None


def title_of(schema: DatasetSchema) -> str:
    """The name of a dataset in prose, in one line."""
    return in_comment(" ".join((schema.title or schema.name).split()))


def about(schema: DatasetSchema) -> str | None:
    """The owner's description of a dataset."""
    return in_comment(schema.description) if schema.description else None


def column_part(schema: DatasetSchema, column: Column, part: str) -> str:
    """The name of a schema that is one column's.

    It ends with a part that no dataset has, so that a column called `page` is not taken for a page of the dataset.
    """
    return f"{schema.name}.{column.name}_{part}"


def choices_of(schema: DatasetSchema, column: Column) -> dict[str, Any] | None:
    """A reference to the schema of a column's allowed values, None if any is allowed."""
    name = choices_name(schema, column)
    return schema_reference(name) if name is not None else None


def conditions_name(type_name: str) -> str:
    """The name of the schema of the conditions on a type's values."""
    return f"{type_name.capitalize()}Conditions"


def filter_name(type_name: str) -> str:
    """The name of the schema of what may be asked of a type's values: one of them, or conditions."""
    return f"{type_name.capitalize()}Filter"
