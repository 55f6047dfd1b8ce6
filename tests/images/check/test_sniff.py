"""Formats by their first bytes."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.images.check.sniff import ACCEPTED, SNIFFED_BYTES, sniff
from tests.images import pictures

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
ENTITIES = '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]><svg>&a;</svg>'
DISGUISES = {
    "plain": SVG.encode(),
    "indented": b"\r\n\t   " + SVG.encode(),
    "mark": b"\xef\xbb\xbf" + SVG.encode(),
    "prologue": b'<?xml version="1.0" encoding="utf-8"?>' + SVG.encode(),
    "comment": b"<!-- a picture, is it not? -->" + SVG.encode(),
    "bomb": ENTITIES.encode(),
    "utf-16": SVG.encode("utf-16"),
    "utf-16 without a mark": SVG.encode("utf-16-be"),
    "utf-16 with a prologue": ("\ufeff " + ENTITIES).encode("utf-16-be"),
    "html": b"<html><body><svg></svg></body></html>",
}


class TestAccepted:
    @pytest.mark.parametrize(
        ("suffix", "form"),
        [(".jpg", "jpeg"), (".png", "png"), (".webp", "webp"), (".avif", "avif"), (".gif", "gif"), (".tif", "tiff")],
    )
    def test_each_is_told_by_its_bytes(self, suffix: str, form: str) -> None:
        assert sniff(pictures.encoded(suffix)).format == form

    def test_heic(self) -> None:
        assert sniff(pictures.heic()).format == "heic"

    def test_a_general_brand_with_its_own_after_it(self) -> None:
        head = b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf" + bytes(8)
        assert sniff(head).format == "avif"
        assert sniff(head.replace(b"avif", b"heic")).format == "heic"

    def test_a_webp_that_looks_like_svg_is_a_webp(self) -> None:
        data = pictures.encoded(".webp")
        assert sniff(data[:8] + b"WEBP" + b"<svg " + data[17:]).format == "webp"


class TestRefused:
    @pytest.mark.parametrize("data", DISGUISES.values(), ids=DISGUISES)
    def test_svg_in_each_disguise(self, data: bytes) -> None:
        assert sniff(data).other == "SVG"

    def test_svg_that_is_compressed(self) -> None:
        assert "SVGZ" in str(sniff(gzip.compress(SVG.encode())).other)

    @pytest.mark.parametrize(
        ("head", "name"),
        [(b"%PDF-1.7", "PDF"), (b"BM", "BMP"), (b"PK\x03\x04", "zip"), (b"\x00\x00\x00\x0cJXL ", "JPEG XL")],
    )
    def test_others_are_named(self, head: bytes, name: str) -> None:
        assert sniff(head + bytes(40)).other == name

    def test_a_film(self) -> None:
        assert "film" in str(sniff(b"\x00\x00\x00\x18ftypisom" + bytes(30)).other)

    @pytest.mark.parametrize("size", [0, 1, SNIFFED_BYTES - 1])
    def test_a_file_too_short_for_a_picture_is_nothing(self, size: int) -> None:
        sniffed = sniff(pictures.encoded()[:size])
        assert (sniffed.format, sniffed.other) == (None, None)

    @given(st.binary(max_size=80))
    def test_any_bytes_have_an_answer(self, data: bytes) -> None:
        sniffed = sniff(data)
        assert sniffed.format is None or sniffed.format in ACCEPTED

    @given(st.text("\ufeff \t\r\n", max_size=8), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
    def test_no_space_hides_svg(self, space: str, encoding: str) -> None:
        text = space.replace("\ufeff", "") + SVG
        assert sniff(text.encode(encoding)).other == "SVG"
