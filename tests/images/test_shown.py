"""An image as a record shows it: by Python and by SQL."""

import json

import asyncpg
import pytest

from app.images.mirror import find_image
from app.images.shown import shown_sql, shown_text
from tests.images.rows import add_image

BASE = "https://api.example.com/it's\\"


class TestShown:
    @pytest.mark.parametrize("alt", [None, "", 'A "lamp"', "\\ \n\t\x01\x1f\x7f", "é ß 🪔 \u2028", "it's {0} %s"])
    async def test_both_ways_give_the_same_text(
        self, database_url: str, connections: asyncpg.Connection, alt: str | None
    ) -> None:
        row = await add_image(alt=alt, version="a-_b")
        image = await find_image(row.id)
        assert image is not None
        text = shown_text(image, BASE)
        assert await connections.fetchval(f"SELECT {shown_sql('$1', BASE)}::text", row.id) == text
        url = f"{BASE}/images/{row.id}/content?v=a-_b&w="
        assert json.loads(text) == {
            "id": row.id,
            "url": f"{url}1280",
            "width": 1600,
            "height": 1200,
            "alt": alt,
            "color": "#a1b2c3",
            "placeholder": row.placeholder,
            "variants": {"256": f"{url}256", "640": f"{url}640", "1280": f"{url}1280"},
        }

    @pytest.mark.parametrize("status", ["awaiting_upload", "checking", "rejected"])
    async def test_one_that_is_not_ready_is_not_shown(
        self, database_url: str, connections: asyncpg.Connection, status: str
    ) -> None:
        row = await add_image(status=status, is_current=False)
        assert await connections.fetchval(f"SELECT {shown_sql('$1', BASE)}::text", row.id) is None
