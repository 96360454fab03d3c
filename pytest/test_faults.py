# SPDX-License-Identifier: Apache-2.0
"""Each system call and each allocation of each verb fails, one after the other.

Then all is said as ever, or the exit code is one that says that it is not, with
a reason. Nothing hangs or dies, no output is lost in silence, and neither a
process nor half a file is left. "make check" tries some; "make check-long" all,
and goes on where it was: build/long/faults.json has how far that is.
"""

import collections
import hashlib
import json
import os
import random
import subprocess
import time

import pytest

from portcheck import (AGREED, CANNOT, COMMAND, CORPUS, CRASH, FOUND, NOTHING,
                       ROOT, SKIPPED, USAGE, usual_signals)
from test_calls import CALLS, CANNOT_WATCH
from test_environment import DIVERGES, PROGRAM, SOCKETS, told
from test_limits import FAIL

NOTES = ROOT / "build" / "long" / "faults.json"
SECONDS = 20
SAMPLE = 1      # of each verb, in "make check"
# Of a verb that makes more calls, which are the same ones again, every so many
# are tried
TRIES = 3000
REAL = ("-s", "spec", "-s", "linux")
PURE = ("-s", "portman", "-s", "spec")
MINE = ("-s", "mine=spec~tcp_conflict_listener", "-s", "spec")
FEW = ("--quiet", "--jobs", 1, "--count", 3)
AGENT = f"x=pipe:{COMMAND} serve -s spec"
# Each verb; those that look at a network do it where nobody else is
ALONE = ("why", "ls")
UNSHARE = ["unshare", "-rn" if os.geteuid() else "-n"]
VERBS = {
    "help": ("--help",),
    "run": ("run", "-s", "linux", "a.case"),
    "connect": ("run", "-s", "linux", "c.case"),
    "run-json": ("run", "--json", *REAL, "a.case"),
    "run-agent": ("run", "-s", AGENT, "a.case"),
    "check": ("check", *REAL, "a.case"),
    "check-tap": ("check", "--tap", "-s", "spec", "a.case"),
    "diff": ("diff", *PURE, "b.case"),
    "random": ("random", *FEW, *REAL),
    "random-agent": ("random", *FEW, "-s", "spec", "-s",
                     f"x=pipe:{COMMAND} serve"),
    "random-keep": ("random", "--quiet", "--jobs", 1, "--count", 200, *MINE,
                    "--keep", "new"),
    "sweep": ("sweep", "pairs", "--quiet", "--jobs", 1, "--part", "1/9000",
              *REAL, "--resume", "note"),
    "explain": ("explain", "--quiet", "--jobs", 1, "--count", 100, *PURE),
    "port": ("run", "-s", "linux", "d.case"),
    "device": ("run", "-s", "linux", "e.case"),
    "matrix": ("matrix", *FEW, "-s", "spec", "--output", "page.html"),
    "minimize": ("minimize", *MINE, "b.case", "--output", "small.case"),
    "emit": ("emit", "a.case"),
    "pack": ("pack", "--output", "new.bin", "a.case"),
    "unpack": ("unpack", "--output", "new.case", "a.bin"),
    "rules": ("rules",),
    "rule": ("rules", "tcp_conflict_listener", "--json", "--corpus", CORPUS),
    "rule-case": ("rules", "tcp_conflict_listener", "--corpus", CORPUS),
    "why": ("why", "tcp", "127.0.0.1:7777", "--save", "saved"),
    "why-from": ("why", "tcp", "127.0.0.1:7777", "--from", "a.saved", "--json"),
    "why-verify": ("why", "tcp", "127.0.0.1:7777", "--verify"),
    "why-command": ("why", "--", "true"),
    "ls": ("ls",),
    "world": ("world", "true"),
    "serve": ("serve",),
    "doctor": ("doctor",),
}
# What a loader, or whoever starts a program, says that could not
NOT_RUN = ((), (126, 127))


def command_of(verb, verbs=None):
    """As it is started, and with what around it"""
    args = [str(COMMAND), *map(str, (verbs or VERBS)[verb])]
    env = {**os.environ, "TMPDIR": "."}
    if verb == "doctor":    # without its machines, which take seconds
        env["PATH"] = "/nonexistent"
    return args, env


