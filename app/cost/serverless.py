"""The bill of the stack."""

from app.cost.assumptions import assumed
from app.cost.bill import Bill, BillMaker
from app.cost.calibration import Calibration, load_calibration
from app.cost.demand import Demand
from app.cost.prices import load_prices
from app.cost.workload import GB, MONTH_HOURS, MONTH_SECONDS, Configuration, Workload


def serverless_bill(workload: Workload, configuration: Configuration, calibration: Calibration | None = None) -> Bill:
    """The bill of a month with the stack of `template.yaml`."""
    demand = Demand(workload, configuration, calibration or load_calibration())
    maker = BillMaker(load_prices(configuration.region))
    _add_front(maker, demand)
    _add_functions(maker, demand)
    maker.add("Logs of Lambda and the gateway", demand.platform_log_gb, "log-gb")
    add_shared(maker, demand)
    return maker.bill()


def _add_front(maker: BillMaker, demand: Demand) -> None:
    workload, configuration = demand.workload, demand.configuration
    if configuration.front == "rest":
        maker.add("REST API", workload.requests, "rest-request")
        if workload.hits:
            maker.add("Gateway cache, 0.5 GB", MONTH_HOURS, "gateway-cache-hour")
    elif configuration.front == "http":
        maker.add("HTTP API", workload.requests, "http-request")
    else:
        maker.add("CloudFront", workload.requests, "cloudfront-request")
    if configuration.firewall:
        maker.add("WAF", 1, "firewall-month")
        maker.add("WAF, requests", workload.requests, "firewall-request")


def _add_functions(maker: BillMaker, demand: Demand) -> None:
    configuration = demand.configuration
    maker.add("Lambda, requests", demand.call_rate * MONTH_SECONDS, "lambda-request")
    maker.add("Lambda, time", demand.gb_seconds + demand.start_gb_seconds, "lambda-gb-second")
    warm = configuration.warm * configuration.memory / 1024 * MONTH_SECONDS
    maker.add("Lambda, kept warm", warm, "lambda-warm-gb-second")


def add_shared(maker: BillMaker, demand: Demand) -> None:
    """Add what a fleet of servers pays too: imports, database, table, files, logs of the application, bytes out."""
    configuration = demand.configuration
    is_out_of_cloudfront = configuration.front == "url"
    maker.add("Bytes out", demand.response_gb, "cloudfront-gb" if is_out_of_cloudfront else "internet-gb")
    maker.add("Imports, worker", demand.worker_seconds * configuration.worker_memory / 1024, "lambda-gb-second")
    _add_database(maker, demand)
    maker.add("DynamoDB, reads", demand.read_units, "read-unit")
    maker.add("DynamoDB, writes", demand.write_units, "write-unit")
    if configuration.store == "keyvalue":
        maker.add("DynamoDB, storage", demand.table_gb, "table-gb-month")
        maker.add("DynamoDB, recovery", demand.table_gb, "table-backup-gb-month")
    maker.add("S3, uploaded files", demand.workload.csv * assumed("file-days") / GB, "s3-gb-month")
    maker.add("SQS, an idle queue", assumed("polls-per-month"), "sqs-request")
    maker.add("SQS, endpoint", MONTH_HOURS * (2 if configuration.highly_available else 1), "endpoint-hour")
    maker.add("Logs of the application", demand.log_gb, "log-gb")
    maker.add("X-Ray", demand.traces, "trace")
    maker.add("Alarms, secrets, dashboard", 1, "watching-month")


def _add_database(maker: BillMaker, demand: Demand) -> None:
    is_optimized = demand.configuration.storage == "optimized"
    end = "-optimized" if is_optimized else ""
    maker.add("Aurora, capacity", demand.acu * MONTH_HOURS, f"acu-hour{end}")
    kept = demand.table_gb if demand.configuration.store == "relational" else 0.0
    maker.add("Aurora, storage", kept + 1, f"aurora-gb-month{end}")
    if not is_optimized:
        maker.add("Aurora, I/O", demand.ios, "aurora-io")
