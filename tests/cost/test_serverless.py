"""Bills of three loads, compared with what they are by hand.

The prices in these sums are those of app/cost/prices.toml, which has their sources; the measurements are the round ones
of tests/cost/made.py. A month has 730 hours, so 2,628,000 seconds. Lambda's arm64 is taken to need 1.5 times the
processor time, a whole processor comes with 1,769 MB, and half a millisecond is the mean of rounding up.
"""

from math import exp

import pytest

from app.cost.bill import Bill
from app.cost.serverless import serverless_bill
from app.cost.workload import Configuration, Workload
from tests.cost.made import CALIBRATION

MONTH = 2_628_000
WITHIN = 0.01


def check(bill: Bill, expected: dict[str, float]) -> None:
    """Compare each line, and the total."""
    assert {line.name: line.usd for line in bill.lines} == pytest.approx(expected, rel=WITHIN)
    assert bill.total == pytest.approx(sum(expected.values()), rel=WITHIN)


class TestByHand:
    def test_ten_reads_a_second_by_key(self) -> None:
        workload = Workload(10, {"get": 1.0})
        requests = 26.28  # million: 10 * 2,628,000
        # 1.4 * 1.5 / (1024 / 1769) on a part of a processor, 1.5 to wait, 0.2 * 1.5 in the database, 0.5 rounded
        milliseconds = 3.628 + 1.5 + 0.3 + 0.5
        # 365 starts, as an environment lives for two hours, of 0.45 * 1.5 seconds
        starts = 365 * 0.675
        expected = {
            "REST API": requests * 3.50,
            "Lambda, requests": requests * 0.20,
            "Lambda, time": (requests * 1000 * milliseconds + starts) * 0.0000133334,
            # START, END and REPORT 320, access log 450, four events of 26
            "Logs of Lambda and the gateway": requests * 0.000874 * 1000 * 0.50,
            "Logs of the application": requests * 0.000726 * 1000 * 0.50,
            "Bytes out": requests * 0.0009 * 1000 * 0.09,
            # needs 10 * 0.0002 * 1.5 / 0.25 / 0.6 = 0.02 ACU, so the least of 0.5 all the time
            "Aurora, capacity": 0.5 * 730 * 0.12,
            "Aurora, storage": 0.10,
            "SQS, an idle queue": 0.657 * 0.40,
            "SQS, endpoint": 730 * 0.01,
            # the first of each second, and a twentieth of the nine others
            "X-Ray": (1 + 9 / 20) * MONTH * 0.000005,
            "Alarms, secrets, dashboard": 8.30,
        }
        check(serverless_bill(workload, Configuration(), CALIBRATION), expected)

    def test_a_hundred_requests_a_second_and_ten_gigabytes_a_day_in_ireland(self) -> None:
        workload = Workload(100, {"get": 0.8, "list": 0.15, "post": 0.05}, 10e9)
        configuration = Configuration(
            "eu-west-1", "http", memory=1769, min_acu=1, max_acu=8, highly_available=True, warm=2
        )
        requests = 262.8
        # by key 2.1 + 1.5 + 0.3 + 0.5, lists 2.4 + 1.5 + 0.45 + 0.5, new ones 3.0 + 4.0 + 0.6 + 0.5
        milliseconds = 0.8 * 4.4 + 0.15 * 4.85 + 0.05 * 8.1
        memory = 1769 / 1024
        # concurrency 100 * 0.00465 * 3 at the peak = 1.4 environments
        starts = 1.395 * 365 * 0.675
        gigabytes = 10 * 730 / 24  # 304.2 a month, in files of 0.1
        expected = {
            "HTTP API": requests * 1.11,  # below 300 million
            "Lambda, requests": requests * 0.20,
            "Lambda, time": (requests * 1000 * milliseconds + starts) * memory * 0.0000133334,
            "Lambda, kept warm": 2 * memory * MONTH * 0.0000033334,
            "Logs of Lambda and the gateway": requests * 0.874 * 0.57,
            "Logs of the application": requests * 0.726 * 0.57,
            # bodies 0.85 * 300 + 0.15 * 12,000, headers 600
            "Bytes out": requests * 2.655 * 0.09,
            "Imports, worker": (gigabytes * 12 + gigabytes * 10 * 2) * 1.5 * memory * 0.0000133334,
            # writer: (80 * 0.0002 + 5 * 0.0004 + 10 * 12 / 86,400) * 1.5 / 0.15 = 0.194, reader 0.045: 1 each
            "Aurora, capacity": 2 * 730 * 0.14,
            "Aurora, storage": (10 * 30 * 1.2 + 1) * 0.11,
            # 5 commits a second of one I/O each, and the log of the imports in pieces of 4 KB
            "Aurora, I/O": (5 * MONTH + gigabytes * 1.35e9 / 4096) * 0.00000022,
            "S3, uploaded files": 10 * 60 * 0.023,
            "SQS, an idle queue": 0.657 * 0.40,
            "SQS, endpoint": 2 * 730 * 0.011,
            "X-Ray": (1 + 99 / 20) * MONTH * 0.000005,
            "Alarms, secrets, dashboard": 8.30,
        }
        check(serverless_bill(workload, configuration, CALIBRATION), expected)

    def test_a_thousand_requests_a_second_of_a_keyvalue_dataset_half_of_them_out_of_cloudfront(self) -> None:
        workload = Workload(1000, {"get": 0.95, "post": 0.05}, 1e9, hits=0.5)
        configuration = Configuration(front="url", store="keyvalue", memory=512, worker_memory=1769)
        requests = 2628.0
        reads, writes = 475.0, 50.0  # a second that reach the function
        calls = 525 * MONTH / 1e6
        # 512 MB are 0.2894 of a processor: reads 15.55 + 4 + 0.5, writes 20.73 + 8 + 0.5
        seconds = (reads * 20.05 + writes * 29.23) / 1000
        environments = seconds * 3
        gigabytes = 730 / 24
        awake = 1 - exp(-(10 / 86_400 + 1 / 86_400) * 1200)  # ten files a day, and one look for lost imports
        expected = {
            "CloudFront": requests * 1.00,
            "Lambda, requests": calls * 0.20,
            "Lambda, time": (seconds * MONTH + environments * 365 * 0.675) * 0.5 * 0.0000133334,
            "Logs of Lambda and the gateway": calls * 0.398 * 0.50,  # a URL has no access log
            "Logs of the application": calls * 0.726 * 0.50,
            "Bytes out": requests * 0.9 * 0.085,
            "Imports, worker": (gigabytes * 100 + gigabytes * 10 * 2) * 1.5 * 1769 / 1024 * 0.0000133334,
            "Aurora, capacity": awake * 0.5 * 730 * 0.12,
            "Aurora, storage": 0.10,
            "Aurora, I/O": gigabytes * 0.5e9 / 4096 * 0.0000002,
            # a read is one unit, and each environment looks at two items a second
            "DynamoDB, reads": (reads + environments * 2) * MONTH * 0.000000125,
            # a write is a transaction of 1 KB, 2, with the check of a fence item, 2; an imported row is 1
            "DynamoDB, writes": (writes * 4 * MONTH + gigabytes * 6e6) * 0.000000625,
            "DynamoDB, storage": 30 * 1.8 * 0.25,  # 6 million rows of 300 bytes a GB, for 30 days
            "DynamoDB, recovery": 30 * 1.8 * 0.20,
            "S3, uploaded files": 60 * 0.023,
            "SQS, an idle queue": 0.657 * 0.40,
            "SQS, endpoint": 730 * 0.01,
            "X-Ray": (1 + 524 / 20) * MONTH * 0.000005,
            "Alarms, secrets, dashboard": 8.30,
        }
        check(serverless_bill(workload, configuration, CALIBRATION), expected)


