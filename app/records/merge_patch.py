"""Merge patches of records and of the JSON documents in them, as RFC 7396 has them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.columns.column import Column
from app.core.strict_json import DocumentTooLarge, JsonInvalid, parse_stored, write_json
from app.records.documents import Fault, Values
from app.records.errors import RecordInvalid
from app.records.results import Refused


@dataclass(frozen=True)
class Changes:
    """The changes of a merge patch in a record: values to put in place, and patches of the documents that it has.

    `values` has one for each patched document, too. A merged document has `most` bytes at most.
    """

    values: Values
    patches: Sequence[tuple[Column, Any]] = ()
    most: int = 0

    def merge(self, stored: Mapping[str, str | None]) -> Values:
        """The patched documents of a record in which they have these texts.

        Raises:
            RecordInvalid: one cannot be stored.
        """
        return {
            column.name: merge_document(column, stored[column.name], patch, self.most) for column, patch in self.patches
        }


def changes_of(columns: Sequence[Column], patch: Mapping[str, Any], values: Values, most: int) -> Changes:
    """The changes of a patch whose values were read; an object for a JSON column patches its document."""
    documents = [(column, patch.get(column.name)) for column in columns if column.kind.is_document]
    return Changes(values, [(column, change) for column, change in documents if isinstance(change, dict)], most)


def merge_document(column: Column, text: str | None, patch: Any, most: int) -> str:
    """The JSON document of a column after a merge patch, of `most` bytes at most.

    Raises:
        RecordInvalid: it cannot be stored.
    """
    try:
        merged = merge(None if text is None else parse_stored(text), patch)
        return write_json(merged, most)
    except JsonInvalid as error:
        is_large = isinstance(error, DocumentTooLarge)
        code = "document_too_large" if is_large else "not_json"
        hint = "Remove some of it first. (TOLVA_MAX_DOCUMENT_BYTES)" if is_large else None
        fault = Fault(column.name, code, f"not a document that can be kept once it is merged: {error}")
        raise Refused(RecordInvalid, [fault], hint).problem() from None


def merge(target: Any, patch: Any) -> Any:
    """A JSON document after a merge patch, as RFC 7396 has it."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged
