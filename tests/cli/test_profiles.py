from pathlib import Path

from tests.cli.calls import Done, make_key, tolva
from tests.local.running import ADMIN_KEY, RunningDev


def login(dev: RunningDev, home: Path, *arguments: str, key: str = ADMIN_KEY) -> Done:
    return tolva("login", "--url", dev.url, "--key-stdin", *arguments, stdin=key + "\n", home=home)


def outside(tmp_path: Path) -> list[str]:
    """Options that name a data folder in which nothing runs."""
    return ["--data", str(tmp_path / "no-data")]


class TestProfiles:
    def test_several(self, dev: RunningDev, tmp_path: Path) -> None:
        reader = make_key(dev, "read")
        assert login(dev, tmp_path).code == 0
        assert login(dev, tmp_path, "--profile", "reader", key=reader).code == 0
        assert tolva("keys", *outside(tmp_path), home=tmp_path).code in (1, 3)
        assert tolva("keys", home=tmp_path).code == 0
        refused = tolva("keys", "--profile", "reader", home=tmp_path)
        assert refused.code == 1
        assert "profile 'reader'" in refused.err
        assert tolva("keys", home=tmp_path, TOLVA_PROFILE="reader").code == 1
        # As an option it comes before the variables, and before a data folder.
        named = ["keys", "--profile", "default", "--data", str(dev.folder)]
        assert tolva(*named, home=tmp_path, TOLVA_PROFILE="reader", TOLVA_KEY=reader).code == 0
        listed = tolva("profiles", home=tmp_path)
        assert listed.out == f"name\turl\ndefault\t{dev.url}\nreader\t{dev.url}\n"
        assert reader not in tolva("profiles", "--json", home=tmp_path).out

    def test_forgotten(self, dev: RunningDev, tmp_path: Path) -> None:
        assert login(dev, tmp_path, "--profile", "a").code == 0
        assert login(dev, tmp_path, "--profile", "b").code == 0
        assert tolva("logout", "--profile", "a", home=tmp_path).code == 0
        assert "a\t" not in tolva("profiles", home=tmp_path).out
        again = tolva("logout", "--profile", "a", home=tmp_path)
        assert again.code == 1
        missing = tolva("datasets", "--profile", "bb", home=tmp_path)
        assert missing.code == 1
        assert "Did you mean 'b'?" in missing.err

    def test_a_damaged_file(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "tolva").mkdir()
        for text in ("", "[]", '{"profiles": {"default": 1}}'):
            (tmp_path / "tolva" / "profiles.json").write_text(text)
            done = tolva("datasets", home=tmp_path)
            assert done.code == 1
            assert "profiles.json" in done.err
            # Who needs none is not stopped by it.
            named = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
            assert tolva("datasets", home=tmp_path, **named).code == 0

    def test_a_variable_names_the_one_to_keep(self, dev: RunningDev, tmp_path: Path) -> None:
        arguments = ["login", "--url", dev.url, "--key-stdin"]
        assert tolva(*arguments, stdin=ADMIN_KEY, home=tmp_path, TOLVA_PROFILE="mine").code == 0
        assert tolva("profiles", home=tmp_path).out == f"name\turl\nmine\t{dev.url}\n"

    def test_none(self, tmp_path: Path) -> None:
        done = tolva("profiles", home=tmp_path)
        assert (done.code, done.out) == (0, "name\turl\n")
        assert "tolva login" in done.err
