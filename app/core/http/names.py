"""The names of HTTP that more than one module needs: media types and headers. Pure."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
FORM = "application/x-www-form-urlencoded"
PROBLEM_JSON = "application/problem+json"

IDEMPOTENCY_KEY = "Idempotency-Key"
MAX_IDEMPOTENCY_KEY_LENGTH = 255
