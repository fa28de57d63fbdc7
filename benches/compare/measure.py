#!/usr/bin/env python3
"""What commands cost, each run in turn, round after round: medians, and ratios to the first.

usage: measure.py ROUNDS NAME=COMMAND...

CPU is user and system time of the command and its children. Ratios are medians of those
within a round, which have had the machine in the same state. The round before the first
warms up, and tells the peak memory of the largest process; without GNU time, that is never
less than Python's own.
"""

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

GNU_TIME = "/usr/bin/time"


class Run:
    """What a command took: seconds, and MB of memory."""

    def __init__(self, words):
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            # A gate that fails has done its work.
            if process.returncode not in (0, 1):
                errors.seek(0)
                text = errors.read().decode(errors="replace")
                sys.exit(f"{shlex.join(words)}: ended with {process.returncode}\n{text}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024


def peak_memory(words):
    if not os.path.exists(GNU_TIME):
        return Run(words).memory
    with tempfile.NamedTemporaryFile("r") as told:
        Run([GNU_TIME, "--quiet", "--format=%M", f"--output={told.name}", *words])
        return int(told.read().split()[-1]) / 1024


def main(rounds, *named):
    commands = {}
    for command in named:
        name, _, words = command.partition("=")
        commands[name] = shlex.split(words)
    memory = {name: peak_memory(words) for name, words in commands.items()}
    runs = {name: [] for name in commands}
    for _ in range(int(rounds)):
        for name, words in commands.items():
            runs[name].append(Run(words))
    first = next(iter(runs))
    print(f"{'':24} {'CPU ms':>10} {'(least)':>10} {'wall ms':>10} {'MB':>8}  CPU of {first}")
    for name, of_name in runs.items():
        cpu = [run.cpu * 1000 for run in of_name]
        wall = statistics.median(run.wall * 1000 for run in of_name)
        ratio = statistics.median(one.cpu / other.cpu for one, other in zip(runs[first], of_name))
        print(
            f"{name:24} {statistics.median(cpu):10.1f} {min(cpu):10.1f} {wall:10.1f}"
            f" {memory[name]:8.1f}" + ("" if name == first else f"  {ratio:.2f} of this")
        )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
