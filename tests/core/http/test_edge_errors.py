import re
from pathlib import Path

import app
from app.core.errors import Problem
from app.core.http import edge_errors
from app.deploy.gateway import REFUSALS

DECLARED = {one for one in vars(edge_errors).values() if isinstance(one, type) and issubclass(one, Problem)} - {Problem}


class TestEdgeErrors:
    def test_each_is_answered_by_the_gateway_or_raised_somewhere(self) -> None:
        sources = [path.read_text("utf-8") for path in Path(app.__file__).parent.rglob("*.py")]
        raised = set(re.findall(r"\b(\w+)\(", "\n".join(sources)))
        assert {problem.__name__ for problem in DECLARED - {*REFUSALS.values()}} <= raised

    def test_what_the_gateway_refuses_says_so_in_its_name(self) -> None:
        named = {problem for problem in DECLARED if problem.__name__.startswith("Gateway")}
        assert named <= {*REFUSALS.values()}
