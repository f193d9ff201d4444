"""Counts what the door does, for `/tools/metrics-prometheus`."""

import threading
from collections.abc import Iterator


class Metrics:
    """Counters since the start; thread-safe."""

    def __init__(self, *, enabled: bool = True) -> None:
        """`enabled`: the option MetricsEnabled; may be changed at any time."""
        self.enabled = enabled
        self._lock = threading.Lock()  # guards the fields below
        self._answers: dict[str, int] = {}  # by class of status, '2xx'
        self._active = 0

    def begin(self) -> None:
        """A request is being answered."""
        with self._lock:
            self._active += 1

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
