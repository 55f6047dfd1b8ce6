"""Inference: types from all values, with evidence, however the file is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imports.inference.infer import propose_keys
from tests.imports.engine import Engine, read_file

VALUES = st.one_of(
    st.integers(-50, 10**17).map(str),
    st.sampled_from(["1.5", "0.10", "1.25", ".5", "0.12345", "1.234567890123456789", "12345678901234567.5", "1e3"]),
    st.sampled_from(["2024-01-31", "2024-01-31T10:00:00Z", "31/01/2024", "01/02/2024", "01/02/2024 10:00"]),
    st.sampled_from(["yes", "no", "t", "f", "True", "", "x", "Total", "01234567-89ab-cdef-0123-456789abcdef", "007"]),
)


def infer(values: list[str], name: str = "x") -> tuple[str, list[str]]:
    """Type and evidence of a column with these values."""
    content = f"row,{name}\n" + "".join(f"{place},{value}\n" for place, value in enumerate(values))
    column, why = Engine(content.encode(), 1 << 20, 1 << 20, {"header": True}).infer()[1].column()
    return column.type if column.type != "decimal" else f"decimal({column.precision},{column.scale})", why


class TestChunks:
    @settings(max_examples=120)
    @given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8), st.integers(1, 25))
    def test_the_same_columns_and_evidence_whatever_the_block(self, rows: list[tuple[str, str]], block: int) -> None:
        content = ("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows)).encode()
        whole = Engine(content, len(content), 1 << 20, {"header": True, "delimiter": ","})
        cut = Engine(content, block, 1 << 20, {"header": True, "delimiter": ","})
        assert [found.column() for found in cut.infer()] == [found.column() for found in whole.infer()]

    @settings(max_examples=120)
    @given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8))
    def test_every_value_is_accepted_by_the_type_that_was_found(self, rows: list[tuple[str, str]]) -> None:
        content = "a,b\n" + "".join(f"{a},{b}\n" for a, b in rows)
        made = read_file(content, header=True, delimiter=",")
        codes = [item["code"] for item in made.rejections]
        assert codes in ([], ["total_row"])
        assert len(made.rows) + len(codes) == len(rows)


class TestTypes:
    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            (["1", "-2", "0"], "integer"),
            (["9007199254740991"], "integer"),
            (["9007199254740992"], "bigint"),
            (["-9223372036854775808"], "bigint"),
            (["9223372036854775808"], "decimal(19,0)"),
            (["1.5", "2"], "number"),
            (["1.50", "2"], "decimal(12,2)"),
            (["1.55", "2"], "decimal(12,2)"),
            (["1.555", "22.55"], "number"),
            (["1.5550", "22.55"], "decimal(12,4)"),
            (["0.12345", "0.123450"], "number"),
            (["-.5", "1"], "number"),
            (["12345678901234567.25"], "decimal(19,2)"),
            (["1234567890.12345678901"], "decimal(21,11)"),
            (["0.1234567890123456"], "number"),
            (["-8.625272885994111"], "number"),
            (["1", "1e+3"], "number"),
            (["1", "1.5e3"], "number"),
            (["8.379031744168380369e-02", "0.25"], "number"),
            (["1", "1e3"], "text"),
            (["NaN", "1"], "number"),
            (["9007199254740993", "1e+3"], "text"),
            (["1.234567890123456789", "1e+3"], "text"),
            (["1e+3", "1.234567890123456789"], "text"),
            (["+5"], "text"),
            (["00", "01"], "text"),
            (["-0"], "integer"),
            (["1,5"], "text"),
            (["9" * 120], "text"),
            (["2024-01-31", ""], "date"),
            (["2024-01-31", "2024-01-31 10:00"], "datetime"),
            (["20240131"], "integer"),
            (["2024/1/5"], "date"),
            (["13/01/2024", "1/2/2024"], "date"),
            (["1/2/2024"], "text"),
            (["5 May 2024", "31 DEC 2023"], "date"),
            (["31.12.2024 10:00"], "datetime"),
            (["0001-01-01"], "date"),
            (["0000-01-01"], "text"),
            (["01234567-89ab-cdef-0123-456789ABCDEF"], "uuid"),
            (["yes", "No"], "boolean"),
            (["true"], "boolean"),
            (["n"], "text"),
            (["no", "NO"], "text"),
            (["", ""], "text"),
            (['"{""a"":1}"'], "text"),
        ],
    )
    def test_of_values(self, values: list[str], kind: str) -> None:
        assert infer([f'"{value}"' if "," in value and '"' not in value else value for value in values])[0] == kind

    @pytest.mark.parametrize(
        ("name", "kind"), [("price", "decimal(12,1)"), ("unit_cost", "decimal(12,1)"), ("width", "number")]
    )
    def test_money_is_told_by_its_name(self, name: str, kind: str) -> None:
        assert infer(["1.5", "20.5"], name)[0] == kind


class TestEvidence:
    def test_of_times(self) -> None:
        kind, why = infer(["2024-01-02T10:00:00Z", ""])
        assert (kind, why) == ("datetime", ["every value is a date, written YYYY-MM-DD, and a time", "1 value, 1 null"])

    def test_names_the_first_value_that_did_not_fit(self) -> None:
        kind, why = infer(["1", "2", "0164A", "x"])
        assert kind == "text"
        assert why[0] == 'not integer: "0164A" at line 4'
        assert why[-1] == "4 values, 0 nulls"

    def test_far_down_and_behind_records_of_several_lines(self) -> None:
        content = 'n,t\n1,"a\nb"\n' + "1,x\n" * 25_000 + "0164A,y\n"
        column = Engine(content.encode(), 4096, 1 << 20, {}).infer()[0].column()
        assert column[1][0] == 'not integer: "0164A" at line 25,004'

    def test_says_how_large_decimals_are(self) -> None:
        assert infer(["1.25", "1000.50"])[1] == [
            'not integer: "1.25" at line 2',
            "up to 4 digits before the point and 2 behind it",
            "2 values, 0 nulls",
        ]


class TestKeys:
    def keys(self, content: str) -> list[str]:
        found = Engine(content.encode(), 1 << 20, 1 << 20, {}).infer()
        return propose_keys(found, [column.column()[0] for column in found])

    @pytest.mark.parametrize(
        ("content", "keys"),
        [
            ("name,id\nx,1\ny,2\n", ["id", "name"]),
            ("name,n,id\nx,1,1\nx,2,2\n", ["id"]),
            ("code,n\na,1\na,2\n", []),
            ("code,n\na,1\n,2\n", []),
            ('code,n\na,1\n"",2\n', []),
            ("price,n\n1.50,1\n2.50,2\n", []),
            ("id,n\n1,1\n  ,1\n", []),
            ("n,order_id,user_id\n1,5,7\n2,6,8\n", ["order_id", "user_id", "n"]),
        ],
    )
    def test_are_columns_that_are_unique_and_never_null(self, content: str, keys: list[str]) -> None:
        assert self.keys(content) == keys
