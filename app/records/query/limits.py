"""Limits of one query. Pure: each refusal names the setting of its limit."""

from dataclasses import dataclass

from app.records.errors import QueryTooLarge


@dataclass(frozen=True)
class Limits:
    """The limits of a query's parts and of its results."""

    page_size: int
    export_records: int
    terms: int
    depth: int
    list_values: int
    text_length: int

    def check_terms(self, count: int, what: str) -> None:
        """Raise QueryTooLarge if a query has too many conditions, or other parts."""
        if count > self.terms:
            raise QueryTooLarge(
                f"The query has {count:,} {what} or more; {self.terms:,} is the most.",
                hint="List many values of one column with `in`. (TOLVA_MAX_QUERY_TERMS)",
            )

    def check_depth(self, depth: int, place: str) -> None:
        """Raise QueryTooLarge if conditions are nested too deep."""
        if depth > self.depth:
            raise QueryTooLarge(
                f"'{place}' is nested deeper than {self.depth} levels.",
                hint="Put conditions side by side. (TOLVA_MAX_QUERY_DEPTH)",
            )

    def check_list(self, count: int, place: str) -> None:
        """Raise QueryTooLarge if a list has too many values."""
        if count > self.list_values:
            raise QueryTooLarge(
                f"'{place}' lists {count:,} values; {self.list_values:,} is the most.",
                hint="Ask in several queries. (TOLVA_MAX_LIST_VALUES)",
            )

    def check_text(self, length: int, place: str) -> None:
        """Raise QueryTooLarge if a text is too long."""
        if length > self.text_length:
            raise QueryTooLarge(
                f"'{place}' has a value of {length:,} characters; {self.text_length:,} is the most.",
                hint="Ask for how the text starts. (TOLVA_MAX_QUERY_TEXT)",
            )
