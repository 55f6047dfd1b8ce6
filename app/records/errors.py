"""What can be wrong with a record that is asked for."""

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


class FormatNotAvailable(Problem):
    status = 406
    title = "The records cannot be had in that format"


class ExportTooLarge(Problem):
    status = 422
    title = "The export is too large"


class ParameterRepeated(Problem):
    status = 400
    title = "A parameter is given more than once"
