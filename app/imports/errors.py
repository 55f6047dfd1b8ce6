"""Problems of imports: what a request gets wrong, and why an import failed."""

from app.core.errors import Problem


class ImportNotFound(Problem):
    """No import has this id, or the API key may not see its dataset.

    Take the id from `GET /datasets/{dataset}/imports`.
    """

    status = 404
    title = "Import not found"


class ImportFinished(Problem):
    """The import has already succeeded, failed or been cancelled, so it cannot be cancelled.

    Look at its `status` and `result`.
    """

    status = 409
    title = "Import already finished"


class ImportCommitting(Problem):
    """The import is writing its records in one transaction and can no longer be cancelled.

    Wait until it has finished.
    """

    status = 409
    title = "Import is committing"


class RejectionsNotReady(Problem):
    """The import has not finished, so its rejections are not complete.

    Ask again when its `status` is `succeeded`, `failed` or `cancelled`.
    """

    status = 409
    title = "Rejections not ready"


class UploadNotInParts(Problem):
    """The file of the import is uploaded by one request, so it has no parts.

    Send the file to the `upload` of the response that announced it, or announce it with `in_parts`.
    """

    status = 409
    title = "Upload is not in parts"


class UploadOver(Problem):
    """The import does not wait for its file any more: it has it, or has ended, or the upload was left for too long.

    Look at the import's `status`; announce the file again if it has failed or was cancelled.
    """

    status = 409
    title = "Upload is over"


class PartInvalid(Problem):
    """The file has no part of this number.

    Use the numbers from 1 to the `count` that the response to the announcement has.
    """

    status = 422
    title = "No such part"


class PartsMissing(Problem):
    """The upload cannot be completed, because parts of the file have not arrived or have another size.

    Send the parts that the detail names, then complete the upload again.
    """

    status = 409
    title = "Parts are missing"


class DatasetWithoutKey(Problem):
    """The mode `upsert` updates records by their key, and the dataset has none.

    Give the dataset a key with `PATCH /datasets/{dataset}`, or use the mode `append` or `replace`.
    """

    status = 422
    title = "Dataset has no key"


class ImportFailed(Problem, is_base=True):
    """The import as a whole cannot succeed: the base of the problems below, kept in the import's `problem`."""

    status = 422
    title = "Import failed"


class FileEmpty(ImportFailed):
    """The file has no bytes, or only a byte order mark.

    Check how the file was written, and import it again.
    """

    title = "File is empty"


class FileWithoutRecords(ImportFailed):
    """The file has a header but no records, and the import would leave the dataset empty.

    Import a file with records, or set `allow_empty` to empty the dataset.
    """

    title = "File has no records"


class FileMalformed(ImportFailed):
    """The file cannot be read as CSV: a quote is not closed, or records have different numbers of fields.

    Correct the line that the detail names, or give `delimiter`, `quote` or `encoding` in `options`.
    """

    title = "Malformed CSV file"


class HeaderMalformed(ImportFailed):
    """The line with the column names cannot be read.

    Correct the line, or set `header` to false in `options` if it is data.
    """

    title = "Malformed CSV header"


class DelimiterNotFound(ImportFailed):
    """No delimiter splits the lines into the same number of fields.

    Give `delimiter` in `options`.
    """

    title = "Delimiter not found"


class FileTooLarge(ImportFailed):
    """The file is larger than the setting `TOLVA_MAX_FILE_BYTES`.

    Split the file, or compress it with gzip or zstd.
    """

    status = 413
    title = "File too large"


class UnpackedTooLarge(ImportFailed):
    """The compressed file is larger than the settings allow when it is unpacked.

    Split the file. `TOLVA_MAX_UNPACKED_BYTES` and `TOLVA_MAX_UNPACKED_RATIO` are the limits.
    """

    status = 413
    title = "Unpacked file too large"


class FileNotCsv(ImportFailed):
    """The file has another format, such as a workbook, a PDF or an archive.

    Save or export it as CSV, and import that.
    """

    title = "File is not CSV"


class ArchiveTableUnclear(ImportFailed):
    """The zip archive has no table, or more than one, so it is not clear what to import.

    Pack exactly one CSV file, together with its pictures.
    """

    title = "Table of archive unclear"


class ArchiveRefused(ImportFailed):
    """The zip archive has too many files, files that share bytes, or a table that cannot be unpacked.

    Pack it again without encryption, or split it. `TOLVA_MAX_ARCHIVE_PICTURES` limits the number of pictures.
    """

    title = "Archive refused"


class PicturesNotChecked(ImportFailed):
    """The pictures of the archive were not checked in time; nothing was loaded, and those that were checked are kept.

    Import the archive again. If it fails again, look at the worker's log and at the queue of images.
    """

    status = 503
    title = "Pictures were not checked"


