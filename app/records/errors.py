"""What can be wrong with a record that is asked for."""

from app.core.errors import Problem


class RecordNotFound(Problem):
    status = 404
    title = "There is no such record"


class RecordKeyInvalid(Problem):
    status = 400
    title = "The address does not name a record of this dataset"
