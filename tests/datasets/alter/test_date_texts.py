import asyncpg
import pytest

from tests.datasets.conversion import Expected, column, read_all

pytestmark = pytest.mark.usefixtures("database_url")


class TestReadDate:
    @pytest.mark.parametrize(
        ("date_format", "values"),
        [
            (
                "DD/MM/YY",
                {"31/12/69": "1969-12-31", "31/12/68": "2068-12-31", "1/2/00": "2000-02-01", "1/2/2000": None},
            ),
            ("DD/MM/YY", {"29/02/99": None, "29/02/96": "1996-02-29", " 1/1/07 ": "2007-01-01", "1/1/7": None}),
            ("YY-MM-DD", {"99-12-31": "1999-12-31", "1999-12-31": None}),
            ("DD-MON-YY", {"31-DEC-69": "1969-12-31", "1-Jan-68": "2068-01-01", "31-JUN-01": None}),
            ("YYYYMMDD", {"20240513": "2024-05-13", "2024513": None, "20240230": None, "2024-05-13": None}),
            ("DDMMYY", {"130524": "2024-05-13", "13524": None}),
            ("YYMMDD", {"690513": "1969-05-13", "20240513": None}),
        ],
    )
    async def test_dates_of_short_formats(
        self, connections: asyncpg.Connection, date_format: str, values: Expected
    ) -> None:
        assert await read_all(connections, column("date", date_format=date_format), values) == values

    async def test_times_as_other_programs_write_them(self, connections: asyncpg.Connection) -> None:
        texts = {
            "2024-05-13T10:00:00.1234560": "2024-05-13T10:00:00.123456Z",
            "2024-05-13 10:00:00.1234567": None,
            "2024-05-13 10:00:00 UTC": "2024-05-13T10:00:00.000000Z",
            "2024-05-13 10:00:00,5 +02": "2024-05-13T08:00:00.500000Z",
            "2024-05-13 1:00 p.m.": "2024-05-13T13:00:00.000000Z",
            "2024-05-13 12:30 AM": "2024-05-13T00:30:00.000000Z",
            "2024-05-13 12:30PM-0530": "2024-05-13T18:00:00.000000Z",
            "2024-05-13 0:30 AM": None,
            "2024-05-13 24:00:00": None,
        }
        assert await read_all(connections, column("datetime"), texts) == texts
        texts = {"31/12/69 5:30 pm": "1969-12-31T17:30:00.000000Z", "31/12/1969": None}
        assert await read_all(connections, column("datetime", date_format="DD/MM/YY"), texts) == texts

    async def test_a_date_as_json_has_it_is_one_in_any_format_that_begins_with_no_year(
        self, connections: asyncpg.Connection
    ) -> None:
        texts = {"31/12/1999": "1999-12-31", "1999-12-31": "1999-12-31", "31/12-1999": None, "0000-01-01": None}
        assert await read_all(connections, column("date", date_format="DD/MM/YYYY"), texts) == texts

    async def test_months_have_their_english_names(self, connections: asyncpg.Connection) -> None:
        texts = {"9 Sep. 1969": "1969-09-09", "9 september 1969": "1969-09-09", "9 Sept 1969": None}
        assert await read_all(connections, column("date", date_format="DD MON YYYY"), texts) == texts
