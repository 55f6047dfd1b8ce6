"""`tolva datasets`: what there is."""

from rich.table import Table

from app.cli.connection import DEFAULT_DATA, DEFAULT_URL, Data, Key, Url, connect
from app.cli.output import console


def list_datasets(url: Url = DEFAULT_URL, key: Key = None, data: Data = DEFAULT_DATA) -> None:
    """List the datasets."""
    table = Table("name", "records", "columns", "key")
    with connect(url, key, data) as client:
        for dataset in client.list_all("/datasets"):
            count = dataset["record_count"]
            records = "?" if count is None else f"{count:,}"
            table.add_row(dataset["name"], records, str(len(dataset["columns"])), ", ".join(dataset["key"]))
    console.print(table if table.row_count else "There are no datasets yet: tolva import FILE --dataset NAME")
