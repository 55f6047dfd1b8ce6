"""Problems of images."""

import pytest

from app.core.errors import Problem
from app.images import errors

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Problem)]


class TestProblems:
    @pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Problem])
    def test_each_is_named_for_images(self, kind: type[Problem]) -> None:
        assert kind.slug().startswith("image-")
        assert kind.title.startswith("Image ")
