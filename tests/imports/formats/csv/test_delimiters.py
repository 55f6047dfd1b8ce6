"""Hard files, cases 26 to 29, 45, 58 and 60 to 72: delimiter, quotes and escapes, and what becomes one column."""

import pytest

from app.imports.errors import DelimiterNotFound, FileMalformed
from tests.imports.conftest import Importer, types
from tests.imports.engine import Made, read_file


def lines(made: Made) -> list[int]:
    return [item["line"] for item in made.rejections]


class TestQuoting:
    CONTENT = 'ns\ttitle\n0\t!!\n0\t"Heroes"_song\n0\t"Open\n0\tplain\n0\tclosed"\n0\tlast\n'

    @pytest.mark.parametrize("delimiter", "\t;|,")
    def test_case_45_quotes_that_enclose_no_cell_are_text(self, delimiter: str) -> None:
        made = read_file(self.CONTENT.replace("\t", delimiter))
        assert [row["title"] for row in made.rows] == ["!!", '"Heroes"_song', '"Open', "plain", 'closed"', "last"]
        assert made.dialect.report()["quote"] == ""
        assert made.dialect.warnings == [
            'Quotes (") were read as text, as they enclose no cell. Give `quote` if they are to.'
        ]

    @pytest.mark.parametrize("delimiter", "\t;|,")
    def test_case_45_cells_over_several_lines_stay_whole(self, delimiter: str) -> None:
        content = 'id\ttext\n1\t"one\ntwo"\n2\tx\n3\t"a\n\nb\nc"\n4\tz\n'.replace("\t", delimiter)
        made = read_file(content)
        assert [row["text"] for row in made.rows] == ["one\ntwo", "x", "a\n\nb\nc", "z"]

    def test_case_45_one_cell_with_a_stray_quote_changes_no_dialect(self) -> None:
        made = read_file('id,t\n1,"x"y\n2,z\n3,w\n')
        assert lines(made) == [2]

    @pytest.mark.parametrize("delimiter", ";,\t|")
    def test_case_71_escapes_are_found_with_any_delimiter(self, delimiter: str) -> None:
        rows = [f'"{n}"|"beer {n}"|"part of the \\"Big {n}\\" series; good"' for n in range(1, 15)]
        made = read_file("\n".join(['"id"|"name"|"descr"', *rows]).replace("|", delimiter))
        assert made.dialect.grammar.escape == b"\\"
        assert len(made.rows) == 14
        assert made.rows[0]["descr"] == 'part of the "Big 1" series; good'

    def test_case_71_with_single_quotes(self) -> None:
        made = read_file("id|t\n1|'it\\'s'\n2|'x'\n3|'y'\n4|'z'\n")
        assert [row["t"] for row in made.rows] == ["it's", "x", "y", "z"]

    def test_case_71_of_unquoted_delimiters(self) -> None:
        made = read_file("id,t\n1,a\\,b\n2,c\\,d\n3,e\n")
        assert [row["t"] for row in made.rows] == ["a,b", "c,d", "e"]

    @pytest.mark.parametrize(
        "content", ['"x";"y";"z";"\n"1";"2";"3";"\n"4";"5";"6";"\n', '1;"a";"\n2;"b";"\n3;"c";"\n']
    )
    def test_case_72_no_record_that_is_well_formed(self, content: str) -> None:
        with pytest.raises(FileMalformed, match="Line 1 is malformed: a quoted field") as refused:
            read_file(content)
        assert "`lenient_quotes`" in str(refused.value.hint)

    async def test_case_72_is_refused_as_malformed_and_not_as_empty(self, importer: Importer) -> None:
        shown = await importer("d", '"x";"y";"z";"\n"1";"2";"3";"\n"4";"5";"6";"\n')
        assert shown["status"] == "failed"
        assert shown["problem"]["type"] == "/problems/file-malformed"
        assert "Line 1" in shown["problem"]["detail"]

    @pytest.mark.parametrize("header", ["", "id\tname\tn\tx\n"])
    def test_case_66_a_quote_that_never_closes_in_a_large_file(self, header: str) -> None:
        rows = "".join(f"{n}\ttitle {n} padded with words\t{n % 9}\tsome more text here\n" for n in range(2, 7000))
        made = read_file(f'{header}1\t"open title\t5\tx\n{rows}')
        assert made.dialect.grammar.delimiter == b"\t"
        assert (made.dialect.width, len(made.rows)) == (4, 6998)
        assert [(item["line"], item["code"]) for item in made.rejections] == [
            (2 if header else 1, "unterminated_quote")
        ]

    def test_a_long_cell_at_the_beginning_of_a_large_file(self) -> None:
        text = "one, two\n" * 40_000
        made = read_file(f'id,text\n1,"{text}"\n2,x\n')
        assert [len(row["text"]) for row in made.rows] == [len(text), 1]


