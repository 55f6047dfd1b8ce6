"""The part of a path that names a dataset."""

from typing import Annotated

from fastapi import Path

DatasetName = Annotated[str, Path(alias="dataset", description="the dataset's name", examples=["products"])]
