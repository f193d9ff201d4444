"""Counts what the door does, for `/tools/metrics-prometheus` and the admin's page."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

_MOST_CLIENTS = 500  # addresses that are remembered


class Metrics:
    """Counters since the start; thread-safe."""

    def __init__(self, *, enabled: bool = True, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`enabled`: the option MetricsEnabled; may be changed at any time."""
        self.enabled = enabled
        self._lock = threading.Lock()  # guards the fields below
        self._answers: dict[str, int] = {}  # by class of status, '2xx'
        self._active = 0
        self._monotonic = monotonic
        self._seen: OrderedDict[str, float] = OrderedDict()  # address -> when it asked last, the newest at the end

    def begin(self, address: str = "") -> None:
        """A request from an address is being answered; '' is nobody's."""
        with self._lock:
            self._active += 1
            if address:
                self._seen[address] = self._monotonic()
                self._seen.move_to_end(address)
                if len(self._seen) > _MOST_CLIENTS:
                    self._seen.popitem(last=False)

    def clients(self, seconds: float) -> int:
        """How many addresses have asked for something in the last `seconds`."""
        with self._lock:
            since = self._monotonic() - seconds
            return sum(at >= since for at in self._seen.values())

    def end(self, status: int) -> None:
        """A request has been answered with `status` (its body may still be on the way)."""
        kind = f"{status // 100}xx"
        with self._lock:
            self._active -= 1
            self._answers[kind] = self._answers.get(kind, 0) + 1

    def samples(self) -> Iterator[tuple[str, float]]:
        """Prometheus samples: name with labels, and value."""
        with self._lock:
            active, answers = self._active, dict(self._answers)
        yield "orthanc_rest_api_active_requests", active
        for kind in sorted(answers):
            yield f'pacsberry_http_answers_total{{status="{kind}"}}', answers[kind]
