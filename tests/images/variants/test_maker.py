"""Variants out of masters."""

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from app.images.check.limits import Limits, Master, master_size
from app.images.check.picture import check_picture
from app.images.variants.ladder import FORMATS, Format, Shape, all_shapes, output_of
from app.images.variants.maker import make_variant
from tests.images import pictures

LIMITS = Limits(pixels=64_000_000, side=16_383, frames=500, animation_pixels=10**8, edge=2560)
UNIT = st.floats(0, 1)
CROPS = [shape for shape in all_shapes() if shape.height is not None and shape.format == "jpeg"]


def master_of(data: bytes, form: str = "png") -> bytes:
    """The master of a picture."""
    return check_picture(data, form, LIMITS).master


def opened(data: bytes, **options: object) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(data, "", **options)


def made(
    master: bytes, shape: Shape, size: tuple[int, int] = (400, 300), focal: tuple[float, float] | None = None
) -> bytes:
    """A variant of a master."""
    return make_variant(master, output_of(shape, Master(*size)), focal)


MASTER = master_of(pictures.encoded(".png"))
PANORAMA = master_of(pictures.encoded(".png", 900, 300))


class TestFormats:
    @pytest.mark.parametrize(("form", "loader"), [("webp", "webpload"), ("avif", "heifload"), ("jpeg", "jpegload")])
    def test_each(self, form: Format, loader: str) -> None:
        picture = opened(made(MASTER, Shape(128, None, form)))
        assert (picture.width, picture.height) == (128, 96)
        assert picture.get("vips-loader").startswith(loader)

    def test_what_shows_through_is_white_in_a_jpeg(self) -> None:
        clear = pyvips.Image.black(64, 64).new_from_image([0, 0, 0, 0]).copy(interpretation="srgb")
        master = master_of(clear.write_to_buffer(".png"))
        assert min(opened(made(master, Shape(64, None, "jpeg"), (64, 64)))(5, 5)) > 250
        assert opened(made(master, Shape(64, None, "avif"), (64, 64))).hasalpha()
        assert opened(made(master, Shape(64), (64, 64))).hasalpha()

    def test_an_animation_stays_one_as_webp_alone(self) -> None:
        master = master_of(pictures.animated(width=200, height=150), "gif")
        webp = opened(made(master, Shape(64), (200, 150)), n=-1)
        assert (webp.get("n-pages"), webp.get("page-height"), webp.get("loop")) == (6, 48, 2)
        assert webp.get("delay") == [100, 150, 200, 250, 300, 350]
        for form in ("avif", "jpeg"):
            assert opened(made(master, Shape(64, None, form), (200, 150))).height == 48

    def test_a_crop_of_an_animation_is_of_each_frame(self) -> None:
        master = master_of(pictures.animated(width=200, height=150), "gif")
        webp = opened(made(master, Shape(64, 128), (200, 150)), n=-1)
        assert (webp.width, webp.get("page-height"), webp.get("n-pages")) == (64, 128, 6)
        assert webp.get("delay") == [100, 150, 200, 250, 300, 350]


class TestCrops:
    @pytest.mark.parametrize(
        ("focal", "color"),
        [((0, 0), (255, 0, 0)), ((1, 0), (0, 255, 0)), ((0, 1), (0, 0, 255)), ((1, 1), (255, 255, 255))],
    )
    def test_the_focal_point_is_in_them(self, focal: tuple[float, float], color: tuple[int, ...]) -> None:
        picture = opened(made(PANORAMA, Shape(64, 128, "jpeg"), (900, 300), focal))
        x = 2 if focal[0] == 0 else 61
        y = 4 if focal[1] == 0 else 123
        assert all(abs(found - wanted) < 60 for found, wanted in zip(picture(x, y), color, strict=True))

    @settings(max_examples=60, deadline=None)
    @given(
        st.sampled_from([shape for shape in all_shapes() if shape.height is not None and shape.format == "jpeg"]),
        UNIT,
        UNIT,
    )
    def test_any_is_within_the_picture(self, shape: Shape, x: float, y: float) -> None:
        output = output_of(shape, Master(400, 300))
        picture = opened(make_variant(MASTER, output, (x, y)))
        assert (picture.width, picture.height) == (output.width, output.height)


class TestSmall:
    @pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (63, 65)])
    def test_every_rung_works(self, size: tuple[int, int]) -> None:
        master = master_of(pictures.encoded(".png", *size))
        for shape in all_shapes():
            output = output_of(shape, master_size(*size, frames=1, has_alpha=False, edge=2560))
            if shape.format != "avif" or shape.width in (64, 2560):
                picture = opened(make_variant(master, output, None))
                assert (picture.width, picture.height) == (output.width, output.height)

    @pytest.mark.parametrize("form", FORMATS)
    def test_no_byte_of_metadata_is_in_them(self, form: Format) -> None:
        data = made(MASTER, Shape(128, None, form))
        assert [mark for mark in (b"Exif", b"EXIF", b"XMP", b"ICCP", b"ICC_PROFILE") if mark in data] == []
