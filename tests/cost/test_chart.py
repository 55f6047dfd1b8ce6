from app.cost.chart import draw
from app.cost.comparison import FRONT_NAMES


class TestChart:
    def test_it_is_a_picture_with_words(self) -> None:
        drawn = draw()
        assert drawn.startswith("<svg")
        assert all(name in drawn for name in FRONT_NAMES.values())
