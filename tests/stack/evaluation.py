"""The project's templates, evaluated with given parameters."""

from app.deploy.preflight import template
from tests.stack.templates import load


class Evaluation(template.Evaluation):
    """The template at a path with parameters, in an account of the tests."""

    def __init__(self, path: str = "template.yaml", **given: str) -> None:
        super().__init__(load(path), given)
