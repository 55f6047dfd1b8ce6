"""Pictures: their check and their variants, compared with the same calls by hand and with sharp.

    uv run python -m benchmarks.images                       every scenario
    uv run python -m benchmarks.images check variants --rounds 9
    uv run python -m benchmarks.images variants --photo 12mp.jpg --photo 48mp.jpg
    uv run python -m benchmarks.images serve --seconds 5

sharp is installed by npm into a folder that is thrown away; without npm or an index its rows are left out. Times of
check and variants are CPU seconds of one thread, in turns and as medians. `serve` needs wrk.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pyvips

from app.core.aws.clients import close_clients
from app.core.aws.storage import list_versions, write_object
from app.core.database.pool import close_connections
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.images.check.arrival import take_image
from app.images.check.limits import Limits, Master, master_size
from app.images.check.picture import check_picture
from app.images.check.process import CheckProcess, close_processes
from app.images.check.rejection import Rejected
from app.images.engine import thumbnail
from app.images.models import Image, new_id
from app.images.objects import incoming_key, prefixes, variant_key
from app.images.variants.ladder import Output, Shape, all_shapes, output_of
from app.images.variants.maker import make_variant
from benchmarks.imports import running
from benchmarks.records import KEY, Server
from tests.images import pictures

SHARP = "sharp@0.35.5"
MIB = 1024 * 1024
LIMITS = Limits(pixels=64_000_000, side=16_383, frames=500, animation_pixels=100_000_000, edge=2560)
SECONDS = 60.0
SIZES = {"12 MP": (4000, 3000), "48 MP": (8000, 6000)}
PORT = 18804
CONNECTIONS = 16

# Files and shapes come in, CPU milliseconds of each round go out.
SHARP_PROGRAM = """
const sharp = require("sharp");
sharp.concurrency(1);
sharp.cache(false);
const [file, width, format, options, rounds] = process.argv.slice(2);
(async () => {
  const times = [];
  let bytes = 0;
  for (let round = 0; round <= Number(rounds); round++) {
    const before = process.cpuUsage();
    bytes = (await sharp(file).resize(Number(width))[format](JSON.parse(options)).toBuffer()).length;
    const used = process.cpuUsage(before);
    if (round) times.push((used.user + used.system) / 1000);
  }
  console.log(JSON.stringify({ times, bytes }));
})();
"""


def draw_photo(width: int, height: int) -> bytes:
    """A JPEG that takes as long as a photo: large shapes, small ones, and noise."""
    large = pyvips.Image.perlin(width, height, cell_size=400, uchar=True, seed=1)
    small = pyvips.Image.perlin(width, height, cell_size=90, uchar=True, seed=2)
    noise = pyvips.Image.gaussnoise(width, height, sigma=6, seed=3)
    red = (large * 0.6 + small * 0.3 + noise).cast("uchar")
    green = (small * 0.6 + large * 0.3 + noise).cast("uchar")
    blue = ((255 - large) * 0.6 + small * 0.2 + noise).cast("uchar")
    data: bytes = red.bandjoin([green, blue]).copy(interpretation="srgb").write_to_buffer(".jpg", Q=90)
    return data


def cpu_milliseconds(call: Callable[[], Any]) -> float:
    """The CPU time of a call in this process."""
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1000


class Engine:
    """The scenarios that need no services."""

    def __init__(self, folder: Path, rounds: int, photos: list[Path]) -> None:
        self.folder = folder
        self.rounds = rounds
        self.photos = {name: draw_photo(*size) for name, size in SIZES.items()}
        # Real ones, as what is drawn is harder to encode.
        self.photos |= {name: path.read_bytes() for name, path in zip(SIZES, photos, strict=False)}
        self.sharp = _install_sharp(folder)

    def check(self) -> None:
        """The whole check in its process, and the same calls by hand in this one."""
        for name, photo in self.photos.items():
            ours, hand = asyncio.run(self._compare_checks(photo))
            print(f"check    {name}   check {ours:6.0f} ms   by hand {hand:6.0f} ms   {ours / hand:5.2f} x", flush=True)

    async def _compare_checks(self, photo: bytes) -> tuple[float, float]:
        process = await CheckProcess.start()
        ours, hand = [], []
        for turn in range(self.rounds + 1):
            used = _cpu_of(process.pid)
            here = time.process_time()
            # As the kernel counts in hundredths of a second, several at a time.
            for _ in range(5):
                await process.check(photo, "jpeg", LIMITS, SECONDS)
            spent = _cpu_of(process.pid) - used + (time.process_time() - here) * 1000
            plain = statistics.mean(cpu_milliseconds(lambda: _check_by_hand(photo)) for _ in range(5))
            if turn:
                ours.append(spent / 5)
                hand.append(plain)
        await process.end()
        return statistics.median(ours), statistics.median(hand)

    def variants(self) -> None:
        """Variants out of the master, and by sharp out of the original: WebP of each width, AVIF with its default."""
        for name, photo in self.photos.items():
            master = check_picture(photo, "jpeg", LIMITS).master
            opened = pyvips.Image.new_from_buffer(photo, "")
            size = master_size(opened.width, opened.height, frames=1, has_alpha=False, edge=LIMITS.edge)
            sources = {"original": photo, "master": master}
            for shape in VARIANT_SHAPES:
                print(f"variant  {name} {self._compare(sources, output_of(shape, size), shape)}", flush=True)

    def _compare(self, sources: dict[str, bytes], output: Output, shape: Shape) -> str:
        master = sources["master"]
        times = [cpu_milliseconds(lambda: make_variant(master, output, None)) for _ in range(self.rounds + 1)][1:]
        ours, weight = statistics.median(times), len(make_variant(master, output, None))
        shown = f"{shape.format:4} {shape.width:4}   maker {ours:6.0f} ms"
        for source, data in sources.items():
            for options in SHARP_OPTIONS[shape.format]:
                found = self._ask_sharp(data, shape, options)
                if found is not None:
                    theirs = statistics.median(found["times"])
                    shown += f"   sharp {options} from {source} {theirs:5.0f} ms {ours / theirs:4.2f} x"
                    shown += f", bytes {weight / found['bytes']:4.2f} x"
        return shown

    def _ask_sharp(self, data: bytes, shape: Shape, options: str) -> dict[str, Any] | None:
        if self.sharp is None:
            return None
        file = self.folder / "source.jpg"
        file.write_bytes(data)
        command = [self.sharp[0], str(self.sharp[1]), str(file), str(shape.width), shape.format, options]
        done = subprocess.run([*command, str(self.rounds)], check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def memory(self) -> None:
        """The most memory of a process that makes each kind of variant, of the largest pictures that are accepted."""
        photo = pyvips.Image.new_from_buffer(self.photos["12 MP"], "")
        square = photo.thumbnail_image(8000, height=8000, size="force").copy_memory()
        clear = photo.thumbnail_image(3000, height=3000, size="force").bandjoin(200).cast("uchar")
        sources = {
            "square of 64 MP": ("jpeg", square.write_to_buffer(".jpg"), 1, False),
            "clear": ("png", clear.copy(interpretation="srgb").write_to_buffer(".png"), 1, True),
            "animation": ("webp", _animate(photo, 440, 500), 500, False),
            "few large frames": ("webp", _animate(photo, 2000, 25), 25, False),
        }
        for name, (form, data, frames, has_alpha) in sources.items():
            checked = check_picture(data, form, LIMITS)
            (self.folder / "master").write_bytes(checked.master)
            known = {"frames": frames, "has_alpha": has_alpha, "edge": LIMITS.edge}
            size = master_size(checked.width, checked.height, **known)  # type: ignore[arg-type]  # as it says
            peaks = {shape: self._peak(shape, size) for shape in MEMORY_SHAPES}
            worst = max(peaks, key=lambda shape: peaks[shape])
            print(f"memory   {name:17} {peaks[worst]:4.0f} MB at most, for {worst.query}", flush=True)

    def _peak(self, shape: Shape, size: Master) -> float:
        program = (
            "import re, sys\nfrom pathlib import Path\n"
            "from app.images.variants.ladder import Output\nfrom app.images.variants.maker import make_variant\n"
            "width, height, is_crop, form = sys.argv[2:]\n"
            "output = Output(int(width), int(height), is_crop == 'True', form)\n"
            "make_variant(Path(sys.argv[1]).read_bytes(), output, None)\n"
            # Not what getrusage says: that is of the process too which this one began as.
            "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
        )
        output = output_of(shape, size)
        given = [str(output.width), str(output.height), str(output.is_crop), output.format]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
        command = [sys.executable, "-c", program, str(self.folder / "master"), *given]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return int(done.stdout) * 1024 / MIB

    def bombs(self) -> None:
        """How soon each bomb is refused, and what memory its header takes of a warm process."""
        asyncio.run(self._throw_bombs())

    async def _throw_bombs(self) -> None:
        bombs = {
            "WebP 16383²": ("webp", pictures.huge_webp()),
            "PNG 20000²": ("png", pictures.huge_png(20_000)),
            "PNG 65536²": ("png", pictures.huge_png(65_536)),
            "JPEG 60000²": ("jpeg", pictures.huge_jpeg()),
            "GIF 5000 frames": ("gif", pictures.huge_gif(5000)),
            "GIF that grows": ("gif", pictures.growing_gif()),
        }
        for name, (form, bomb) in bombs.items():
            process = await CheckProcess.start()
            await process.check(pictures.encoded(), "jpeg", LIMITS, SECONDS)
            before = _peak_of(process.pid)
            times = [await _refuse(process, form, bomb) for _ in range(self.rounds)]
            added = _peak_of(process.pid) - before
            await process.end()
            shown = f"{statistics.median(times):6.1f} ms   +{added:4.0f} MB   of {len(bomb):,} bytes"
            print(f"bomb     {name:16} refused in {shown}", flush=True)


VARIANT_SHAPES = [*(Shape(width) for width in (256, 640, 1280)), *(Shape(width, None, "avif") for width in (640, 1280))]
# What sharp makes if nobody says otherwise.
SHARP_OPTIONS = {"webp": ["{}"], "avif": ["{}"]}
MEMORY_SHAPES = [Shape(2560), Shape(640), Shape(2560, None, "avif"), Shape(2560, 2560), Shape(2560, None, "jpeg")]


async def _refuse(process: CheckProcess, form: str, bomb: bytes) -> float:
    started = time.perf_counter()
    try:
        await process.check(bomb, form, LIMITS, SECONDS)
    except Rejected:
        return (time.perf_counter() - started) * 1000
    raise SystemExit(f"a bomb was taken: {form}")


def _check_by_hand(photo: bytes) -> None:
    has_profile = "icc-profile-data" in pyvips.Image.new_from_buffer(photo, "").get_fields()
    options = {"output_profile": "srgb"} if has_profile else {}
    picture = thumbnail(photo, 2560, height=2560, size="down", option_string="fail_on=error", **options).copy_memory()
    picture.write_to_buffer(".jpg", Q=90, keep="none")
    picture.thumbnail_image(256).write_to_buffer(".webp", Q=80, effort=4, keep="none")
    tiny = picture.thumbnail_image(16, height=16).copy_memory()
    tiny.write_to_buffer(".webp", Q=50, keep="none")
    tiny.stats()


def _animate(photo: Any, side: int, frames: int) -> bytes:
    """An animation of a picture that moves."""
    larger = photo.thumbnail_image(side + 2 * frames, height=side + 2 * frames, size="force").copy_memory()
    parts = [larger.crop(2 * number, 2 * number, side, side) for number in range(frames)]
    strip = pyvips.Image.arrayjoin(parts, across=1).copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", side)
    strip.set_type(pyvips.GValue.array_int_type, "delay", [50] * frames)
    data: bytes = strip.write_to_buffer(".webp", Q=60, effort=0)
    return data


def _cpu_of(pid: int) -> float:
    """The CPU milliseconds that another process has used."""
    members = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(members[11]) + int(members[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _peak_of(pid: int) -> float:
    """The most memory that another process had, in MB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) * 1024 / MIB


