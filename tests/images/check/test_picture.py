"""Pictures of every kind become masters, and nasty ones are rejected. They are drawn here, so no process is at risk."""

import base64
import io
from contextlib import suppress
from typing import Any

import pytest
import pyvips
from PIL import Image as Pillow

from app.images.check.limits import Limits
from app.images.check.picture import FIRST_FRAME, PROFILE_IGNORED, check_picture
from app.images.check.rejection import Rejected
from app.images.check.report import CheckedPicture
from app.images.check.sniff import sniff
from tests.images import pictures

LIMITS = Limits(pixels=64_000_000, side=16_383, frames=500, animation_pixels=100_000_000, edge=2560)


def check(data: bytes, limits: Limits = LIMITS) -> CheckedPicture:
    """The outcome of a check."""
    form = sniff(data).format
    assert form is not None
    return check_picture(data, form, limits)


def rejected(data: bytes, limits: Limits = LIMITS) -> str:
    """The code with which a picture is rejected."""
    with pytest.raises(Rejected) as caught:
        check(data, limits)
    return caught.value.code


def pixel(data: bytes, x: int, y: int) -> list[float]:
    """A pixel of an encoded picture."""
    values: list[float] = pyvips.Image.new_from_buffer(data, "")(x, y)
    return values


def is_near(found: list[float], wanted: tuple[int, ...], by: int = 12) -> bool:
    return len(found) == len(wanted) and all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))


def assert_upright(data: bytes) -> None:
    """The corners of the drawn picture are where they belong, in their colors."""
    assert is_near(pixel(data, 20, 20), (255, 0, 0))
    assert is_near(pixel(data, 380, 20), (0, 255, 0))
    assert is_near(pixel(data, 20, 280), (0, 0, 255))
    assert is_near(pixel(data, 380, 280), (255, 255, 255))


class TestFormats:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
    def test_each_becomes_a_jpeg(self, suffix: str) -> None:
        made = check(pictures.encoded(suffix))
        assert (made.width, made.height, made.frames, made.has_alpha) == (400, 300, 1, False)
        assert (made.master[:3], made.master_type) == (b"\xff\xd8\xff", "image/jpeg")
        assert made.warnings == []
        assert_upright(made.master)

    def test_heic(self) -> None:
        made = check(pictures.heic())
        assert (made.width, made.height) == (400, 300)
        assert_upright(made.master)

    def test_of_a_burst_the_primary_picture_is_kept(self) -> None:
        made = check(pictures.heic_burst())
        assert "3 pictures or pages" in made.warnings[0]
        assert_upright(made.master)

    def test_heic_of_more_bits(self) -> None:
        made = check(pictures.heic_of_ten_bits())
        assert pyvips.Image.new_from_buffer(made.master, "").format == "uchar"
        assert_upright(made.master)

    def test_boxes_with_lengths_that_lie(self) -> None:
        whole = pictures.heic()
        for place in range(0, 400, 3):
            data = bytearray(whole)
            data[place] ^= 0x7F
            if sniff(bytes(data)).format == "heic":
                with suppress(Rejected):
                    check(bytes(data))

    def test_what_shows_through_stays_so_without_loss(self) -> None:
        picture = pictures.drawn().bandjoin(pyvips.Image.black(400, 300) + 128).cast("uchar")
        data = picture.copy(interpretation="srgb").write_to_buffer(".png")
        made = check(data)
        assert (made.has_alpha, made.master_type) == (True, "image/webp")
        assert pixel(made.master, 20, 20) == [255, 0, 0, 128]

    def test_alpha_of_which_nothing_shows_is_dropped(self) -> None:
        data = pictures.drawn().bandjoin(255).copy(interpretation="srgb").write_to_buffer(".png")
        made = check(data)
        assert (made.has_alpha, made.master_type) == (False, "image/jpeg")


class TestSizes:
    def test_a_master_is_no_larger_than_the_setting(self) -> None:
        made = check(pictures.encoded(".jpg", 800, 200), Limits(64_000_000, 16_383, 500, 10**8, 400))
        opened = pyvips.Image.new_from_buffer(made.master, "")
        assert (made.width, made.height) == (800, 200)
        assert (opened.width, opened.height) == (400, 100)

    @pytest.mark.parametrize("size", [(1, 1), (1, 16_383), (16_383, 1), (16, 2), (255, 257)])
    def test_no_side_is_lost(self, size: tuple[int, int]) -> None:
        made = check(pictures.encoded(".png", *size))
        assert (made.width, made.height) == size
        for data in (made.master, made.first):
            opened = pyvips.Image.new_from_buffer(data, "")
            assert min(opened.width, opened.height) >= 1
        assert len(made.color) == 7

    def test_the_first_variant_is_256_wide_and_never_larger_than_the_picture(self) -> None:
        assert check(pictures.encoded()).first_size == (256, 192)
        made = check(pictures.encoded(".jpg", 100, 80))
        assert made.first_size == (100, 80)
        assert pyvips.Image.new_from_buffer(made.first, "").width == 100


