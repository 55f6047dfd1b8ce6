import pytest

from app.core.http.accept_encoding import accepts_gzip, is_known


class TestGzip:
    @pytest.mark.parametrize(
        "header",
        [
            "gzip",
            "GZIP ; Q=1",
            "x-gzip",
            "*",
            "br, gzip;q=0.5",
            "gzip;q=0.5, identity;q=0.5",
            "deflate, *;q=0.1",
            "identity;q=0, gzip;q=0.001",
        ],
    )
    def test_it_is_taken(self, header: str) -> None:
        assert accepts_gzip(header)

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip; q=0.000",
            "gzip;q=x",
            "gzip;q=nan",
            "*;q=0",
            "*, gzip;q=0",
            "gzip;q=0.5, identity",
            "gzipped",
        ],
    )
    def test_it_is_not(self, header: str) -> None:
        assert not accepts_gzip(header)


class TestKnown:
    @pytest.mark.parametrize("header", ['W/"a"', '"a"', '"b", W/"a"', "*", ' "x,y" ,"a"'])
    def test_a_tag_is_found(self, header: str) -> None:
        assert is_known(header, 'W/"a"')

    @pytest.mark.parametrize("header", ["", "a", '"b"', 'W/"ab"', '"A"', '"b, a"'])
    def test_any_other_is_not(self, header: str) -> None:
        assert not is_known(header, 'W/"a"')
