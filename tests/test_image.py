"""The image without Docker: the same script builds its folder, and the functions load from it."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.emulator import image_python

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
# The base image's system is Amazon Linux 2023: glibc 2.34.
PLATFORMS = ("x86_64-manylinux_2_34", "aarch64-manylinux_2_34")
REQUIREMENTS = ("requirements.txt", "requirements-build.txt", "requirements-heic.txt")
HANDLERS = ("api", "worker", "images", "migrate")
UNCHECKED_HASH = 1
# There is no wheel of it for any machine; it compiles nothing.
SOURCE_ONLY = "pyvips"

LOAD = """
import importlib, json, sys
functions = {name: importlib.import_module(f"app.handlers.{name}").handler for name in sys.argv[1:]}
assert all(callable(function) for function in functions.values())
files = {module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)}
print(json.dumps(sorted(files)))
"""


@pytest.fixture(scope="module")
def image_root() -> Iterator[Path]:
    """The folder that the image's functions run in."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "root"
        command = [str(ROOT / ".ci" / "image-root"), image_python(), str(ROOT), str(target)]
        subprocess.run(command, check=True, capture_output=True, timeout=500)
        yield target


def _names(file: str) -> set[str]:
    text = (ROOT / file).read_text("utf-8")
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


def _requirements() -> set[str]:
    return {name.lower() for name in _names("requirements.txt")}


class TestImageRoot:
    def test_each_function_loads_from_it(self, image_root: Path) -> None:
        settings = {"DATABASE_URL": "postgresql://a@b/c", "BUCKET": "tolva", "QUEUE_URL": "http://a", "TABLE": "tolva"}
        variables = {f"TOLVA_{name}": value for name, value in settings.items()}
        script = image_root.parent / "load.py"
        script.write_text(LOAD, "utf-8")
        done = subprocess.run(
            [image_python(), "-P", script, *HANDLERS],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(image_root), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert str(image_root / "app" / "main.py") in done.stdout
        assert str(ROOT) not in done.stdout

    def test_it_has_what_is_required_and_nothing_of_development(self, image_root: Path) -> None:
        installed = {path.name.split("-")[0].lower().replace("_", "-") for path in image_root.glob("*.dist-info")}
        assert installed <= _requirements()
        assert {"fastapi", "pyarrow", "alembic", "aws-lambda-powertools", "pyvips", "pyvips-binary"} <= installed
        assert {"pytest", "mypy", "ruff", "uvicorn", "typer"} & installed == set()
        # What the build alone needs, and what the image has only if it is asked for.
        assert {"setuptools", "pkgconfig", "pillow", "pillow-heif"} & installed == set()
        assert list(image_root.rglob("tests")) == []
        for folder in ("local", "cost"):
            assert not (image_root / "app" / folder).exists()
        assert not (image_root / "bin").exists()

    def test_it_reads_pictures(self, image_root: Path) -> None:
        script = "from app.images.engine import open_picture; import pyvips; print(pyvips.API_mode, pyvips.__file__)"
        done = subprocess.run(
            [image_python(), "-P", "-c", script],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(image_root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split() == ["True", str(image_root / "pyvips" / "__init__.py")], done.stderr

    def test_its_byte_code_is_never_compared_with_its_source(self, image_root: Path) -> None:
        code = [*(image_root / "app").rglob("*.pyc"), *(image_root / "fastapi").rglob("*.pyc")]
        assert len(code) > 150
        assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in code} == {UNCHECKED_HASH}

    def test_the_migrations_are_in_it(self, image_root: Path) -> None:
        names = {path.name for path in (ROOT / "alembic" / "versions").glob("*.py")}
        assert {path.name for path in (image_root / "alembic" / "versions").glob("*.py")} == names
        assert (image_root / "alembic.ini").is_file()


class TestPermissions:
    def test_the_functions_user_reads_what_another_umask_kept_to_its_owner(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        for folder in ("app/local", "app/core", "alembic/versions"):
            (source / folder).mkdir(parents=True)
        for file in (*REQUIREMENTS, "alembic.ini", "app/core/module.py", "alembic/versions/0001.py"):
            (source / file).touch()
        for path in source.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        target = tmp_path / "root"
        command = ["bash", "-c", f"umask 077; exec {ROOT}/.ci/image-root {image_python()} {source} {target}"]
        subprocess.run(command, check=True, capture_output=True, timeout=100)
        assert (target / "app/core/module.py").is_file()
        kept = [path for path in (target, *target.rglob("*")) if not _is_readable(path)]
        assert kept == []


def _is_readable(path: Path) -> bool:
    """Return whether any user may read a file or look into a folder."""
    wanted = 0o005 if path.is_dir() else 0o004
    return path.stat().st_mode & wanted == wanted


class TestDockerfile:
    def test_what_it_copies_is_there_and_reaches_the_build(self) -> None:
        ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        copied = [
            name for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
        ]
        assert {f"!{name}" for name in copied} == {line for line in ignore if line.startswith("!")}
        assert [name for name in copied if not (ROOT / name).exists()] == []

    @pytest.mark.parametrize("name", HANDLERS)
    def test_it_names_each_functions_command(self, name: str) -> None:
        assert f"app.handlers.{name}.handler" in DOCKERFILE

    @pytest.mark.parametrize("file", REQUIREMENTS)
    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_every_requirement_has_a_wheel_for_its_machines(self, platform: str, file: str, tmp_path: Path) -> None:
        (version,) = re.findall(r"^ARG PYTHON_VERSION=(\S+)$", DOCKERFILE, re.MULTILINE)
        wheels = ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY]
        command = ["uv", "pip", "install", "--dry-run", "--require-hashes", *wheels, "-r", file]
        options = ["--target", str(tmp_path), "--python-version", version, "--python-platform", platform]
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class TestRequirements:
    def test_what_the_build_needs_is_pinned_with_the_image(self) -> None:
        # The source of pyvips names these three.
        assert {"setuptools", "cffi", "pkgconfig"} <= _names("requirements-build.txt")
        assert SOURCE_ONLY in _names("requirements.txt")

    def test_heic_is_no_part_of_the_image_unless_asked_for(self) -> None:
        assert _names("requirements-heic.txt") == {"pillow", "pillow-heif"}
        assert _names("requirements-heic.txt") & _names("requirements.txt") == set()