class FileDamaged(ImportFailed):
    """The compressed file is truncated or damaged.

    Compress it again, compare its checksum, and upload it again.
    """

    title = "File is damaged"


class FileNotFound(ImportFailed):
    """The uploaded file was deleted from the bucket before the import could read it.

    Announce the file again and upload it.
    """

    title = "Uploaded file not found"


class EncodingMismatch(ImportFailed):
    """The file has bytes that are not valid in the given encoding.

    Leave `encoding` out of `options`, or give the right one.
    """

    title = "Encoding mismatch"


class EncodingUnknown(ImportFailed):
    """The file is not UTF-8 and does not declare its encoding.

    Give `encoding` in `options`, such as `cp1251`, or save the file as UTF-8.
    """

    title = "Unknown encoding"


class ColumnsMismatch(ImportFailed):
    """The file's columns are not the dataset's: one is missing or unknown.

    Rename the header, map it with `columns`, or change the dataset's columns first.
    """

    title = "Column mismatch"


class ColumnOptionsInvalid(ImportFailed):
    """`columns` of the import names an unknown header or column, or an impossible type.

    Compare the labels with the file's header, and the names with the dataset's columns.
    """

    title = "Invalid column options"


class KeyColumnsInvalid(ImportFailed):
    """`key` of the import names columns that cannot be the dataset's key.

    Choose columns whose values are unique in combination and never missing, or leave `key` out.
    """

    title = "Invalid key columns"


class KeyReferenced(ImportFailed):
    """Other datasets reference the key, so the columns cannot be inferred again.

    Remove `references` from their columns first, or import without `infer_again`.
    """

    status = 409
    title = "Key is referenced"


class RecordTooWide(ImportFailed):
    """A record has more data than a table row can hold.

    Leave out columns, or split the file into several that share a key.
    """

    title = "Record too large for table"


class FileTooWide(ImportFailed):
    """The file has more columns than the setting `TOLVA_MAX_COLUMNS` allows.

    Leave some out with `omit` in `columns`, or split the file into several that share a key.
    """

    title = "Too many columns in file"


class OptionsMismatch(ImportFailed):
    """`options` of the import contradict each other or the file.

    Leave out the option that the detail names: Tolva detects what you do not give.
    """

    title = "Conflicting import options"


class RowsRejected(ImportFailed):
    """Some rows do not fit the dataset. With `on_reject: abort` nothing was loaded.

    Correct the rows that `rejections` lists and import the file again, or use `on_reject: skip` to load the others.
    """

    title = "Rows rejected"


class TooManyRejections(ImportFailed):
    """More rows were rejected than `max_rejections` allows; nothing was loaded.

    Correct the rows that `rejections` lists, or raise `max_rejections`.
    """

    title = "Too many rejections"


class ReferencedRecordsMissing(ImportFailed):
    """The file lacks records that other datasets reference, so it cannot replace the dataset.

    Keep those records in the file, delete what references them, or use the mode `upsert`.
    """

    status = 409
    title = "Referenced records missing from file"


class FileValueTooLong(ImportFailed):
    """The file has a value that is too long for an index of the dataset.

    Shorten the value that the detail names, or remove the index from the dataset.
    """

    title = "File value too long"


class RecordTooLargeForStore(ImportFailed):
    """A record is larger than an item of the key-value store can be.

    Shorten its values, or create the dataset as relational.
    """

    title = "Record too large for store"


class ColumnsNotSupportedByStore(ImportFailed):
    """The key-value store cannot hold all of the file's columns.

    Leave some out with `omit` in `columns`, or create the dataset as relational.
    """

    title = "Columns not supported by store"


class KeyColumnNotFound(ImportFailed):
    """No column of the file has a different value in each record, and a key-value dataset needs a key.

    Give `key` with one or two columns, or create the dataset as relational.
    """

    title = "No key column found"


class DatasetDeleted(ImportFailed):
    """The dataset was deleted before the import finished.

    Create it again, and import the file again.
    """

    status = 409
    title = "Dataset was deleted"


class ColumnsChanged(ImportFailed):
    """The dataset's columns changed during the import; nothing was loaded.

    Import the file again.
    """

    status = 409
    title = "Columns changed during import"


class ImportTimedOut(ImportFailed):
    """The import took longer than the setting `TOLVA_IMPORT_TIMEOUT_SECONDS` or its worker allows.

    Split the file, give the import more time, or let a task take it (`LargeImports` in AWS).
    """

    status = 503
    title = "Import timed out"


class WorkerLost(ImportFailed):
    """Every worker that started the import ended before the import finished.

    Search the worker's log for the import's id. Split the file if a worker has too little memory for it.
    """

    status = 503
    title = "Worker failed repeatedly"


class InternalImportError(ImportFailed):
    """The import failed because of an error in the server; nothing was loaded.

    Import the file again. If it fails again, report the import's id: the worker's log has the reason.
    """

    status = 500
    title = "Internal import error"