class TestSpaces:
    @pytest.mark.parametrize("delimiter", ",;|")
    def test_case_61_a_space_behind_each_delimiter_and_quotes(self, delimiter: str) -> None:
        rows = [f'2024-02-0{n}, {n}, thing, "soft, warm, and {n} other things"' for n in range(1, 9)]
        made = read_file("\n".join(['day, qty, what, "note"', *rows]).replace(", ", f"{delimiter} "))
        assert made.dialect.grammar.delimiter == delimiter.encode()
        assert made.types == ["date", "integer", "text", "text"]
        assert made.rows[1]["note"] == "soft, warm, and 2 other things".replace(", ", f"{delimiter} ")

    def test_case_61_before_quotes_alone(self) -> None:
        made = read_file('day,qty,note\n2024-01-01,1, "a, b"\n2024-01-02,2, "c, d"\n2024-01-03,3,plain\n')
        assert [row["note"] for row in made.rows] == ["a, b", "c, d", "plain"]

    def test_case_67_as_delimiter(self) -> None:
        made = read_file("id name qty\n1 pen 5\n2 ink 6\n3 pad 7\n")
        assert made.dialect.grammar.delimiter == b" "
        assert made.rows[0] == {"id": 1, "name": "pen", "qty": 5}

    @pytest.mark.parametrize("content", ["1 2.5 3\n4 5.5 6\n7 8.5 9\n", "2024-01-01 5.5\n2024-01-02 6.5\n"])
    def test_case_67_between_values_without_a_header(self, content: str) -> None:
        dialect = read_file(content).dialect
        assert (dialect.grammar.delimiter, dialect.header_line) == (b" ", 0)

    @pytest.mark.parametrize(
        "content",
        [
            "id   name  qty\n1    pen   5\n2    ink   6\n",
            "id name qty\n1 red pen 5\n2 ink 6\n",
            "John Smith\nJane Doe\nMax Roe\n",
            "time\n2024-01-01 10:00:00\n2024-01-02 10:00:00\n",
            "2024-01-01 10:00:00\n2024-01-02 10:00:00\n",
        ],
    )
    def test_case_67_in_values_or_a_table_of_fixed_widths(self, content: str) -> None:
        dialect = read_file(content).dialect
        assert dialect.width == 1
        assert "also if that is a space" in dialect.warnings[0]

    def test_colons_where_all_lines_have_as_many(self) -> None:
        assert read_file("root:x:0:0:root\nbin:x:1:1:bin\nadm:x:3:4:adm\n").dialect.width == 5
        assert read_file("t\n12:30\n12:45\n").dialect.width == 1
        assert read_file("name: x\nage: 5\ncity: y\n").dialect.width == 1

    @pytest.mark.parametrize("delimiter", " :")
    @pytest.mark.parametrize("title", ["", "A report\n\n", "Figures are provisional; see the notes, page 3.\n"])
    def test_spaces_and_colons_with_quoted_cells(self, delimiter: str, title: str) -> None:
        rows = "".join(f'{n}|"Oak, Elm: Ash"|{n}.5|{n if n % 3 else ""}\n' for n in range(1, 9))
        made = read_file(f"{title}id|text|share|n\n{rows}".replace("|", delimiter))
        assert made.dialect.labels == ["id", "text", "share", "n"]
        assert [row["text"] for row in made.rows] == ["Oak, Elm: Ash"] * 8

    @pytest.mark.parametrize("delimiter", " :")
    def test_spaces_and_colons_above_a_footer(self, delimiter: str) -> None:
        content = (
            '"id"|"name"|"n"|"share"\n"1"|"a"|"5"|"0.5"\n"2"|"b"|"6"|"0.7"\n"3"|"c"|"7"|"0.9"\nSource, the office\n'
        )
        made = read_file(content.replace("|", delimiter))
        assert made.dialect.labels == ["id", "name", "n", "share"]
        assert (len(made.rows), lines(made)) == (3, [5])

    @pytest.mark.parametrize("delimiter", ["\x01", "\x1e", "\x1f"])
    def test_control_characters(self, delimiter: str) -> None:
        made = read_file("id|name|n\n1|Ana|5\n2|Lu,is|6\n".replace("|", delimiter))
        assert made.rows[1] == {"id": 2, "name": "Lu,is", "n": 6}


