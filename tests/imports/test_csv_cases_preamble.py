"""Hard files, cases 47 to 60, 63, 68 and 69: what stands above a table, and which rows name its columns."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.errors import HeaderMalformed
from tests.imports.conftest import Importer, types
from tests.imports.engine import Made, read_file

RECORDS = "Acorn Ltd,2024-07-01,12.50,7\nBirch Co,2024-07-02,99.00,8\nCedar plc,2024-07-09,3.25,9\n"
DELIMITERS = pytest.mark.parametrize("delimiter", ",;\t|")


def beginning(made: Made) -> tuple[int, list[int], int]:
    return made.dialect.header_line, made.dialect.skipped, len(made.rows)


class TestTitles:
    @DELIMITERS
    def test_case_47_padded_with_empty_cells(self, delimiter: str) -> None:
        content = "Spend report July,,,\n,,,\nSupplier,Paid on,Amount,Ref\n" + RECORDS
        made = read_file(content.replace(",", delimiter))
        assert beginning(made) == (3, [1, 2], 3)
        assert made.types == ["text", "date", "decimal", "integer"]

    @DELIMITERS
    def test_case_48_are_not_joined_into_the_names(self, delimiter: str) -> None:
        made = read_file(("Meetings,,,\nMinister,Date,Guest,Count\n" + RECORDS).replace(",", delimiter))
        assert beginning(made) == (2, [1], 3)
        assert made.dialect.labels == ["Minister", "Date", "Guest", "Count"]

    @pytest.mark.parametrize(
        "title",
        [
            '"Spend, July",,,',
            "Report,July 2024,,",
            "Station,12,,\nHeight,340,,",
            "Spend, by month, in GBP, all",
            "Table 1: spend\n\nSource, and notes",
        ],
    )
    def test_of_other_kinds(self, title: str) -> None:
        made = read_file(f"{title}\nSupplier,Paid on,Amount,Ref\n{RECORDS}")
        assert made.dialect.labels == ["Supplier", "Paid on", "Amount", "Ref"]
        assert len(made.rows) == 3

    def test_spaces_behind_the_delimiters_of_a_header_make_it_none(self) -> None:
        assert beginning(read_file("id, name, n\n1,a,2\n2,b,3\n")) == (1, [], 2)

    def test_records_with_few_cells_are_none(self) -> None:
        rows = "".join(f"{n},,,\n" if n % 4 else f"{n},5,6,x\n" for n in range(1, 20))
        assert beginning(read_file(rows)) == (0, [], 19)
        assert beginning(read_file("1,,,\n2,,,\n3,4,5,6\n4,5,6,7\n5,6,7,8\n6,7,8,9\n")) == (0, [], 6)
        assert beginning(read_file("id,a,b,c\n" + rows)) == (1, [], 19)

    def test_above_columns_of_text(self) -> None:
        made = read_file("Staff;;\nname;city;land\nAnn;Rome;Italy\nBob;Oslo;Norway\n")
        assert beginning(made) == (2, [1], 2)

    def test_a_header_with_names_for_half_of_the_columns_is_none(self) -> None:
        made = read_file("id,name,,\n1,a,5,6\n2,b,7,8\n")
        assert beginning(made) == (1, [], 2)

    def test_a_second_table_takes_nothing_from_the_first(self) -> None:
        made = read_file("a,b,c\n1,2,3\n4,5,6\n7,8,9\n\nx,y\nfoo,1\nbar,2\nbaz,3\nqux,4\nquux,5\n")
        assert beginning(made) == (1, [], 3)
        assert [item["line"] for item in made.rejections] == [6, 7, 8, 9, 10, 11]


class TestPreamble:
    @DELIMITERS
    def test_case_57_above_names_that_are_years(self, delimiter: str) -> None:
        content = "Visitors by region\n\nRegion,2019,2020,2021\nNorth,5,6,7\nSouth,8,9,10\nWest,1,2,3\n"
        made = read_file(content.replace(",", delimiter))
        assert beginning(made) == (3, [1, 2], 3)
        assert made.dialect.labels == ["Region", "2019", "2020", "2021"]

    @DELIMITERS
    def test_case_58_above_columns_of_text(self, delimiter: str) -> None:
        made = read_file("Staff list\n\nname,city\nAnn,Rome\nBob,Oslo\nCyd,Bern\n".replace(",", delimiter))
        assert beginning(made) == (3, [1, 2], 3)

    @DELIMITERS
    def test_case_59_of_keys_and_values(self, delimiter: str) -> None:
        content = "Station,12\nHeight,340\n\ndate,temp,rain\n2024-01-01,3.5,0\n2024-01-02,4.5,1\n2024-01-03,5.0,2\n"
        made = read_file(content.replace(",", delimiter))
        assert beginning(made) == (4, [1, 2, 3], 3)
        assert made.dialect.warnings == [
            "Lines 1 to 2 stand above the table and were skipped, the last one 'Height, 340'."
        ]

    @pytest.mark.parametrize("gap", ["\n", ""])
    def test_case_59_as_wide_as_the_table(self, gap: str) -> None:
        rows = "2024-01-01,3.5\n2024-01-02,4.5\n2024-01-03,5.5\n"
        assert read_file(f"Station,12\nHeight,340\n{gap}date,temp\n{rows}").dialect.labels == ["date", "temp"]
        assert read_file(f"Author,Bob\nTitle,Foo\nPlace,Rome\n{gap}date,temp\n{rows}").dialect.labels == [
            "date",
            "temp",
        ]

    def test_case_68_notes_above_records_without_a_header(self) -> None:
        content = (
            "some text\ndescription\n\nxyz\nlorem ipsum\n\n\n"
            'Ann,Lane,12 Oak St.,Town, NJ, 08075\nBob,Reed,"7 ""Plaza"" road",Town,SD, 91234\n'
            "Cyd,Moss,9 Elm St.,City, CO, 00123\n"
        )
        made = read_file(content)
        assert beginning(made) == (0, [1, 2, 3, 4, 5, 6, 7], 3)
        assert made.dialect.width == 6

    @DELIMITERS
    def test_case_69_of_more_cells_than_the_table(self, delimiter: str) -> None:
        rows = "".join(f"{4000 - n}.00,0.{n:04}\n" for n in range(1, 40))
        content = f"Created as new,Sample 7 by analyst,January 2016\ncm-1,A\n{rows}"
        assert beginning(read_file(content.replace(",", delimiter))) == (2, [1], 39)

    @pytest.mark.parametrize("mark", ["#", "%", "//", ";"])
    def test_case_52_of_comments(self, mark: str) -> None:
        made = read_file(f"{mark} made 2024, by us, for you\n{mark} second\nid,name,qty\n1,a,5\n2,b,6\n")
        assert beginning(made) == (3, [1, 2], 2)
        assert made.dialect.warnings == [
            f"Line 1 stands above the table and was skipped: '{mark} made 2024, by us, for you'."
        ]

    def test_case_52_a_comment_may_be_the_header(self) -> None:
        assert read_file("# a comment\n# id,name,qty\n1,a,5\n2,b,6\n").dialect.labels == ["# id", "name", "qty"]

    def test_one_row_of_counts(self) -> None:
        made = read_file('10,2\n"id","z"\n1,2.24\n2,3.5\n3,4.5\n')
        assert beginning(made) == (2, [1], 3)

    @given(
        st.lists(st.text(alphabet="abc xyz:.", min_size=1, max_size=20).filter(str.strip), max_size=8),
        st.sampled_from(",;\t|"),
        st.integers(3, 6),
        st.integers(3, 12),
    )
    def test_of_any_lines_is_skipped(self, notes: list[str], delimiter: str, width: int, count: int) -> None:
        table = [[f"name {place}" for place in range(width)]]
        table += [[str(row * 7 % 11 + place * row) for place in range(width)] for row in range(1, count)]
        content = "\n".join([*notes, *(delimiter.join(row) for row in table)])
        made = read_file(content)
        assert beginning(made) == (len(notes) + 1, list(range(1, len(notes) + 1)), count - 1)


class TestNames:
    @DELIMITERS
    def test_case_49_missing_values_vote_for_nothing(self, delimiter: str) -> None:
        content = "1,N/A,2024-01-01\n2,3.5,2024-01-02\n3,4.5,2024-01-03\n4,5.5,2024-01-04\n".replace(",", delimiter)
        assert beginning(read_file(content)) == (0, [], 4)
        for missing in ("-", "**", "", "NULL", "<5", "suppressed", "#N/A"):
            assert beginning(read_file(content.replace("N/A", missing))) == (0, [], 4)

    @pytest.mark.parametrize("word", ["suppressed", "**", "<5", "..", "(D)", "geheim", "-"])
    def test_case_50_placeholders_are_no_second_header(self, word: str) -> None:
        rows = "NY,Albany,120,4.5\nNJ,Newark,130,5.5\nPA,Erie,90,4.25\n"
        made = read_file(f"state,area,emp,wage\nOH,Springfield,{word},{word}\n{rows}")
        assert beginning(made) == (1, [], 4)
        assert made.dialect.labels == ["state", "area", "emp", "wage"]

    @pytest.mark.parametrize(
        "header",
        ['"id,"name",qty', 'id,"name"x,qty', 'id,"name,qty', 'id,name,"qty'],
    )
    def test_case_51_a_malformed_header_is_refused(self, header: str) -> None:
        for title in ("", "Report\n"):
            with pytest.raises(HeaderMalformed, match=f"Line {2 if title else 1} is malformed"):
                read_file(f"{title}{header}\n1,pen,5\n2,ink,6\n3,pad,7\n")

    async def test_case_51_unless_its_quotes_are_text_or_it_is_a_record(self, importer: Importer) -> None:
        content = '"id,"name",qty\n1,pen,5\n2,ink,6\n3,pad,7\n'
        shown = await importer("d", content)
        assert shown["problem"]["type"] == "/problems/header-malformed"
        assert "`quote`" in shown["problem"]["hint"]
        shown = await importer("e", content, options={"quote": ""})
        assert list(types(shown)) == ["id", "name", "qty"]
        shown = await importer("d", content, options={"header": False}, on_reject="skip")
        assert [item["line"] for item in shown["rejections"]] == [1]
        assert shown["result"]["added"] == 3

    def test_case_51_above_text_with_any_delimiter(self) -> None:
        with pytest.raises(HeaderMalformed):
            read_file('"id;"name";city\nx;pen;Oslo\ny;ink;Rome\n')

    def test_case_51_a_malformed_record_is_none(self) -> None:
        made = read_file('1,"x"y,2024-01-01\n2,z,2024-01-02\n3,w,2024-01-03\n')
        assert beginning(made) == (0, [], 2)
        assert [item["line"] for item in made.rejections] == [1]

    @pytest.mark.parametrize(
        ("header", "rows"),
        [
            ("day,qty,code,note [x],more?", "mon,five,a1\ntue,six,b2\nwed,nine,c3\n"),
            ("day,,qty,code", "2024-01-01,5,a1\n2024-01-02,6,b2\n2024-01-03,7,c3\n"),
            ("day,qty,code,x,y", "2024-01-01,5,6.5\n2024-01-02,6,7.5\n2024-01-03,6,7.5\n"),
            ("day,qty", "2024-01-01,5,6.5\n2024-01-02,6,7.5\n2024-01-03,6,7.5\n"),
            ("DATE,,TIME,Qty", "2024-01-01,12:00,5\n2024-01-02,12:00,5\n2024-01-03,12:00,5\n"),
        ],
    )
    @DELIMITERS
    def test_cases_53_and_60_of_another_number_than_the_rows(self, header: str, rows: str, delimiter: str) -> None:
        made = read_file(f"{header}\n{rows}".replace(",", delimiter))
        assert beginning(made) == (1, [], 0)
        assert made.dialect.labels == header.split(",")
        assert [item["line"] for item in made.rejections] == [2, 3, 4]

    def test_case_63_of_more_than_most_rows(self) -> None:
        made = read_file("type,name,answer\nadd,red,x\nadd,blue\nadd,green\nadd,pink\ndel,gold\n")
        assert beginning(made) == (1, [], 1)
        assert [item["line"] for item in made.rejections] == [3, 4, 5, 6]

    async def test_case_54_in_four_rows(self, importer: Importer) -> None:
        rows = "".join(f"2018-12-06T00:0{n}:26Z,-1,21.8{n}\n" for n in range(3))
        content = f"TIME,BATT,TEMP\nISO 8601,%,C\nTime,Battery,Temperature\n,10,55\n{rows}"
        shown = await importer("d", content)
        assert types(shown) == {"time_iso_8601": "datetime", "batt": "integer", "temp_c": "decimal"}
        assert shown["dialect"]["skipped_lines"] == [3, 4]
        assert shown["warnings"][0] == (
            "The header has 4 rows: line 1 and line 2; their names are joined. "
            "Left out: line 3, 'Time, Battery, Temperature'; line 4, '10, 55'."
        )

    @pytest.mark.parametrize(
        ("header", "labels"),
        [
            ("time,temp,rain\ns,C,mm", ["time - s", "temp - C", "rain - mm"]),
            (",Wet,Dry\nday,2019,2020", ["day", "Wet - 2019", "Dry - 2020"]),
            ("day,2019,\n,Male,Female", ["day", "2019 - Male", "2019 - Female"]),
            ("day,temp,rain\n,C,", ["day", "temp - C", "rain"]),
        ],
    )
    def test_in_two_rows(self, header: str, labels: list[str]) -> None:
        made = read_file(f"{header}\n1,2.5,3\n2,2.6,3\n3,2.7,4\n4,2.7,5\n")
        assert made.dialect.labels == labels
        assert len(made.rows) == 4

    @pytest.mark.parametrize("content", ["1,2024-01-01,5.5\n", "1\t2024-01-01\t5.5", "1;x;2024-01-01\n", "x,5\n"])
    def test_case_55_a_record_alone_names_nothing(self, content: str) -> None:
        assert beginning(read_file(content)) == (0, [], 1)

    @pytest.mark.parametrize("content", ["id,name,qty\n", "region;2019;2020", "team,0,1,2,3\n"])
    def test_case_55_names_alone_are_a_header(self, content: str) -> None:
        assert beginning(read_file(content)) == (1, [], 0)

    @pytest.mark.parametrize(
        "header",
        [
            "team,0,1,2,3",
            ",0,1,2,3",
            "team,10,20,30,40",
            "team,2019,2020,2021,2022",
            "team,Jan 2020,Feb 2020,Mar 2020,Apr 2020",
            "team,0-4,5-9,10-14,85+",
            '"team","16.5","16.75","17","18"',
        ],
    )
    @DELIMITERS
    def test_case_56_numbers_and_times_may_be_names(self, header: str, delimiter: str) -> None:
        content = f"{header}\nHawks,0.51,0.49,0.50,0.48\nBulls,0.61,0.59,0.52,0.55\nHeat,0.41,0.39,0.45,0.44\n"
        made = read_file(content.replace(",", delimiter))
        assert beginning(made) == (1, [], 3)
        assert made.types == ["text", "decimal", "decimal", "decimal", "decimal"]

    @pytest.mark.parametrize("content", ["1,2,3\n4,5,6\n7,8,10\n", "2019,5\n2020,6\n2021,7\n", "1,2,3\n5,1,9\n2,2,2\n"])
    def test_case_56_numbers_above_such_as_they_are_none(self, content: str) -> None:
        assert beginning(read_file(content)) == (0, [], 3)

    @pytest.mark.parametrize("first", ["12024-01-01,x,0.5", "1,,2024-01-01,x,0.5", "1,2024-01-01x,0.5"])
    def test_a_first_record_of_another_width_is_rejected(self, first: str) -> None:
        made = read_file(f"{first}\n2,2024-01-02,y,1.5\n3,2024-01-03,z,2.5\n4,2024-01-04,w,3.5\n")
        assert beginning(made) == (0, [], 3)
        assert [item["line"] for item in made.rejections] == [1]

    def test_words_that_are_found_again_below_are_a_record(self) -> None:
        made = read_file("Ann,Rome,x\nBob,Oslo,x\nCy,Rome,x\n")
        assert beginning(made) == (0, [], 3)
        assert made.dialect.warnings == [
            "Line 1 was taken as a record: 'Ann, Rome, x'. Say header=true if it names the columns."
        ]

    def test_one_name_beside_words_that_are_found_again_is_in_doubt(self) -> None:
        made = read_file("Ann,geheim,Rome\nBob,5,Rome\nCy,6,Oslo\nDi,7,Ann\nEd,8,Rome\nAnn,9,Bonn\n")
        assert made.dialect.warnings == [
            "Line 1 was taken as the header: 'Ann, geheim, Rome'. Pass header=false if it is data."
        ]

    def test_a_delimiter_too_many_makes_no_column(self) -> None:
        for header, rows in (("a,b,", "1,2,\n3,4,\n"), ("a,b,,", "1,2,,\n3,4,,\n"), ("a,b,", "1,2\n3,4\n")):
            made = read_file(f"{header}\n{rows}")
            assert [column.name for column in made.columns] == ["a", "b"]
            assert [(row["a"], row["b"]) for row in made.rows] == [(1, 2), (3, 4)]

    @given(st.lists(st.integers(0, 99), min_size=2, max_size=5, unique=True).filter(lambda row: len(set(row)) > 1))
    def test_records_of_numbers_lose_none(self, first: list[int]) -> None:
        rows = [first, *([value * 3 % 101 for value in first] for _ in range(2)), first[::-1]]
        if all(later - former == 1 for former, later in pairwise(first)):
            return
        made = read_file("\n".join(",".join(map(str, row)) for row in rows))
        assert beginning(made) == (0, [], 4)
