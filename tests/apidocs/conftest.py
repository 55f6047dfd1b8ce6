"""Documents show examples of the records of datasets."""

from tests.datasets.conftest import things

__all__ = ["things"]
