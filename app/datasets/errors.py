"""Problems of creating, reading, changing and deleting datasets."""

from app.core.errors import Problem


class DatasetNotFound(Problem):
    """No dataset has this name, or the API key may not see it.

    Compare the name with those that `GET /datasets` lists, or use a key that may read the dataset.
    """

    status = 404
    title = "Dataset not found"


class DatasetNameTaken(Problem):
    """A dataset with this name already exists.

    Choose another name, or import into the existing dataset.
    """

    status = 409
    title = "Dataset already exists"


class DatasetReferenced(Problem):
    """A column of another dataset references this dataset's key.

    Remove `references` from that column, or delete the other dataset first.
    """

    status = 409
    title = "Dataset is referenced"


class DatasetNotEmpty(Problem):
    """The dataset has records, and deleting it would delete them too.

    Send `DELETE /datasets/{dataset}?confirm={dataset}` if you mean to delete all of them.
    """

    status = 409
    title = "Dataset not empty"


class ImageRequired(Problem):
    """The image cannot be deleted, because a record shows it in a required column, which cannot become null.

    Give that record another image first, or let the column be null.
    """

    status = 409
    title = "Image is required"


class ImageUseUnknown(Problem):
    """The image cannot be deleted, because it is not known whether a record of a key-value dataset shows it.

    There are more records than the setting `TOLVA_MAX_IMAGE_SEARCH_RECORDS` has a deletion look through. Raise it, or
    delete the image with `?force=true`: a record that shows it shows null then.
    """

    status = 409
    title = "Use of image unknown"


class DatasetBusy(Problem):
    """An import or another request is changing the dataset, and waiting for it took too long.

    Send the request again when that has finished; `GET /datasets/{dataset}/imports` shows what is running.
    """

    status = 409
    title = "Dataset is busy"


class NotSupportedByStore(Problem):
    """The key-value store does not support this. Nothing was changed.

    Read a key-value dataset by key. For filters, sorting, aggregates and exports create the dataset as relational.
    """

    status = 422
    title = "Not supported by store"

    def __init__(self, detail: str, *, hint: str = "Create the dataset as relational.") -> None:
        super().__init__(detail, hint=hint)


class TooManyColumns(Problem):
    """The dataset would have more columns than the setting `TOLVA_MAX_COLUMNS` allows.

    Leave some out, or split the dataset into several that share a key.
    """

    status = 422
    title = "Too many columns"


class ReferenceInvalid(Problem):
    """`references` names a dataset that does not exist, is key-value, or has a key that the column cannot hold.

    Create the other dataset first, as relational and with a key of one column of the same type.
    """

    status = 422
    title = "Invalid reference"


class TooManyIndexes(Problem):
    """The dataset would have more indexes than the setting `TOLVA_MAX_INDEXES` allows.

    Keep the indexes whose first column you filter or sort by, and leave out the others.
    """

    status = 422
    title = "Too many indexes"


class ColumnNotFound(Problem):
    """The change names a column that the dataset does not have.

    Take the name from `GET /datasets/{dataset}`: it is the column's name, not its label.
    """

    status = 422
    title = "Column not found"


class ColumnInUse(Problem):
    """A view or another object that was created by hand in the database depends on the column.

    Drop that object, change the dataset, and create the object again.
    """

    status = 409
    title = "Column is in use"


class TypeConversionNotSupported(Problem):
    """No value of the column's type can be converted to the new type.

    Choose another type, or drop the column, add it with the new type and import its values again.
    """

    status = 422
    title = "Type conversion not supported"


class RecordsIncompatible(Problem):
    """Some records have values that the changed columns do not accept; nothing was changed.

    Correct the records that `errors` lists, or choose a type or constraint that fits them.
    """

    status = 409
    title = "Records incompatible with change"


class ValueTooLongForIndex(Problem):
    """A record has a value that is too long to index, so the index cannot be created.

    Shorten the value that the detail names, or do without the index on this column.
    """

    status = 409
    title = "Value too long for index"


class DatasetSchemaChanged(Problem):
    """The dataset's columns changed during the request.

    Send the request again; if it names columns, read the dataset's columns first.
    """

    status = 503
    title = "Dataset schema changed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint="Try again.", headers={"Retry-After": "1"})


class ChangeTimedOut(Problem):
    """The change would have taken longer than the settings allow; nothing was changed.

    Make fewer changes in one request, or raise `TOLVA_CHANGE_TIMEOUT_SECONDS`.
    """

    status = 503
    title = "Schema change timed out"
