"""Count the files with one spoiled row that are read exactly except for that row, which is rejected by its line or
right.

    uv run python -m benchmarks.spoiled              the form of Pollock, and others
    uv run python -m benchmarks.spoiled --only all   the forms whose name holds a word
    uv run python -m benchmarks.spoiled --every 7    every seventh row of each

It prints the share of each form and the silent faults, by kind of mistake and column.
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.imports.spoiled import HEADER, KINDS, Form, Judgement, Kind, spoil

FORMS = {
    "as Pollock": Form(),
    "semicolons": Form(delimiter=";"),
    "tabs": Form(delimiter="\t"),
    "all quoted": Form(quoting="all"),
    "all quoted, semicolons": Form(delimiter=";", quoting="all"),
    "no quotes": Form(quoting="none"),
    "no quotes, tabs": Form(delimiter="\t", quoting="none"),
    "no header": Form(header=False),
    "comments": Form(comments=True),
    "cells of two lines": Form(multiline=True),
    "short": Form(rows=5),
    "short, all quoted": Form(rows=5, quoting="all"),
}
SHOWN = 12


def judge(name: str, kind: Kind, every: int) -> tuple[int, list[tuple[str, int, int, str]]]:
    """The number of files of a form and kind of mistake, with the positions and faults."""
    judgement = Judgement(FORMS[name])
    count, wrong = 0, []
    for spoiled in spoil(FORMS[name], (kind,), every):
        count += 1
        if fault := judgement.fault(spoiled):
            wrong.append((kind, spoiled.row, spoiled.column, fault))
    return count, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="forms whose name holds this")
    parser.add_argument("--every", type=int, default=1, help="of so many rows spoil one")
    given = parser.parse_args()
    names = [name for name in FORMS if given.only in name]
    with ProcessPoolExecutor(2) as pool:
        jobs = {(name, kind): pool.submit(judge, name, kind, given.every) for name in names for kind in KINDS}
        for name in names:
            results = [jobs[name, kind].result() for kind in KINDS]
            wrong = [item for _, items in results for item in items]
            show(name, sum(count for count, _ in results), wrong)


def show(name: str, count: int, wrong: list[tuple[str, int, int, str]]) -> None:
    """Print the share of a form, and what is wrong by kind and column."""
    header = sum(row == 0 for _, row, _, _ in wrong)
    print(f"{name:24} {1 - len(wrong) / count:7.2%} of {count:,}; wrong {len(wrong)}, {header} of them in row 0")
    by_kind = Counter((kind, column, fault) for kind, _, column, fault in wrong)
    for (kind, column, fault), number in by_kind.most_common(SHOWN):
        rows = [row for kind_, row, column_, fault_ in wrong if (kind_, column_, fault_) == (kind, column, fault)]
        print(f"    {number:4} {kind:8} at {HEADER[column]}: {fault} (row {', '.join(map(str, rows[:6]))})")


if __name__ == "__main__":
    main()
