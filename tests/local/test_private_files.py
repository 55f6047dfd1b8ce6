import stat
from pathlib import Path

from app.local.private_files import OLD_LOGS, make_private, rotate_log, take_from_others, write_private


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestWritePrivate:
    def test_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        make_private(tmp_path / "a" / "b")
        write_private(tmp_path / "a" / "b" / "key", "secret")
        assert (_mode(tmp_path / "a" / "b"), _mode(tmp_path / "a" / "b" / "key")) == (0o700, 0o600)


class TestTakeFromOthers:
    def test_what_others_could_do_is_taken_and_said(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch(0o644)
        (tmp_path / "a").chmod(0o644)
        assert take_from_others([tmp_path / "a"])
        assert _mode(tmp_path / "a") == 0o600
        assert not take_from_others([tmp_path / "a"])

    def test_but_for_what_is_allowed(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        (tmp_path / "a").chmod(0o711)
        assert not take_from_others([tmp_path / "a"], allowed=0o011)
        assert _mode(tmp_path / "a") == 0o711


class TestRotateLog:
    def test_one_that_is_short_stays(self, tmp_path: Path) -> None:
        (tmp_path / "log").write_text("x" * 10)
        rotate_log(tmp_path / "log", 10)
        rotate_log(tmp_path / "absent", 10)
        assert [path.name for path in tmp_path.iterdir()] == ["log"]

    def test_who_writes_to_it_goes_on_in_the_same_file(self, tmp_path: Path) -> None:
        with (tmp_path / "log").open("a") as log:
            for number in range(OLD_LOGS + 2):
                log.write(f"{number}" * 20)
                log.flush()
                rotate_log(tmp_path / "log", 10)
            log.write("end")
        assert (tmp_path / "log").read_text() == "end"
        kept = [(tmp_path / f"log.{number}").read_text()[0] for number in range(1, OLD_LOGS + 1)]
        assert kept == [str(number) for number in range(OLD_LOGS + 1, 1, -1)]
        assert not (tmp_path / f"log.{OLD_LOGS + 1}").exists()
