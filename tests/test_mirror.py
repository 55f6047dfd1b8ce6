"""The tests mirror the program: what a module does is tested in the file of its name, at the same place."""

from pathlib import Path

import app

APP = Path(app.__file__).parent
TESTS = Path(__file__).parent
# Packages and entry points have nothing of their own to test.
PASSED_OVER = ("__init__", "__main__")
# Modules that hold declarations alone, or that only whole processes show at work.
MAX_WITHOUT_TESTS = 0.1


def test_nearly_every_module_has_a_test_file_of_its_name() -> None:
    modules = [path.relative_to(APP) for path in APP.rglob("*.py") if path.stem not in PASSED_OVER]
    missing = sorted(str(path) for path in modules if not (TESTS / path.parent / f"test_{path.name}").exists())
    named = f"{len(missing)} of {len(modules)} modules have no test file of their name: {', '.join(missing)}"
    assert len(missing) <= MAX_WITHOUT_TESTS * len(modules), named
