"""Rates, sizes and mixes as people write them."""

import pytest

from app.cost.reading import Unreadable, read_mix, read_rate, read_size


class TestRate:
    @pytest.mark.parametrize(
        ("text", "rate"),
        [("100/s", 100), ("6/min", 0.1), ("36k/h", 10), ("86400/day", 1), ("2.628M/month", 1), (" 1.5 k/s", 1500)],
    )
    def test_units(self, text: str, rate: float) -> None:
        assert read_rate(text) == pytest.approx(rate)

    @pytest.mark.parametrize("text", ["", "100", "100 per second", "-1/s", "1e3/s", "nan/s", "5/m"])
    def test_what_is_not_one_says_how_to_write_it(self, text: str) -> None:
        with pytest.raises(Unreadable, match=r"100/s, 5/min"):
            read_rate(text)

    @pytest.mark.parametrize("text", ["0/s", "2M/s", "9" * 400 + "/s"])
    def test_what_is_out_of_range(self, text: str) -> None:
        with pytest.raises(Unreadable, match="out of range"):
            read_rate(text)


class TestSize:
    @pytest.mark.parametrize(
        ("text", "size"), [("10GB/day", 1e10), ("0", 0), ("500MB", 5e8), ("365TB/month", 12e12), ("1 kB", 1000)]
    )
    def test_units(self, text: str, size: float) -> None:
        assert read_size(text) == pytest.approx(size)

    @pytest.mark.parametrize("text", ["10", "10gb", "GB", "10GB/h"])
    def test_what_is_not_one_says_how_to_write_it(self, text: str) -> None:
        with pytest.raises(Unreadable, match="10GB/day"):
            read_size(text)

    def test_what_is_out_of_range(self) -> None:
        with pytest.raises(Unreadable, match="out of range"):
            read_size("1001TB")


class TestMix:
    def test_shares_of_a_hundred(self) -> None:
        assert read_mix("get=80, list=15,post=5,page=0", "relational") == {"get": 0.8, "list": 0.15, "post": 0.05}

    def test_thirds_may_be_rounded(self) -> None:
        assert sum(read_mix("get=33.3,list=33.3,post=33.3", "relational").values()) == pytest.approx(1)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("get=80", "the shares sum to 80, not to 100"),
            ("", "the shares sum to 0"),
            ("lst=100", "Did you mean 'list'"),
            ("delete=100", "The kinds are get, list, page, query, post"),
            ("get", "Write get=80"),
            ("get=-5", "Write get=80"),
            ("get=50,get=50", "'get' stands twice"),
        ],
    )
    def test_what_does_not_fit_is_named(self, text: str, message: str) -> None:
        with pytest.raises(Unreadable, match=message):
            read_mix(text, "relational")

    def test_a_keyvalue_dataset_has_no_queries(self) -> None:
        with pytest.raises(Unreadable, match="a key-value dataset cannot do 'query'"):
            read_mix("get=50,query=50", "keyvalue")
