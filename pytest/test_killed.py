# SPDX-License-Identifier: Apache-2.0
"""Each verb is ended at a random moment, by each signal, or by two at once.

Then no process, mount or name of a namespace is left. A file that it writes is
whole or as it was before, what it kept can be read, and whoever says that all
is well has said all. "make check" ends each once; "make check-long" as often as
test_long.py has it.
"""

import ctypes
import os
import random
import signal
import subprocess
import time

import pytest

from portcheck import AGREED, COMMAND, CRASH, FOUND, usual_signals
from test_environment import PROGRAM, told
from test_faults import ALONE, FEW, MINE, PURE, REAL, VERBS, command_of, files
from test_kill import PR_SET_CHILD_SUBREAPER, nobody_left, traces

MANY = (*FEW[:-1], 4000)
# Those of the faults, but with work for a moment
KILLED = {
    **VERBS,
    "random": ("random", *MANY, *REAL),
    "random-agent": ("random", *MANY, "-s", "spec", "-s",
                     f"x=pipe:{COMMAND} serve"),
    "random-keep": ("random", "--quiet", "--jobs", 2, "--count", 20000, *MINE,
                    "--keep", "new"),
    "sweep": ("sweep", "pairs", "--quiet", "--jobs", 2, "--part", "1/200",
              *REAL, "--resume", "note"),
    "explain": ("explain", "--quiet", "--jobs", 2, "--count", 3000, *PURE),
    "matrix": ("matrix", "--quiet", "--jobs", 2, "--count", 300, "-s", "spec",
               "--output", "page.html"),
    "world": ("world", "sleep", ".2"),
    "why-command": ("why", "--", "sleep", ".2"),
    "why-wait": ("why", "tcp", "127.0.0.1:7777", "--wait", "1"),
}
WRITTEN = ("page.html", "small.case", "new.bin", "new.case", "saved")
OLD = b"as it was before\n"
# A second signal comes so soon that the first is being answered.
ENDS = ((signal.SIGKILL,), (signal.SIGTERM,), (signal.SIGINT,), (signal.SIGHUP,),
        (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM),
        (signal.SIGINT, signal.SIGKILL))
SOON = .02


@pytest.fixture(autouse=True)
def orphans_are_ours():
    """Those of this test"""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class Ended:
    """One run: how it ended, what it said, and the files that it made"""

    def __init__(self, verb, folder, ends=(), after=0):
        """The signals of @ends come after so many seconds"""
        args, env = command_of(verb, KILLED)
        alone = ["unshare", "-n"] if verb.split("-")[0] in ALONE else []
        for name in WRITTEN:
            (folder / name).write_bytes(OLD)
        before = {path: path.read_bytes() for path in folder.rglob("*")
                  if path.is_file()}
        begin = time.monotonic()
        with subprocess.Popen([*alone, *args], cwd=folder, env=env,
                              stdin=(subprocess.PIPE if verb == "serve" else
                                     subprocess.DEVNULL),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              start_new_session=True,
                              preexec_fn=usual_signals) as run:
            for number in ends:
                time.sleep(max(0, begin + after - time.monotonic()))
                # A terminal tells all of its group; an agent has its own.
                send = os.killpg if number == signal.SIGINT else os.kill
                if run.poll() is None:
                    send(run.pid, number)
                after += SOON
            out, err = run.communicate(None if ends else PROGRAM, timeout=30)
        self.seconds = time.monotonic() - begin
        self.code, self.out, self.err = run.returncode, told(out), err.decode()
        self.files = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and before.get(path) != path.read_bytes():
                self.files[path.name] = path.read_bytes()
            if path.is_file() and path not in before:
                path.unlink()

    def lost(self, right, ends):
        """What is not as it should be; else None"""
        if CRASH.search(self.err):
            return "it crashes"
        if self.code == right.code:
            whole = self.out == right.out or b"not all" in self.err.encode()
            return None if whole else "output is lost in silence"
        if self.code not in {*(-number for number in ends),
                             *(128 + number for number in ends)}:
            return "that is no code for it"
        return None

    def left(self, right, ends, folder):
        """Files that are neither whole nor as they were; else None"""
        for name, data in self.files.items():
            # Nobody can tidy up behind SIGKILL.
            if name.endswith(".new") and ends[-1] == signal.SIGKILL:
                continue
            if name.startswith("unknown-") and name.endswith(".case"):
                kept = folder / "kept.case"
                kept.write_bytes(data)
                done = subprocess.run([COMMAND, "check", "-s", "spec", kept],
                                      check=False, capture_output=True)
                kept.unlink()
                if done.returncode in (AGREED, FOUND):
                    continue
            elif name == "note" and data.endswith(b"\n"):
                continue
            # What there was until it was asked to stop
            elif name == "page.html" and data.endswith(b"</html>\n"):
                continue
            elif data == right.files.get(name):
                continue
            return f"{name} is left: {data[-200:]!r}"
        return None


def end_some(verb, folder, count, dice):
    """So many times; what came of each"""
    right = Ended(verb, folder)
    assert right.code in (AGREED, FOUND) or verb == "doctor", right.err
    there = traces()
    table = {"tries": 0, "survived": 0, "lost": 0, "leaked": 0}
    wrong = []
    for number in range(count):
        ends = dice.choice(ENDS)
        tried = Ended(verb, folder, ends, dice.uniform(0, right.seconds))
        lost = tried.lost(right, ends)
        leaked = (tried.left(right, ends, folder) or nobody_left() or
                  (None if traces() == there else "a mount, or a name"))
        table["tries"] += 1
        table["lost"] += bool(lost)
        table["leaked"] += bool(leaked)
        table["survived"] += not lost and not leaked
        if lost or leaked:
            wrong.append(f"{number}, {[end.name for end in ends]}: {lost}; "
                         f"{leaked}: exit code {tried.code}\n{tried.err[-600:]}")
    assert not wrong, f"{table}\n" + "\n".join(wrong[:10])
    return table


@pytest.mark.parametrize("verb", KILLED)
def test_a_verb_is_ended(verb, tmp_path):
    """Once, by seed."""
    end_some(verb, files(tmp_path), 1, random.Random(verb))
