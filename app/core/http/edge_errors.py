"""Problems that are answered in front of the application: by the gateway, a Lambda function, or the laptop's server."""

from app.core.errors import Problem


class RequestTimedOut(Problem):
    """The whole request did not arrive within the setting `TOLVA_REQUEST_SECONDS`.

    Send it again over a faster connection, or in smaller parts.
    """

    status = 408
    title = "Request timed out"


class HeadTooLarge(Problem):
    """The URL and the headers together are longer than the setting `TOLVA_MAX_HEAD_BYTES`.

    Send long lists of values in the body of `POST /datasets/{dataset}/records/query`.
    """

    status = 431
    title = "URL and headers too large"


class RequestMalformed(Problem):
    """The request is not valid HTTP/1.1: its request line, a header or the length of its body is wrong.

    Percent-encode the URL, including spaces and non-ASCII letters, and use `http://` for `tolva dev`.
    """

    status = 400
    title = "Malformed HTTP request"


class ResponseTooLarge(Problem):
    """The response is larger than a Lambda function can send; the setting `TOLVA_MAX_RESPONSE_BYTES` is the limit.

    Ask for fewer records with `_limit` or fewer columns with `_select`, or filter.
    """

    status = 422
    title = "Response too large"


class GatewayAccessDenied(Problem):
    """API Gateway refused the request before it reached Tolva.

    Compare the host and the path with the stack's output `Url`.
    """

    status = 403
    title = "Gateway access denied"


class GatewayMisconfigured(Problem):
    """API Gateway cannot call the function.

    Deploy the stack again, and look at the gateway's log.
    """

    status = 500
    title = "Gateway misconfigured"


class GatewayBadRequest(Problem):
    """API Gateway cannot read the request.

    Percent-encode the URL, and send each header once.
    """

    status = 400
    title = "Invalid gateway request"


class GatewayNoResponse(Problem):
    """The function ended without a response.

    Send the request again. If it fails again, the function's log has the reason.
    """

    status = 502
    title = "No response from function"


class GatewayTimeout(Problem):
    """The function did not respond within the 29 seconds that API Gateway waits.

    Ask for less at once. The request may have been processed: with an `Idempotency-Key` you can send it again safely.
    """

    status = 504
    title = "Gateway timeout"


class GatewayKeyInvalid(Problem):
    """The stack requires an API key of the gateway as well as Tolva's, and the header `x-api-key` has no valid one.

    Send the gateway's key in `x-api-key` and Tolva's key in `Authorization`.
    """

    status = 403
    title = "Invalid gateway API key"


class QuotaExceeded(Problem):
    """The usage plan of the gateway's key allows no more requests in this period.

    Wait for the next period, or ask an administrator for a larger plan.
    """

    status = 429
    title = "Quota exceeded"


class TooManyRequests(Problem):
    """More requests arrive each second than the gateway allows.

    Wait a moment and send the request again, waiting longer each time; send many records or keys in one request.
    """

    status = 429
    title = "Too many requests"


class FunctionUrlClosed(Problem):
    """The request went to the function's own URL, which serves CloudFront only.

    Use the stack's output `Url`.
    """

    status = 403
    title = "Function URL closed"


class RequestFiltered(Problem):
    """The firewall in front of the gateway refused the request.

    Ask an administrator which rule it was: the firewall's log has it.
    """

    status = 403
    title = "Request blocked by firewall"
