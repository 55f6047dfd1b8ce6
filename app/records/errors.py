"""What can be wrong with a record that is asked for or written."""

from app.core.errors import Problem


class RecordNotFound(Problem):
    """The dataset has no record with this key.

    Compare the key with those that `GET /datasets/{dataset}/records` lists; percent-encode it in the address.
    """

    status = 404
    title = "There is no such record"


class RecordKeyInvalid(Problem):
    """The last part of the address is no value that the dataset's key could have.

    Give one value for each column of the key, in its order, joined by commas and each percent-encoded.
    """

    status = 400
    title = "The address does not name a record of this dataset"


class QueryInvalid(Problem):
    """The body of the query has a member, a column, an operator or a value that does not fit.

    Correct what the detail names; conditions are `{"where": {"price": {"gte": 10}}}`.
    """

    status = 400
    title = "The query cannot be understood"


class QueryTooLarge(Problem):
    """The query has more conditions, values or text than the settings allow.

    Split it into several queries. The settings `TOLVA_MAX_QUERY_…` and `TOLVA_MAX_LIST_VALUES` are the limits.
    """

    status = 400
    title = "The query asks for too much at once"


class QueryContradictory(Problem):
    """Two conditions of the query exclude each other, so no record could be found.

    Leave one of them out, or join them by `_or` in `POST /datasets/{dataset}/records/query`.
    """

    status = 400
    title = "The query's conditions exclude each other"


class ResultOutOfRange(Problem):
    """A sum or a mean is larger than its type can hold.

    Filter, or group by a column, so that fewer records are added up.
    """

    status = 422
    title = "A result is too large for its type"

    def __init__(self) -> None:
        super().__init__(
            "The sum or the mean of the numbers is too large for a number.",
            hint="Filter the records, or compute their count, min and max.",
        )


class FormatNotAvailable(Problem):
    """The `Accept` header names no format that the records come in.

    Ask for `application/json`, `text/csv` or `application/x-ndjson`.
    """

    status = 406
    title = "The records are not available in that format"


class ExportTooLarge(Problem):
    """The export has more records or bytes than the settings allow.

    Filter, select fewer columns, or export in parts.
    """

    status = 422
    title = "The export is too large"


class ParameterRepeated(Problem):
    """A parameter that takes one value is there more than once.

    Keep one of them. To match any of several values use `column__in=a,b`.
    """

    status = 400
    title = "A parameter is given more than once"


class RecordInvalid(Problem):
    """The record lacks a required value, has a column that does not exist, or a value that does not fit.

    Correct the columns that `errors` lists; `GET /datasets/{dataset}` shows their types and constraints.
    """

    status = 422
    title = "The record does not fit its dataset"


class TooManyRecords(Problem):
    """The array has more records than the setting `TOLVA_MAX_WRITTEN_RECORDS`.

    Send several smaller arrays, or import a file.
    """

    status = 413
    title = "There are too many records"


class ValueTaken(Problem):
    """Another record already has the key, or the value of a column whose values must be unique.

    Choose another value, or change the existing record with PUT or PATCH.
    """

    status = 409
    title = "Another record has the value"


class ReferenceMissing(Problem):
    """The column refers to another dataset, which has no record with that key.

    Add the other record first, or correct the value.
    """

    status = 409
    title = "A record that is referred to does not exist"


class RecordReferenced(Problem):
    """A record of another dataset refers to this one, which can therefore not be deleted.

    Change or delete the record that refers to it first.
    """

    status = 409
    title = "Another record refers to this one"


class DatasetWithoutColumns(Problem):
    """The dataset was created without columns and has none until its first import.

    Import a file, or set the columns with `PATCH /datasets/{dataset}`.
    """

    status = 409
    title = "The dataset has no columns yet"


class PreconditionFailed(Problem):
    """The record does not have the ETag of `If-Match`, or exists in spite of `If-None-Match: *`.

    Read the record again, apply your change to what it is now, and send its new ETag.
    """

    status = 412
    title = "The record is not in the state that the request names"
