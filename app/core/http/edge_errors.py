"""Problems that are answered in front of the application: by the gateway, a Lambda function, or the laptop's server."""

from app.core.errors import Problem


class RequestTooSlow(Problem):
    """The request did not arrive whole within the setting `TOLVA_REQUEST_SECONDS`.

    Send it again over a faster connection, or in smaller parts.
    """

    status = 408
    title = "The request took too long to arrive"


class HeadTooLarge(Problem):
    """The address and the headers together are longer than the setting `TOLVA_MAX_HEAD_BYTES`.

    Send long lists of values in the body of `POST /datasets/{dataset}/records/query`.
    """

    status = 431
    title = "The address and the headers are too long"


class RequestMalformed(Problem):
    """The request cannot be read as HTTP/1.1: its first line, a header or the length of its body.

    Percent-encode the address, letters of other alphabets and spaces included, and use `http://` for `tolva dev`.
    """

    status = 400
    title = "The request cannot be read as HTTP"


class ResponseTooLarge(Problem):
    """The response is larger than a Lambda function can send, as the setting `TOLVA_MAX_RESPONSE_BYTES` says.

    Ask for fewer records with `_limit`, for fewer columns with `_select`, or filter.
    """

    status = 422
    title = "The response is too large"


class GatewayAccessDenied(Problem):
    """API Gateway refused the request before it reached Tolva.

    Compare the host and the path with the stack's output `Url`.
    """

    status = 403
    title = "The gateway does not let the request in"


class GatewayMisconfigured(Problem):
    """API Gateway cannot call the function.

    Deploy the stack again, and look at the gateway's log.
    """

    status = 500
    title = "The gateway is not set up right"


class GatewayBadRequest(Problem):
    """API Gateway cannot read the request.

    Percent-encode the address, and send each header once.
    """

    status = 400
    title = "The gateway cannot read the request"


class GatewayNoAnswer(Problem):
    """The function ended without an answer.

    Send the request again. If it fails again, the function's log has the reason.
    """

    status = 502
    title = "The function did not answer"


class GatewayTimeout(Problem):
    """The function did not answer within the 29 seconds that API Gateway waits.

    Ask for less at once. The request may have been done: with an `Idempotency-Key` you can send it again safely.
    """

    status = 504
    title = "The function did not answer in time"


class GatewayKeyInvalid(Problem):
    """The stack asks for a key of the gateway beside Tolva's own, and the header `x-api-key` does not have one.

    Send the gateway's key in `x-api-key` and Tolva's key in `Authorization`.
    """

    status = 403
    title = "The x-api-key header has no key of the gateway"


class QuotaExceeded(Problem):
    """The usage plan of the gateway's key allows no more requests in this period.

    Wait for the next period, or ask an administrator for a larger plan.
    """

    status = 429
    title = "The quota of the gateway's key is used up"


class TooManyRequests(Problem):
    """More requests arrive each second than the gateway lets through.

    Wait a moment and send the request again, each time later; send many records or keys in one request.
    """

    status = 429
    title = "There are too many requests"


class RequestFiltered(Problem):
    """The firewall in front of the gateway refused the request.

    Ask an administrator which rule it was: the firewall's log has it.
    """

    status = 403
    title = "The firewall refused the request"
