"""The SQL that reads texts as images of a dataset, and writes images as the texts that exports have for them. Pure."""

from app.columns.column import Column
from app.core.database.names import CATALOGUE_SCHEMA, quote
from app.datasets.alter.sql_texts import SPACES
from app.datasets.alter.texts import ALWAYS, Conversion, missing_texts, unless
from app.datasets.images import get_images
from app.datasets.tables import literal


def read_image(table: str, after: Column, value: str) -> Conversion:
    """The conversion of `value`, the SQL of a text, to the image that it names in the dataset of a table."""
    found = get_images().resolved_sql(f"btrim({value}, '{SPACES}')", _id_of(table))
    missing = missing_texts(after, value)
    return Conversion(f"CASE WHEN {missing} THEN true ELSE {found} IS NOT NULL END", unless(missing, found), missing)


def show_image(table: str, value: str) -> Conversion:
    """The conversion of `value`, the SQL of an image, to a text: its filename, or its id if that means another."""
    return Conversion(ALWAYS, get_images().cell_sql(value, _id_of(table)))


def _id_of(table: str) -> str:
    return f"(SELECT _dataset.id FROM {quote(CATALOGUE_SCHEMA, 'dataset')} AS _dataset WHERE name = {literal(table)})"
