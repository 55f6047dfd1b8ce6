"""`tolva login`, `logout` and `profiles`: keys that are kept, so that commands find them."""

import getpass
import json
import os
import sys
from typing import Annotated

import typer

from app.cli import exit_codes
from app.cli.command import AsJson, NoColor, Quiet, make_output
from app.cli.connection import Url, check_key, check_url, failures_said
from app.cli.display.output import Output, fail
from app.cli.profiles import DEFAULT_PROFILE, Profile, profiles_path, read_profiles, write_profiles

Name = Annotated[str, typer.Option("--profile", envvar="TOLVA_PROFILE", help="The name to store it under.")]


def login(
    url: Url = None,
    profile: Name = DEFAULT_PROFILE,
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Read the key from the standard input, not from the terminal.")
    ] = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Keep the address of a Tolva and an API key for it, once the key is found to work."""
    output = make_output(quiet=quiet, no_color=no_color)
    url = url or os.environ.get("TOLVA_URL")
    if not url:
        raise typer.BadParameter("give the address of the Tolva to log in to", param_hint="--url")
    check_url(url)
    kept = Profile(profile, url.rstrip("/"), check_key(_read_key(url, is_piped=key_stdin), "as it was given"))
    count = _try_key(output, kept)
    path = profiles_path()
    write_profiles(path, read_profiles(path) | {profile: kept})
    flag = "" if profile in (DEFAULT_PROFILE, os.environ.get("TOLVA_PROFILE")) else f" --profile {profile}"
    output.say(f"Logged in to {kept.url}; the key may see {count}. It is kept in {path}. Try `tolva datasets{flag}`.")


def _read_key(url: str, *, is_piped: bool) -> str:
    """The key that is typed, without showing it, or piped in."""
    if is_piped:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        fail("There is no terminal to ask for the key on. Pipe it in with --key-stdin.", exit_codes.USAGE)
    try:
        return getpass.getpass(f"API key for {url}: ", sys.stderr).strip()
    except EOFError:
        fail("There was no key.", exit_codes.USAGE)


def _try_key(output: Output, profile: Profile) -> str:
    """The number of datasets that the key sees; a key that does not work ends the command."""
    from app.client.api import Client, is_local

    if profile.url.lower().startswith("http:") and not is_local(profile.url):
        output.warn(f"{profile.url} is not encrypted: others on the way can read the key. Use https:// if you can.")
    with failures_said(lambda _: "\nNothing was kept."), Client(profile.url, profile.key) as client:
        page = client.request("GET", "/datasets", _limit="1000")
    count = len(page["data"])
    more = "more than " if page["next"] else ""
    return f"{more}{count:,} {'dataset' if count == 1 else 'datasets'}"


def logout(profile: Name = DEFAULT_PROFILE, quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Forget a profile and its key. The key itself goes on working: `tolva keys revoke` ends that."""
    output = make_output(quiet=quiet, no_color=no_color)
    path = profiles_path()
    kept = read_profiles(path)
    if profile not in kept:
        fail(f"There is no profile '{profile}'. `tolva profiles` shows those that there are.")
    forgotten = kept.pop(profile)
    write_profiles(path, kept)
    output.say(f"The profile '{profile}' ({forgotten.url}) is forgotten.")


def list_profiles(as_json: AsJson = False, quiet: Quiet = False, no_color: NoColor = False) -> None:
    """List the profiles that `tolva login` has kept, without their keys."""
    output = make_output(as_json=as_json, quiet=quiet, no_color=no_color)
    kept = read_profiles(profiles_path())
    if output.as_json:
        output.json(json.dumps({"data": [{"name": one.name, "url": one.url} for one in kept.values()]}))
        return
    output.table(("name", "url"), [(one.name, one.url) for one in kept.values()])
    if not kept:
        output.note("There are no profiles yet: tolva login --url ADDRESS")
