import io
from pathlib import Path

import pytest

from app.client.api import CommandError
from app.core.aws.storage import find_object
from app.local.inbox.upload import Verified, find_version, hash_file, inbox_key, send_file, sign_upload

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a dataset's folder."""
    path = tmp_path / "things" / "a.csv"
    path.parent.mkdir()
    path.write_bytes(b"a\n1\n")
    return path


class TestKey:
    def test_it_names_the_folder_and_the_file(self, file: Path) -> None:
        assert inbox_key(file) == "inbox/things/a.csv"


class TestHashFile:
    def test_it_is_that_of_the_content(self, file: Path) -> None:
        file.write_bytes(b"")
        assert hash_file(file) == EMPTY


class TestVerified:
    def test_a_file_that_is_what_was_hashed_is_read_to_its_end(self, file: Path) -> None:
        verified = Verified(io.BytesIO(file.read_bytes()), 4, hash_file(file))
        assert [verified.read(3), verified.read(3), verified.read(3)] == [b"a\n1", b"\n", b""]

    def test_another_one_loses_its_last_block(self, file: Path) -> None:
        verified = Verified(io.BytesIO(b"a\n2\n"), 4, hash_file(file))
        assert verified.read(3) == b"a\n2"
        with pytest.raises(CommandError, match="changed while it was sent"):
            verified.read(3)


@pytest.mark.usefixtures("database_url")
class TestSendFile:
    async def test_it_is_known_again_in_the_bucket(self, file: Path) -> None:
        key, sha256 = inbox_key(file), hash_file(file)
        assert await find_version(key, sha256) is None
        send_file(file, await sign_upload(key, 4, sha256, "upsert"), 4, sha256)
        stored = await find_object(key)
        assert stored is not None
        assert (stored.size, stored.metadata["mode"]) == (4, "upsert")
        assert await find_version(key, sha256) == stored.version
        assert await find_version(key, EMPTY) is None

    async def test_one_that_has_changed_is_not_there(self, file: Path) -> None:
        key = inbox_key(file)
        upload = await sign_upload(key, 4, EMPTY, "append")
        with pytest.raises(CommandError):
            send_file(file, upload, 4, EMPTY)
        assert await find_object(key) is None
