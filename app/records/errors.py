"""What can be wrong with a record that is asked for or written."""

from app.core.errors import Problem


class RecordNotFound(Problem):
    status = 404
    title = "There is no such record"


class RecordKeyInvalid(Problem):
    status = 400
    title = "The address does not name a record of this dataset"


class QueryInvalid(Problem):
    status = 400
    title = "The query cannot be understood"


class QueryTooLarge(Problem):
    status = 400
    title = "The query asks for too much at once"


class QueryContradictory(Problem):
    status = 400
    title = "The query's conditions exclude each other"


class ResultOutOfRange(Problem):
    status = 422
    title = "A result is too large for its type"

    def __init__(self) -> None:
        super().__init__(
            "The sum or the mean of the numbers is too large for a number.",
            hint="Filter the records, or compute their count, min and max.",
        )


class FormatNotAvailable(Problem):
    status = 406
    title = "The records are not available in that format"


class ExportTooLarge(Problem):
    status = 422
    title = "The export is too large"


class ParameterRepeated(Problem):
    status = 400
    title = "A parameter is given more than once"


class RecordInvalid(Problem):
    status = 422
    title = "The record does not fit its dataset"


class TooManyRecords(Problem):
    status = 413
    title = "There are too many records"


class ValueTaken(Problem):
    status = 409
    title = "Another record has the value"


class ReferenceMissing(Problem):
    status = 409
    title = "A record that is referred to does not exist"


class RecordReferenced(Problem):
    status = 409
    title = "Another record refers to this one"


class DatasetWithoutColumns(Problem):
    status = 409
    title = "The dataset has no columns yet"


class PreconditionFailed(Problem):
    status = 412
    title = "The record is not in the state that the request names"
