"""PostgreSQL's errors, and what they mean to a caller."""

from asyncpg import InterfaceError, PostgresError

from app.core.errors import Problem, RequestInvalid, ServiceUnavailable, StatementTimedOut
from app.core.settings import get_settings

QUERY_CANCELED = "57014"
LOCK_NOT_AVAILABLE = "55P03"
# Requests that hold what the other one needs: a lock not given in time, a deadlock, a transaction that came second.
CONTENDED = (LOCK_NOT_AVAILABLE, "40P01", "40001")
# A table or a column is missing, or has another type than the statement expects. The last one: what is no column of a
# table is a function of its row, and some functions are aggregates.
RESHAPED = ("42P01", "42703", "42804", "42883", "42803")
# A NUL: in a parameter, or escaped in JSON. PostgreSQL's texts cannot hold it.
UNSTORABLE_TEXT = ("22021", "22P05")
# A value that is too long for an index, or a record for a page of the database.
PROGRAM_LIMIT_EXCEEDED = "54000"
# Connection failures (class 08), shutdown and start-up (57P0x), read-only after a failover, too many connections.
UNREACHABLE = ("08", "57P", "25006", "53300")
DISK_FULL = ("53100",)
# What a later attempt may not meet any more: the detail for the caller, and the seconds to wait.
PASSING = (
    (CONTENDED, "Another request or an import holds a lock that this one needs.", 1),
    (DISK_FULL, "The database is out of disk space.", 60),
    (UNREACHABLE, "The database cannot accept the request now.", 5),
)


def is_away(error: BaseException) -> bool:
    """Return whether an error of the driver says that the database is down for now: the work may be tried again."""
    if isinstance(error, PostgresError):
        return (error.sqlstate or "").startswith(UNREACHABLE)
    return isinstance(error, InterfaceError | OSError)


def problem_of(error: PostgresError | OSError) -> Problem | None:
    """The problem that explains an error of the driver to a caller, if it is not a fault of ours."""
    return unreachable() if isinstance(error, OSError) else problem_of_state(error.sqlstate or "")


def unreachable() -> ServiceUnavailable:
    """The problem for a missing connection to the database."""
    return ServiceUnavailable("The database cannot be reached.")


def problem_of_state(state: str) -> Problem | None:
    """The same of an SQLSTATE."""
    if state == QUERY_CANCELED:
        return StatementTimedOut(
            f"The query was stopped after {get_settings().statement_timeout_seconds:g} seconds.",
            hint="Ask for fewer records or filter by the dataset's key.",
        )
    for states, detail, seconds in PASSING:
        if state.startswith(states):
            return ServiceUnavailable(detail, retry_after=seconds)
    if state in UNSTORABLE_TEXT:
        return RequestInvalid("A string contains a NUL character, which cannot be stored.", hint="Leave it out.")
    if state == PROGRAM_LIMIT_EXCEEDED:
        return RequestInvalid(
            "A value is larger than the database can hold or index.", hint="Indexed values have 2,700 bytes at most."
        )
    return None
