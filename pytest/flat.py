# SPDX-License-Identifier: Apache-2.0
"""What a long command takes while it runs: it must not grow."""

import re
import statistics
import subprocess
import threading

EVERY_S = 5
# What a shared machine does besides, and what a kernel frees later
SLACK_KIB, SLAB_KIB, DESCRIPTORS = 8 * 1024, 128 * 1024, 8


def read(path):
    """A file of /proc, or "" if its process is gone"""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def family(pid):
    """A process and all below it"""
    yield pid
    for child in read(f"/proc/{pid}/task/{pid}/children").split():
        yield from family(int(child))


def number(words, text):
    """The number behind a word of /proc, or 0"""
    found = re.search(rf"^{words}:\s*(\d+)", text, re.M)
    return int(found[1]) if found else 0


def look(pid):
    """Memory of all its processes, room for descriptors in their tables, and
    what the kernel has for everybody, in KiB"""
    status = [read(f"/proc/{one}/status") for one in family(pid)]
    return {"rss_kib": sum(number("VmRSS", text) for text in status),
            "descriptors": sum(number("FDSize", text) for text in status),
            "slab_kib": number("SUnreclaim", read("/proc/meminfo"))}


def watched(command, **options):
    """Run a command: exit code, stdout, and how it was while it ran; what it
    says of its progress is passed on"""
    looks, rates = [], []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options) as process:
        def follow():
            for line in process.stderr:
                print(line, end="", flush=True)
                found = re.search(r"^(\d+) programs, \d+/s", line)
                if found:
                    rates.append(int(found[1]))

        over = threading.Event()

        def sample():
            while not over.wait(EVERY_S):
                looks.append(look(process.pid))

        threads = [threading.Thread(target=run) for run in (follow, sample)]
        for thread in threads:
            thread.start()
        said = process.stdout.read()
        over.set()
        for thread in threads:
            thread.join()
    return process.returncode, said, looks, rates


def third(looks, which, what):
    """The median of the first third, or of the last; the very first look is
    at a command that has not begun"""
    looks = looks[1:]
    size = max(1, len(looks) // 3)
    return statistics.median(
        one[what] for one in (looks[:size] if which == 0 else looks[-size:]))


def must_be_flat(looks, rates):
    """Nothing grows from the first third to the last; the figures"""
    out = {}
    if len(looks) < 6:
        return out
    for what, slack in (("rss_kib", SLACK_KIB), ("descriptors", DESCRIPTORS),
                        ("slab_kib", SLAB_KIB)):
        first, last = third(looks, 0, what), third(looks, 1, what)
        assert last <= first * 1.05 + slack, (what, first, last)
        out[what] = [first, last]
    steps = [after - before for before, after in zip(rates, rates[1:])]
    if len(steps) >= 6:
        out["programs_per_10_s"] = [
            statistics.median(steps[:len(steps) // 3]),
            statistics.median(steps[-len(steps) // 3:])]
    print(out)
    return out
