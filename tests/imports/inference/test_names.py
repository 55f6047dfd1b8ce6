"""Headers as names, and files' columns matched to a dataset's."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.columns.column import SYSTEM_COLUMNS, is_name
from app.imports.inference.names import name_columns


class TestNames:
    @given(st.lists(st.one_of(st.text(max_size=80), st.sampled_from(["a", "A", "a_2", "", "x" * 70])), max_size=12))
    def test_are_legal_and_distinct(self, labels: list[str]) -> None:
        names = name_columns(labels)
        assert len(names) == len(labels)
        assert all(is_name(name) and name not in SYSTEM_COLUMNS for name in names)
        assert len(set(names)) == len(names)

    @given(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), unique=True, max_size=8))
    def test_legal_ones_stay(self, labels: list[str]) -> None:
        assert name_columns(labels) == [f"{name}_column" if name in SYSTEM_COLUMNS else name for name in labels]

    @given(
        st.lists(
            st.one_of(st.text(max_size=20), st.from_regex(r"[a-z]{1,5}", fullmatch=True)), unique=True, max_size=12
        )
    )
    def test_a_legal_one_is_kept_whatever_the_others_become(self, labels: list[str]) -> None:
        legal = [is_name(label) and label not in SYSTEM_COLUMNS for label in labels]
        kept = [name for name, is_legal in zip(name_columns(labels), legal, strict=True) if is_legal]
        assert kept == [label for label, is_legal in zip(labels, legal, strict=True) if is_legal]

    @pytest.mark.parametrize(
        ("labels", "names"),
        [
            (["_id", "id", "Id", "name"], ["id_2", "id", "id_3", "name"]),
            (["Name", "name"], ["name_2", "name"]),
            (["Name", "NAME"], ["name", "name_2"]),
            (["a", "a", "", "b", ""], ["a", "a_2", "column_3", "b", "column_5"]),
            (["A", "a_2", "a", "a"], ["a_3", "a_2", "a", "a_4"]),
        ],
    )
    def test_case_and_repetition(self, labels: list[str], names: list[str]) -> None:
        assert name_columns(labels) == names

    @pytest.mark.parametrize(
        ("label", "name"),
        [
            ("Miasto Łódź", "miasto_lodz"),
            ("Ærø", "aero"),
            ("Đà Nẵng", "da_nang"),
            ("Þór", "thor"),
            ("Größe (m²)", "grosse_m2"),
            ("Население (чел.)", "naselenie_chel"),
            ("объём", "obem"),
            ("Όνομα", "onoma"),
            ("人口", "renkou"),
            ("ひらがな", "hiragana"),
            ("ガス", "gasu"),
            ("이름", "ileum"),
            ("हिन्दी", "hindi"),
            ("١٢", "n_12"),
            ("€", "column_1"),
        ],
    )
    def test_other_letters_are_spelt(self, label: str, name: str) -> None:
        assert name_columns([label]) == [name]

    def test_letters_are_spelt_the_same_however_they_are_composed(self) -> None:
        assert name_columns([unicodedata.normalize("NFD", "Größe が é 한")]) == name_columns(["Größe が é 한"])


SEEN = "Which of the following films have you seen? Please select all that apply."
RANKED = "Please rank the films in order of preference, with 1 being your favourite film"


class TestLongLabelsOfTwoParts:
    """As two header rows and survey tools make them."""

    def test_an_answer_of_its_own_is_the_name(self) -> None:
        assert name_columns(["id", f"{SEEN} - Han Solo", f"{SEEN} - Yoda"]) == ["id", "han_solo", "yoda"]

    def test_a_question_of_its_own_is_the_name(self) -> None:
        film, fan = "Have you seen any of the 6 films in the series?", "Do you consider yourself to be a fan of them?"
        names = name_columns([f"{film} - Response", f"{fan} - Response"])
        assert names == [
            "have_you_seen_any_of_the_6_films_in_the_series",
            "do_you_consider_yourself_to_be_a_fan_of_them",
        ]

    def test_else_the_question_is_as_long_as_it_must(self) -> None:
        other = "Which of the following songs have you heard? Please select all that apply."
        labels = [f"{question} - Episode {number}" for question in (SEEN, RANKED, other) for number in (1, 2)]
        assert name_columns(labels) == [
            "which_of_the_following_films_episode_1",
            "which_of_the_following_films_episode_2",
            "please_rank_episode_1",
            "please_rank_episode_2",
            "which_of_the_following_songs_episode_1",
            "which_of_the_following_songs_episode_2",
        ]

    def test_short_ones_keep_both(self) -> None:
        assert name_columns(["Income - 2019", "Income - 2020"]) == ["income_2019", "income_2020"]

    def test_another_column_keeps_its_name(self) -> None:
        names = name_columns([f"{SEEN} - Yoda", "yoda", f"{SEEN} - _id"])
        assert names[1] == "yoda"
        assert len(set(names)) == 3

    @given(st.lists(st.sampled_from([f"{q} - {a}" for q in (SEEN, RANKED, "q") for a in ("1", "a", "b", "é", "-")])))
    def test_are_legal_and_distinct(self, labels: list[str]) -> None:
        names = name_columns(labels)
        assert all(is_name(name) for name in names)
        assert len(set(names)) == len(labels)
