import pytest

from app.core.origins import LOOPBACK, parse_origins

THIS_COMPUTER = "http://localhost:*,http://127.0.0.1:*,http://[::1]:*"


class TestAllow:
    @pytest.mark.parametrize(
        ("setting", "origin"),
        [
            ("*", "https://a.example"),
            ("*", "null"),
            ("https://a.example", "https://a.example"),
            ("https://a.example, https://b.example", "https://b.example"),
            ("https://A.Example", "https://a.example"),
            ("https://a.example:443", "https://a.example"),
            ("http://a.example:080", "http://a.example"),
            ("https://a.example:8443", "https://a.example:8443"),
            ("https://a.example:*", "https://a.example"),
            ("https://a.example:*", "https://a.example:8443"),
            (THIS_COMPUTER, "http://localhost:5173"),
            (THIS_COMPUTER, "http://127.0.0.1:65535"),
            (THIS_COMPUTER, "http://[::1]:3000"),
            (THIS_COMPUTER, "http://localhost"),
            ("https://*.example.com", "https://app.example.com"),
            ("https://*.example.com", "https://a.b.example.com"),
            ("http://*.localhost:*", "http://app.localhost:5173"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ],
    )
    def test_what_the_setting_lists(self, setting: str, origin: str) -> None:
        assert parse_origins(setting).allow(origin)

    @pytest.mark.parametrize(
        ("setting", "origin"),
        [
            ("", "https://a.example"),
            ("", ""),
            (" , ", ""),
            (THIS_COMPUTER, ""),
            ("https://a.example", "http://a.example"),
            ("https://a.example", "https://a.example:8443"),
            ("https://a.example", "https://a.example.evil.test"),
            ("https://a.example", "https://axexample"),
            ("https://a.example", "null"),
            (THIS_COMPUTER, "http://localhost:5173.evil.test"),
            (THIS_COMPUTER, "http://localhost.evil.test:5173"),
            (THIS_COMPUTER, "http://127.0.0.1.evil.test"),
            (THIS_COMPUTER, "http://evil.test/http://localhost:1"),
            (THIS_COMPUTER, "http://localhost:5173\nhttp://evil.test"),
            (THIS_COMPUTER, "https://localhost:5173"),
            ("https://*.example.com", "https://example.com"),
            ("https://*.example.com", "https://evilexample.com"),
            ("https://*.example.com", "https://app.example.com:8443"),
            ("https://*.example.com", "https://evil.test/.example.com"),
            ("https://*.example.com", "https://evil.test#.example.com"),
        ],
    )
    def test_nothing_else(self, setting: str, origin: str) -> None:
        assert not parse_origins(setting).allow(origin)


class TestParseOrigins:
    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ("https://a.example/", "write|only, without a slash behind it: https://a.example"),
            ("https://a.example/app", "only, without a slash behind it: https://a.example"),
            ("https://a.example?x", "which is no origin"),
            ("a.example", "which has no scheme: write https://a.example"),
            ("localhost:5173", "which has no scheme"),
            ("*, https://a.example", r"has \* beside others"),
            ("https://a.example,*", r"has \* beside others"),
            ("https://*", "write|which no origin fits"),
            ("https://a.*.example", "which no origin fits"),
            ("https://app*.example.com", "which no origin fits"),
            ("*://a.example", "which is no origin"),
            ("http://*:*", "which no origin fits"),
            ("https://*.com", "allows a whole top-level domain"),
            ("https://a.example:70000", "whose port is not one"),
            ("https://a.example:0", "whose port is not one"),
            ("https://a.example:x", "which is no origin"),
            ("https://user@a.example", "which is no origin"),
            ("https://a.example https://b.example", "which has a path|which is no origin"),
            ("https://é.example", "in ASCII"),
            ("https://", "which is no origin"),
            ("null", "which any page can send"),
            ("/", "which has no scheme"),
        ],
    )
    def test_it_refuses_what_can_be_no_origin(self, setting: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            parse_origins(setting)


class TestLoopback:
    @pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "[::1]"])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_it_is_every_page_of_this_computer(self, scheme: str, host: str) -> None:
        for port in ("", ":1", ":5173"):
            assert parse_origins(LOOPBACK).allow(f"{scheme}://{host}{port}")

    @pytest.mark.parametrize("origin", ["http://192.168.0.2:5173", "http://localhost.example:5173", "ftp://localhost"])
    def test_it_is_no_other(self, origin: str) -> None:
        assert not parse_origins(LOOPBACK).allow(origin)
