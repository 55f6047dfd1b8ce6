"""Writes docs/cost.md and its chart again: `python -m app.cost`."""

from pathlib import Path

from app.cost.chart import draw
from app.cost.page import write

DOCS = Path(__file__).parents[2] / "docs"

if __name__ == "__main__":
    (DOCS / "cost.md").write_text(write(), "utf-8")
    (DOCS / "cost.svg").write_text(draw(), "utf-8")
