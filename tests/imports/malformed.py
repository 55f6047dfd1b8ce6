"""Malformed files of any size, a kind each, to test limits that hold for any file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

INTEGERS: list[dict[str, Any]] = [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]
TEXT: list[dict[str, Any]] = [{"name": "a", "type": "integer"}, {"name": "b", "type": "text"}]
JSON: list[dict[str, Any]] = [{"name": "a", "type": "integer"}, {"name": "b", "type": "json"}]
ONE: list[dict[str, Any]] = [{"name": "a", "type": "integer"}]
WIDE: list[dict[str, Any]] = [{"name": f"c{place}", "type": "integer"} for place in range(500)]
HEADER = b"a,b\n"
WIDE_HEADER = ",".join(column["name"] for column in WIDE).encode() + b"\n"
# More regular rows than the dialect looks at.
REGULAR = HEADER + b"1,x\n" * 400
WIDE_REGULAR = WIDE_HEADER + (b"1," * 499 + b"1\n") * 400
WIDTHS = b"".join(b"1," * width + b"1\n" for width in range(2, 300))
PLACES = b"".join(b"1," + b"x" * place + bytes([0x80 + place]) + b"\n" for place in range(120))
KIB = 1024
PIECE_BYTES = 1024 * KIB


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it begins, what is repeated then, and how it ends; `columns` are those of its dataset."""

    name: str
    repeated: bytes
    head: bytes = HEADER
    tail: bytes = b""
    columns: list[dict[str, Any]] = field(default_factory=lambda: TEXT)
    options: dict[str, Any] = field(default_factory=dict)

    def content(self, size: int) -> bytes:
        """A file of about so many bytes."""
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """The same file piece by piece."""
        yield self.head
        count = size // len(self.repeated)
        at_once = max(PIECE_BYTES // len(self.repeated), 1)
        for start in range(0, count, at_once):
            yield self.repeated * min(at_once, count - start)
        yield self.tail


KINDS = (
    Kind("unclosed quote, short lines", b"x\n", HEADER + b'1,"'),
    Kind("unclosed quote, long lines", b"x" * 99 + b"\n", HEADER + b'1,"'),
    Kind("unclosed quote in each line", b'1,"x\n'),
    Kind("unclosed quote in each line, lenient", b'1,"x\n', options={"lenient_quotes": True}),
    Kind("unclosed quote, doubled ones behind", b'""', HEADER + b'1,"'),
    Kind("unclosed quote, texts between doubled ones", b'x""', HEADER + b'1,"'),
    Kind("unclosed quote, escapes behind", b"x\\", HEADER + b'1,"', options={"escape": "\\"}),
    Kind("quotes and nothing else", b'"'),
    Kind("stray quotes", b'1,x"y\n', columns=INTEGERS),
    Kind("fields that the line before opens", b'a","\nb'),
    Kind("quotes that another cell opens", b'1,x"y,z"\n'),
    Kind("quotes that another cell opens, on one line", b'x"y,z",'),
    Kind("text after a quote", b'"1"x,y\n'),
    Kind("escapes throughout", b"1,\\x\\\n", options={"escape": "\\"}),
    Kind("escapes of nothing", b'1,\\x"\\y"\n', options={"escape": "\\"}),
    Kind("escapes of nothing, in quotes", b"\\x", HEADER + b'1,"', options={"escape": "\\"}),
    Kind("short rows", b"1\n"),
    Kind("long rows", b"1,2,3\n"),
    Kind("long rows that end empty", b"1,2,3,\n"),
    Kind("rows with empty cells behind and before", b",x,\n", REGULAR),
    Kind(
        "rows with empty cells behind and before, in 500 columns",
        b",1" + b"," * 510 + b"\n",
        WIDE_REGULAR,
        columns=WIDE,
    ),
    Kind("rows behind byte order marks", b"\xef\xbb\xbf1,x\n"),
    Kind("texts in formulas", b'1,="x"\n'),
    Kind("ends of DOS", b"\x1a", HEADER + b"1,x\n"),
    Kind("rows of many widths", WIDTHS),
    Kind("rows of one character", b"x\n", b"a\n", columns=ONE),
    Kind("NULs", b"1,\0\n"),
    Kind("bytes that are not UTF-8", b"1,\xff\n", options={"encoding": "utf-8"}),
    Kind("bytes that are not UTF-8, in many places", PLACES, options={"encoding": "utf-8"}),
    Kind("an encoding in doubt", b"1,\xe9\xff\n"),
    Kind("bad integers", b"x,y\n", columns=INTEGERS),
    Kind("bad integers in 500 columns", b"x," * 499 + b"x\n", WIDE_HEADER, columns=WIDE),
    Kind("blank lines", b"\n", HEADER + b"1,x\n"),
    Kind("blank lines in one column", b"\n", b"a\n1\n2\n", columns=ONE),
    Kind("one cell", b"x", HEADER + b"1,"),
    Kind("one quoted cell", b"x\n", HEADER + b'1,"', b'"\n'),
    Kind("one line", b"1,"),
    Kind("one quoted line", b'"1",'),
    Kind("large cells", b"1," + b"x" * (3000 * KIB) + b"\n"),
    Kind("large cells of quotes", b'1,"' + b'""' * (2000 * KIB) + b'"\n'),
    Kind("thousands of columns", b"a,", b""),
    Kind("a header and nothing else", b"a", b""),
    Kind("text before a table", b"Written by hand\n", b""),
    Kind("returns", b"1,x\r", b"a,b\r", columns=INTEGERS),
    Kind("line ends of all sorts", b"1,x\r2,y\n3\r\n\n\r\r\n", columns=INTEGERS),
    Kind("the header again", HEADER),
    Kind("totals", b"Total,1\n"),
    Kind("deep documents", b'1,"' + b"[" * 50 * KIB + b"]" * 50 * KIB + b'"\n', columns=JSON),
    Kind("documents of many members", b'1,"[' + b"{}," * (600 * KIB) + b'{}]"\n', columns=JSON),
    Kind("documents that are none", b"1,{\n", columns=JSON),
)
