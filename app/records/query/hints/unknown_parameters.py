"""Parameters that do not exist: what may have been meant, and how that is asked for. Pure."""

from collections.abc import Sequence

from app.columns.column import Column
from app.core.errors import UnknownParameter, did_you_mean
from app.datasets.schema import DatasetSchema
from app.records.query.filters import list_columns, no_column
from app.records.query.functions import COUNT
from app.records.query.hints.idioms import explain_parameter, topic_of
from app.records.query.hints.operator_idioms import Idiom, advise, find_column, find_condition, translate_operator
from app.records.query.operands import SHOWN_LENGTH, shown
from app.records.query.operators import SEPARATOR


def unknown_parameter(
    schema: DatasetSchema, members: Sequence[str], name: str, value: str, *, takes_conditions: bool
) -> UnknownParameter:
    """The problem that an address has a parameter which is neither a condition nor one of `members`."""
    parameters = [f"_{member}" for member in members]
    if not takes_conditions:
        near = did_you_mean(name[:SHOWN_LENGTH], parameters)
        return UnknownParameter(
            f"There is no parameter '{shown(name)}'.{near}", hint=f"It takes: {', '.join(parameters)}."
        )
    column_name, _separator, operator = name.partition(SEPARATOR)
    is_column = not name.startswith("_")
    meant = find_column(schema.columns, column_name) if is_column else None
    if meant is not None:
        return _misspelt(schema, meant, column_name, operator, value)
    said = column_name if is_column else name
    hint = _explain(schema, members, name, value)
    near = "" if hint is not None else did_you_mean(said[:SHOWN_LENGTH], [*schema.by_name, *parameters])
    hint = hint if hint is not None or near else list_columns(schema.columns)
    return UnknownParameter(f"There is no {'column' if is_column else 'parameter'} '{shown(said)}'.{near}", hint=hint)


def _misspelt(schema: DatasetSchema, column: Column, name: str, operator: str, value: str) -> UnknownParameter:
    """The problem that a column is called otherwise."""
    known = operator or "eq"
    idiom: Idiom | None = Idiom(column, known, value)
    if known not in column.kind.operators:
        idiom = translate_operator(column, operator, value, "query")
    message = no_column(name, schema.columns)
    hint = advise(idiom, "query") if idiom is not None else None
    return UnknownParameter(message[:1].upper() + message[1:], hint=hint)


def _explain(schema: DatasetSchema, members: Sequence[str], name: str, value: str) -> str | None:
    """The hint how to write the same here, if the parameter is one of another API."""
    head = name.partition(SEPARATOR)[0]
    if "aggregate" in members and (head == COUNT or topic_of(name) == "having"):
        return "Results cannot be filtered; they can be sorted: _sort=-count."
    is_own = name.startswith("_") and topic_of(name) is not None
    idiom = None if is_own else find_condition(schema.columns, name, value)
    return advise(idiom, "query") if idiom is not None else explain_parameter(schema, members, name, value)
