import gzip
from functools import partial
from typing import Any

import pytest
import zstandard

from app.imports.errors import FileDamaged, UnpackedTooLarge
from app.imports.source.compression import (
    BLOCK_SIZE,
    SAMPLE_SIZE,
    UNPACKED_FREELY,
    Compression,
    Expander,
    Gatherer,
    UnpackedLimit,
    unpack_some,
)

TEXT = b"id,name\n1,a\n2,b\n"
PACKED: list[tuple[Compression, Any]] = [("gzip", partial(gzip.compress, mtime=0)), ("zstd", zstandard.compress)]


def _expand(compression: Compression, content: bytes, portion: int) -> bytes:
    expander = Expander(compression)
    portions = [content[start : start + portion] for start in range(0, len(content), portion)]
    pieces = [piece for data in portions for piece in expander.feed(data)]
    return b"".join([*pieces, *expander.finish()])


@pytest.mark.parametrize(("compression", "pack"), PACKED, ids=["gzip", "zstd"])
class TestExpander:
    @pytest.mark.parametrize("portion", [1, 7, 1000])
    def test_members_follow_each_other_and_may_be_padded(
        self, compression: Compression, pack: Any, portion: int
    ) -> None:
        assert _expand(compression, pack(TEXT) + pack(TEXT) + bytes(9), portion) == TEXT * 2

    def test_no_piece_is_large(self, compression: Compression, pack: Any) -> None:
        sizes = [len(piece) for piece in Expander(compression).feed(pack(bytes(20 * BLOCK_SIZE)))]
        assert sum(sizes) == 20 * BLOCK_SIZE
        assert max(sizes) <= 5 * BLOCK_SIZE

    def test_what_is_cut_off_is_damaged(self, compression: Compression, pack: Any) -> None:
        with pytest.raises(FileDamaged, match="ends too early"):
            _expand(compression, pack(TEXT * 50)[:-4], 1000)

    def test_so_is_what_follows_and_is_no_member(self, compression: Compression, pack: Any) -> None:
        with pytest.raises(FileDamaged, match="is damaged"):
            _expand(compression, pack(TEXT) + b"and so on", 1000)

    def test_of_a_sample_no_more_is_unpacked_than_it_needs(self, compression: Compression, pack: Any) -> None:
        assert unpack_some(compression, pack(TEXT), True) == (TEXT, True)
        content, is_all = unpack_some(compression, pack(bytes(9 * BLOCK_SIZE)), True)
        assert not is_all
        assert SAMPLE_SIZE < len(content) < 9 * BLOCK_SIZE


class TestUnpackedLimit:
    def test_a_file_may_not_become_too_much(self) -> None:
        UnpackedLimit(10, 100, 1000).check(100)
        with pytest.raises(UnpackedTooLarge, match="unpacks to more than 100 bytes"):
            UnpackedLimit(10, 100, 1000).check(101)

    def test_nor_too_many_times_its_size(self) -> None:
        limit = UnpackedLimit(10, 1 << 40, 5)
        limit.check(UNPACKED_FREELY + 50)
        with pytest.raises(UnpackedTooLarge, match="more than 5 times as many"):
            limit.check(UNPACKED_FREELY + 51)


class TestGatherer:
    def test_small_pieces_become_blocks(self) -> None:
        gatherer = Gatherer(None)
        blocks = list(gatherer.feed([bytes(BLOCK_SIZE // 2 - 1)] * 5))
        assert [len(block) for block in blocks] == [3 * (BLOCK_SIZE // 2 - 1)]
        assert len(gatherer.rest()) == 2 * (BLOCK_SIZE // 2 - 1)
        assert gatherer.rest() == b""

    def test_they_are_counted_against_the_limit(self) -> None:
        with pytest.raises(UnpackedTooLarge):
            list(Gatherer(UnpackedLimit(1, 5, 1)).feed([b"abc", b"def"]))
