"""docs/cost.md and its chart are what the model says."""

from xml.etree import ElementTree as ET

from app.cost.__main__ import DOCS
from app.cost.chart import STYLES, draw
from app.cost.page import write

AGAIN = "run: uv run python -m app.cost"


class TestPage:
    def test_it_is_written_from_the_model(self) -> None:
        assert (DOCS / "cost.md").read_text("utf-8") == write(), AGAIN

    def test_the_chart_is_drawn_from_the_model(self) -> None:
        assert (DOCS / "cost.svg").read_text("utf-8") == draw(), AGAIN

    def test_the_chart_names_each_line(self) -> None:
        texts = {one.text for one in ET.fromstring(draw()).iter("{http://www.w3.org/2000/svg}text")}
        assert set(STYLES) <= texts
