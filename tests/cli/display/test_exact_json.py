from app.cli.display.exact_json import cell, parse, write
from app.cli.display.pages import csv_line


class TestExactJson:
    def test_numbers_stay_texts(self) -> None:
        text = '{"a":[0.10,1e400,12345678901234567890.5],"b":{"c":-0.0,"d":true,"e":null,"f":"\\"\\u0001é"}}'
        assert write(parse(text)) == text

    def test_cells(self) -> None:
        values = parse('[null,"","a",1.50,true,{"a":1},[]]')
        assert [cell(value) for value in values] == ["", "", "a", "1.50", "true", '{"a":1}', "[]"]

    def test_lines_of_csv(self) -> None:
        assert (
            csv_line(parse('[null,"","a,b","\\"","\\n",1.0,true," ","\\\\."]'))
            == ',"","a,b","""","\n",1.0,true, ,"\\."\n'
        )
