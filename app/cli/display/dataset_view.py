"""The view of a dataset: its properties, columns and indexes."""

import json
from typing import Any

from app.cli.display.output import Output

COLUMN_HEADER = ("name", "type", "key", "null", "label", "about")
# What the table of columns shows in cells of their own, or the type with it.
SHOWN_APART = ("name", "type", "precision", "scale", "required", "label", "description")

Document = dict[str, Any]


def count_text(dataset: Document) -> str:
    """The number of records of a dataset, as far as it is known without counting."""
    if not dataset["columns"]:
        return "0"
    count = dataset["record_count"]
    return "not counted" if count is None else f"about {count:,}"


def type_text(column: Document) -> str:
    """A column's type: `decimal(12,2)`."""
    digits = f"({column['precision']},{column['scale']})" if column.get("precision") is not None else ""
    return f"{column['type']}{digits}"


def show_dataset(output: Output, dataset: Document, count: str) -> None:
    """Show everything that the API says of a dataset."""
    facts = {
        "name": dataset["name"],
        "title": dataset["title"] or "",
        "description": dataset["description"] or "",
        "store": dataset["store"],
        "records": count,
        "key": ", ".join(dataset["key"]) or "none: records are numbered by _id",
        "created": dataset["created_at"],
        "changed": dataset["updated_at"],
    }
    output.facts((name, text) for name, text in facts.items() if text)
    output.title("Columns")
    output.table(COLUMN_HEADER, [_column_row(column, dataset["key"]) for column in dataset["columns"]])
    if dataset["indexes"]:
        output.title("Indexes")
        output.table(("columns", "for", "name"), [_index_row(index) for index in dataset["indexes"]])
    if dataset["import_options"]:
        output.title("How its files are written")
        output.facts((name, _as_text(value)) for name, value in dataset["import_options"].items())


def _column_row(column: Document, key: list[str]) -> tuple[str, ...]:
    name = column["name"]
    place = str(key.index(name) + 1) if len(key) > 1 and name in key else "yes" if name in key else ""
    others = {member: value for member, value in column.items() if member not in SHOWN_APART and value is not False}
    said = [column.get("description") or "", *(f"{member}={_as_text(value)}" for member, value in others.items())]
    about = "; ".join(filter(None, said))
    return name, type_text(column), place, "" if column["required"] else "yes", column.get("label") or "", about


def _index_row(index: Document) -> tuple[str, str, str]:
    columns = "search" if index.get("search") else ", ".join(index.get("columns") or ())
    return columns, index.get("origin") or "", index.get("name") or ""


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
