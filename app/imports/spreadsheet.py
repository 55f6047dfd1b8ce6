"""Rejections for spreadsheets: no text of theirs is taken for a formula."""

import codecs
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.records.relational.select import FORMULA

# Every text stands in quotes in the file that an import writes, and nothing else does.
_TEXT = r'"(?:[^"]++|"")*+"(?=[,\n])'
_WHOLE = re.compile(rf'[^"]*+(?:{_TEXT}[^"]*+)*+')
_FORMULA = re.compile(rf'"(?={FORMULA.removeprefix("^")})')


async def make_safe(blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same file with an apostrophe before what a spreadsheet would take for a formula, and a byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    yield codecs.BOM_UTF8
    async with aclosing(blocks):
        async for block in blocks:
            rest += decoder.decode(block)
            whole = _WHOLE.match(rest)
            assert whole is not None, "the pattern matches nothing at all, too"
            rest = rest[whole.end() :]
            yield re.sub(_TEXT, _safe, whole.group()).encode()
    yield rest.encode()


def _safe(text: re.Match[str]) -> str:
    found = text.group()
    return f"\"'{found[1:]}" if _FORMULA.match(found) else found
