"""``python -m bench [name ...]``: all benchmarks when none is named."""

import sys

from bench import due, guard, hosts, judge, latency, lists, live, page, pools, submit, throughput, waiting

BENCHMARKS = {
    "submit": submit.run,
    "latency": latency.run,
    "throughput": throughput.run,
    "pools": pools.run,
    "due": due.run,
    "waiting": waiting.run,
    "hosts": hosts.run,
    "page": page.run,
    "list": lists.run,
    "guard": guard.run,
    "judge": judge.run,
    "live": live.run,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"bench: {unknown[0]!r} is none of {', '.join(BENCHMARKS)}")
    for name in names:
        BENCHMARKS[name]()


main()
