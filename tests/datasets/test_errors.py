from app.datasets.errors import DatasetSchemaChanged, NotSupportedByStore


class TestWaysOut:
    def test_what_the_store_cannot_do_another_one_can(self) -> None:
        assert NotSupportedByStore("No.").hint == "Create the dataset as relational."
        assert NotSupportedByStore("No.", hint="Ask for less.").hint == "Ask for less."

    def test_a_change_is_over_in_a_moment(self) -> None:
        assert DatasetSchemaChanged("It was changed.").headers == {"Retry-After": "1"}
