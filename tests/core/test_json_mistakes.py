import pytest

from app.core.strict_json import JsonInvalid, parse_json


class TestFindRemedy:
    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ('{"a": 1,}', "Remove the comma before the closing bracket."),
            ("[1, 2, ]", "Remove the comma before the closing bracket."),
            ("{'a': 1}", "Put names and strings in double quotes."),
            ("{“a”: 1}", "Put names and strings in double quotes."),
            ("{a: 1}", 'Put it in double quotes: "a".'),
            ('{"a": b}', 'Put it in double quotes: "b".'),
            ('{"a": True}', "Write true in place of True."),
            ('{"a": None}', "Write null in place of None."),
            ('{"a": undefined}', "Write null in place of undefined."),
            ('{"a": NaN}', 'Send null, or to a column of type number the text "NaN".'),
            ('{"a": 1 "b": 2}', "Put a comma, or a closing bracket, before it."),
            ('{"a" 1}', "Put a colon between a name and its value."),
            ('[{"a": 1}', "Something is missing at the end: a value, or a closing bracket."),
            ('{"a": "x', "Close the string that begins there with a double quote."),
            ('{"a": "x\ny"}', "Write a line break within a string as \\n, a tab as \\t."),
            ('{"a": "\\x"}', "Write a backslash within a string twice."),
            ('{"a": 1}\n{"a": 2}', "Send several records as one array: [{…}, {…}]."),
            ('{"a": 1};', "Remove what follows the end of the document."),
            ('// a\n{"a": 1}', "Remove the comment: JSON has none."),
            ("<html>", "Send JSON: this is HTML or XML."),
            ("", "Send a JSON document."),
            (b"\xff", "Send JSON in UTF-8."),
            ('{"a": .5}', None),
        ],
    )
    def test_it_says_what_to_change(self, text: str | bytes, hint: str | None) -> None:
        with pytest.raises(JsonInvalid) as raised:
            parse_json(text)
        assert raised.value.hint == hint
