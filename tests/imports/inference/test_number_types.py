from tests.imports.engine import Engine


class TestDoubles:
    """Columns that a program has printed of doubles."""

    LONG = "0.12345678901234567"

    def propose(self, *columns: list[str]) -> tuple[list[str], list[str]]:
        rows = ["a,b,c,d"[: 2 * len(columns) - 1], *(",".join(row) for row in zip(*columns, strict=True))]
        proposal = Engine("\n".join(rows).encode(), 4096, 1 << 20, {}).propose()
        return [column.type for column in proposal.columns], proposal.warnings

    def test_one_among_numbers_is_a_number_and_it_is_said(self) -> None:
        types, warnings = self.propose(["1.125", self.LONG], ["1.125", "0.5"], ["7.0625", "1.5"])
        assert types == ["number", "number", "number"]
        assert len(warnings) == 1
        assert '"0.12345678901234567" at line 3' in warnings[0]
        assert "--type a=decimal" in warnings[0]

    def test_alone_it_keeps_its_digits(self) -> None:
        assert self.propose(["1.125", self.LONG]) == (["decimal"], [])
        assert self.propose(["1.125", self.LONG], ["1", "2"]) == (["decimal", "integer"], [])
        assert self.propose(["1.125", self.LONG], ["1.125", self.LONG], ["0.5", "0.125"])[0][:2] == ["decimal"] * 2

    def test_more_digits_than_a_double_is_printed_with_are_kept(self) -> None:
        longer = "0.123456789012345678"
        assert self.propose(["1.125", longer], ["1.125", "0.5"], ["7.0625", "1.5"])[0][0] == "decimal"

    def test_money_is_kept(self) -> None:
        assert self.propose(["1.50", "20.25"], ["1.125", "0.5"], ["7.0625", "1.5"])[0][0] == "decimal"
