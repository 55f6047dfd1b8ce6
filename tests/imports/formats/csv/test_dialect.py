"""The format of a file, detected from its first part."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.import_options import ImportOptions
from app.imports.errors import ImportFailed
from app.imports.formats.csv.dialect import Dialect, detect_dialect
from tests.imports.engine import read_file

WORDS = st.text(alphabet="abc xyz", min_size=1, max_size=6).map(str.strip).filter(bool)


def detect(content: str, **options: object) -> Dialect:
    return detect_dialect(content.encode(), ImportOptions.model_validate(options), final=True)


class TestDelimiter:
    @given(
        st.sampled_from(",;\t|^~"),
        st.lists(st.tuples(WORDS, st.integers(0, 999), st.dates()), min_size=2, max_size=12),
        st.booleans(),
    )
    def test_of_a_table_with_types(self, delimiter: str, rows: list[tuple[str, int, object]], quoted: bool) -> None:
        target = io.StringIO()
        writer = csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL)
        writer.writerows([("name", "amount", "day"), *rows])
        dialect = detect(target.getvalue())
        assert dialect.grammar.delimiter == delimiter.encode()
        assert dialect.labels == ["name", "amount", "day"]

    @pytest.mark.parametrize(
        ("content", "delimiter"),
        [
            ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
            ("a\tb\n1,2\t3\n4,5\t6\n", "\t"),
            ("when,text\n2024-01-01 10:00,a: b; c\n2024-01-02 11:00,d: e; f\n", ","),
            ("a|b|c\n1|x,y|2\n2|x,y|3\n", "|"),
        ],
    )
    def test_among_rivals(self, content: str, delimiter: str) -> None:
        assert detect(content).grammar.delimiter == delimiter.encode()

    @pytest.mark.parametrize(
        ("content", "labels"),
        [
            ("id,name\n1,a\n2\n3,c,d\n", ["id", "name"]),
            ("id,name\n" + "1\n2\n3\n4\n" * 3, ["id", "name"]),
            ("name,tags\nfoo,a,b,c\nbar,a\nbaz,x,y\n", ["name", "tags"]),
            ("id;First name;Größe (cm)\n1;a\n2;b;3;4\n3\n", ["id", "First name", "Größe (cm)"]),
        ],
    )
    def test_of_rows_that_do_not_fit_their_header(self, content: str, labels: list[str]) -> None:
        assert detect(content).labels == labels

    @pytest.mark.parametrize(
        "content",
        [
            "note\na,b\nc\nd,e,f\n",
            "Hello, world\nfoo\nbar, baz, qux\nquux\n",
            "beech,oak\nelm\nash\npine,fir\nyew\nlime\n",
            "a note,a note\n1\n2\n3,4,5\n",
            "12,5\n13\n14,5,6\n15\n",
        ],
    )
    def test_of_texts_that_hold_delimiters_now_and_then(self, content: str) -> None:
        assert detect(content).width == 1

    def test_the_option_decides(self) -> None:
        assert detect("a;b,c\n1;2,3\n", delimiter=",").labels == ["a;b", "c"]


class TestQuotes:
    def test_single_ones(self) -> None:
        made = read_file("id,t,u\n1,'a,b','c'\n2,'d','it''s'\n")
        assert made.rows == [{"id": 1, "t": "a,b", "u": "c"}, {"id": 2, "t": "d", "u": "it's"}]

    def test_none_by_option(self) -> None:
        assert read_file('id,t\n1,"a"\n2,"b\n', quote="").rows == [{"id": 1, "t": '"a"'}, {"id": 2, "t": '"b'}]

    def test_a_backslash_that_escapes_nothing_is_text(self) -> None:
        assert read_file('id,path\n1,"C:\\dir\\"\n2,"D:\\x"\n').rows[0] == {"id": 1, "path": "C:\\dir\\"}


class TestSamples:
    def test_a_sample_that_ends_inside_a_record(self) -> None:
        content = b'id,name,n\n1,"a,b",2\n2,"c,d",3\n3,"e,'
        dialect = detect_dialect(content, ImportOptions.model_validate({}), final=False)
        assert dialect.labels == ["id", "name", "n"]
        assert dialect.grammar.delimiter == b","

    def test_one_without_a_whole_record(self) -> None:
        dialect = detect_dialect(b"id,name", ImportOptions.model_validate({}), final=True)
        assert dialect.labels == ["id", "name"]

    @given(st.binary(max_size=60))
    def test_anything_at_all(self, data: bytes) -> None:
        text = data.decode("utf-8", "ignore")
        try:
            dialect = detect(text)
        except ImportFailed:
            return
        assert 0 <= dialect.offset <= len(text.encode())
        assert dialect.line >= 1

    @given(st.text(alphabet='ab1,;"\n\r ', max_size=40))
    def test_every_record_behind_the_header_is_loaded_or_rejected(self, text: str) -> None:
        try:
            dialect = detect(text)
        except ImportFailed:
            return
        if dialect.labels:
            made = read_file(text)
            numbers = sorted({item["record"] for item in made.rejections})
            assert len(set(numbers)) == len(numbers)
            assert all(number <= len(made.rows) + len(numbers) for number in numbers)
