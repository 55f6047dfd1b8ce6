import pytest

from app.columns.schema_references import in_comment, schema_reference


class TestSchemaReference:
    def test_it_leads_to_the_documents_schemas(self) -> None:
        assert schema_reference("ProductsRecord") == {"$ref": "#/components/schemas/ProductsRecord"}


class TestInComment:
    @pytest.mark.parametrize("text", ["*/ alert(1) /*", '""" + x', '**//""""""', "*/*/"])
    def test_nothing_ends_the_comment(self, text: str) -> None:
        assert "*/" not in in_comment(text)
        assert '"""' not in in_comment(text)

    def test_other_words_stay(self) -> None:
        assert in_comment('a * b / c, "d"') == 'a * b / c, "d"'
