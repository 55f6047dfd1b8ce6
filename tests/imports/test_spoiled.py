"""Files with one spoiled row: every other row is exact, and that one is too, or is rejected by its line.

`benchmarks/spoiled.py` tries every row of longer files.
"""

import pytest

from tests.imports.spoiled import KINDS, Form, Judgement, Kind, spoil

FORMS = [
    Form(rows=12),
    Form(rows=8, delimiter=";"),
    Form(rows=8, delimiter="\t"),
    Form(rows=8, quoting="all"),
    Form(rows=8, quoting="none"),
    Form(rows=8, header=False),
    Form(rows=8, comments=True),
    Form(rows=8, multiline=True),
    Form(rows=5),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_no_other_row_is_touched(form: Form, kind: Kind) -> None:
    judgement = Judgement(form)
    # A first row that is spoiled is a matter of the dialect. Every other one is enough: they have a text of each kind.
    files = [spoiled for spoiled in spoil(form, (kind,)) if spoiled.row % 2]
    wrong = [(spoiled.name, fault) for spoiled in files if (fault := judgement.fault(spoiled))]
    assert wrong == []
