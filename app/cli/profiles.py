"""Profiles: the Tolvas that `tolva login` has been given a key for, in a file that only its owner reads."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.cli.display.output import fail

DEFAULT_PROFILE = "default"
# A file that others could read is not left to them; see `write_profiles`.
PRIVATE = 0o600


@dataclass(frozen=True)
class Profile:
    """A Tolva's address and the key for it."""

    name: str
    url: str
    key: str

    def is_at(self, url: str) -> bool:
        """Return whether a URL is this profile's: its key goes nowhere else."""
        return _place(self.url) == _place(url)


def _place(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme.lower(), parts.hostname or "", port, parts.path.rstrip("/")


def profiles_path(variables: Mapping[str, str] = os.environ) -> Path:
    """The path of the profiles."""
    folder = variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME") or Path.home()) / ".config"
    return Path(folder) / "tolva" / "profiles.json"


def read_profiles(path: Path) -> dict[str, Profile]:
    """The profiles by their names; none if there is no file. A file that holds something else ends the command."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        return {name: Profile(name, str(one["url"]), str(one["key"])) for name, one in kept["profiles"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        fail(f"The profiles in {path} cannot be read: {error.strerror}.")
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(f"{path} does not hold profiles. Remove it, then run `tolva login` again.")


def write_profiles(path: Path, profiles: Mapping[str, Profile]) -> None:
    """Keep these profiles and no others; who reads meanwhile finds the old ones or the new ones."""
    kept = {name: {"url": profile.url, "key": profile.key} for name, profile in profiles.items()}
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w", encoding="utf-8") as file:
            json.dump({"profiles": kept}, file, indent=2)
        draft.replace(path)
    except OSError as error:
        fail(f"The profiles cannot be kept in {path}: {error.strerror}. Choose another folder with XDG_CONFIG_HOME.")
