# SPDX-License-Identifier: Apache-2.0
"""Follow AFL++: replay what it finds against the kernel and the Go package.

ci/campaign ("make run") starts this beside AFL++, on another CPU:

    /usr/bin/python3 -m pytest pytest/test_follow.py -q --follow DIR --time T

The fuzz targets are fast because they ask only what is in the process, or only
one kernel world; here every new file of both queues is asked again, in batches:
reservations of portman and of the real Go package, sockets of portman and of
the kernel. While there is nothing new, random programs fill the time. After
each step DIR/pytest.json says how far it is. Without --follow the same runs
for three seconds over a small queue of packed cases.
"""

import itertools
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from portcheck import (AGREED, CASES, FOUND, NOTHING, cases, level, portclash)

BATCH = 400             # files of one command: its line has a limit
GO_BATCH = 20           # the Go package may walk for seconds in one of them
SIZE_MAX = 64 * 1024    # the command takes no larger program
IDLE = 2                # seconds of random programs at a time
AFTER = 8               # seconds past the end, for what came last
COMMAND_MAX = 300       # seconds that one batch may take

# A target, its queue, and who is asked about what is in it
QUEUES = {"fuzz_ports": ("compared_goports", ("portman", "goports")),
          "fuzz_kernel": ("compared_kernel", ("portman", "linux"))}
# The level of its programs: bit 0 of the first byte (src/program/bytes.h)
LEVELS = {"fuzz_ports": 0, "fuzz_kernel": 1}


