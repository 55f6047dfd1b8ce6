"""Any load of any stack, for properties that hold for each."""

from hypothesis import settings
from hypothesis import strategies as st

from app.cost.prices import REGIONS
from app.cost.workload import FRONTS, KINDS, REFUSED, STORAGES, STORES, Configuration, Workload

EXAMPLES = settings(max_examples=100, deadline=None)
FEW_EXAMPLES = settings(max_examples=20, deadline=None)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    return Configuration(
        region=draw(st.sampled_from(REGIONS)),
        front=draw(st.sampled_from(FRONTS)),
        store=draw(st.sampled_from(STORES)),
        storage=draw(st.sampled_from(STORAGES)),
        memory=draw(st.integers(512, 10240)),
        min_acu=draw(st.sampled_from([0, 0.5, 1, 8])),
        max_acu=draw(st.sampled_from([8, 16, 64])),
        highly_available=draw(st.booleans()),
        warm=draw(st.integers(0, 100)),
    )


@st.composite
def workloads(draw: st.DrawFn, configuration: Configuration) -> Workload:
    kinds = sorted(set(KINDS) - REFUSED[configuration.store])
    parts = draw(st.lists(st.integers(0, 100), min_size=len(kinds), max_size=len(kinds)).filter(any))
    return Workload(
        rate=draw(st.floats(0.001, 50_000)),
        mix={kind: part / sum(parts) for kind, part in zip(kinds, parts, strict=True) if part},
        csv=draw(st.floats(0, 1e13)),
        days=draw(st.floats(0, 1000)),
        peak=draw(st.floats(1, 20)),
        hits=draw(st.floats(0, 1)),
    )


cases = configurations().flatmap(lambda one: st.tuples(workloads(one), st.just(one)))
growing = st.sampled_from(["rate", "csv", "days"])
