from tests.cli.calls import tolva


class TestMistypedCommands:
    def test_a_dataset_in_place_of_a_command(self) -> None:
        done = tolva("datasets", "products")
        assert done.code == 2
        assert "tolva datasets show products" in done.err

    def test_a_near_command_is_named(self) -> None:
        for arguments, meant in (
            (["dataset"], "datasets"),
            (["datasets", "shwo", "x"], "show"),
            (["keys", "lst"], "list"),
        ):
            done = tolva(*arguments)
            assert done.code == 2
            assert f"Did you mean '{meant}'?" in done.err
