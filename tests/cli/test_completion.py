import pytest

from tests.cli.calls import in_process, make, make_key
from tests.local.running import ADMIN_KEY, RunningDev


class TestCompletion:
    def complete(self, words: str, **variables: str) -> list[str]:
        """The completions of bash for a line."""
        asked = {"_TOLVA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        done = in_process(**asked, **variables)
        assert done.err == ""
        return done.out.split()

    def test_commands_and_datasets(self, dev: RunningDev) -> None:
        make(dev, "completed", [])
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
        assert self.complete("tolva datas", **variables) == ["datasets"]
        assert self.complete("tolva datasets ") == ["list", "show", "create", "change", "delete"]
        assert "completed" in self.complete("tolva datasets show comp", **variables)
        key = make_key(dev, "read", datasets=["completed"])
        assert self.complete(f"tolva export --url {dev.url} --api-key {key} comp") == ["completed"]

    def test_it_is_silent_if_nothing_answers(self) -> None:
        assert self.complete("tolva export any", TOLVA_URL="http://127.0.0.1:1", TOLVA_KEY="any") == []
        assert self.complete("tolva export any", TOLVA_URL="nonsense") == []

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_the_script_of_a_shell(self, shell: str) -> None:
        # Typer looks at the processes above for the shell, and there may be none.
        done = in_process("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
        assert done.code == 0
        assert "_TOLVA_COMPLETE" in done.out