class TestOrientation:
    @pytest.mark.parametrize("tag", range(1, 9))
    def test_each_is_turned_upright_and_loses_its_tag(self, tag: int) -> None:
        made = check(pictures.oriented(tag))
        assert (made.width, made.height) == (400, 300)
        assert_upright(made.master)
        assert Pillow.open(io.BytesIO(made.master)).getexif().get(0x0112) is None

    def test_a_heic_that_its_file_turns_is_not_turned_again_by_its_tag(self) -> None:
        exif = Pillow.Exif()
        exif[0x0112] = 6
        made = check(pictures.heic(exif=exif.tobytes()))
        # The encoder writes the tag as a turn of the container, which the decoder applies.
        assert (made.width, made.height) == (300, 400)
        assert pyvips.Image.new_from_buffer(made.master, "").width == 300

    def test_an_avif_that_its_file_turns_is_turned_once(self) -> None:
        made = check(pictures.turned_avif(6))
        assert (made.width, made.height) == (300, 400)
        assert pyvips.Image.new_from_buffer(made.master, "").width == 300
        assert is_near(pixel(made.master, 280, 20), (255, 0, 0))


class TestColors:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
    def test_a_wide_gamut_becomes_srgb(self, suffix: str) -> None:
        assert_upright(check(pictures.in_profile(suffix)).master)

    def test_cmyk_becomes_srgb_and_is_no_negative(self) -> None:
        for suffix in (".jpg", ".tif"):
            master = check(pictures.cmyk(suffix)).master
            assert pixel(master, 380, 280)[0] > 230
            red = pixel(master, 20, 20)
            assert red[0] > 180
            assert red[1] < 120

    def test_a_broken_profile_is_ignored_with_a_warning(self) -> None:
        made = check(pictures.with_broken_profile())
        assert made.warnings == [PROFILE_IGNORED]
        assert_upright(made.master)

    def test_a_profile_that_is_a_bomb_is_ignored_with_a_warning(self) -> None:
        made = check(pictures.with_inflated_chunk(b"iCCP"))
        assert made.warnings == [PROFILE_IGNORED]
        assert_upright(made.master)

    def test_a_wide_gamut_of_an_iphone(self) -> None:
        profile = pyvips.Image.new_from_buffer(pictures.in_profile(".jpg"), "").get("icc-profile-data")
        plain, wide = (check(pictures.heic(**options)).master for options in ({}, {"icc_profile": profile}))
        # The numbers of a wide gamut mean more color: what was green is a purer one.
        assert pixel(wide, 200, 150) != pixel(plain, 200, 150)

    def test_colors_of_a_wide_gamut_are_near_those_that_were_drawn(self) -> None:
        drawn = pyvips.Image.new_from_buffer(pictures.encoded(".png"), "")
        master = pyvips.Image.new_from_buffer(check(pictures.in_profile(".png")).master, "")
        assert drawn.dE00(master).avg() < 1

    def test_sixteen_bits_of_grey_with_alpha(self) -> None:
        grey = pyvips.Image.grey(64, 64).linear(65_535, 0).bandjoin(32_768).cast("ushort").copy(interpretation="grey16")
        made = check(grey.write_to_buffer(".png"))
        opened = pyvips.Image.new_from_buffer(made.master, "")
        assert (opened.format, opened.bands, made.has_alpha) == ("uchar", 4, True)
        assert is_near(opened(63, 0), (255, 255, 255, 128), 2)

    @pytest.mark.parametrize("interpretation", ["lab", "scrgb", "b-w"])
    def test_tiff_of_other_spaces(self, interpretation: str) -> None:
        data = pictures.drawn().colourspace(interpretation).write_to_buffer(".tif")
        opened = pyvips.Image.new_from_buffer(check(data).master, "")
        assert (opened.format, opened.bands, opened.interpretation) == ("uchar", 3, "srgb")

    def test_one_bit(self) -> None:
        data = (pyvips.Image.grey(64, 64) > 0.5).write_to_buffer(".tif", bitdepth=1)
        assert is_near(pixel(check(data).master, 63, 0), (255, 255, 255))

    @pytest.mark.parametrize(("alpha", "color"), [(0, "#ffffff"), (255, "#ff0000")])
    def test_the_color_is_that_of_what_shows(self, alpha: int, color: str) -> None:
        data = pyvips.Image.black(32, 32).new_from_image([255, 0, 0, alpha]).copy(interpretation="srgb")
        assert check(data.write_to_buffer(".png")).color == color

    def test_the_placeholder_is_a_picture_of_few_bytes(self) -> None:
        kind, _, text = check(pictures.encoded()).placeholder.partition(",")
        opened = pyvips.Image.new_from_buffer(base64.b64decode(text), "")
        assert kind == "data:image/webp;base64"
        assert (opened.width, opened.height) == (16, 12)
        assert len(text) < 300


