"""`make bench`: runs every benchmark once and prints its figures. Ratios are comparable, seconds are this machine's."""

from __future__ import annotations

import importlib
import sys

NAMES = ("call_latency", "first_frame", "row_table", "event_stream", "payments")


def main(chosen: list[str]) -> int:
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in chosen or NAMES:
        for line in importlib.import_module(f"benchmarks.{name}").main():
            print(f"{name:14} {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
