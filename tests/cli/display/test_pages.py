import pytest

from app.cli.display.exact_json import parse
from app.cli.display.pages import csv_line, json_line, read_list, read_pages, write_list
from app.client.api import Client, CommandError
from tests.cli.servers import answers, small_answers


class TestReadPages:
    def test_where_an_answer_may_not_be_large_pages_become_smaller(self) -> None:
        with small_answers() as url, Client(url, "key") as client:
            numbers = [record["n"] for record in read_pages(client, "any", [], None)]
        assert numbers == [str(number) for number in range(250)]

    def test_no_more_are_read_than_were_asked_for(self) -> None:
        with small_answers() as url, Client(url, "key") as client:
            assert len(list(read_pages(client, "any", [], 130))) == 130
            assert list(read_pages(client, "any", [], 0)) == []


class TestReadList:
    def test_numbers_stay_as_they_are(self) -> None:
        page = b'{"data":[{"n":1.50}],"next":null}'
        with answers(page, "application/json") as url, Client(url, "key") as client:
            assert list(read_list(client, "/keys")) == [{"n": "1.50"}]

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"{"])
    def test_what_is_no_list_of_tolvas_says_so(self, body: bytes) -> None:
        with (
            answers(body, "application/json") as url,
            Client(url, "key") as client,
            pytest.raises(CommandError, match="is not a list of Tolva's"),
        ):
            list(read_list(client, "/keys"))


class TestLines:
    def test_an_image_is_its_id(self) -> None:
        image = dict.fromkeys(("id", "url", "width", "height", "alt", "color", "placeholder", "variants"), "x")
        assert csv_line([image | {"id": "img_1"}, {"id": "img_1"}]) == 'img_1,"{""id"":""img_1""}"\n'

    def test_numbers_stay_as_they_are(self) -> None:
        record = parse('{"a":0.10,"b":null,"c":"x,y"}')
        assert csv_line(list(record.values())) == '0.10,,"x,y"\n'
        assert json_line(record) == '{"a":0.10,"b":null,"c":"x,y"}\n'
        assert write_list([record]) == '{"data":[{"a":0.10,"b":null,"c":"x,y"}],"next":null}'
