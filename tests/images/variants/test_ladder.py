"""The ladder: what is made, and what is refused with the near rungs named."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import ParameterInvalid, UnknownParameter
from app.images.check.limits import Master
from app.images.variants.ladder import FORMATS, RUNGS, Shape, all_shapes, output_of, parse_query

SIDES = st.integers(1, 16_383)
SHAPES = st.sampled_from(all_shapes())


def parse(query: str) -> Shape:
    """The shape of a query string."""
    return parse_query(parse_qsl(query, keep_blank_values=True))[1]


class TestShapes:
    def test_there_are_150_at_most(self) -> None:
        assert len(set(all_shapes())) == len(all_shapes()) <= 150

    @given(SHAPES)
    def test_the_query_of_each_asks_for_it(self, shape: Shape) -> None:
        assert parse(shape.query) == shape

    def test_defaults_are_left_out(self) -> None:
        assert parse("w=640&fit=contain&format=webp&v=abc").query == "w=640"
        assert parse("w=640&h=640&fit=cover&format=avif").query == "w=640&h=640&fit=cover&format=avif"

    def test_the_version_is_passed_on(self) -> None:
        assert parse_query([("v", "abc"), ("w", "64")])[0] == "abc"
        assert parse_query([("w", "64")])[0] is None


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("w=300", "w=300 is not made here; 256 or 384 is."),
            ("w=1", "w=1 is not made here; 64 is."),
            ("w=9999", "w=9999 is not made here; 2560 is."),
            ("w=640&h=300&fit=cover", "h=300 is not made here; 256 or 384 is."),
            ("w=0640", "w='0640' is no size of this ladder"),
            ("w=%2B640", "w='+640' is no size"),
            ("w=640junk7", "w='640junk7' is no size"),
            ("w=640.0", "is no size"),
            ("w=%D9%A6%D9%A4", "is no size"),
            ("w=", "w='' is no size"),
            ("w=" + "9" * 5000, "is no size"),
            ("h=640&fit=cover", "'w' is missing"),
            ("w=640&h=640", "'h' needs fit=cover"),
            ("w=640&fit=cover", "fit=cover needs 'h'"),
            ("w=2560&h=64&fit=cover", "A crop of 2560 x 64 is not made here"),
            ("w=640&format=WEBP", "format='WEBP' is not made here"),
            ("w=640&format=png", "it is one of webp, avif, jpeg"),
            ("w=640&fit=fill", "it is one of contain, cover"),
            ("w=640&w=640", "'w' is given twice"),
            ("v=a&v=a&w=640", "'v' is given twice"),
        ],
    )
    def test_each_says_what_there_is(self, query: str, said: str) -> None:
        with pytest.raises(ParameterInvalid) as caught:
            parse(query)
        assert said in caught.value.detail

    @pytest.mark.parametrize("query", ["w=640&x=7", "W=640", "w=640&width=3", "w=640&=1"])
    def test_unknown_names(self, query: str) -> None:
        with pytest.raises(UnknownParameter):
            parse(query)

    @given(st.lists(st.tuples(st.sampled_from(["w", "h", "fit", "format", "v", "x"]), st.text(max_size=6)), max_size=5))
    def test_anything_is_a_shape_of_the_ladder_or_refused(self, pairs: list[tuple[str, str]]) -> None:
        try:
            _, shape = parse_query(pairs)
        except (ParameterInvalid, UnknownParameter):
            return
        assert shape in all_shapes()


class TestOutputs:
    @given(SHAPES, SIDES, SIDES)
    def test_none_is_larger_than_the_master_or_without_a_side(self, shape: Shape, width: int, height: int) -> None:
        output = output_of(shape, Master(width, height))
        assert 1 <= output.width <= min(shape.width, width)
        assert 1 <= output.height <= height

    @given(SIDES, SIDES)
    def test_an_image_has_150_objects_at_most(self, width: int, height: int) -> None:
        assert len({output_of(shape, Master(width, height)).name for shape in all_shapes()}) <= 150

    def test_rungs_above_the_master_are_one_object(self) -> None:
        names = {output_of(Shape(width), Master(1000, 700)).name for width in RUNGS if width > 1000}
        assert names == {"1000.webp"}

    def test_a_crop_above_the_master_has_its_ratio(self) -> None:
        output = output_of(Shape(1280, 640), Master(1000, 700))
        assert (output.width, output.height) == (1000, 500)

    def test_a_portrait_is_bounded_by_its_own_width(self) -> None:
        assert output_of(Shape(2560), Master(1920, 2560)).name == "1920.webp"

    def test_each_format_has_a_name(self) -> None:
        assert [output_of(Shape(640, None, form), Master(800, 600)).name for form in FORMATS] == [
            "640.webp",
            "640.avif",
            "640.jpeg",
        ]