def _install_sharp(folder: Path) -> tuple[str, Path] | None:
    """Node and the program that asks sharp, None without them."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), SHARP]
    if subprocess.run(command, check=False, capture_output=True, timeout=300).returncode:
        return None
    program = folder / "ask.js"
    program.write_text(SHARP_PROGRAM, "utf-8")
    return node, program


class Served:
    """The scenarios over the application, PostgreSQL and the emulator."""

    def __init__(self, folder: Path, rounds: int, seconds: int) -> None:
        self.folder, self.rounds, self.seconds = folder, rounds, seconds

    def run(self, names: set[str]) -> None:
        """Run the scenarios of these names."""
        os.environ["TOLVA_ADMIN_KEY"] = KEY
        with running(self.folder):
            row = asyncio.run(_make_ready(pictures.encoded(".jpg", 1600, 1200)))
            os.environ["BENCHMARK_PICTURE"] = variant_key(row.id, row.version, "256.webp")
            server = Server("app.main:create_app", PORT, factory=True)
            try:
                if "serve" in names:
                    self._serve(server, row)
                if "stampede" in names:
                    asyncio.run(_stampede(server, row))
                if "hostile" in names:
                    asyncio.run(_ask_hostile(server, row))
            finally:
                server.stop()

    def _serve(self, server: Server, row: Image) -> None:
        """A stored variant by the application, and by a route that streams the same object."""
        hand = Server("benchmarks.handwritten_picture:app", PORT + 1, factory=False)
        ours = f"{server.url}/images/{row.id}/content?v={row.version}&w=256"
        urls = {"stored": (ours, ""), "by hand": (f"{hand.url}/picture", "")}
        urls["known"] = (ours, f'If-None-Match: "{row.version}-256.webp"')
        rates: dict[str, list[float]] = {name: [] for name in urls}
        try:
            for turn in range(self.rounds + 1):
                for name, (url, header) in urls.items():
                    rate = _ask(url, header, self.seconds)
                    if turn:
                        rates[name].append(rate)
        finally:
            hand.stop()
        stored, plain, known = (statistics.median(rates[name]) for name in urls)
        print(f"serve    stored {stored:6,.0f}/s   by hand {plain:6,.0f}/s   {stored / plain:5.2f} x", flush=True)
        print(f"serve    304    {known:6,.0f}/s   stored  {stored:6,.0f}/s   {known / stored:5.2f} x", flush=True)


def _ask(url: str, header: str, seconds: int) -> float:
    """The requests a second that a URL is answered."""
    headers = ["-H", header] if header else []
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *headers, url]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", answer)
    if found is None or ("Non-2xx" in answer and not header):
        raise SystemExit(f"{url}: {answer}")
    return float(found[1])


async def _make_ready(data: bytes) -> Image:
    """An image that is ready."""
    image = new_id()
    async with transaction() as session:
        row = Image(id=image, filename="a.jpg", object_key=incoming_key(image))
        session.add(row)
    await write_object(row.object_key, data, "image/jpeg")
    await take_image(image)
    await _close()
    return row


async def _stampede(server: Server, row: Image) -> None:
    """A hundred callers at once ask for one variant that is missing."""
    url = f"{server.url}/images/{row.id}/content?v={row.version}&w=960&format=avif"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as http:

        async def ask() -> int:
            async with http.get(url) as response:
                await response.read()
                return response.status

        started = time.perf_counter()
        statuses = await asyncio.gather(*(ask() for _ in range(100)))
    versions = [key for key in await _keys(row.id) if key.endswith("960.avif")]
    taken = (time.perf_counter() - started) * 1000
    shown = f"answered 200: {statuses.count(200)}   objects written: {len(versions)}   {taken:.0f} ms"
    print(f"stampede 100 callers of one missing variant   {shown}", flush=True)
    await _close()


async def _ask_hostile(server: Server, row: Image) -> None:
    """10,000 URLs of one image, most of which ask for nothing that there is."""
    legal = [shape.query for shape in all_shapes() if shape.format != "avif"]
    queries = [
        *legal,
        *(f"w={number}" for number in range(3000)),
        *(f"w=0{number}" for number in range(2000)),
        *(f"w=640&x={number}" for number in range(2000)),
        *(f"w=640&h={number}&fit=cover" for number in range(1500)),
        *(f"w=640&w=640&n={number}" for number in range(1500 - len(legal))),
    ]
    statuses: dict[int, int] = {}
    free = asyncio.Semaphore(CONNECTIONS)
    async with aiohttp.ClientSession() as http:

        async def ask(query: str) -> None:
            async with free, http.get(f"{server.url}/images/{row.id}/content?v={row.version}&{query}") as response:
                await response.read()
                statuses[response.status] = statuses.get(response.status, 0) + 1

        await asyncio.gather(*(ask(query) for query in queries))
    objects = [key for key in await _keys(row.id) if key.startswith("variants/")]
    print(f"hostile  {len(queries):,} URLs   statuses {statuses}   objects {len(objects)}", flush=True)
    await _close()


async def _keys(image: str) -> list[str]:
    return [one.key for prefix in prefixes(image) async for page in list_versions(prefix) for one in page]


async def _close() -> None:
    await close_processes()
    await close_connections()
    await close_clients()


# A check reads its limits in the settings, and needs no services.
ANY_SETTINGS = {
    "TOLVA_DATABASE_URL": "postgresql://any/any",
    "TOLVA_BUCKET": "any",
    "TOLVA_QUEUE_URL": "any",
    "TOLVA_TABLE": "any",
}
ENGINE = ("check", "variants", "memory", "bombs")
SERVED = ("serve", "stampede", "hostile")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*ENGINE, *SERVED, []])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--photo", type=Path, action="append", default=[], help="a JPEG in place of a drawn one")
    given = parser.parse_args()
    names = set(given.scenarios or [*ENGINE, *SERVED])
    with tempfile.TemporaryDirectory() as folder:
        if names & set(ENGINE):
            os.environ |= ANY_SETTINGS
            engine = Engine(Path(folder), given.rounds, given.photo)
            for name in ENGINE:
                if name in names:
                    getattr(engine, name)()
        if names & set(SERVED):
            if "serve" in names and shutil.which("wrk") is None:
                raise SystemExit("wrk is needed: install it (Debian: apt-get install wrk).")
            get_settings.cache_clear()
            Served(Path(folder), given.rounds, given.seconds).run(names)


if __name__ == "__main__":
    main()
