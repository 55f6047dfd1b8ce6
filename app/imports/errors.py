"""Problems of imports: what a request gets wrong, and why an import failed."""

from app.core.errors import Problem


class ImportNotFound(Problem):
    """No import has this id, or the API key may not see its dataset.

    Take the id from `GET /datasets/{dataset}/imports`.
    """

    status = 404
    title = "There is no such import"


class ImportFinished(Problem):
    """The import has already succeeded, failed or been cancelled, and cannot be cancelled.

    Look at its `status` and `result`.
    """

    status = 409
    title = "The import has ended"


class ImportCommitting(Problem):
    """The import is writing its records in one transaction and can no longer be cancelled.

    Wait until it has ended.
    """

    status = 409
    title = "The import is writing its records and goes to its end"


class RejectionsNotReady(Problem):
    """The import has not ended, so its rejections are not complete.

    Ask again once its `status` is `succeeded`, `failed` or `cancelled`.
    """

    status = 409
    title = "The import is still running"


class DatasetWithoutKey(Problem):
    """The mode `upsert` updates records by their key, and the dataset has none.

    Give the dataset a key with `PATCH /datasets/{dataset}`, or use the mode `append` or `replace`.
    """

    status = 422
    title = "The dataset has no key"


class ImportFailed(Problem, is_base=True):
    """The import as a whole cannot succeed: the base of the problems below, kept in the import's `problem`."""

    status = 422
    title = "The file cannot be imported"


class FileEmpty(ImportFailed):
    """The file has no bytes, or nothing but a byte order mark.

    Look at how the file was written, and import it again.
    """

    title = "The file is empty"


class FileWithoutRecords(ImportFailed):
    """The file has a header and no records below it, and the import would leave the dataset empty.

    Import a file with records, or set `allow_empty` if the dataset is to be emptied.
    """

    title = "The file has no records"


class FileMalformed(ImportFailed):
    """The file cannot be read as CSV: a quote is not closed, or records have different numbers of fields.

    Correct the line that the detail names, or give `delimiter`, `quote` or `encoding` in `options`.
    """

    title = "The file is malformed"


class HeaderMalformed(ImportFailed):
    """The line with the names of the columns cannot be read.

    Correct the line, or set `header` to false in `options` if it is data.
    """

    title = "The file's header is malformed"


class DelimiterNotFound(ImportFailed):
    """Several delimiters would fit the file equally well.

    Give `delimiter` in `options`.
    """

    title = "The file's delimiter is not clear"


class FileTooLarge(ImportFailed):
    """The file is larger than the setting `TOLVA_MAX_FILE_BYTES`.

    Split the file, or compress it with gzip or zstd.
    """

    status = 413
    title = "The file is too large"


class UnpackedTooLarge(ImportFailed):
    """The compressed file becomes larger than the settings allow when it is unpacked.

    Split the file. `TOLVA_MAX_UNPACKED_BYTES` and `TOLVA_MAX_UNPACKED_RATIO` are the limits.
    """

    status = 413
    title = "The file unpacks to too much"


class FileNotCsv(ImportFailed):
    """The file is of another kind, such as a workbook, a PDF or an archive.

    Save or export it as CSV, and import that.
    """

    title = "The file is not CSV"


class FileDamaged(ImportFailed):
    """The compressed file ends too early or is damaged.

    Compress it again, compare its checksum, and upload it again.
    """

    title = "The file cannot be read to its end"


class FileGone(ImportFailed):
    """The uploaded file was deleted from the bucket before the import could read it.

    Announce the file again and upload it.
    """

    title = "The uploaded file is gone"


class EncodingMismatch(ImportFailed):
    """The file has bytes that its encoding, as it was given, does not have.

    Leave `encoding` out of `options`, or give the right one.
    """

    title = "The file is not in the encoding that was given"


class EncodingUnknown(ImportFailed):
    """The file is not UTF-8 and does not say which encoding it is in.

    Give `encoding` in `options`, such as `cp1251`, or save the file as UTF-8.
    """

    title = "The file's encoding is not clear"


class ColumnsMismatch(ImportFailed):
    """The file's columns are not the dataset's: one is missing or unknown.

    Rename the header, map it with `columns`, or change the dataset's columns first.
    """

    title = "The file's columns are not the dataset's"


