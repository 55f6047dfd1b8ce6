"""Records are read from DynamoDB: one, many, or a part of those whose key begins with the same value.

Requests that the store cannot serve are refused. Reads are consistent: callers read their own writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.aws.dynamo_json import Attributes
from app.core.dynamo import table
from app.core.dynamo.table import Range
from app.core.errors import CursorInvalid
from app.core.settings import get_settings
from app.datasets.errors import NotSupportedByStore
from app.datasets.keyvalue.partitions import MAX_KEY_BYTES
from app.datasets.schema import DatasetSchema
from app.records.etag import digest_of
from app.records.keyvalue.images import find_shown
from app.records.keyvalue.item import record_of, show_record
from app.records.keyvalue.sort_key import END, KeyTooLong, bucket_of, item_key, successor
from app.records.query.aggregate_query import AggregateQuery
from app.records.query.filters import Condition
from app.records.query.operators import OPERATORS, listed_by
from app.records.query.record_query import Embedded, RecordQuery, RecordView
from app.records.request import RecordsRequest
from app.records.results import RecordPage, not_found


async def get_record(request: RecordsRequest, key: Sequence[Any]) -> str:
    """The record with this key as a JSON text; `key` holds the values as `Column.parse` gives them.

    Raises:
        RecordNotFound: the record does not exist.
    """
    schema = request.schema
    [text] = await _show(schema, [await _get_item(request, key)])
    return text


async def get_view(
    request: RecordsRequest, key: Sequence[Any], view: RecordView, embedded: Embedded
) -> tuple[str, str]:
    """Some columns of the record with this key as a JSON text, and the digest of the whole record's.

    Raises:
        RecordNotFound: the record does not exist.
        NotSupportedByStore: the query embeds other records.
    """
    schema = request.schema
    _refuse_embedding(schema, embedded)
    values = record_of(schema, await _get_item(request, key)).values
    images = await find_shown(schema.columns, [values])
    return show_record(view.select, values, images), digest_of(show_record(schema.columns, values, images))


async def _show(schema: DatasetSchema, items: Iterable[Attributes]) -> list[str]:
    """Whole records as JSON texts, their images read together."""
    records = [record_of(schema, item).values for item in items]
    images = await find_shown(schema.columns, records)
    return [show_record(schema.columns, values, images) for values in records]


async def _get_item(request: RecordsRequest, key: Sequence[Any]) -> Attributes:
    schema = request.schema
    address = _find_address(schema, key)
    item = await table.find_attributes(*address) if address is not None else None
    if item is None:
        raise not_found(schema.name, schema.key, key)
    request.confirm()
    return item


def _find_address(schema: DatasetSchema, key: Sequence[Any]) -> tuple[str, str] | None:
    """The key of a record's item, None if there can be no such record."""
    if not schema.columns or schema.generation is None:
        return None
    try:
        return item_key(schema.generation, schema.key, key)
    except KeyTooLong:
        return None


async def get_many(request: RecordsRequest, keys: Sequence[Sequence[Any]]) -> list[str | None]:
    """The records with these keys (texts) as JSON texts, in their order, None for each that there is not."""
    schema = request.schema
    addresses = [_find_address(schema, values) if (values := _values(schema, key)) else None for key in keys]
    wanted = [address for address in dict.fromkeys(addresses) if address is not None]
    found = await table.find_many(wanted) if wanted else {}
    if found:
        request.confirm()
    shown = dict(zip(found, await _show(schema, found.values()), strict=True))
    return [None if address is None else shown.get(address) for address in addresses]


def _values(schema: DatasetSchema, texts: Sequence[str]) -> list[Any] | None:
    """The values of a key, None if a decimal has more digits than any record's."""
    try:
        return [column.parse(text) for text, column in zip(texts, schema.key, strict=True)]
    except ValueError:
        return None


async def list_page(request: RecordsRequest, query: RecordQuery, embedded: Embedded) -> RecordPage:
    """A page of the records whose key begins with one value, in the order of its second, from either end.

    Raises:
        NotSupportedByStore: the query asks for more than that.
    """
    schema = request.schema
    _refuse_embedding(schema, embedded)
    part = range_of(schema, query)
    limit = query.limit or get_settings().max_page_size
    if part is None:
        return RecordPage([])
    items = await table.list_range(part, limit + 1)
    if items:
        request.confirm()
    values = [record_of(schema, item).values for item in items[:limit]]
    last = [values[-1][term.column.name] for term in query.sort] if len(items) > limit else None
    shown = None if last is None else [_shown(value) for value in last]
    images = await find_shown(query.view.select, values)
    return RecordPage([show_record(query.view.select, record, images) for record in values], shown)


def _shown(value: Any) -> Any:
    """A key's value as a cursor holds it."""
    return value if isinstance(value, str | int | float) else str(value)


async def check_export(request: RecordsRequest, query: RecordQuery) -> None:  # noqa: ARG001  # as every store's
    """Raise NotSupportedByStore: records are not gone through here."""
    raise NotSupportedByStore("The key-value store has no exports.", hint="Read pages of JSON, or keep the file.")


async def compute(request: RecordsRequest, query: AggregateQuery) -> RecordPage:  # noqa: ARG001  # as every store's
    """Raise NotSupportedByStore: nothing is computed here."""
    raise NotSupportedByStore("The key-value store computes no aggregates.")


