import pytest
from mangum.types import LambdaConfig

from app.handlers.fronts import HttpRequest, RestRequest, came_by_function_url
from tests.handlers.events import http_event, rest_event, url_event

CONFIG: LambdaConfig = {"api_gateway_base_path": "/", "text_mime_types": [], "exclude_headers": []}


class TestRequests:
    def test_each_knows_its_own_events(self) -> None:
        rest, http, url = (make("GET", "/a", "k") for make in (rest_event, http_event, url_event))
        assert [RestRequest.infer(event, None, CONFIG) for event in (rest, http, url)] == [True, False, False]  # type: ignore[arg-type]  # no context is read
        assert [HttpRequest.infer(event, None, CONFIG) for event in (rest, http, url)] == [False, True, True]  # type: ignore[arg-type]  # as above
        assert [came_by_function_url(event) for event in (rest, http, url)] == [False, False, True]

    @pytest.mark.parametrize("path", ["/a%2Fb", "/a%2541"])
    def test_a_path_that_was_sent_is_kept(self, path: str) -> None:
        rest = RestRequest(rest_event("GET", path, "k"), None, CONFIG).scope  # type: ignore[arg-type]  # as above
        url = HttpRequest(url_event("GET", path, "k"), None, CONFIG).scope  # type: ignore[arg-type]  # as above
        assert rest["raw_path"] == url["raw_path"] == path.encode()
