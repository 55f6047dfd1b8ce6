import re
from base64 import b64encode
from hashlib import sha256

from starlette.requests import Request

from app.core.pages.page import Page, style, wants_html

PAGE = "<html><style>p {}</style><script>one()</script><script>two()</script><script src='x'></script></html>"


def _request(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": pairs})


class TestPage:
    def test_its_policy_allows_its_own_scripts_and_styles_alone(self) -> None:
        policy = Page(PAGE).answer(_request()).headers["content-security-policy"]
        allowed = set(re.findall(r"'sha256-([^']+)'", policy))
        assert allowed == {b64encode(sha256(text).digest()).decode() for text in (b"p {}", b"one()", b"two()")}
        assert policy.startswith("default-src 'none'; ")

    def test_one_that_the_browser_knows_is_not_sent_again(self) -> None:
        page = Page(PAGE)
        sent = page.answer(_request())
        again = page.answer(_request(if_none_match=f'"x", {sent.headers["etag"]}'))
        assert (sent.status_code, bytes(sent.body)) == (200, PAGE.encode())
        assert (again.status_code, bytes(again.body)) == (304, b"")

    def test_another_text_has_another_tag(self) -> None:
        assert Page("a").answer(_request()).headers["etag"] != Page("b").answer(_request()).headers["etag"]


class TestWantsHtml:
    def test_browsers_name_it(self) -> None:
        assert wants_html(_request(accept="text/html,application/xhtml+xml,*/*;q=0.8"))
        assert not wants_html(_request(accept="*/*"))
        assert not wants_html(_request())


class TestStyle:
    def test_it_loads_nothing(self) -> None:
        assert "url(" not in style()
        assert "@import" not in style()