async def check_results_export(request: RecordsRequest) -> None:  # noqa: ARG001  # as every store's
    """Raise NotSupportedByStore: nothing is computed here."""
    raise NotSupportedByStore("The key-value store computes no aggregates.")


def _refuse_embedding(schema: DatasetSchema, embedded: Embedded) -> None:
    if embedded:
        raise NotSupportedByStore(f"'{schema.name}' is in the key-value store, which embeds no other records.")


@dataclass
class _Bounds:
    """The first and the last place that a list takes in, narrowed by one condition after the other."""

    first: str
    last: str

    def narrow(self, first: str | None = None, last: str | None = None) -> None:
        # Texts compare by their code points, which is the order of their bytes.
        self.first = self.first if first is None else max(self.first, first)
        self.last = self.last if last is None else min(self.last, last)


def range_of(schema: DatasetSchema, query: RecordQuery) -> Range | None:
    """The part of the table that a list reads, None if it can have no records.

    Raises:
        NotSupportedByStore: it is more than one part or in another order, or asks for data outside an item.
    """
    _check_query(schema, query)
    leading, second = schema.key
    partitions = [c.values[0] for c in query.where.conditions if c.column.name == leading.name and c.operator == "eq"]
    if len(set(partitions)) != 1:
        return None
    try:
        first = leading.kind.sort_key(leading.parse(partitions[0]))
    except ValueError:
        return None
    prefix = first + END
    bounds = _Bounds(prefix, successor(prefix))
    for condition in query.where.conditions:
        if condition.column.name == second.name:
            _narrow(bounds, prefix, condition)
    backwards = next(term.descending for term in query.sort if term.column.name == second.name)
    if query.position is not None:
        _continue_behind(bounds, schema, query, backwards=backwards)
    if max(len(bounds.first.encode()), len(bounds.last.encode())) > MAX_KEY_BYTES:
        raise NotSupportedByStore(f"In the key-value store no key has more than {MAX_KEY_BYTES:,} bytes.")
    if bounds.first > bounds.last:
        return None
    assert schema.generation is not None
    return Range(bucket_of(schema.generation, first), bounds.first, bounds.last, backwards)


def _check_query(schema: DatasetSchema, query: RecordQuery) -> None:
    names = [column.name for column in schema.key]
    if len(names) < 2:
        raise NotSupportedByStore(
            f"'{schema.name}' is in the key-value store under a key of one column: "
            "its records can only be read by key.",
            hint="GET …/records/{key} or POST …/records/get; to list records, create the dataset as relational.",
        )
    if query.search is not None or query.count != "none":
        raise NotSupportedByStore("The key-value store neither searches texts nor counts records.")
    if query.where.parts != tuple(query.where.conditions) or any(
        condition.column.name not in names for condition in query.where.conditions
    ):
        raise NotSupportedByStore(
            f"The key-value store filters by the key alone: {names[0]}, and {names[1]} within that."
        )
    allowed = {(column.name, operator) for column, operator in listed_by(schema)}
    for condition in query.where.conditions:
        if (condition.column.name, condition.operator) not in allowed:
            raise NotSupportedByStore(
                f"The key-value store has no '{condition.operator}' for '{condition.column.name}'."
            )
    if not any(condition.column.name == names[0] for condition in query.where.conditions):
        raise NotSupportedByStore(
            f"The key-value store lists records of one '{names[0]}' at a time.",
            hint=f"Name it, as ?{names[0]}=…; or create the dataset as relational.",
        )
    if {term.column.name for term in query.sort} != set(names) or query.sort[0].column.name not in names:
        raise NotSupportedByStore(f"The key-value store sorts by '{names[1]}' or '-{names[1]}'.")


def _narrow(bounds: _Bounds, prefix: str, condition: Condition) -> None:
    """Take in only what a condition on the key's second column lets through."""
    column, operator, texts = condition.column, OPERATORS[condition.operator], condition.values
    if operator.is_prefix:
        bounds.narrow(prefix + texts[0], successor(prefix + texts[0]))
        return
    values = [column.parse_comparable(text) for text in texts]
    at_least = prefix + column.kind.least_sort_key(values[0])
    at_most = prefix + column.kind.greatest_sort_key(values[-1])
    # Between two values of a decimal column neither bound is a value that could be left out.
    is_value = at_least == at_most
    if operator.least == "included":
        bounds.narrow(first=at_least + END)
    if operator.most == "included":
        bounds.narrow(last=at_most + END)
    if operator.least == "excluded":
        bounds.narrow(first=successor(at_least + END) if is_value else at_least + END)
    if operator.most == "excluded":
        bounds.narrow(last=at_most if is_value else at_most + END)


def _continue_behind(bounds: _Bounds, schema: DatasetSchema, query: RecordQuery, *, backwards: bool) -> None:
    """Restrict the range to items after the previous page."""
    assert query.position is not None
    texts = {term.column.name: text or "" for term, text in zip(query.sort, query.position, strict=True)}
    try:
        values = [column.parse(texts[column.name]) for column in schema.key]
    except ValueError:
        raise CursorInvalid(
            "The cursor does not fit the dataset's columns.", hint="Start from the first page."
        ) from None
    place = END.join([*(column.kind.sort_key(value) for value, column in zip(values, schema.key, strict=True)), ""])
    if backwards:
        # Nothing lies between a text and the one with a NUL more.
        bounds.narrow(last=place.removesuffix(END))
    else:
        bounds.narrow(first=successor(place))
