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


class DatasetHoldsRecords(Problem):
    status = 409
    title = "The dataset holds records"


class DatasetBusy(Problem):
    status = 409
    title = "The dataset is in use"


class StoreUnsuitable(Problem):
    """What is asked for is not what the key-value store can do; it is refused before anything is done."""

    status = 422
    title = "The dataset's store cannot do that"

    def __init__(self, detail: str, *, hint: str = "Create the dataset as relational.") -> None:
        super().__init__(detail, hint=hint)


class TooManyColumns(Problem):
    status = 422
    title = "The dataset has too many columns"


class ReferenceInvalid(Problem):
    status = 422
    title = "A column cannot refer to that dataset"


class TooManyIndexes(Problem):
    status = 422
    title = "The dataset has too many indexes"


class ColumnNotFound(Problem):
    status = 422
    title = "There is no such column"


class ColumnNeeded(Problem):
    status = 409
    title = "Something else in the database needs the column"


class TypeChangeImpossible(Problem):
    status = 422
    title = "A type cannot become that one"


class RecordsDoNotFit(Problem):
    status = 409
    title = "Some records do not fit the change"


class ValueTooLongForIndex(Problem):
    status = 409
    title = "A value is too long for an index"


class DatasetReshaped(Problem):
    status = 503
    title = "The dataset was changed meanwhile"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint="Try again.", headers={"Retry-After": "1"})


class ChangeTimedOut(Problem):
    status = 503
    title = "The change took too long"
