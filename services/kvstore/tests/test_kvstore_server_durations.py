"""How long calls took: classes of durations and their bounds."""

from hypothesis import given
from hypothesis import strategies as st

from hunch_kvstore.commands._durations import Durations


@given(st.lists(st.integers(0, 10**10), min_size=1), st.floats(0, 100))
def test_bounds_hold_and_are_near(spent_ns, share):
    durations = Durations()
    for ns in spent_ns:
        durations.note(ns)
    assert durations.total == len(spent_ns)
    for bound_us, calls in durations.doublings().items():
        assert calls == sum(ns <= bound_us * 1024 for ns in spent_ns)
    bound_ns = round(durations.percentile(share) * 1000)
    below = sum(ns <= bound_ns for ns in spent_ns)
    assert below >= share / 100 * len(spent_ns) - 1e-6
    reached = [ns for ns in spent_ns if ns <= bound_ns]
    assert bound_ns <= max(1024, 1.25 * max(reached) + 1)
    durations.clear()
    assert durations.doublings() == {}
