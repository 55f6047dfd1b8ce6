import json

from app.cli.display.visible import visible, visible_json, visible_lines

HOSTILE = "a\x1b[31m\u202e\n\t\x9bé😀\u200d\U000e0041"


class TestVisible:
    def test_a_line(self) -> None:
        assert visible(HOSTILE) == "a\\x1b[31m\\u202e\\n\\t\\x9bé😀\u200d\\U000e0041"

    def test_lines(self) -> None:
        assert visible_lines("a\n\x1b\r\n") == "a\n\\x1b\\r\n"

    def test_json_means_the_same(self) -> None:
        text = json.dumps({"a": HOSTILE}, ensure_ascii=False, indent=1)
        shown = visible_json(text)
        assert json.loads(shown) == {"a": HOSTILE}
        assert not set(shown) & set("\x1b\u202e\x9b\U000e0041")