def files(folder):
    """What there is to work on"""
    (folder / "a.case").write_text(SOCKETS)
    (folder / "b.case").write_text(DIVERGES)
    (folder / "c.case").write_text(
        "# One that listens.\n\nsocket a tcp4\nbind a 127.0.0.1:7000\nlisten a\n"
        "socket b tcp4\nbind b 127.0.0.1:7001\nconnect b 127.0.0.1:7000\n")
    (folder / "d.case").write_text(
        "# Ports that the kernel chooses.\n\nsocket a tcp4\n"
        "set a port_range=40000-40000\nlisten a\nsocket b tcp4\n"
        "set b port_range=40001-40001\nconnect b 127.0.0.1:40000\n"
        "socket c udp6\nset c port_range=40002-40002\nbind c [::1]:0\n")
    (folder / "e.case").write_text(
        "# A device that is not there.\n\nsocket a tcp6\n"
        "bind a [fe80::1%missing]:5000\nget a dev\n")
    for args in (("pack", "--output", "a.bin", "a.case"),
                 ("why", "tcp", "127.0.0.1:7777", "--save", "a.saved")):
        subprocess.run([COMMAND, *args], check=True, cwd=folder,
                       capture_output=True)
    return folder


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory):
    """Where they work"""
    return files(tmp_path_factory.mktemp("faults"))


@pytest.fixture(name="library", scope="module")
def fixture_library(tmp_path_factory):
    """What lets an allocation fail"""
    folder = tmp_path_factory.mktemp("library")
    (folder / "fail.c").write_text(FAIL)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "fail.so",
                    folder / "fail.c"], check=True)
    return folder / "fail.so"


class Tried:
    """One run: how it ended, what it said, and the files that it made"""

    def __init__(self, done, folder, before, seen):
        self.code, self.seen = done.returncode, seen
        self.out = told(done.stdout)
        self.err = done.stderr.decode(errors="replace")
        self.files = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path not in before:
                self.files[str(path.relative_to(folder))] = path.read_bytes()
                path.unlink()

    def wrong(self, right, verb):
        """What is wrong with it: lost, or left behind; else None"""
        seen = [line for line in self.seen
                if line == "hang" or line.startswith("left: ")]
        strange = {name for name in self.files if name not in right.files and
                   name != "note" and not name.startswith("new/unknown-")}
        if seen:
            return "; ".join(seen)
        # A program that was started, and that is not ours
        if any(line.endswith(" by true") for line in self.seen):
            return None
        if self.code < 0 or self.code >= 128 or CRASH.search(self.err):
            return "it crashes"
        if strange:
            return f"files are left: {strange}"
        if self.code == right.code and self.code in (AGREED, FOUND):
            return None if self.is_whole(right) else "output is lost in silence"
        if self.code not in (USAGE, CANNOT, SKIPPED, NOTHING, *NOT_RUN[
                verb in ("world", "why-command")]):
            return "that is no code for it"
        return None if self.err.strip() or self.out else "no reason is given"

    def is_whole(self, right):
        """It says all, or what it could not read, or not ask"""
        told_so = any(b"what could not be read" in line or
                      line.startswith(b"! ") for line in self.out)
        return told_so or (self.files, self.out) == (right.files, right.out)

    def __str__(self):
        return f"exit code {self.code}, {self.seen}\n{self.err[-600:]}"


def with_call(verb, folder, number, *only):
    """Run it; the call of this number fails"""
    args, env = command_of(verb)
    before = set(folder.rglob("*"))
    alone = UNSHARE if verb.split("-")[0] in ALONE else []
    log = folder / "calls.log"
    done = subprocess.run(
        [*alone, CALLS, "--log", log, "--seconds", str(SECONDS), "--fail",
         str(number), *only, *args], cwd=folder, env=env, input=PROGRAM, check=False,
        capture_output=True, preexec_fn=usual_signals, timeout=3 * SECONDS)
    if done.stderr.startswith(CANNOT_WATCH):
        pytest.skip(done.stderr.decode())
    seen = log.read_text().splitlines()
    log.unlink()
    return Tried(done, folder, before, seen)


def with_allocation(verb, folder, number, library):
    """Run it; the allocation of this number fails, in each process"""
    args, env = command_of(verb)
    before = set(folder.rglob("*"))
    alone = UNSHARE if verb.split("-")[0] in ALONE else []
    done = subprocess.run(
        [*alone, "/usr/bin/env", f"LD_PRELOAD={library}", f"FAIL={number}", *args],
        cwd=folder, env=env, input=PROGRAM, check=False, capture_output=True,
        preexec_fn=usual_signals, timeout=3 * SECONDS)
    counts = [int(line.split()[1]) for line in done.stderr.decode(
        errors="replace").splitlines() if line.startswith("allocations: ")]
    done.stderr = b"\n".join(line for line in done.stderr.splitlines()
                             if not line.startswith(b"allocations: "))
    return Tried(done, folder, before, [f"calls: {max(counts, default=0)}"])


