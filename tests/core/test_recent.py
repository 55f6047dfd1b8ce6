from app.core.recent import Recent


class TestRecent:
    def test_what_was_kept_is_found(self) -> None:
        recent = Recent[str](10)
        recent.keep("a", "one", 5)
        assert (recent.find("a"), recent.find("b")) == ("one", None)

    def test_the_one_that_was_not_used_for_longest_goes_first(self) -> None:
        recent = Recent[str](10)
        recent.keep("a", "one", 5)
        recent.keep("b", "two", 5)
        recent.find("a")
        recent.keep("c", "three", 5)
        assert (recent.find("a"), recent.find("b"), recent.find("c")) == ("one", None, "three")

    def test_one_that_is_kept_again_counts_once(self) -> None:
        recent = Recent[str](10)
        recent.keep("a", "one", 5)
        recent.keep("b", "two", 5)
        recent.keep("b", "other", 5)
        assert (recent.find("a"), recent.find("b")) == ("one", "other")

    def test_one_that_is_larger_than_all_room_is_alone(self) -> None:
        recent = Recent[str](10)
        recent.keep("a", "one", 5)
        recent.keep("b", "large", 50)
        assert (recent.find("a"), recent.find("b")) == (None, "large")
        recent.keep("c", "two", 5)
        assert (recent.find("b"), recent.find("c")) == (None, "two")
