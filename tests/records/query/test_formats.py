import pytest

from app.records.errors import FormatNotAvailable
from app.records.query.formats import accepted_form


class TestAcceptedForm:
    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            (None, "page"),
            ("*/*", "page"),
            ("application/json", "page"),
            ("application/*", "page"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "page"),
            ("text/csv", "csv"),
            ("text/*", "csv"),
            ("TEXT/CSV; charset=utf-8", "csv"),
            ("application/x-ndjson, application/json", "ndjson"),
            ("application/json;q=0.5, text/csv;q=0.9", "csv"),
            ("text/csv;q=0, application/json", "page"),
            ("text/csv;q=x, application/json;q=0.1", "page"),
        ],
    )
    def test_what_is_preferred_is_chosen(self, accept: str | None, form: str) -> None:
        assert accepted_form(accept) == form

    @pytest.mark.parametrize("accept", ["application/xml", "text/cvs", "", ",;,", "text/csv;q=0", "x" * 100_000])
    def test_others_are_refused(self, accept: str) -> None:
        with pytest.raises(FormatNotAvailable):
            accepted_form(accept)

    def test_a_near_one_is_proposed(self) -> None:
        with pytest.raises(FormatNotAvailable, match=r"Did you mean 'text/csv'\?"):
            accepted_form("text/cvs")
