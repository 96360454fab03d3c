# SPDX-License-Identifier: Apache-2.0
"""What takes hours, one after the other: "make check-long".

Each that passed is a line of build/long/results.jsonl, with its numbers and the
command that it was measured with. Whoever starts it again with that command
goes on where it was; a sweep goes on in its middle. Rate and time left are what
the command itself says.
"""

import collections
import ctypes
import hashlib
import json
import os
import random
import re
import subprocess
import time

import pytest

from flat import must_be_flat, watched
from portcheck import (AGREED, COMMAND, CORPUS, CRASH, DIVERGENCES, ROOT,
                       SANITIZED, cases, machines, portclash)
from test_conn import THROUGH
from test_faults import files
from test_kill import PR_SET_CHILD_SUBREAPER, SUBJECTS, one_run
from test_killed import KILLED, end_some
from test_machines import exits
from test_units import listed, names

pytestmark = pytest.mark.long
NOTES = ROOT / "build" / "long"
RESULTS = NOTES / "results.jsonl"
SWEEPS = [sweep["name"] for sweep in
          portclash("sweep", "--list", "--json").json["sweeps"]]
MACHINES = machines()
KERNELS = [name for name in MACHINES if not name.startswith("gvisor")]
GVISORS = [name for name in MACHINES if name.startswith("gvisor")]
REPRODUCED = cases(DIVERGENCES) + cases(CORPUS / "kernel-bugs")
KILLS = 50
ENDS = 40       # of each verb
HELPED = [program for program in listed() if re.fullmatch(
    r"build/plain/test_(cancel|conn|netns|reuseport|sockdiag)\w*", program)]
VALGRIND = ("valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite")
# It accepts first and looks at the limit then; it is itself who is found; and
# that of Debian 12 has no pidfd_open(2)
NOT_VALGRIND = {
    "at_the_limit_a_connection_stays_queued", "a_socket_has_owners",
    "a_process_is_waited_for", "whose_children_are_ignored_waits_too",
    "a_process_that_runs_has_no_pid_yet", "many_ways_to_one_namespace"}


def results():
    """All that was ever noted."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


@pytest.fixture
def note(request):
    """Skip what is done; else what is to be called with the numbers, once."""
    command = hashlib.sha256(COMMAND.read_bytes()).hexdigest()[:16]
    name = request.node.name
    for done in results():
        if (done["test"], done["command"]) == (name, command):
            pytest.skip(f"done in {done['seconds']} s")
    items = request.session.items
    print(f"\n{name}: {items.index(request.node) + 1} of {len(items)}")
    start = time.monotonic()

    def append(**numbers):
        NOTES.mkdir(parents=True, exist_ok=True)
        with RESULTS.open("a") as file:
            file.write(json.dumps({
                "test": name, "command": command, **numbers,
                "seconds": round(time.monotonic() - start)}) + "\n")
    return append


def agree(note, first, second, *what, env=None):
    """Every op, and how many of them were compared."""
    if what[0] == "sweep":
        NOTES.mkdir(parents=True, exist_ok=True)
        what += ("--resume", NOTES / f"{what[1]}-{first}-{second}"
                 .replace("/", "_").replace(":", "_"))
    code, said, *seen = watched([COMMAND, *map(str, what), "--json", "-s", first,
                                 "-s", second], env={**os.environ, **(env or {})})
    assert said, f"exit code {code}"
    result = json.loads(said)
    assert not result["skipped"], result["skipped"]
    assert result["divergent"] == 0 and code == AGREED, result
    assert result["compared_ops"] > result["programs"]
    note(programs=result["programs"], ops=result["ops"],
         compared_ops=result["compared_ops"], divergent=0, **must_be_flat(*seen))


@pytest.mark.parametrize("name", SWEEPS)
def test_linux_is_its_specification(name, note):
    """Every program of every set, on this kernel."""
    agree(note, "spec", "linux", "sweep", name)


@pytest.mark.parametrize("name", SWEEPS)
def test_conn_changes_nothing(name, note):
    """The same through the helpers; with those above, more than 100 million."""
    agree(note, "linux", THROUGH, "sweep", name)


def test_ten_million_random_programs(note):
    """With connects, and with what they leave behind: TIME_WAIT, orphans"""
    agree(note, "spec", "linux", "random", "--seed", 1, "--count", 10_000_000)


def test_a_million_worlds(note):
    """Each is made, and goes; in parts, for the sake of who waits."""
    parts, each, start, looks = 20, 50_000, time.monotonic(), []
    for part in range(1, parts + 1):
        code, said, seen, _ = watched([ROOT / "build" / "bench_world", "world",
                                       str(each)])
        assert code == 0 and said, code
        must_be_flat(seen, ())
        looks += seen[1:]       # the first of a part is at one that begins
        spent = time.monotonic() - start
        print(f"{part * each} worlds, {part * each / spent:.0f}/s, "
              f"{spent / part * (parts - part):.0f} s left", flush=True)
    note(worlds=parts * each, **must_be_flat(looks, ()))


@pytest.mark.parametrize("what", (
    ("sweep", "pairs"), ("sweep", "pairs-listen"), ("sweep", "late"),
    ("sweep", "cache4"), ("random", "--seed", 1, "--count", 200000)),
    ids=lambda what: what[1].strip("-"))
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_its_specification(name, what, note, console):
    """That of its version."""
    agree(note, f"spec@{name.split('-')[1]}", name, *what, env=console)


@pytest.mark.parametrize("what", (
    ("sweep", "pairs"), ("random", "--seed", 1, "--count", 20000)),
    ids=lambda what: what[1].strip("-"))
@pytest.mark.parametrize("name", GVISORS)
def test_gvisor_is_its_port_manager(name, what, note):
    """That of its release."""
    agree(note, f"portman@{name.split('-')[1]}", name, *what)


@pytest.mark.parametrize("name", MACHINES)
def test_each_reproducer_elsewhere(name, note, tmp_path):
    """1 where the machine's recorded outcome is another than Linux's, else 0."""
    got, want = exits(name, REPRODUCED, tmp_path)
    wrong = {path.name: got.get(path) for path in want
             if got.get(path) != want[path]}
    assert want and not wrong, wrong
    note(programs=len(want), without=len(REPRODUCED) - len(want))


def test_classes_do_not_explain_too_much(note):
    """Quirks that no class declares; the table says when each was unknown."""
    done = subprocess.run([ROOT / "harness" / "plants" / "classes"], text=True,
                          check=False, stdout=subprocess.PIPE)
    print(done.stdout)
    assert done.returncode == 0, done.stdout
    note(plants=done.stdout.count("\n") - 2)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_nothing_is_left(subject, note, here):
    """Killed at random moments, by seed."""
    here(subject)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    dice = random.Random(subject)
    for _ in range(KILLS):
        one_run(dice, subject)
    note(kills=KILLS)


@pytest.mark.parametrize("verb", KILLED)
def test_a_verb_is_ended(verb, note, tmp_path):
    """At random moments, by seed, by one signal or two."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    note(**end_some(verb, files(tmp_path), ENDS, random.Random(f"long {verb}")))


