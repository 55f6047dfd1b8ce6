"""The Tolva that a command talks to: its URL, the API key, and where both were found."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from app.cli import exit_codes
from app.cli.display.output import fail
from app.cli.profiles import DEFAULT_PROFILE, Profile, profiles_path, read_profiles
from app.local.folder_lock import DEFAULT_DATA, find_url

if TYPE_CHECKING:
    from app.client.api import Client

DEFAULT_URL = "http://127.0.0.1:8000"
KEY_VARIABLES = ("TOLVA_KEY", "TOLVA_ADMIN_KEY")
PANEL = "Connection"
WHOLE = "Was it copied whole?"
URL_HELP = "The URL of Tolva; or TOLVA_URL."
KEY_HELP = "The API key; or TOLVA_KEY. Found automatically in a data folder or a profile."
PROFILE_HELP = "A Tolva that you have logged in to; or TOLVA_PROFILE."
DATA_HELP = "The data folder of a running `tolva dev` (.tolva)."

Url = Annotated[str | None, typer.Option("--url", help=URL_HELP, rich_help_panel=PANEL, show_default=False)]
Key = Annotated[str | None, typer.Option("--api-key", help=KEY_HELP, rich_help_panel=PANEL, show_default=False)]
ProfileName = Annotated[
    str | None, typer.Option("--profile", help=PROFILE_HELP, rich_help_panel=PANEL, show_default=False)
]
Folder = Annotated[Path | None, typer.Option("--data", help=DATA_HELP, rich_help_panel=PANEL, show_default=False)]
# The data folder of a `tolva dev` that is started.
Data = Annotated[Path, typer.Option(help="The data folder of `tolva dev`.")]


@dataclass(frozen=True)
class Asked:
    """The options of a command that select a Tolva."""

    url: str | None = None
    key: str | None = None
    data: Path | None = None
    profile: str | None = None


@dataclass(frozen=True)
class Target:
    """A Tolva, the key to call it with, and where the key was found."""

    url: str
    key: str
    source: str
    way_out: str


@contextmanager
def connect(
    url: str | None = None, key: str | None = None, data: Path | None = None, profile: str | None = None
) -> Iterator["Client"]:
    """A client of the Tolva that a command's options name; what goes wrong ends the command with its message."""
    from app.client.api import Client

    target = find_target(Asked(url, key, data, profile), os.environ)
    with failures_said(lambda status: _about_key(target, status)), Client(target.url, target.key) as client:
        yield client


@contextmanager
def failures_said(about: Callable[[int], str]) -> Iterator[None]:
    """End the command with the message of a failure; `about` adds to it by a refusal's status."""
    from app.client.api import ApiError, CommandError, Unreachable

    try:
        yield
    except Unreachable as error:
        fail(str(error), exit_codes.UNREACHABLE)
    except ApiError as error:
        fail(f"{error}{about(error.status)}")
    except CommandError as error:
        fail(str(error))
    except UnicodeEncodeError:
        # What a shell passes on may be any bytes; an address, and JSON, are UTF-8.
        fail("An argument is not UTF-8. Set your terminal, or the file that it came from, to UTF-8.", exit_codes.USAGE)


def _about_key(target: Target, status: int) -> str:
    """The source of a refused key, and what to do about it."""
    if status == 401:
        return f"\nThe key is {target.source}. {target.way_out}"
    if status == 403:
        return f"\nThe key is {target.source}. Name one that may with --api-key or --profile."
    return ""


def find_target(asked: Asked, variables: Mapping[str, str]) -> Target:
    """The Tolva that options and variables name; else the data folder's, else the default profile's.

    A profile that is named comes before the data folder, and as an option before the variables.
    """
    url, key, name = asked.url, asked.key, asked.profile
    source = "the one of --api-key"
    if not name:
        url = url or variables.get("TOLVA_URL")
        name = variables.get("TOLVA_PROFILE")
        if key is None and (variable := next((one for one in KEY_VARIABLES if variables.get(one)), None)):
            key, source = variables[variable], f"the one in {variable}"
    if url and key is not None:
        check_url(url)
        return Target(url, check_key(key, source), source, WHOLE)
    profiles = read_profiles(profiles_path(variables))
    named = _get_profile(name, profiles) if name else None
    folder = asked.data or DEFAULT_DATA
    url = url or (named.url if named else _find_url(asked, folder, profiles.get(DEFAULT_PROFILE)))
    check_url(url)
    if key is not None:
        return Target(url, check_key(key, source), source, WHOLE)
    return _with_key(url, folder, named, profiles)


def check_url(url: str) -> None:
    """End the command if this is not the address of anything on the web."""
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not url.isprintable() or " " in url:
        fail(f"'{url}' is not a URL. Give one such as {DEFAULT_URL} or https://tolva.example.org.", exit_codes.USAGE)


def _get_profile(name: str, profiles: Mapping[str, Profile]) -> Profile:
    if name in profiles:
        return profiles[name]
    near = get_close_matches(name, profiles, 1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    return fail(f"There is no profile '{name}'.{meant} Make it with `tolva login --profile {name} --url ADDRESS`.")


def _find_url(asked: Asked, folder: Path, default: Profile | None) -> str:
    if (local := find_url(folder)) is not None:
        return local
    # With a data folder that was named, nobody means a Tolva elsewhere.
    return default.url if default and asked.data is None else DEFAULT_URL


def _with_key(url: str, folder: Path, named: Profile | None, profiles: Mapping[str, Profile]) -> Target:
    """The Tolva at an address with the key that is kept for it: a profile's; on this machine, the data folder's."""
    from app.client.api import is_local

    known = ([named] if named else []) + list(profiles.values())
    profile = next((one for one in known if one.is_at(url)), None)
    if profile and not (named is None and find_url(folder) == url):
        source = f"the one of the profile '{profile.name}'"
        again = f"Log in again with `tolva login --profile {profile.name} --url {profile.url}`."
        return Target(url, check_key(profile.key, source), source, again)
    if not is_local(url):
        fail(
            f"There is no API key for {url}. Give one with --api-key or in the environment variable TOLVA_KEY, "
            f"or keep it with `tolva login --url {url}`."
        )
    path = folder / "admin-key"
    try:
        key = path.read_text().strip()
    except OSError:
        fail(
            f"There is no API key: none was given, and {folder} holds none. Give one with --api-key or TOLVA_KEY, "
            "name the data folder of the running `tolva dev` with --data, or keep one with `tolva login`."
        )
    way_out = f"Is {url} the `tolva dev` of {folder}? Name another data folder with --data, or a key with --api-key."
    return Target(url, check_key(key, str(path)), f"the one in {path}", way_out)


def check_key(key: str, source: str) -> str:
    """A key that can be sent."""
    if not key.isascii() or not key.isprintable() or " " in key or not key:
        fail(f"The API key ({source}) has characters that no key has. Was it copied whole, and nothing else?")
    return key