class Follower:
    """What was seen so far, and the sums over all that was asked."""

    def __init__(self, directory, seconds, seed, corpus=None):
        self.directory = Path(directory)
        self.end = time.monotonic() + seconds
        self.seed = seed
        self.more = ["--corpus", str(corpus)] if corpus else []
        self.seen = set()
        self.copies = tempfile.TemporaryDirectory()
        self.errors = []
        self.absent = set()
        self.sums = {"followed": 0, "programs": 0, "compared_kernel": 0,
                     "compared_goports": 0, "divergent": 0, "known": 0,
                     "unknown": 0, "classes": {}, "skipped": [],
                     "seed": seed, "repeat": [], "done": False}

    @property
    def left(self):
        """Seconds until the end; negative after it."""
        return self.end - time.monotonic()

    def write(self):
        """Atomically: somebody reads it while we write the next one."""
        path = self.directory / "pytest.json"
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(self.sums) + "\n")
        os.replace(draft, path)

    def new_files(self, target):
        """Files of a queue that were not there before, oldest first. AFL++'s
        own notes begin with a dot; a file too large to be a program is told
        once and left out."""
        found = [path for path in
                 sorted(self.directory.glob(f"{target}/*/queue/*"))
                 if not path.name.startswith(".") and path not in self.seen]
        good = []
        for path in found:
            try:
                size = path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue        # trimmed away; it has another name by now
            if size:
                self.seen.add(path)
            if 0 < size <= SIZE_MAX:
                good.append(path)
            elif size:
                self.skip("pytest", f"{path.name}: larger than 64 KiB")
        return good

    def of_level(self, path, wanted):
        """A target takes any input for a program of its level. A file that
        says otherwise, or looks like text, is asked as a copy that does not."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return path         # trimmed away: whoever is asked says so
        if data[:1] == bytes([wanted]):
            return path
        copy = Path(self.copies.name) / path.name
        copy.write_bytes(bytes([wanted]) + data[1:])
        return copy

    def skip(self, subject, reason):
        """Say once why something was not asked."""
        note = {"subject": subject, "reason": reason}
        if note not in self.sums["skipped"]:
            self.sums["skipped"].append(note)

    def ask(self, key, verb, pair, *args):
        """One command, and its numbers onto the sums."""
        answer = portclash(
            verb, "--json", "--quiet", "-s", pair[0], "-s", pair[1], "--keep",
            self.directory / "new", *self.more, *args, timeout=COMMAND_MAX)
        if answer.crashed or answer.code not in (AGREED, FOUND, NOTHING):
            self.errors.append(repr(answer))
            return
        result = answer.json
        for skip in result["skipped"]:
            self.skip(skip["subject"], skip["reason"])
            self.absent.add(pair)
        for name in ("programs", "divergent", "known", "unknown"):
            self.sums[name] += result[name]
        self.sums[key] += result["programs"] - result["incomparable"]
        for name, count in result["classes"].items():
            self.sums["classes"][name] = (
                self.sums["classes"].get(name, 0) + count)
        if result["unknown"]:
            # What to run again; of a batch of files the cases are in new/.
            self.sums["repeat"].append(result["repeat"][:500])

    def follow_queues(self, grace=0):
        """Everything that is new, in batches; how many files that were."""
        count = 0
        for target, (key, pair) in QUEUES.items():
            files = self.new_files(target)
            size = min(BATCH, GO_BATCH) if "goports" in pair else BATCH
            for start in range(0, len(files), size):
                batch = files[start:start + size]
                if self.left < -grace:
                    # Not asked, so not followed either.
                    self.seen.difference_update(files[start:])
                    break
                if pair not in self.absent:
                    self.ask(key, "diff", pair, *(
                        self.of_level(path, LEVELS[target]) for path in batch))
                if pair not in self.absent:
                    self.sums["followed"] += len(batch)
                    count += len(batch)
                self.write()
        return count

    def fill(self):
        """Random programs, always others, while AFL++ has nothing new."""
        key, pair = QUEUES["fuzz_kernel"]
        if pair in self.absent or self.left < 1:
            time.sleep(max(0.05, min(0.5, self.left)))
            return
        self.ask(key, "random", pair, "--jobs", 1, "--time",
                 min(IDLE, int(self.left)), "--seed", self.seed)
        self.seed += 1
        self.write()

    def follow(self):
        """Until the time is over; then, once, what came in the last moment."""
        self.write()
        while self.left > 0 and not self.errors:
            if not self.follow_queues():
                self.fill()
        self.follow_queues(AFTER)
        self.sums["done"] = True
        self.write()
        return self.sums


def judge(follower):
    """What makes the follower fail, in one place: its own test needs it."""
    sums = follower.sums
    problems = list(follower.errors)
    if sums["unknown"]:
        problems.append(
            f"{sums['unknown']} divergences of no known class; minimised in "
            f"{follower.directory}/new:\n" + "\n".join(sums["repeat"]))
    if not sums["followed"]:
        problems.append(f"not one file of a queue below {follower.directory} "
                        f"was followed; skipped: {sums['skipped']}")
    return problems


def fill_queue(directory, target, wanted, count):
    """What AFL++ would have left: packed cases, and a note of its own."""
    queue = directory / target / "ci" / "queue"
    (queue / ".state").mkdir(parents=True)
    # Lazily: each is a command, and most are not needed.
    right = (path for path in cases(CASES) if level(path) == wanted)
    paths = list(itertools.islice(right, count))
    for number, path in enumerate(paths):
        (queue / f"id:{number:06},orig:{path.stem[:30]}").write_bytes(
            portclash("pack", path).out)
    (queue / ".note").write_bytes(b"not a program")
    (queue / "id:empty").write_bytes(b"")
    return len(paths)


@pytest.fixture
def options(request):
    """--follow, --time and --seed."""
    get = request.config.getoption
    return get("--follow"), get("--time"), get("--seed")


def test_follow(options, tmp_path):
    """The real thing, or three seconds of it in small."""
    directory, seconds, seed = options
    if directory:
        # By date, so that no two nights ask the same; repeat has the number.
        follower = Follower(directory, seconds,
                            int(time.time()) if seed is None else seed)
        follower.follow()
    else:
        count = fill_queue(tmp_path, "fuzz_ports", "reservation", 12)
        fill_queue(tmp_path / "later", "fuzz_kernel", "socket", 12)
        follower = Follower(tmp_path, 3, 1)
        # The second queue appears while we are at work, as in a campaign.
        later = threading.Timer(0.5, os.replace, (
            tmp_path / "later" / "fuzz_kernel", tmp_path / "fuzz_kernel"))
        later.start()
        follower.follow()
        later.join()
        done = json.loads((tmp_path / "pytest.json").read_text())
        assert done == follower.sums and done["done"]
        if not follower.absent:
            assert done["followed"] == count + 12
            assert done["compared_goports"] > 0 < done["compared_kernel"]
    problems = judge(follower)
    if follower.absent and not follower.sums["unknown"] and not directory:
        pytest.skip(str(follower.sums["skipped"]))
    assert not problems, "\n".join(problems)


def test_batches_are_split(options, tmp_path, monkeypatch):
    """More files than one command line takes are several batches."""
    if options[0]:
        pytest.skip("only test_follow follows")
    monkeypatch.setattr("test_follow.BATCH", 5)
    count = fill_queue(tmp_path, "fuzz_ports", "reservation", 12)
    asked = []
    follower = Follower(tmp_path, 5, 1)
    monkeypatch.setattr(follower, "ask", lambda *args: asked.append(args[3:]))
    assert follower.follow_queues() == count == 12
    assert [len(batch) for batch in asked] == [5, 5, 2]
    assert follower.follow_queues() == 0, "a file is followed once"
    big = tmp_path / "fuzz_ports" / "ci" / "queue" / "id:big"
    big.write_bytes(b"0" * (SIZE_MAX + 1))
    assert follower.follow_queues() == 0 and follower.sums["skipped"]


@pytest.mark.parametrize("first", b"\x00\x01#\n")
@pytest.mark.parametrize("target,level", (("fuzz_ports", "reservation"),
                                          ("fuzz_kernel", "socket")))
def test_a_file_of_any_first_byte(target, level, first, options, tmp_path,
                                  monkeypatch):
    """It is asked as what the target has run, also if it says the other level
    or begins like text, and stays what it is."""
    if options[0]:
        pytest.skip("only test_follow follows")
    fill_queue(tmp_path, target, level, 1)
    file = next((tmp_path / target).glob("ci/queue/id:000000*"))
    right = file.read_bytes()
    said = bytes([first]) + right[1:]
    file.write_bytes(said)
    asked = []
    follower = Follower(tmp_path, 5, 1)
    monkeypatch.setattr(follower, "ask", lambda *args: asked.extend(args[3:]))
    assert follower.follow_queues() == 1
    assert [path.read_bytes() for path in asked] == [right]
    assert file.read_bytes() == said


def test_the_follower_can_fail(options, tmp_path):
    """Planted: without any class a known divergence is an unknown one, and an
    empty queue is no success."""
    if options[0]:
        pytest.skip("only test_follow follows")
    empty = Follower(tmp_path, 0, 1)
    assert judge(empty)
    fill_queue(tmp_path, "fuzz_kernel", "socket", 60)
    (tmp_path / "none" / "divergences").mkdir(parents=True)
    follower = Follower(tmp_path, 5, 1, corpus=tmp_path / "none")
    follower.follow_queues()
    if follower.absent:
        pytest.skip(str(follower.sums["skipped"]))
    assert follower.sums["unknown"] > 0 == follower.sums["known"]
    assert judge(follower)
    assert list((tmp_path / "new").glob("*.case"))
