"""The Lambda function that answers requests, whichever front they come by."""

import gc
from typing import Any


def _load() -> Any:
    """The function, ready for its first event.

    What is loaded here stays: it is not looked through for garbage, neither meanwhile nor later. That is a tenth of a
    cold start.
    """
    gc.disable()
    from mangum import Mangum  # noqa: PLC0415  # everything is loaded while garbage is left alone
    from mangum.adapter import DEFAULT_TEXT_MIME_TYPES  # noqa: PLC0415
    from starlette.middleware import Middleware  # noqa: PLC0415

    from app.core.http.problems import ProblemResponse  # noqa: PLC0415
    from app.core.settings import get_settings  # noqa: PLC0415
    from app.handlers.environment import prepare_log  # noqa: PLC0415
    from app.handlers.fronts import HttpRequest, RestRequest  # noqa: PLC0415
    from app.handlers.response_limit import ResponseLimit  # noqa: PLC0415
    from app.main import create_app  # noqa: PLC0415

    prepare_log("api")
    within = [Middleware(ResponseLimit)]
    if secret := get_settings().origin_secret:
        from app.handlers.origin_guard import OriginGuard  # noqa: PLC0415  # one front only has it

        within.insert(0, Middleware(OriginGuard, secret=secret.get_secret_value()))
    function = Mangum(
        create_app(within=within, late=True),
        # Lambda would run start-up and shutdown with each request: engine and clients live as long as the process.
        lifespan="off",
        custom_handlers=[RestRequest, HttpRequest],
        # Anything else leaves in base64, which a gateway decodes only if it is configured to.
        text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, ProblemResponse.media_type, "application/x-ndjson"],
    )
    gc.freeze()
    gc.enable()
    return function


handler = _load()
