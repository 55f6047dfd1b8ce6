"""`tolva openapi`, `types` and `open` against a running Tolva."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.calls import in_process, make, on
from tests.local.running import ADMIN_KEY, RunningDev

COLUMNS = [
    {"name": "region", "type": "text", "one_of": ["north", 'so"uth']},
    {"name": "year", "type": "integer"},
    {"name": "amount", "type": "decimal", "precision": 9, "scale": 2, "label": "*/ Amount"},
    {"name": "weight", "type": "number"},
    {"name": "big", "type": "bigint"},
    {"name": "facts", "type": "json"},
    {"name": "day", "type": "date", "required": True},
    {"name": "record", "type": "text", "one_of": ["a"]},
    {"name": "class", "type": "boolean"},
]
USE = """
import type { TypedRecord, TypedCreate, TypedUpdate, TypedFilters, TypedPage, TypedQuery } from "./typed";
const filters: TypedFilters = { region: "north", year__gte: 3, amount__in: ["1.50", "2"], _select: ["day"], _limit: 3 };
const where: TypedQuery["where"] = { _or: [{ year: 3 }, { amount: { lt: "5" } }], _not: { class: false } };
const query: TypedQuery = { where, sort: ["-day"] };
const key = { region: "north", year: 1 } as const;
const created: TypedCreate = { ...key, day: "2026-01-31", weight: "NaN", amount: "1.5", facts: { a: [1] } };
const changed: TypedUpdate = { weight: null };
export function use(record: TypedRecord): [string | null, number, string, string | null] {
  return [record.amount, record.year, record.day, record.big];
}
export const country = (page: TypedPage) => page.data[0]?._embedded?.maker?.country?.toUpperCase();
export const next = (page: TypedPage): string | null => page.next;
// @ts-expect-error
const noColumn: TypedFilters = { regoin: "north" };
// @ts-expect-error
const noOperator: TypedFilters = { class__gt: true };
// @ts-expect-error
const noValue: TypedFilters = { region: "east" };
// @ts-expect-error
const noSort: TypedQuery = { sort: ["-facts"] };
// @ts-expect-error
const noDay: TypedCreate = { region: "north", year: 1 };
// @ts-expect-error
const noNull: TypedUpdate = { day: null };
"""


@pytest.fixture(scope="module")
def typed(dev: RunningDev) -> str:
    make(dev, "makers", [{"name": "name", "type": "text"}, {"name": "country", "type": "text"}], key=["name"])
    maker = {"name": "maker", "type": "text", "references": "makers"}
    make(dev, "typed", [*COLUMNS, maker], key=["region", "year"])
    make(dev, "typed_kept", COLUMNS, key=["region", "year"], store="keyvalue")
    return "typed"


class TestOpenapi:
    def test_of_one_dataset(self, dev: RunningDev, typed: str, tmp_path: Path) -> None:
        done = on(dev, "openapi", typed)
        assert done.out.rstrip("\n") == dev.request("GET", f"/datasets/{typed}/openapi.json").text
        assert on(dev, "openapi", typed, "-o", str(tmp_path / "a.json")).code == 0
        assert (tmp_path / "a.json").read_text() == done.out.rstrip("\n")

    def test_of_everything(self, dev: RunningDev, typed: str) -> None:
        assert f"/datasets/{typed}/records" in json.loads(on(dev, "openapi").out)["paths"]

    def test_no_such_dataset(self, dev: RunningDev, tmp_path: Path) -> None:
        assert on(dev, "openapi", "absent", "-o", str(tmp_path / "a.json")).code == 1
        assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tsc(request: pytest.FixtureRequest) -> str:
    """The TypeScript compiler: one that is installed, or the one of the packages that tests/conformance keeps."""
    assert request.config.cache is not None
    kept = request.config.cache.mkdir("node") / "node_modules" / ".bin" / "tsc"
    found = str(kept) if kept.exists() else shutil.which("tsc")
    if found is None:
        pytest.skip("there is no tsc")
    return found


class TestTypes:
    def test_what_is_declared(self, dev: RunningDev, typed: str) -> None:
        text = on(dev, "types", typed).out
        for line in (
            "region: TypedRegionChoice;",
            "year: number;",
            "/** * / Amount */",
            "amount: string | null;",
            "weight: NumberValue | null;",
            "facts: unknown;",
            "day: string;",
        ):
            assert f"  {line}\n" in text
        for declared in (
            'TypedRegionChoice = "north" | "so\\"uth";',
            'TypedRecordChoice = "a";',
        ):
            assert f"export type {declared}" in text
        assert "export type NumberValue = number | NotFinite;" in text
        (number,) = re.findall(r"^export type NotFinite = (.*);", text, re.MULTILINE)
        assert set(re.findall(r'[\w"-]+', number)) == {'"NaN"', '"Infinity"', '"-Infinity"'}
        names = [line.split()[2] for line in text.splitlines() if line.startswith("export type")]
        assert len(names) == len(set(names))

    def test_they_compile_and_find_mistakes(self, dev: RunningDev, typed: str, tsc: str, tmp_path: Path) -> None:
        for name in (typed, f"{typed}_kept"):
            assert on(dev, "types", name, "-o", str(tmp_path / f"{name}.d.ts")).code == 0
        (tmp_path / "use.ts").write_text(USE)
        options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
        compiler = [tsc, *options, "use.ts", "typed.d.ts", "typed_kept.d.ts"]
        done = subprocess.run(compiler, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout

    def test_no_columns_yet(self, dev: RunningDev) -> None:
        make(dev, "untyped", [])
        done = on(dev, "types", "untyped")
        assert done.code == 1
        assert "no columns yet" in done.err


class TestOpen:
    def test_in_a_browser_signed_in(self, dev: RunningDev, typed: str, tmp_path: Path) -> None:
        browser = tmp_path / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
        browser.chmod(0o700)
        done = in_process("open", typed, TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY, BROWSER=f"{browser} %s")
        assert done.code == 0
        assert ADMIN_KEY not in done.out
        assert (tmp_path / "opened").read_text().strip() == f"{dev.url}/datasets/{typed}/docs#key={ADMIN_KEY}"

    def test_no_browser(self, dev: RunningDev, typed: str) -> None:
        none = {"BROWSER": "/nonexistent %s", "PATH": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
        done = in_process("open", TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY, **none)
        assert done.out == f"{dev.url}/docs#key={ADMIN_KEY}\n"
        assert on(dev, "open", "absent").code == 1