class TestAnimations:
    @pytest.mark.parametrize("suffix", [".gif", ".webp"])
    def test_frames_delays_and_loops_stay(self, suffix: str) -> None:
        made = check(pictures.animated(suffix))
        assert (made.width, made.height, made.frames, made.master_type) == (60, 40, 6, "image/webp")
        for data in (made.master, made.first):
            opened = pyvips.Image.new_from_buffer(data, "n=-1")
            assert opened.get("n-pages") == 6
            assert opened.get("delay") == [100, 150, 200, 250, 300, 350]
            assert opened.get("loop") == 2

    def test_frames_are_scaled_one_by_one(self) -> None:
        made = check(pictures.animated(width=800, height=600), Limits(64_000_000, 16_383, 500, 10**8, 400))
        opened = pyvips.Image.new_from_buffer(made.master, "n=-1")
        assert (opened.width, opened.get("page-height"), opened.get("n-pages")) == (298, 224, 6)

    def test_of_an_animated_png_the_first_picture_is_kept(self) -> None:
        target = io.BytesIO()
        frames = [Pillow.open(io.BytesIO(pictures.encoded(".png"))), Pillow.new("RGB", (400, 300))]
        frames[0].save(target, "PNG", save_all=True, append_images=frames[1:])
        made = check(target.getvalue())
        assert (made.frames, made.warnings) == (1, [FIRST_FRAME])
        assert_upright(made.master)

    def test_of_a_tiff_the_first_page_is_kept(self) -> None:
        target = io.BytesIO()
        pages = [Pillow.open(io.BytesIO(pictures.encoded(".png"))), Pillow.new("RGB", (400, 300))]
        pages[0].save(target, "TIFF", save_all=True, append_images=pages[1:])
        made = check(target.getvalue())
        assert made.frames == 1
        assert "2 pictures or pages" in made.warnings[0]
        assert_upright(made.master)


class TestMetadata:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
    def test_no_byte_of_it_is_kept(self, suffix: str) -> None:
        data = pictures.with_metadata(suffix)
        assert pictures.SECRET in data or suffix == ".avif"
        made = check(data)
        for kept in (made.master, made.first, base64.b64decode(made.placeholder.partition(",")[2])):
            assert pictures.SECRET not in kept
            assert [mark for mark in (b"Exif", b"EXIF", b"XMP", b"ICCP", b"ICC_PROFILE", b"8BIM") if mark in kept] == []

    @pytest.mark.parametrize("tail", [b"PK\x03\x04secret.zip", b"<?php echo 1 ?>", b"%PDF-1.4"])
    def test_no_polyglot_survives(self, tail: bytes) -> None:
        made = check(pictures.encoded() + tail)
        assert tail not in made.master + made.first


class TestNasty:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (pictures.huge_webp(), "too_many_pixels"),
            (pictures.huge_png(20_000), "too_many_pixels"),
            (pictures.huge_jpeg(), "too_many_pixels"),
            (pictures.huge_gif(5_000), "too_many_frames"),
            (pictures.growing_gif(), "too_many_pixels"),
        ],
        ids=["webp", "png", "jpeg", "frames", "growing"],
    )
    def test_bombs_are_refused_by_their_headers(self, data: bytes, code: str) -> None:
        assert rejected(data) == code

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".avif", ".tif"])
    def test_a_file_that_is_cut(self, suffix: str) -> None:
        data = pictures.encoded(suffix)
        assert rejected(data[: len(data) * 6 // 10]) == "truncated"

    def test_a_heic_that_is_cut(self) -> None:
        data = pictures.heic()
        assert rejected(data[: len(data) * 6 // 10]) == "truncated"

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".webp", ".tif"])
    def test_a_header_alone(self, suffix: str) -> None:
        assert rejected(pictures.encoded(suffix)[:32]) == "not_an_image"

    def test_a_text_that_is_a_bomb_is_not_unpacked(self) -> None:
        assert_upright(check(pictures.with_inflated_chunk(b"zTXt")).master)

    def test_scans_that_come_ten_thousand_times(self) -> None:
        assert rejected(pictures.with_repeated_scans(10_000)) == "undecodable"

    def test_a_side_of_65000_pixels(self) -> None:
        assert rejected(pictures.encoded(".jpg", 65_000, 1)) == "too_many_pixels"

    def test_damaged_pixels(self) -> None:
        data = bytearray(pictures.encoded(".png"))
        data[len(data) // 2] ^= 0xFF
        assert rejected(bytes(data)) == "undecodable"

    def test_no_flipped_byte_does_more_than_reject(self) -> None:
        known: dict[str, Any] = {}
        for suffix in (".jpg", ".webp", ".gif", ".avif"):
            whole = pictures.encoded(suffix, 40, 30)
            for place in range(0, len(whole), 37):
                data = bytearray(whole)
                data[place] ^= 0x55
                if sniff(bytes(data)).format is None:
                    continue
                try:
                    known["ready"] = check(bytes(data)).master_type
                except Rejected as error:
                    known[error.code] = error.message
        assert set(known) <= {"ready", "not_an_image", "undecodable", "truncated", "too_many_pixels", "too_many_frames"}
