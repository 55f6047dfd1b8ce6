"""What can be wrong with a dataset that is made, read or deleted."""

from app.core.errors import Problem


class DatasetNotFound(Problem):
    status = 404
    title = "There is no such dataset"


class DatasetNameTaken(Problem):
    status = 409
    title = "A dataset of this name exists"


class DatasetReferenced(Problem):
    status = 409
    title = "Another dataset refers to this one"


class DatasetBusy(Problem):
    status = 409
    title = "The dataset is in use"


class StoreNotAvailable(Problem):
    status = 422
    title = "The store is not available"


class TooManyColumns(Problem):
    status = 422
    title = "The dataset has too many columns"


class ReferenceInvalid(Problem):
    status = 422
    title = "A column cannot refer to that dataset"
