"""`tolva keys` against a running Tolva."""

import json
import re

from tests.cli.calls import make, make_key, on, on_terminal, rows, tolva
from tests.local.running import ADMIN_KEY, RunningDev


def create(dev: RunningDev, name: str, *arguments: str) -> str:
    """The secret of a new key."""
    done = on(dev, "keys", "create", name, "--scope", "read", *arguments)
    assert done.code == 0, done.err
    return done.out.strip()


class TestCreate:
    def test_it_works_and_is_shown_alone(self, dev: RunningDev) -> None:
        secret = create(dev, "website", "--expires-days", "7")
        assert tolva("datasets", "--url", dev.url, "--api-key", secret).code == 0
        # As the option was called before.
        assert tolva("datasets", "--url", dev.url, "--key", secret).code == 0

    def test_a_dataset_that_does_not_exist_is_warned_of(self, dev: RunningDev) -> None:
        make(dev, "opened", [])
        done = on(dev, "keys", "create", "web", "--scope", "read", "--dataset", "opened", "--dataset", "nope")
        assert done.code == 0
        assert re.findall(r"no dataset '(\w+)'", done.err) == ["nope"]
        assert done.out.startswith("tolva_")

    def test_as_json(self, dev: RunningDev) -> None:
        done = on(dev, "keys", "create", "of json", "--scope", "write", "--json")
        assert json.loads(done.out)["scopes"] == ["write"]
        assert done.err == ""

    def test_days_beyond_the_calendar(self, dev: RunningDev) -> None:
        assert on(dev, "keys", "create", "x", "--scope", "read", "--expires-days", "99999999").code == 2

    def test_a_key_that_may_not(self, dev: RunningDev) -> None:
        done = on(dev, "keys", "create", "x", "--scope", "read", key=make_key(dev, "write"))
        assert done.code == 1
        assert "scope 'admin'" in done.err


class TestList:
    def test_what_tells_keys_apart(self, dev: RunningDev) -> None:
        create(dev, "listed key", "--dataset", "any", "--expires-days", "1")
        found = {row["name"]: row for row in rows(on(dev, "keys").out)}
        assert found["listed key"]["state"].startswith("works until ")
        assert found["listed key"]["datasets"] == "any"

    def test_in_80_columns(self, dev: RunningDev) -> None:
        create(dev, "the key of the website of the shop in Madrid", "--dataset", "products_of_the_shop_in_madrid")
        identity = on(dev, "keys", "list").out.splitlines()[1].split("\t")[0]
        shown = on_terminal("keys", "list", TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY).out
        assert identity in shown
        assert "…" not in shown
        assert all(len(line) <= 80 for line in shown.splitlines())


class TestRevoke:
    def test_by_name(self, dev: RunningDev) -> None:
        secret = create(dev, "by name")
        assert on(dev, "keys", "revoke", "by name").code == 0
        refused = tolva("datasets", "--url", dev.url, "--api-key", secret)
        assert refused.code == 1
        assert "revoked" in refused.err
        again = on(dev, "keys", "revoke", "by name")
        assert again.code == 1
        assert "revoked already" in again.err

    def test_by_id(self, dev: RunningDev) -> None:
        create(dev, "by id")
        identity = next(row["id"] for row in rows(on(dev, "keys").out) if row["name"] == "by id")
        assert on(dev, "keys", "revoke", identity.upper()).code == 0

    def test_a_name_that_several_have(self, dev: RunningDev) -> None:
        secrets = [create(dev, "twice"), create(dev, "twice")]
        done = on(dev, "keys", "revoke", "twice")
        assert done.code == 1
        assert len(rows(done.out)) == 2
        assert all(tolva("datasets", "--url", dev.url, "--api-key", secret).code == 0 for secret in secrets)
        assert on(dev, "keys", "revoke", rows(done.out)[0]["id"]).code == 0
        # The other one is now the only one of the name that works.
        assert on(dev, "keys", "revoke", "twice").code == 0

    def test_no_such_key(self, dev: RunningDev) -> None:
        create(dev, "a near name")
        for wanted in ("a near nam", "nope", "", "..", "00000000-0000-0000-0000-000000000000"):
            done = on(dev, "keys", "revoke", wanted)
            assert done.code == 1
            assert "There is no key" in done.err
        assert "Did you mean 'a near name'?" in on(dev, "keys", "revoke", "a near nam").err
