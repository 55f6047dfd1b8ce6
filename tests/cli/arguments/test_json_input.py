import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from app.cli.arguments.json_input import read_json, read_object, read_text


class TestReadText:
    def test_as_it_is_of_a_file_or_of_the_standard_input(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf{}")
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("é".encode())))
        assert [read_text(given, "BODY") for given in ("[1]", f"@{tmp_path / 'a.json'}", "-")] == ["[1]", "{}", "é"]

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_bytes(b"\xff")
        with pytest.raises(typer.BadParameter, match="is not UTF-8"):
            read_text(f"@{tmp_path / 'a.json'}", "BODY")
        with pytest.raises(typer.BadParameter, match="cannot be read: No such file"):
            read_text(f"@{tmp_path / 'b.json'}", "BODY")


class TestReadJson:
    def test_the_text_stays_exact(self) -> None:
        assert read_json('{"a": 1.50}', "BODY", "{}") == ('{"a": 1.50}', {"a": 1.5})

    @pytest.mark.parametrize(("text", "reason"), [("{a}", "Give JSON such as '{}'"), ("[" * 100_000, "too deeply")])
    def test_what_is_none(self, text: str, reason: str) -> None:
        with pytest.raises(typer.BadParameter, match=reason):
            read_json(text, "BODY", "{}")


class TestReadObject:
    def test_left_out_it_is_empty(self) -> None:
        assert (read_object(None, "--body"), read_object('{"a": 1}', "--body")) == ({}, {"a": 1})

    def test_anything_else_is_refused(self) -> None:
        with pytest.raises(typer.BadParameter, match="not an object"):
            read_object("[]", "--body")
