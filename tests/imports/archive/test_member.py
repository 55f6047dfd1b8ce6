"""Entries of archives, unpacked."""

import dataclasses
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.archive.directory import Entry, read_directory
from app.imports.archive.member import MemberDamaged, Unpacking, content_offset, unpack
from tests.imports.pictures import pack


def packed(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> tuple[Entry, bytes]:
    """An entry and its packed bytes."""
    data = pack({"a.jpg": content}, method)
    (entry,) = read_directory(len(data), {0: data}, 10)
    start = entry.offset + content_offset(data[entry.offset :])
    return entry, data[start : start + entry.packed]


class TestUnpacking:
    @given(st.binary(max_size=5000), st.integers(1, 700), st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]))
    def test_what_was_packed_comes_out_in_portions_of_any_size(self, content: bytes, size: int, method: int) -> None:
        entry, data = packed(content, method)
        unpacking = Unpacking(entry)
        pieces = [piece for place in range(0, len(data), size) for piece in unpacking.feed(data[place : place + size])]
        assert b"".join([*pieces, *unpacking.finish()]) == content

    def test_pieces_are_of_bounded_size(self) -> None:
        entry, data = packed(bytes(30_000_000))
        unpacking = Unpacking(entry)
        sizes = [len(piece) for piece in (*unpacking.feed(data), *unpacking.finish())]
        assert sum(sizes) == 30_000_000
        assert max(sizes) <= 1024 * 1024

    def test_what_the_directory_does_not_say_is_refused(self) -> None:
        entry, data = packed(b"x" * 100)
        replace = dataclasses.replace
        for lying in (replace(entry, size=99), replace(entry, size=101), replace(entry, crc=5)):
            with pytest.raises(MemberDamaged):
                unpack(lying, data)

    def test_what_is_cut_off_or_damaged_is_refused(self) -> None:
        entry, data = packed(bytes(range(256)) * 8)
        for wrong in (data[:-5], b"\xff" + data[1:], b""):
            with pytest.raises(MemberDamaged):
                unpack(entry, wrong)

    def test_another_header_is_refused(self) -> None:
        for header in (b"", b"PK\x01\x02" + bytes(30), b"PK\x03\x04"):
            with pytest.raises(MemberDamaged):
                content_offset(header)
