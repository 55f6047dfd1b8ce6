"""The images that cells mean."""

import unicodedata
from collections.abc import Collection, Mapping

import pyarrow as pa
import pytest

from app.imports.values.image_names import ImageNames, KnownImage, KnownImages, Refusal, clean_filename

ONE, TWO, THREE = (f"img_{number:020x}" for number in (1, 2, 3))
FOREIGN, FREE = (f"img_{number:020x}" for number in (8, 9))


def find_others(ids: Collection[str]) -> Mapping[str, KnownImage]:
    known = {
        FREE: KnownImage(FREE, "logo.png"),
        FOREIGN: KnownImage(FOREIGN, "x.jpg", "image_of_other_dataset", "of another"),
    }
    return {key: known[key] for key in ids if key in known}


def names(*filenames: str, **settings: bool) -> ImageNames:
    images = KnownImages([f"img_{number:020x}" for number in range(1, len(filenames) + 1)], filenames)
    return ImageNames(images, find_others=find_others, nulls_missing=settings.get("nulls_missing", False))


def read(known: ImageNames, *cells: str | None) -> tuple[list[str | None], dict[str, list[int]]]:
    """The ids of cells, and the places of those that are refused by code."""
    found = known.read(pa.array(cells, pa.string()))
    return found.values.to_pylist(), {each.code: each.mask.nonzero()[0].tolist() for each in found.refused}


class TestFilenames:
    def test_a_name_means_its_image(self) -> None:
        assert read(names("a.jpg", "b.jpg"), "b.jpg", None, "a.jpg", "b.jpg") == ([TWO, None, ONE, TWO], {})

    @pytest.mark.parametrize(
        "cell", [" a1.jpg", "a1.jpg\u00a0", "./a1.jpg", "images/a1.jpg", "old\\a1.jpg", "x/a1.jpg"]
    )
    def test_spaces_folders_and_backslashes_do_not_matter(self, cell: str) -> None:
        assert read(names("a1.jpg"), cell) == ([ONE], {})

    def test_a_cell_without_anything_is_null(self) -> None:
        assert read(names("a.jpg"), "", "  ") == ([None, None], {})

    def test_names_are_compared_in_one_form_of_unicode(self) -> None:
        assert read(names(clean_filename("u\u0308.jpg")), "ü.jpg", unicodedata.normalize("NFD", "ü.jpg"))[0] == [
            ONE,
            ONE,
        ]

    def test_a_path_goes_before_a_part_of_another(self) -> None:
        assert read(names("x/a.jpg", "a.jpg"), "a.jpg", "x/a.jpg")[0] == [TWO, ONE]

    def test_the_last_part_is_enough_if_only_one_has_it(self) -> None:
        assert read(names("x/a.jpg", "y/b.jpg"), "b.jpg", "a.jpg")[0] == [TWO, ONE]

    def test_folders_tell_two_images_apart(self) -> None:
        assert read(names("p/x/a.jpg", "p/y/a.jpg"), "y/a.jpg", "q/p/x/a.jpg")[0] == [TWO, ONE]

    def test_a_name_of_two_images_is_ambiguous(self) -> None:
        known = names("x/a.jpg", "y/a.jpg", "z/a.jpg", "w/a.jpg")
        assert read(known, "a.jpg") == ([None], {"image_ambiguous": [0]})
        message = known.read(pa.array(["a.jpg"])).refused[0].messages[0].as_py()
        assert message == (
            "could be the image 'x/a.jpg' and 'y/a.jpg' and 'z/a.jpg' and 1 more: write it with its folder"
        )

    def test_capital_letters_are_a_warning(self) -> None:
        known = names("a1.jpg", "b.JPG", "B.jpg")
        found = known.read(pa.array(["A1.JPG", "A1.JPG", "b.jpg", "B.jpg", "b.JPG"]))
        assert found.values.to_pylist() == [ONE, ONE, None, THREE, TWO]
        (warning,) = found.notes.warnings
        assert warning.startswith("2 cells of images differ from the filename in capital and small letters only")
        assert "'A1.JPG' for 'a1.jpg'" in warning

    def test_the_first_image_of_a_name_counts(self) -> None:
        assert read(names("a.jpg", "a.jpg"), "a.jpg", TWO)[0] == [ONE, TWO]

    def test_a_refused_image_says_why(self) -> None:
        known = ImageNames(KnownImages([ONE], ["a.jpg"], {0: Refusal("image_rejected", "too large")}))
        for cell in ("a.jpg", "x/A.JPG", ONE):
            assert read(known, cell) == ([None], {"image_rejected": [0]})

    def test_a_name_of_the_archive_goes_before_one_of_the_dataset(self) -> None:
        known = ImageNames(KnownImages([ONE], ["a.jpg"]), aliases={"a.jpg": KnownImage(TWO, "a.jpg")})
        assert read(known, "a.jpg", ONE)[0] == [TWO, ONE]


class TestMissing:
    def test_a_missing_image_is_refused(self) -> None:
        assert read(names("a.jpg"), "b.jpg", "a.jpg", "b.jpg") == ([None, ONE, None], {"image_missing": [0, 2]})

    def test_it_is_null_if_it_may_be(self) -> None:
        known = names("a.jpg", nulls_missing=True)
        found = known.read(pa.array(["b.jpg", "a.jpg", "b.jpg"]))
        assert (found.values.to_pylist(), found.refused) == ([None, ONE, None], [])
        assert (found.notes.missing, found.notes.missing_example) == (2, "b.jpg")
        assert found.notes.warnings[0].startswith("2 cells of images are null")


class TestIds:
    def test_an_id_and_our_own_url_mean_the_image(self) -> None:
        cells = (
            ONE,
            f"/images/{ONE}/content?v=x&w=64",
            f"https://api.example.com/prod/images/{ONE}/original",
            f" {ONE} ",
        )
        assert read(names("a.jpg"), *cells) == ([ONE] * 4, {})

    def test_an_image_of_no_dataset_may_be_named_by_its_id_alone(self) -> None:
        assert read(names("a.jpg"), FREE, f"/images/{FREE}", "logo.png") == ([FREE, FREE, None], {"image_missing": [2]})

    def test_an_image_of_another_dataset_is_refused(self) -> None:
        assert read(names("a.jpg"), FOREIGN) == ([None], {"image_of_other_dataset": [0]})

    @pytest.mark.parametrize(
        "cell", ["https://example.com/a.jpg", "//example.com/a.jpg", "data:image/png;base64,AA", "ftp://x/a.jpg"]
    )
    def test_another_url_is_refused_even_if_missing_images_are_null(self, cell: str) -> None:
        assert read(names("a.jpg", nulls_missing=True), cell) == ([None], {"image_external": [0]})

    def test_an_unknown_id_is_missing_and_in_a_url_external(self) -> None:
        unknown = f"img_{7:020x}"
        assert read(names(), unknown, f"https://x.org/images/{unknown}") == (
            [None, None],
            {"image_external": [1], "image_missing": [0]},
        )


class TestMisfits:
    def test_cells_that_are_no_known_image_are_misfits(self) -> None:
        mask = names("a.jpg").misfits(pa.array(["a.jpg", "x", None, "A.jpg", "https://e.org/a.jpg", ""]))
        assert mask is not None
        assert mask.tolist() == [False, True, False, False, True, False]

    def test_none_are_if_all_are_images(self) -> None:
        assert names("a.jpg").misfits(pa.array(["a.jpg", None])) is None
