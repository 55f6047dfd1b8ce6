"""Problems of imports: what a request gets wrong, and why an import failed."""

from app.core.errors import Problem


class ImportNotFound(Problem):
    status = 404
    title = "There is no such import"


class ImportFinished(Problem):
    status = 409
    title = "The import has ended"


class ImportCommitting(Problem):
    status = 409
    title = "The import is writing its records and goes to its end"


class RejectionsNotReady(Problem):
    status = 409
    title = "The import is still running"


class DatasetWithoutKey(Problem):
    status = 422
    title = "The dataset has no key"


class ImportFailed(Problem):
    """The import as a whole cannot succeed: the base of the problems below, kept in the import's `problem`."""

    status = 422
    title = "The file cannot be imported"


class FileEmpty(ImportFailed):
    title = "The file is empty"


class FileWithoutRecords(ImportFailed):
    title = "The file has no records"


class FileMalformed(ImportFailed):
    title = "The file is malformed"


class HeaderMalformed(ImportFailed):
    title = "The file's header is malformed"


class DelimiterNotFound(ImportFailed):
    title = "The file's delimiter is not clear"


class FileTooLarge(ImportFailed):
    status = 413
    title = "The file is too large"


class UnpackedTooLarge(ImportFailed):
    status = 413
    title = "The file unpacks to too much"


class FileNotCsv(ImportFailed):
    title = "The file is not CSV"


class FileDamaged(ImportFailed):
    title = "The file cannot be read to its end"


class FileGone(ImportFailed):
    title = "The uploaded file is gone"


class EncodingMismatch(ImportFailed):
    title = "The file is not in the encoding that was given"


class EncodingUnknown(ImportFailed):
    title = "The file's encoding is not clear"


class ColumnsMismatch(ImportFailed):
    title = "The file's columns are not the dataset's"


class ChoicesMismatch(ImportFailed):
    title = "What was said of columns does not fit"


class KeyMismatch(ImportFailed):
    title = "The key cannot be that one"


class KeyReferenced(ImportFailed):
    status = 409
    title = "Other datasets refer to the dataset's key"


class RecordTooWide(ImportFailed):
    title = "A record is too large for a row of a table"


class TooManyColumns(ImportFailed):
    title = "The file has too many columns"


class OptionsMismatch(ImportFailed):
    title = "The options do not fit the file"


class RowsRejected(ImportFailed):
    title = "Some rows were not accepted"


class TooManyRejections(ImportFailed):
    title = "Too many rows were not accepted"


class ReferencedRecordsMissing(ImportFailed):
    status = 409
    title = "Other datasets refer to records that the file does not have"


class ValueTooLongForIndex(ImportFailed):
    title = "A value is too long for an index"


class RecordTooLargeForStore(ImportFailed):
    title = "A record is too large for the key-value store"


class ColumnsUnsuitable(ImportFailed):
    title = "The key-value store has no room for the file's columns"


class KeyNotFound(ImportFailed):
    title = "The file has no column that could be the key"


class DatasetDeleted(ImportFailed):
    status = 409
    title = "The dataset was deleted"


class ColumnsChanged(ImportFailed):
    status = 409
    title = "The dataset was changed meanwhile"


class ImportTimedOut(ImportFailed):
    status = 503
    title = "The import took too long"


class WorkerLost(ImportFailed):
    status = 503
    title = "The worker died again and again"


class ImportBroken(ImportFailed):
    status = 500
    title = "Something went wrong on our side"
