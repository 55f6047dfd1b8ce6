"""The chart of docs/cost.md: dollars by load, both axes logarithmic, readable on light and on dark."""

from collections.abc import Iterator
from math import log10

from app.cost.comparison import own_costs

WIDTH, HEIGHT = 800, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 240, 20, 50
X_DECADES, Y_DECADES = (-1, 4), (-1, 5)
SAMPLE = 24
STEPS = 100
# Each line by its colour and dashes, so that it can be recognized without colours.
STYLES = {
    "REST API": ("#d1495b", ""),
    "HTTP API": ("#c98a1b", "8 3"),
    "CloudFront and function URL": ("#8a6fd1", "2 3"),
    "Fargate, 0.5 vCPU each": ("#2f8fd0", ""),
    "EC2, c7g.medium": ("#3a9d6e", "8 3"),
}
LEAST_GAP = 16
CSS = """
text { font: 13px system-ui, sans-serif; fill: #333; }
.grid { stroke: #8884; } .line { fill: none; stroke-width: 2.5; }
@media (prefers-color-scheme: dark) { text { fill: #ddd; } }
"""


def draw() -> str:
    """The chart as SVG."""
    lines = {name: [(rate, own_costs(rate)[name]) for rate in _rates()] for name in STYLES}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Dollars a month by requests a second, for fronts with functions and for servers</title>",
        f"<style>{CSS}</style>",
        *_grid(),
        *(_line(name, points) for name, points in lines.items()),
        *_labels({name: points[-1][1] for name, points in lines.items()}),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rates() -> list[float]:
    low, high = X_DECADES
    return [10 ** (low + (high - low) * number / STEPS) for number in range(STEPS + 1)]


def _x(rate: float) -> float:
    low, high = X_DECADES
    return LEFT + (log10(rate) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _y(usd: float) -> float:
    low, high = Y_DECADES
    place = (log10(max(usd, 10**low)) - low) / (high - low)
    return HEIGHT - BOTTOM - min(1.0, place) * (HEIGHT - TOP - BOTTOM)


def _grid() -> Iterator[str]:
    for power in range(X_DECADES[0], X_DECADES[1] + 1):
        x = _x(10**power)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10**power:,g}</text>'
    for power in range(Y_DECADES[0], Y_DECADES[1] + 1):
        y = _y(10**power)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">${10**power:,g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">requests a second, average of a month</text>'


def _line(name: str, points: list[tuple[float, float]]) -> str:
    colour, dashes = STYLES[name]
    path = " ".join(f"{_x(rate):.1f},{_y(usd):.1f}" for rate, usd in points)
    return f'<polyline class="line" stroke="{colour}" stroke-dasharray="{dashes}" points="{path}"/>'


def _labels(ends: dict[str, float]) -> Iterator[str]:
    """The names at the ends of the lines, moved apart where they would be over each other."""
    last = float("-inf")
    for name, usd in sorted(ends.items(), key=lambda end: _y(end[1])):
        last = max(_y(usd) + 4, last + LEAST_GAP)
        colour, dashes = STYLES[name]
        begin, y = WIDTH - RIGHT + 8, last - 4
        sample = f'x1="{begin}" x2="{begin + SAMPLE}" y1="{y:.1f}" y2="{y:.1f}"'
        yield f'<line class="line" stroke="{colour}" stroke-dasharray="{dashes}" {sample}/>'
        yield f'<text x="{begin + SAMPLE + 6}" y="{last:.1f}">{name}</text>'
