"""Exit codes of `tolva`, by which a script can tell what happened."""

OK = 0
# The API refused, an import failed, or what was asked for is not there.
FAILED = 1
# The command line cannot be understood.
USAGE = 2
# Nothing answers at the address, or not for now.
UNREACHABLE = 3
# Ctrl-C.
INTERRUPTED = 130