class TestOneColumn:
    def test_case_62_a_header_with_another_delimiter(self) -> None:
        rows = "".join(f"0{n}/02/2024,0{n}:00,{n},thing {n}\n" for n in range(1, 9))
        made = read_file(f"day time qty what\n{rows}")
        assert (made.dialect.width, len(made.rows)) == (4, 8)
        assert made.dialect.skipped == [1]
        assert made.dialect.warnings == ["Line 1 stands above the table and was skipped: 'day time qty what'."]

    def test_case_64_comments_between_the_records(self) -> None:
        made = read_file("# made by export\nid,name\n1,english\n# the second half\n2,dutch\n")
        assert [row["name"] for row in made.rows] == ["english", "dutch"]
        assert (made.dialect.skipped, lines(made)) == ([1], [4])

    @pytest.mark.parametrize("delimiter", ",;\t|")
    def test_case_65_records_of_any_width_are_refused(self, delimiter: str) -> None:
        content = "10,100,1000\n10,100,1000,10000\n10\n10,100\n10,100,1000,10000,100000\n"
        with pytest.raises(DelimiterNotFound) as refused:
            read_file(content.replace(",", delimiter))
        assert "`delimiter`" in str(refused.value.hint)

    async def test_case_65_the_delimiter_that_is_given_is_taken(self, importer: Importer) -> None:
        content = "10,100,1000\n10,100,1000,10000\n10\n10,100\n10,100,1000,10000,100000\n"
        shown = await importer("d", content)
        assert shown["problem"]["type"] == "/problems/delimiter-not-found"
        shown = await importer("d", content, options={"delimiter": "\x1f", "header": False})
        assert list(types(shown)) == ["column_1"]
        assert shown["result"]["added"] == 5

    def test_case_70_text_with_rivals_below_a_header_without(self) -> None:
        rows = [f"HC{n:02},Total; Estimate; Group {n}" for n in range(1, 20)]
        made = read_file("\n".join(["code,label", "GEO.id,Id", "GEO.name,Geography", *rows]))
        assert made.dialect.grammar.delimiter == b","
        assert (made.dialect.header_line, len(made.rows)) == (1, 21)

    @pytest.mark.parametrize(
        "content",
        [
            "name\nSmith, John\nDoe, Jane\nRoe, Max\n",
            "x\n1,5\n2,5\n3,5\n",
            "url\nhttp://a.b/c?x=1,2\nhttp://a.b/d\nhttp://e.f/?q=1;2\n",
            "ip\nfe80:0:0:0:1:2:3:4\nfe80:0:0:0:1:2:3:5\n",
            "n\n5\n6\n",
        ],
    )
    def test_a_file_of_one_says_so(self, content: str) -> None:
        dialect = read_file(content).dialect
        assert dialect.width == 1
        assert dialect.warnings[0].startswith("The file was read as one column: no delimiter splits its lines alike.")

    @pytest.mark.parametrize(
        ("content", "delimiter", "width"),
        [
            ("x;1,5\ny;2,5\nz;3,5\n", ";", 2),
            ("1,5;2,5;3,5\n1,7;2,5;3,5\n", ";", 3),
            ("Name;Preis\nBrot;1,50\nMilch;0,99\nKäse, jung;2,00\n", ";", 2),
            ("a\tb\n1,234\t5\n2,345\t6\n", "\t", 2),
            ('"a;b","c"\n"1;2","3"\n"1;2","4"\n', ",", 2),
            ("id,comment\n1,hello there\n2,well; yes; no\n3,ok; fine; sure\n4,a; b; c\n", ",", 2),
            ("a\tb\tc\td\nx\ty\nx\nx\ty\tz\nx\ty\tz\tw\n", "\t", 4),
        ],
    )
    def test_rivals_inside_the_values(self, content: str, delimiter: str, width: int) -> None:
        dialect = read_file(content).dialect
        assert (dialect.grammar.delimiter, dialect.width) == (delimiter.encode(), width)


