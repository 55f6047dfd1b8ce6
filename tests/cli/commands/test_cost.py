"""`tolva cost`, as it is called."""

import json

import pytest

from tests.cli.calls import in_process, tolva


class TestBill:
    def test_it_shows_the_bill_the_limit_the_servers_and_the_cheapest_stack(self) -> None:
        done = tolva("cost", "--requests", "100/s", "--mix", "get=80,list=15,post=5", "--csv", "10GB/day")
        assert done.code == 0, done.err
        lines = done.out.splitlines()
        assert lines[0] == "line\tquantity\tunit\tUSD\tshare\tnote"
        # The dearest line is the first.
        assert lines[1].startswith("REST API\t263 M\tREST request\t919.80\t")
        for title in ("First limit", "Servers instead", "Cheapest stack"):
            assert title in lines
        assert "RateLimit of a path" in done.out
        assert "Fargate, 0.5 vCPU each" in done.out
        assert "rests on prices that nobody has looked up" in done.err

    def test_json_has_every_line_with_its_source(self) -> None:
        arguments = ("--region", "eu-west-1", "--front", "url", "--store", "keyvalue", "--hits", "50", "--json")
        done = tolva("cost", *arguments)
        document = json.loads(done.out)
        assert sum(line["usd"] for line in document["lines"]) == pytest.approx(document["total"], abs=0.01)
        assert sum(line["share"] for line in document["lines"]) == pytest.approx(1, abs=0.01)
        assert all(line["source"] and line["date"] for line in document["lines"])
        assert document["configuration"]["region"] == "eu-west-1"
        assert document["fleets"][0]["name"] == "Fargate, 0.5 vCPU each"
        assert document["cheapest"]["total"] <= document["total"]

    def test_it_needs_no_server_and_no_account(self) -> None:
        done = in_process("cost", "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["workload"]["rate"] == 10


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "way_out"),
        [
            (("--requests", "100"), "100/s, 5/min"),
            (("--mix", "get=90"), "sum to 90"),
            (("--mix", "gt=100"), "Did you mean"),
            (("--csv", "10"), "10GB/day"),
            (("--front", "http", "--hits", "10"), "has no cache"),
            (("--front", "http", "--firewall"), "WAF cannot stand"),
            (("--min-acu", "8"), "It is more than"),
            (("--store", "keyvalue", "--mix", "query=100"), "key-value dataset cannot"),
        ],
    )
    def test_each_names_the_way_out(self, arguments: tuple[str, ...], way_out: str) -> None:
        done = tolva("cost", *arguments)
        assert done.code == 2
        assert way_out in " ".join(done.err.replace("│", " ").split())