VERBS = ("run", "check", "diff", "random", "sweep", "matrix", "minimize", "explain",
         "why", "ls", "emit", "pack", "unpack", "rules", "world", "serve",
         "doctor", "--help", "--version")
OPTIONS = ("-s", "--json", "--quiet", "--seed", "--count", "--time", "--jobs", "--ops",
           "--corpus", "--keep", "--output", "--tap", "--table", "--part",
           "--resume", "--list", "--c", "--from", "--save", "--pid", "--connect",
           "--port", "--help", "--min-compared", "--", "-", "-x", "--\x1b[2J")
WORDS = ("spec", "portman", "portlist", "spec@6.1", "spec~", "spec~tcp_port_free",
         "mine=spec", "=spec", "pipe:", "pipe:false", "pipe:head -c 5000 /dev/zero",
         "portman+undo", "a.case", "b.case", "a.bin", "a.saved", ".", "..",
         "/dev/null", "/dev/full", "/nonexistent", "", " ", "0", "1", "3", "-1",
         "1/2", "99999999999999999999", "pairs", "socket", "tcp", "127.0.0.1:1",
         "[::1]:0", "[::", "x" * 5000, "%s%n", "*/", "\x1b]0;x\x07", "\n", "\udcff",
         "true", "\u00e4")
LINES = 1000


@pytest.mark.parametrize("part", range(10))
def test_hostile_command_lines(part, note, tmp_path):
    """Under sanitizers, where there are: an answer, or an error; no crash, and
    nothing that a terminal would obey."""
    command = SANITIZED if SANITIZED.exists() else COMMAND
    files(tmp_path)
    dice, codes = random.Random(part), collections.Counter()
    for number in range(LINES):
        words = [dice.choice(VERBS)]
        for _ in range(dice.randrange(7)):
            words.append(dice.choice(dice.choice((OPTIONS, WORDS))))
        # Whatever runs is over soon.
        if words[0] in ("random", "sweep", "matrix", "explain", "diff"):
            words[1:1] = ("--time", "1")
        # Without machines, which take seconds
        done = subprocess.run([command, *words], cwd=tmp_path, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, env={"PATH": "/nonexistent"})
        if number % 100 == 99:
            print(f"\r{number + 1} of {LINES} ", end="", flush=True)
        codes[done.returncode] += 1
        said = done.stdout + done.stderr
        assert 0 <= done.returncode <= 5 or words[0] in ("world", "why"), (
            number, words, done)
        assert not CRASH.search(said.decode(errors="replace")), (number, words)
        assert b"\x1b" not in said and b"\x07" not in done.stderr, (number, words)
    note(lines=LINES, codes=codes)


@pytest.mark.parametrize("program", HELPED)
def test_valgrind_finds_nothing(program, note):
    """In the tests of the helpers, but for what it cannot do itself."""
    tried = sorted(set(names(program)) - NOT_VALGRIND)
    for name in tried:
        done = subprocess.run(
            [*VALGRIND, ROOT / program, name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=600, cwd=ROOT, check=False)
        assert done.returncode == 0, f"{name}\n{done.stdout}"
    note(tests=len(tried))
