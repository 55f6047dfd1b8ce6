"""Files of others, in a folder next to the repository; without them the tests are skipped."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.imports.conftest import Importer, types

DATA = Path(__file__).parents[3] / "shared" / "data"
SPECTRUM = sorted((DATA / "csv-spectrum").glob("*.csv"))
REAL = sorted((DATA / "real").glob("*.csv"))

pytestmark = pytest.mark.skipif(not REAL, reason="the folder with other people's files is absent")

KEYS = {
    "StarWars": ["respondentid"],
    "airline-safety": ["airline"],
    "airports": ["iata"],
    "birdstrikes": [],
    "congress-terms": [],
    "dc-wikia-data": ["page_id"],
    "disasters": [],
    "flights-airport": [],
    "modern_RAPTOR_by_player": [],
    "obama_commutations": [],
    "seattle-weather": ["date"],
    "species": [],
    "thanksgiving-2015-poll-data": ["respondentid"],
    "zipcodes": ["zip_code"],
}
TYPES = {
    "airline-safety": {"airline": "text", "avail_seat_km_per_week": "integer"},
    "airports": {"iata": "text", "latitude": "number"},
    "birdstrikes": {"flight_date": "date", "cost_total": "integer"},
    "congress-terms": {"birthday": "date", "incumbent": "boolean", "age": "number"},
    "disasters": {"entity": "text", "year": "integer", "deaths": "integer"},
    "flights-airport": {"origin": "text", "destination": "text", "count": "integer"},
    "modern_RAPTOR_by_player": {"season": "integer", "war_total": "number", "raptor_total": "number"},
    "seattle-weather": {"date": "date", "precipitation": "number", "weather": "text"},
    "zipcodes": {"zip_code": "text", "latitude": "number"},
}


def content(path: Path) -> bytes:
    return path.read_bytes()


def rows(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    return list(csv.reader(io.StringIO(text, newline="")))


class TestSpectrum:
    @pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: str(path.stem))
    async def test_gives_the_values_of_its_json(self, importer: Importer, path: Path) -> None:
        wanted = json.loads(content(path.with_suffix(".json")))
        shown = await importer("d", content(path))
        assert shown["status"] == "succeeded"
        found = await importer.records("d")
        texts = [{name: "" if value is None else str(value) for name, value in record.items()} for record in found]
        assert sorted(texts, key=str) == sorted(wanted, key=str)


class TestReal:
    @pytest.mark.parametrize("path", REAL, ids=lambda path: str(path.stem))
    async def test_count_key_and_types(self, importer: Importer, path: Path) -> None:
        shown = await importer("d", content(path))
        assert shown["status"] == "succeeded", shown["problem"]
        headers = 2 if path.stem == "StarWars" else 1
        assert shown["result"]["added"] == len(rows(path)) - headers
        dataset = await importer.dataset("d")
        assert dataset["key"] == KEYS[path.stem]
        wanted = TYPES.get(path.stem, {})
        assert {name: types(shown)[name] for name in wanted} == wanted

    async def test_leading_zeros_stay(self, importer: Importer) -> None:
        path = DATA / "real" / "zipcodes.csv"
        await importer("d", content(path))
        codes = [record["zip_code"] for record in await importer.records("d")]
        assert codes == sorted(row[0] for row in rows(path)[1:])

    async def test_without_a_key_every_row_comes_once_in_order(self, importer: Importer) -> None:
        path = DATA / "real" / "obama_commutations.csv"
        await importer("d", content(path))
        found = [(record["key"] or "", record["info"] or "") for record in await importer.records("d")]
        assert found == [tuple(row) for row in rows(path)[1:]]

    async def test_a_header_of_two_rows_and_odd_bytes(self, importer: Importer) -> None:
        shown = await importer("d", content(DATA / "real" / "StarWars.csv"))
        assert shown["dialect"]["encoding"] == "cp1252"
        encoding, header = shown["warnings"]
        assert header == "The header has two rows: line 1 and line 2; their names are joined."
        assert "Give its `encoding` if its letters are wrong." in encoding
        assert shown["columns"][3]["label"].endswith(" - Star Wars: Episode I  The Phantom Menace")
