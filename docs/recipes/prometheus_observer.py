"""An observer for Prometheus: counts steps of imports, failed polls, and outcomes with their durations."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from spongewatch import Emitted, Ended, PollFailed, Rejected, TimedOut, Transition

UP_TO = (2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)  # seconds


class PrometheusObserver:
    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        steps, ends = ["trigger"], ["outcome", "reason"]
        self._steps = Counter("spongewatch_steps", "Steps of imports", steps, registry=registry)
        self._failed = Counter("spongewatch_failed_polls", "Failed polls", registry=registry)
        self._seconds = Histogram("spongewatch_import_seconds", "Ended watches", ends, buckets=UP_TO, registry=registry)

    def __call__(self, item: Emitted) -> None:
        if isinstance(item, Transition):
            self._steps.labels(item.trigger).inc()
        elif isinstance(item, PollFailed):
            self._failed.inc()
        elif isinstance(item, Ended):
            outcome = item.outcome
            reason = outcome.reason if isinstance(outcome, TimedOut | Rejected) else ""
            self._seconds.labels(outcome.name, reason).observe(item.at)
