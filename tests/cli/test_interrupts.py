import os
import signal

import pytest
import typer

from app.cli import exit_codes
from app.cli.interrupts import interruptible


class TestInterruptible:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_a_signal_ends_the_command_as_ctrl_c_does(
        self, number: signal.Signals, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(typer.Exit) as ended, interruptible():
            os.kill(os.getpid(), number)
        assert ended.value.exit_code == exit_codes.INTERRUPTED
        assert capsys.readouterr().err == "Error: Interrupted.\n"

    def test_afterwards_signals_do_what_they_did(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with interruptible():
            assert signal.getsignal(signal.SIGTERM) is not before
        assert signal.getsignal(signal.SIGTERM) is before
