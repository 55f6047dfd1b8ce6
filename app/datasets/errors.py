"""What can be wrong with a dataset that is made, read or deleted."""

from app.core.errors import Problem


class DatasetNotFound(Problem):
    """No dataset has this name, or the API key may not see it.

    Compare the name with those that `GET /datasets` lists, or use a key that may read the dataset.
    """

    status = 404
    title = "There is no such dataset"


class DatasetNameTaken(Problem):
    """There is already a dataset of this name.

    Choose another name, or import into the existing dataset.
    """

    status = 409
    title = "A dataset of this name exists"


class DatasetReferenced(Problem):
    """A column of another dataset refers to this dataset's key.

    Remove `references` from that column, or delete the other dataset first.
    """

    status = 409
    title = "Another dataset refers to this one"


class DatasetHoldsRecords(Problem):
    """The dataset holds records, and deleting it would delete them too.

    Send `DELETE /datasets/{dataset}?confirm={dataset}` if you mean to delete all of them.
    """

    status = 409
    title = "The dataset holds records"


class DatasetBusy(Problem):
    """An import or another request is changing the dataset, and the wait for it took too long.

    Send the request again once that has ended; `GET /datasets/{dataset}/imports` shows what runs.
    """

    status = 409
    title = "The dataset is in use"


class StoreUnsuitable(Problem):
    """What is asked for is not what the key-value store can do; it is refused before anything is done.

    Read a key-value dataset by key. For filters, sorting, aggregates and exports create the dataset as relational.
    """

    status = 422
    title = "The dataset's store cannot do that"

    def __init__(self, detail: str, *, hint: str = "Create the dataset as relational.") -> None:
        super().__init__(detail, hint=hint)


class TooManyColumns(Problem):
    """The dataset would have more columns than the setting `TOLVA_MAX_COLUMNS` allows.

    Leave some out, or split the dataset into several that share a key.
    """

    status = 422
    title = "The dataset has too many columns"


class ReferenceInvalid(Problem):
    """`references` names a dataset that does not exist, is key-value, or has a key that the column cannot hold.

    Create the other dataset first, as relational and with a key of one column of the same type.
    """

    status = 422
    title = "A column cannot refer to that dataset"


class TooManyIndexes(Problem):
    """The dataset would have more indexes than the setting `TOLVA_MAX_INDEXES` allows.

    Keep the indexes whose first column you filter or sort by, and leave out the others.
    """

    status = 422
    title = "The dataset has too many indexes"


class ColumnNotFound(Problem):
    """The change names a column that the dataset does not have.

    Take the name from `GET /datasets/{dataset}`: it is the column's name, not its label.
    """

    status = 422
    title = "There is no such column"


class ColumnNeeded(Problem):
    """A view or another object that was made in the database by hand depends on the column.

    Drop that object, change the dataset, and create the object again.
    """

    status = 409
    title = "Something else in the database needs the column"


class TypeChangeImpossible(Problem):
    """No value of the column's type can become one of the new type.

    Choose another type, or drop the column, add it with the new type and import its values again.
    """

    status = 422
    title = "A type cannot become that one"


class RecordsDoNotFit(Problem):
    """Some records have values that the changed columns would not accept; nothing was changed.

    Correct the records that `errors` lists, or choose a type or constraint that they fit.
    """

    status = 409
    title = "Some records do not fit the change"


class ValueTooLongForIndex(Problem):
    """A record has a value that an index has no room for, so the index cannot be made.

    Shorten the value that the detail names, or do without the index on this column.
    """

    status = 409
    title = "A value is too long for an index"


class DatasetReshaped(Problem):
    """The dataset's columns were changed while the request was served.

    Send the request again; read the dataset's columns again if it names some.
    """

    status = 503
    title = "The dataset was changed meanwhile"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint="Try again.", headers={"Retry-After": "1"})


class ChangeTimedOut(Problem):
    """The change would have taken longer than the settings allow; nothing of it was kept.

    Make fewer changes in one request, or raise `TOLVA_CHANGE_TIMEOUT_SECONDS`.
    """

    status = 503
    title = "The change took too long"
