"""Compare a Tolva with one that was restored from it, and print both: the end of `.ci/drill`.

It exits with 1 if a dataset or the items of the table were not restored.
"""

import argparse
import os
import sys
from datetime import datetime

from app.client.api import Client, CommandError
from app.deploy.drill.stock import Stock, differences, take_stock
from app.deploy.preflight.account import Account, AwsAccount, Refused


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="app.deploy.drill", description=__doc__.split("\n\n")[0])
    parser.add_argument("--source", required=True, metavar="URL")
    parser.add_argument("--restored", required=True, metavar="URL")
    parser.add_argument("--moment", required=True, type=datetime.fromisoformat, help="what was restored, in UTC")
    parser.add_argument("--tables", nargs=2, metavar="TABLE", help="the source's table and the restored one")
    parser.add_argument("--still", action="store_true", help="nobody writes to the source: the numbers must be equal")
    given = parser.parse_args(arguments)
    try:
        key = os.environ["TOLVA_KEY"]
        with Client(given.source, key) as source, Client(given.restored, key) as restored:
            before, after = take_stock(source), take_stock(restored)
        items = [count_items(AwsAccount(), table) for table in given.tables or ()]
    except KeyError:
        print("Give a key that may read every dataset as TOLVA_KEY: it works in both.", file=sys.stderr)
        return 1
    except (CommandError, Refused) as error:
        print(error, file=sys.stderr)
        return 1
    show(before, after, items)
    lost = list(differences(before, after, given.moment, is_still=given.still))
    if items and items[0] and not items[1]:
        lost.append(f"The table {given.tables[1]} has no items; {given.tables[0]} has {items[0]:,}.")
    print(*(lost or ["Everything was restored."]), sep="\n")
    return int(bool(lost))


def count_items(account: Account, table: str) -> int:
    """The items of a table, counted by reading them."""
    return int(account.ask("dynamodb", "scan", TableName=table, Select="COUNT")["Count"])


def show(before: dict[str, Stock], after: dict[str, Stock], items: list[int]) -> None:
    """Print the records of each dataset, before and after."""
    for name in sorted(before | after):
        numbers = ["-" if side.get(name) is None else _number(side[name].records) for side in (before, after)]
        print(f"{name:32} {numbers[0]:>14} {numbers[1]:>14}")
    if items:
        print(f"{'items of the table':32} {items[0]:>14,} {items[1]:>14,}")


def _number(records: int | None) -> str:
    return "not counted" if records is None else f"{records:,}"


if __name__ == "__main__":
    sys.exit(main())
