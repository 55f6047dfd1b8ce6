from uuid import uuid4

import pytest

from app.access.keys.secrets import format_key, hash_secret, new_secret, parse_key


class TestKeyText:
    def test_it_is_read_as_it_was_written(self) -> None:
        key_id, secret = uuid4(), new_secret()
        assert parse_key(format_key(key_id, secret)) == (key_id, secret)

    @pytest.mark.parametrize("text", ["", "tolva_", f"tolva_{'0' * 32}_short", f"tolva_{'0' * 32}_{'é' * 43}", "x"])
    def test_anything_else_is_none(self, text: str) -> None:
        assert parse_key(text) is None

    def test_secrets_differ_and_so_do_their_hashes(self) -> None:
        first, second = new_secret(), new_secret()
        assert first != second
        assert hash_secret(first) != hash_secret(second)
        assert len(hash_secret(first)) == 32