class ChoicesMismatch(ImportFailed):
    """`columns` of the import names a header or a column that does not exist, or a type that cannot be.

    Compare the labels with the file's header, and the names with the dataset's columns.
    """

    title = "What was said of columns does not fit"


class KeyMismatch(ImportFailed):
    """`key` of the import names columns that cannot be the dataset's key.

    Choose columns whose values are unique in combination and never missing, or leave `key` out.
    """

    title = "The key cannot be that one"


class KeyReferenced(ImportFailed):
    """Other datasets refer to the key, so the columns cannot be inferred again.

    Remove `references` from their columns first, or import without `infer_again`.
    """

    status = 409
    title = "Other datasets refer to the dataset's key"


class RecordTooWide(ImportFailed):
    """A record has more data than a row of a table can hold.

    Leave out columns, or split the file into several that share a key.
    """

    title = "A record is too large for a row of a table"


class FileTooWide(ImportFailed):
    """The file has more columns than the setting `TOLVA_MAX_COLUMNS` allows.

    Leave some out with `omit` in `columns`, or split the file into several that share a key.
    """

    title = "The file has too many columns"


class OptionsMismatch(ImportFailed):
    """`options` of the import contradict each other or the file.

    Leave out the option that the detail names: what is not given is detected.
    """

    title = "The options do not fit the file"


class RowsRejected(ImportFailed):
    """Some rows do not fit the dataset. With `on_reject: abort` nothing was loaded.

    Correct the rows that `rejections` lists and import the file again, or use `on_reject: skip` to load the others.
    """

    title = "Some rows were not accepted"


class TooManyRejections(ImportFailed):
    """More rows were rejected than `max_rejections` allows; nothing was loaded.

    Correct the rows that `rejections` lists, or raise `max_rejections`.
    """

    title = "Too many rows were not accepted"


class ReferencedRecordsMissing(ImportFailed):
    """The file lacks records that records of other datasets refer to, so it cannot replace the dataset.

    Keep those records in the file, delete what refers to them, or use the mode `upsert`.
    """

    status = 409
    title = "Other datasets refer to records that the file does not have"


class FileValueTooLong(ImportFailed):
    """The file has a value that an index of the dataset has no room for.

    Shorten the value that the detail names, or remove the index from the dataset.
    """

    title = "A value is too long for an index"


class RecordTooLargeForStore(ImportFailed):
    """A record is larger than an item of the key-value store may be.

    Shorten its values, or create the dataset as relational.
    """

    title = "A record is too large for the key-value store"


class ColumnsUnsuitable(ImportFailed):
    """The key-value store cannot hold all of the file's columns.

    Leave some out with `omit` in `columns`, or create the dataset as relational.
    """

    title = "The key-value store has no room for the file's columns"


class KeyColumnNotFound(ImportFailed):
    """No column of the file has a different value in each record, and a key-value dataset needs a key.

    Give `key` with one or two columns, or create the dataset as relational.
    """

    title = "The file has no column that could be the key"


class DatasetDeleted(ImportFailed):
    """The dataset was deleted before the import ended.

    Create it again, and import the file again.
    """

    status = 409
    title = "The dataset was deleted"


class ColumnsChanged(ImportFailed):
    """The dataset's columns were changed while the import ran; nothing was loaded.

    Import the file again.
    """

    status = 409
    title = "The dataset was changed meanwhile"


class ImportTimedOut(ImportFailed):
    """The import took longer than the setting `TOLVA_IMPORT_TIMEOUT_SECONDS`, or than its worker may.

    Split the file, or give the worker more time.
    """

    status = 503
    title = "The import took too long"


class WorkerLost(ImportFailed):
    """Every worker that took the import up ended before the import did.

    Look into the worker's log under the import's id. Split the file if a worker has too little memory for it.
    """

    status = 503
    title = "The worker died again and again"


class ImportBroken(ImportFailed):
    """The import failed for a reason that is not yours; nothing was loaded.

    Import the file again. If it fails again, report the import's id: the worker's log has the reason.
    """

    status = 500
    title = "Something went wrong on our side"