def count_of(tried):
    """How many there are to fail"""
    return int(tried.seen[-1].split()[1])


def whole(verb, try_one, times=3):
    """What it does if nothing fails. A wait for the kernel can be any number of
    calls, so the run that had the fewest says how many there are."""
    right = min((try_one(0) for _ in range(times)), key=count_of)
    assert right.code in (AGREED, FOUND) or verb == "doctor", right
    return right


def sample(verb, try_one):
    """Some of them, always the same ones"""
    right = whole(verb, try_one, 1)
    dice = random.Random(verb)
    for number in dice.sample(range(1, count_of(right) + 1), SAMPLE):
        tried = try_one(number)
        wrong = tried.wrong(right, verb)
        assert not wrong, f"{number}: {wrong}: {tried}"


@pytest.mark.parametrize("verb", VERBS)
def test_some_calls_fail(verb, folder):
    """By an error that each can have."""
    sample(verb, lambda number: with_call(verb, folder, number))


# What was once taken for an answer, or for nothing, or was waited for in vain
MENDED = (("connect", "poll"), ("run", "setresuid"), ("run", "prctl"), ("serve", "socket"),
          ("serve", "setresuid"), ("why", "ioctl"), ("why", "setsockopt"),
          ("why-verify", "listen"), ("why-command", "kill"), ("sweep", "unlink"),
          ("port", "getsockname"), ("rule-case", "read"), ("matrix", "read"),
          ("device", "getsockopt"), ("rule-case", "access"),
          ("why-command", "ptrace"))


@pytest.mark.parametrize("verb,call", MENDED)
def test_what_was_mended(verb, call, folder):
    """The first and the last of those calls fail."""
    def try_one(number):
        return with_call(verb, folder, number, "--only", call)

    right = whole(verb, try_one, 1)
    count = count_of(right)
    if not count and os.geteuid():
        pytest.skip(f"needs root: there is no {call}")
    assert count
    for number in sorted({*range(1, min(count, 10) + 1), count}):
        tried = try_one(number)
        wrong = tried.wrong(right, verb)
        assert not wrong, f"{number}: {wrong}: {tried}"


def noted():
    """How far all is"""
    return json.loads(NOTES.read_text()) if NOTES.exists() else {}


def every(what, verb, try_one):
    """All of them, from where it was; and a line of the table"""
    command = hashlib.sha256(COMMAND.read_bytes()).hexdigest()[:16]
    key = f"{what} {verb} {command}"
    done = collections.Counter(noted().get(key, {}))
    right = whole(verb, try_one)
    step = count_of(right) // TRIES + 1
    numbers = range(1, count_of(right) + 1, step)
    begin, first, wrong = time.monotonic(), done["tries"], []
    for tries, number in enumerate(numbers[first:], first + 1):
        tried = try_one(number)
        fault = tried.wrong(right, verb)
        done.update(("tries", "survived" if fault is None else
                     "leaked" if "left" in fault else "lost"))
        if fault:
            wrong.append(f"{number}: {fault}: {tried}")
        if tries % 50 and tries < len(numbers):
            continue
        if not wrong:
            NOTES.parent.mkdir(parents=True, exist_ok=True)
            NOTES.write_text(json.dumps({**noted(), key: done}))
        rate = (tries - first) / (time.monotonic() - begin)
        print(f"\r{what} {verb}: {tries} of {len(numbers)}, {rate:.0f}/s, "
              f"{(len(numbers) - tries) / rate:.0f} s left ", end="", flush=True)
    print(f"\n{what} {verb}: " + ", ".join(
        f"{done[name]} {name}" for name in ("tries", "survived", "lost", "leaked")))
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.long
@pytest.mark.parametrize("verb", VERBS)
def test_each_call_fails(verb, folder):
    """One after the other."""
    every("calls", verb, lambda number: with_call(verb, folder, number))


@pytest.mark.long
@pytest.mark.parametrize("verb", VERBS)
def test_each_allocation_fails(verb, folder, library):
    """One after the other, in each process that has so many."""
    every("allocations", verb,
          lambda number: with_allocation(verb, folder, number, library))
