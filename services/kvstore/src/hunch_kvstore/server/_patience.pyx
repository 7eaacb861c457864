"""Whether a server that finds no work looks again for a moment before it sleeps.

Theory of operation. A client that writes to a server asleep has to wake it, which on a
virtual machine costs the client about as much as all the rest of its write; and the
server comes late. Under load the next request is some microseconds away, so looking
again for that long is cheaper for both. It is a waste where requests are rare, and worse
than one where the clients wait for the very processor that is looking. So there are two
conditions: what was found lately, and that nobody takes the processor away from us.

PERF: a few per cent more requests a second from 50 connections, and none fewer with two
client threads on two processors, where a server that looked again regardless did up to
12 % less: hence `judge` (decision 0014; `bench_kvstore.py --only waiting`).
"""

cimport cython
from libc.stdint cimport int64_t

cdef enum:
    MOST_TRUST = 32
    COST_OF_MISS = 4        # so four looks of five have to find something
    ROUNDS = 256            # between two judgements
    # LIMIT: in so many rounds one client thread took the processor away at most twice,
    # two of them on two processors 60 times.
    CROWD = 8


@cython.final
cdef class Patience:
    """Decides; whoever waits asks it, and tells it how it went.

    Attributes:
        most_ns: How long to look again, in nanoseconds; 0 is not at all.
    """

    def __init__(self, int64_t most_us):
        self.most_ns = most_us * 1000
        self.trust = 0
        self.rounds = 0
        self.taken_away = 0
        self.crowded = False

    cpdef bint is_worthwhile(self) noexcept nogil:
        """Return whether to look again now, having found nothing."""
        return self.most_ns > 0 and self.trust > 0 and not self.crowded

    cpdef void found(self) noexcept nogil:
        """Take note that there was work, without sleep."""
        if self.trust < MOST_TRUST:
            self.trust += 1

    cpdef void missed(self) noexcept nogil:
        """Take note that looking again was in vain."""
        self.trust = self.trust - COST_OF_MISS if self.trust > COST_OF_MISS else 0

    cpdef bint is_due(self) noexcept nogil:
        """Count a round; return whether `judge` is to be called."""
        self.rounds += 1
        return self.rounds % ROUNDS == 0

    cpdef void judge(self, int64_t taken_away) noexcept nogil:
        """Look how often the processor was taken away from us, as counted up to now."""
        self.crowded = taken_away - self.taken_away >= CROWD
        self.taken_away = taken_away
