"""The cost of the stack: prices, measurements and formulas. It does no I/O but reading its own data files."""