class TestOptions:
    def test_optimized_storage_has_no_io_and_another_price(self) -> None:
        bill = serverless_bill(Workload(1, {"post": 1.0}), Configuration(storage="optimized"), CALIBRATION)
        usd = {line.name: line.usd for line in bill.lines}
        assert "Aurora, I/O" not in usd
        assert usd["Aurora, storage"] == 0.225

    def test_a_gateway_cache_costs_by_the_hour_and_spares_calls(self) -> None:
        plain, cached = (
            serverless_bill(Workload(100, {"get": 1.0}, hits=hits), Configuration(), CALIBRATION) for hits in (0, 0.5)
        )
        usd, after = ({line.name: line.usd for line in bill.lines} for bill in (plain, cached))
        assert after["Gateway cache, 0.5 GB"] == pytest.approx(14.60)
        assert after["REST API"] == usd["REST API"]
        assert after["Lambda, requests"] == pytest.approx(usd["Lambda, requests"] / 2)

    def test_a_firewall_costs_by_the_month_and_by_the_request(self) -> None:
        bill = serverless_bill(Workload(1, {"get": 1.0}), Configuration(firewall=True), CALIBRATION)
        usd = {line.name: line.usd for line in bill.lines}
        assert usd["WAF"] + usd["WAF, requests"] == pytest.approx(8 + 2.628 * 0.60)

    def test_it_says_which_prices_nobody_looked_up(self) -> None:
        bill = serverless_bill(Workload(1, {"get": 1.0}), Configuration(front="url"), CALIBRATION)
        assert {line.name for line in bill.lines if not line.is_seen} == {"CloudFront", "SQS, an idle queue", "X-Ray"}