class TestDelimiter:
    async def test_case_26_a_first_line_that_declares_it(self, importer: Importer) -> None:
        shown = await importer("d", "sep=;\nn;b,c\n1;2\n2;#4\n")
        assert shown["dialect"]["delimiter"] == ";"
        assert shown["dialect"]["skipped_lines"] == [1]
        assert await importer.records("d") == [{"n": 1, "b_c": "2"}, {"n": 2, "b_c": "#4"}]

    def test_case_26_lines_that_begin_with_a_hash_are_data(self) -> None:
        made = read_file("#name,n\nx,1\n#y,2\n")
        assert made.dialect.labels == ["#name", "n"]
        assert made.rows == [{"name": "x", "n": 1}, {"name": "#y", "n": 2}]

    async def test_case_27_semicolons_and_decimal_commas(self, importer: Importer) -> None:
        shown = await importer("d", "id;price;share\n1;1.234,56;0,5\n2;12,00;-3,25\n")
        assert types(shown) == {"id": "integer", "price": "decimal", "share": "decimal"}
        assert shown["dialect"]["decimal_separator"] == ","
        assert shown["dialect"]["thousands_separator"] == "."
        assert [record["price"] for record in await importer.records("d")] == ["1234.56", "12.00"]

    def test_case_28_rivals_inside_the_values(self) -> None:
        made = read_file("id,tags,note\n1,a|b|c|d,x\n2,e|f|g|h,y\n3,i|j|k|l,z\n")
        assert made.dialect.labels == ["id", "tags", "note"]
        made = read_file("id|tags|note\n1|a,b,c,d|x\n2|e,f,g,h|y\n3|i,j,k,l|z\n")
        assert made.dialect.labels == ["id", "tags", "note"]

    def test_case_28_documents_inside_the_cells(self) -> None:
        content = 'id,data\n1,"{""a"": [1, 2], ""b"": 3}"\n2,"{""a"": [], ""b"": 4}"\n'
        assert read_file(content).rows[0] == {"id": 1, "data": '{"a": [1, 2], "b": 3}'}
        content = 'id;data\n1;{"a": [1, 2], "b": 3}\n2;{"a": [], "b": 4}\n'
        assert read_file(content).rows[0] == {"id": 1, "data": '{"a": [1, 2], "b": 3}'}

    async def test_case_28_a_space_behind_each_comma(self, importer: Importer) -> None:
        shown = await importer("d", 'id, name, n\n1, "a, ""b""", 2\n2, c, 3\n')
        assert types(shown) == {"id": "integer", "name": "text", "n": "integer"}
        assert [record["name"] for record in await importer.records("d")] == ['a, "b"', "c"]

    async def test_case_29_one_column_whose_values_hold_delimiters(self, importer: Importer) -> None:
        texts = ["a;b", "c; d, e", "plain", "f,g", "h", "i|j"]
        for name, header in (("note", True), ("column_1", False)):
            shown = await importer(f"{name}s", "\n".join(["note", *texts]), options={"header": header})
            assert list(types(shown)) == [name]
            values = [record[name] for record in await importer.records(f"{name}s")]
            assert sorted(values) == sorted(texts if header else ["note", *texts])
