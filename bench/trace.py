"""What a browser's own tracing says of a page: how busy its main thread was, its longest task, and its frames."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

CATEGORIES: Final = (
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
)
#: What main threads do, as DevTools calls it.
_PARTS: Final = {
    "FunctionCall": "scripts",
    "UpdateLayoutTree": "styles",
    "Layout": "layout",
    "PrePaint": "paint",
    "Paint": "paint",
    "Layerize": "paint",
    "Commit": "paint",
    "MajorGC": "garbage",
    "MinorGC": "garbage",
}
_TASK: Final = "RunTask"


@dataclass(frozen=True, slots=True)
class Busy:
    """Of one main thread; times in milliseconds."""

    seconds: float
    share: float
    cpu_share: float
    longest: float
    longest_cpu: float
    tasks_over_50: int
    frames_per_second: float
    parts: dict[str, float]

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {100 * share:.1f} %" for name, share in sorted(self.parts.items(), key=_by_share))
        return (
            f"main thread {100 * self.share:4.1f} % (CPU {100 * self.cpu_share:4.1f} %)   "
            f"longest task {self.longest:5.1f} ms (CPU {self.longest_cpu:5.1f})   "
            f"over 50 ms: {self.tasks_over_50}   frames/s {self.frames_per_second:4.1f}   [{parts}]"
        )


def read_trace(trace: bytes, seconds: float) -> Busy:
    """The busiest renderer of the trace is the page's."""
    events = json.loads(trace)["traceEvents"]
    mains = {(event["pid"], event["tid"]) for event in events if _names_main_thread(event)}
    tasks: dict[tuple[int, int], list[Any]] = {main: [] for main in mains}
    for event in events:
        if event["name"] == _TASK and event["ph"] == "X" and (event["pid"], event["tid"]) in mains:
            tasks[event["pid"], event["tid"]].append(event)
    main = max(mains, key=lambda main: sum(task["dur"] for task in tasks[main]))
    durations = [task["dur"] / 1000 for task in tasks[main]]
    here = [event for event in events if event["pid"] == main[0]]
    return Busy(
        seconds=seconds,
        share=sum(durations) / 1000 / seconds,
        cpu_share=sum(task.get("tdur", 0) for task in tasks[main]) / 1e6 / seconds,
        longest=max(durations, default=0.0),
        longest_cpu=max((task.get("tdur", 0) / 1000 for task in tasks[main]), default=0.0),
        tasks_over_50=sum(1 for duration in durations if duration > 50),
        frames_per_second=sum(1 for event in here if event["name"] == "DrawFrame") / seconds,
        parts=_parts([event for event in here if event["tid"] == main[1]], seconds),
    )


def _parts(events: list[Any], seconds: float) -> dict[str, float]:
    shares: Counter[str] = Counter()
    for event in events:
        if event["ph"] == "X" and (part := _PARTS.get(event["name"])):
            shares[part] += event["dur"] / 1e6 / seconds
    return dict(shares)


def _names_main_thread(event: Any) -> bool:
    return bool(event["name"] == "thread_name" and event["args"].get("name") == "CrRendererMain")


def _by_share(item: tuple[str, float]) -> float:
    return -item[1]
