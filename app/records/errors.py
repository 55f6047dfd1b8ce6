"""Problems of reading and writing records."""

from app.core.errors import Problem


class RecordNotFound(Problem):
    """The dataset has no record with this key.

    Compare the key with those that `GET /datasets/{dataset}/records` lists; percent-encode it in the URL.
    """

    status = 404
    title = "Record not found"


class RecordKeyInvalid(Problem):
    """The last part of the path cannot be a value of the dataset's key.

    Give one value for each column of the key, in its order, joined by commas and each percent-encoded.
    """

    status = 400
    title = "Invalid record key"


class QueryInvalid(Problem):
    """The body of the query has an invalid member, column, operator or value.

    Correct what the detail names; conditions are `{"where": {"price": {"gte": 10}}}`.
    """

    status = 400
    title = "Invalid query"


class QueryTooLarge(Problem):
    """The query has more conditions, values or text than the settings allow.

    Split it into several queries. The settings `TOLVA_MAX_QUERY_…` and `TOLVA_MAX_LIST_VALUES` are the limits.
    """

    status = 400
    title = "Query too large"


class QueryContradictory(Problem):
    """Two conditions of the query exclude each other, so no record can match.

    Leave one of them out, or join them by `_or` in `POST /datasets/{dataset}/records/query`.
    """

    status = 400
    title = "Contradictory query conditions"


class ResultOutOfRange(Problem):
    """A sum or a mean is larger than its type can hold.

    Filter, or group by a column, so that fewer records are added up.
    """

    status = 422
    title = "Result out of range"

    def __init__(self) -> None:
        super().__init__(
            "The sum or the mean of the numbers is too large for a number.",
            hint="Filter the records, or compute their count, min and max.",
        )


class FormatNotAvailable(Problem):
    """The `Accept` header names no format that the route offers.

    Ask for `application/json`, `text/csv` or `application/x-ndjson`.
    """

    status = 406
    title = "Format not available"


class ExportTooLarge(Problem):
    """The export has more records or bytes than the settings allow.

    Filter, select fewer columns, or export in parts.
    """

    status = 422
    title = "Export too large"


class ParameterRepeated(Problem):
    """A parameter that takes one value occurs more than once.

    Keep one of them. To match any of several values use `column__in=a,b`.
    """

    status = 400
    title = "Repeated query parameter"


class RecordInvalid(Problem):
    """The record lacks a required value, has an unknown column or has an invalid value.

    Correct the columns that `errors` lists; `GET /datasets/{dataset}` shows their types and constraints.
    """

    status = 422
    title = "Invalid record"


class TooManyRecords(Problem):
    """The array has more records than the setting `TOLVA_MAX_WRITTEN_RECORDS`.

    Send several smaller arrays, or import a file.
    """

    status = 413
    title = "Too many records"


class ValueTaken(Problem):
    """Another record already has this key, or this value in a unique column.

    Choose another value, or change the existing record with PUT or PATCH.
    """

    status = 409
    title = "Value already taken"


class ReferenceMissing(Problem):
    """The column references another dataset, which has no record with that key.

    Add the other record first, or correct the value.
    """

    status = 409
    title = "Referenced record not found"


class RecordReferenced(Problem):
    """A record of another dataset references this one, so it cannot be deleted.

    Change or delete the record that references it first.
    """

    status = 409
    title = "Record is referenced"


class DatasetWithoutColumns(Problem):
    """The dataset was created without columns and has none until its first import.

    Import a file, or set the columns with `PATCH /datasets/{dataset}`.
    """

    status = 409
    title = "Dataset has no columns"


class PreconditionFailed(Problem):
    """The record's ETag is not the one in `If-Match`, or the record exists despite `If-None-Match: *`.

    Read the record again, apply your change to its current state, and send its new ETag.
    """

    status = 412
    title = "Precondition failed"
