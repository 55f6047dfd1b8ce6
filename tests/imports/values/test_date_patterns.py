import re

import pytest

from app.columns.date_formats import is_date_format
from app.imports.values.date_patterns import KNOWN_FORMATS, SHORT_FORMATS, Pattern


class TestPattern:
    @pytest.mark.parametrize(
        ("written", "text", "fits"),
        [
            ("DD/MM/YYYY", "1/2/2024", True),
            ("DD/MM/YYYY", "01/02/24", False),
            ("YYYY-MM-DD", "2024-1-2", False),
            ("YYYYMMDD", "20240102", True),
            ("DD.MM.YY", "31.12.24", True),
            ("DD.MM.YY", "31x12x24", False),
            ("MON DD, YYYY", "Sept. 5, 2024", True),
            ("DD MON YYYY", "5 September 2024", True),
        ],
    )
    def test_of_dates(self, written: str, text: str, fits: bool) -> None:
        assert (re.search(Pattern(written).date_regex, text) is not None) is fits

    @pytest.mark.parametrize(
        ("text", "fits"),
        [
            ("2024-01-02", True),
            ("2024-01-02T10:00", True),
            ("2024-01-02 9:05:07.123456000 PM", True),
            ("2024-01-02T10:00:00+02", True),
            ("2024-01-02T10:00:00 UTC", True),
            ("2024-01-02T10", False),
            ("2024-01-02T10:00:00.1234567", False),
            ("2024-01-02T10:00+25:00", False),
        ],
    )
    def test_of_times(self, text: str, fits: bool) -> None:
        assert (re.search(Pattern("YYYY-MM-DD").datetime_regex, text) is not None) is fits

    def test_what_is_tried_is_a_format(self) -> None:
        assert all(map(is_date_format, (*KNOWN_FORMATS, *SHORT_FORMATS)))
