"""The Lambda function behind the gateway."""

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from app.core import log
from app.core.http import ProblemResponse
from app.core.settings import get_settings
from app.main import create_app

log.configure(get_settings().log_level)

# Lambda would run start-up and shutdown with each request: engine and clients live as long as the process instead.
handler = Mangum(
    create_app(),
    lifespan="off",
    # Anything else leaves in base64, which a gateway decodes only where it was told to.
    text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, ProblemResponse.media_type],
)
