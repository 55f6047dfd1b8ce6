from types import SimpleNamespace

import pytest

from app.core import log
from app.handlers.environment import begin_invocation

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


class TestBeginInvocation:
    @pytest.mark.parametrize(("variable", "trace"), [(f"Root={TRACE};Sampled=1", TRACE), ("", None)])
    def test_what_is_logged_belongs_to_it(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, trace: str | None
    ) -> None:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", variable)
        tokens = log.request_id.set(None), log.trace_id.set("before")
        try:
            begin_invocation(SimpleNamespace(aws_request_id="r1"))
            assert (log.request_id.get(), log.trace_id.get()) == ("r1", trace)
        finally:
            log.request_id.reset(tokens[0])
            log.trace_id.reset(tokens[1])
