from typing import Any

import pytest
from pydantic import ValidationError

from app.datasets.import_options import ENCODINGS, ImportOptions


class TestImportOptions:
    @pytest.mark.parametrize(
        "members",
        [
            {"delimiter": "\t"},
            {"quote": ""},
            {"encoding": "UTF8"},
            {"encoding": "latin-1"},
            {"header": 3.0},
            {"header": False},
            {"date_format": {"Due on": "DD MON YY"}},
            {"timezone": "Europe/Madrid"},
            {"units": ["$", "US $"]},
        ],
    )
    def test_what_says_how_a_file_is_written(self, members: dict[str, Any]) -> None:
        ImportOptions.model_validate(members)

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"delimiter": "é"}, "must be one ASCII character"),
            ({"delimiter": "\n"}, "must be one ASCII character"),
            ({"delimiter": ",,"}, "at most 1 character"),
            ({"encoding": "punycode"}, "is no encoding of text"),
            ({"encoding": "utf-7"}, "is no encoding of text"),
            ({"encoding": "\0"}, "is no encoding of text"),
            ({"header": 0}, "line number from 1"),
            ({"header": "yes"}, "header"),
            ({"header": 2**70}, "at most"),
            ({"date_format": {"a": "D/M/Y"}}, "is no date format"),
            ({"timezone": "Mars"}, "is no time zone"),
            ({"units": ["5"]}, "is no unit"),
            ({"separator": ","}, "Extra inputs"),
        ],
    )
    def test_what_does_not_is_refused(self, members: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            ImportOptions.model_validate(members)

    def test_every_encoding_writes_ascii_digits_and_back(self) -> None:
        assert [name for name in ENCODINGS if "0123".encode(name).decode(name) != "0123"] == []


class TestChangedBy:
    KNOWN = ImportOptions.model_validate({"delimiter": ";", "nulls": ["NA"]})

    def test_what_is_said_goes_before_what_was(self) -> None:
        changed = self.KNOWN.changed_by(ImportOptions.model_validate({"delimiter": "|"}))
        assert changed.given == {"delimiter": "|", "nulls": ["NA"]}

    def test_null_leaves_a_member_to_be_detected(self) -> None:
        changed = self.KNOWN.changed_by(ImportOptions.model_validate({"delimiter": None}))
        assert (changed.delimiter, changed.given) == (None, {"nulls": ["NA"]})
