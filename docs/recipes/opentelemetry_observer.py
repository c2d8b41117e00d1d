"""An observer for OpenTelemetry: a span for each import, with an event for each emitted item."""

from time import time

from opentelemetry.trace import Span, StatusCode, Tracer, get_tracer

from spongewatch import Cancelled, Completed, Emitted, Ended, Transition


class OpenTelemetryObserver:
    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = tracer or get_tracer("spongewatch")
        self._spans: dict[str | None, tuple[Span, float]] = {}

    def __call__(self, item: Emitted) -> None:
        fields = {f"spongewatch.{name}": value for name, value in item.to_json().items()}
        attributes = {name: value for name, value in fields.items() if isinstance(value, str | int | float)}
        at = item.at or 0.0
        if item.import_id not in self._spans:
            start = time() - at
            span = self._tracer.start_span("spongewatch.import", start_time=int(start * 1e9))
            self._spans[item.import_id] = span, start
        span, start = self._spans[item.import_id]
        name = item.trigger if isinstance(item, Transition) else str(fields["spongewatch.kind"])
        span.add_event(name, attributes, int((start + at) * 1e9))
        if isinstance(item, Ended):
            del self._spans[item.import_id]
            span.set_attributes(attributes)
            if not isinstance(item.outcome, Cancelled):
                completed = isinstance(item.outcome, Completed)
                span.set_status(StatusCode.OK if completed else StatusCode.ERROR)
            span.end(int((start + at) * 1e9))
