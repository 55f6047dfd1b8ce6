from pathlib import Path
from re import findall

import app.cost
from app.cost.assumptions import assumed, load_assumptions


class TestAssumptions:
    def test_each_has_a_unit_and_a_reason(self) -> None:
        for name, one in load_assumptions().items():
            assert one.unit, name
            assert one.source, name
            assert assumed(name) == one.value

    def test_those_that_the_model_asks_for_are_there_and_no_others(self) -> None:
        files = Path(app.cost.__file__).parent.rglob("*.py")
        text = "".join(path.read_text("utf-8") for path in files)
        asked = set(findall(r'assumed\(f?"([a-z-]+)"\)', text))
        assert asked <= load_assumptions().keys()
