# SPDX-License-Identifier: Apache-2.0
"""Agents, sandboxes and machines that are killed at any moment: the results are
complete or say that they are not, and nothing is left behind.

"make check" kills some; "make check-long" thirteen hundred."""

import ctypes
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from portcheck import AGREED, COMMAND, FOUND, machines, usual_signals

# The agent, and the oldest of each kind
SUBJECTS = ("pipe:" + str(COMMAND) + " serve",
            *((machines(kind) or [kind.strip("-")])[0]
              for kind in ("gvisor", "uml", "linux-6.1")))
COUNT = 600
KILLS = 1
PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(autouse=True)
def orphans_are_ours():
    """Those of this test; what others leave behind in this worker is not."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def descendants(pid):
    """All processes below one, those that lost their parent too: we are told
    to be the one who gets them."""
    found = []
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for number in child.read_text().split():
                found += [int(number)] + descendants(int(number))
        except OSError:
            pass
    return found


def alive(pids):
    """Those that are more than a status nobody has asked for."""
    left = []
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
        except OSError:
            continue
        if status.split()[0] not in "ZX":
            left.append(pid)
    return left


def traces():
    """What a run could leave: mounts, names of namespaces, files."""
    places = [Path(place) for place in ("/tmp", "/run", "/run/netns", "/mnt",
                                        "/dev/shm", "/var/run")]
    files = {str(path) for place in places if place.is_dir()
             for path in place.iterdir()
             if path.name.startswith(("runsc", "portclash", "uml", "vm_file"))
             or place.name == "netns"}
    return files, Path("/proc/self/mountinfo").read_text()


def reap():
    """Orphans are ours: ask for their status, so that they can go."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def command_line(pid):
    """Of a process that may be gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def nobody_left():
    """The command lines of those below us that do not end. A machine that was
    started as its starter died boots before it does."""
    for _ in range(1200):
        reap()
        left = alive(descendants(os.getpid()))
        if not left:
            break
        time.sleep(.05)
    return [command_line(pid) for pid in left]


def spec(subject):
    """What it is compared with."""
    if subject.startswith("gvisor"):
        return "portman"
    return f"spec@{subject.split('-')[-1]}" if "-" in subject else "spec"


def one_run(dice, subject):
    """Start a comparison, kill something of it, and see what becomes of it."""
    before = traces()
    with subprocess.Popen(
            [str(COMMAND), "random", "--json", "--quiet", "--jobs", "1",
             "-s", subject, "-s", spec(subject), "--seed", "1",
             "--count", str(COUNT)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True) as run:
        time.sleep(dice.uniform(0, 4 if subject.startswith(("uml", "linux")) else 1.5))
        below = descendants(run.pid)
        victim = run.pid if dice.random() < .3 or not below else (
            dice.choice(below))
        sign = dice.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
        try:
            os.kill(victim, sign)
        except ProcessLookupError:
            pass
        out, err = run.communicate(timeout=300)
    if run.returncode in (AGREED, FOUND) and out:
        assert f'"programs":{COUNT},' in out or "stopped early" in err, out
    else:
        assert run.returncode < 0 or err or '"skipped":[{' in out, (
            f"{subject}: silent exit {run.returncode}")
    left = nobody_left()
    assert not left, f"{subject}: left alive {left}"
    after = traces()
    assert after[0] <= before[0], f"{subject}: left {after[0] - before[0]}"
    assert after[1] == before[1], f"{subject}: left a mount"


@pytest.mark.parametrize("part", range(4))
def test_nothing_is_left(part, here):
    """Killed at random moments, by seed."""
    here(SUBJECTS[part])
    dice = random.Random(part)
    for _ in range(KILLS):
        one_run(dice, SUBJECTS[part])


def test_a_stuck_agent_dies_with_its_starter():
    """It reads nothing, so the end of its input would not end it."""
    with subprocess.Popen([str(COMMAND), "random", "--quiet", "-s",
                           "pipe:exec sleep 1000", "-s", "spec"],
                          stdout=subprocess.DEVNULL) as run:
        for _ in range(200):
            stuck = [pid for pid in descendants(run.pid) if b"sleep" in
                     Path(f"/proc/{pid}/cmdline").read_bytes()]
            if stuck:
                break
            time.sleep(.05)
        assert stuck
        run.kill()
    for _ in range(200):
        reap()
        if not alive(stuck):
            break
        time.sleep(.05)
    assert not alive(stuck)


# Agents that hang, and what they have started with them
HUNG = {
    "a child": "sleep 1000 & sleep 1000; exit",
    "a pipeline": "sleep 1000 | cat",
    "deaf": "trap '' INT TERM HUP; sleep 1000; exit",
    "greets": ("echo portclash-agent 1 x; echo can socket type:tcp4; "
               "sleep 1000 & sleep 1000; exit"),
    "a session": "setsid sleep 1000 & wait",
    "an orphan": "(setsid sh -c 'trap \"\" TERM; sleep 1000; exit' &); cat; exit",
}
ASKED = {"run": ("run",), "check": ("check",), "diff": ("diff", "-s", "spec"),
         "serve": ("serve",),
         "random": ("random", "--quiet", "-s", "spec", "--jobs", "3"),
         "matrix": ("matrix", "--quiet", "--count", "3")}


@pytest.mark.parametrize("verb", ASKED)
@pytest.mark.parametrize("agent", HUNG)
def test_whatever_an_agent_started_dies_with_us(agent, verb, tmp_path):
    """However we end: by an interrupt, at once, or by the end of a terminal."""
    case = tmp_path / "a.case"
    case.write_text("# A socket.\n\nsocket a tcp4\n")
    files = [case] if verb in ("run", "check", "diff") else []
    for sign in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
        with subprocess.Popen(
                [str(COMMAND), *ASKED[verb], "-s", f"x=pipe:{HUNG[agent]}",
                 *files], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, preexec_fn=usual_signals) as run:
            below = []
            for _ in range(200):
                below = descendants(os.getpid())
                if b"sleep\x001000\x00" in map(command_line, below):
                    break
                time.sleep(.02)
            assert below
            run.send_signal(sign)
            run.wait(10)
        for _ in range(200):
            reap()
            left = alive(below)
            if not left:
                break
            time.sleep(.02)
        assert not left, [command_line(pid) for pid in left]


def test_orphans_end_with_the_agent(tmp_path):
    """When we have done with it, what is left goes, in whatever session."""
    case = tmp_path / "a.case"
    case.write_text("# A socket.\n\nsocket a tcp4\n")
    agent = f"(setsid sleep 1000 >&2 &); exec {COMMAND} serve -s spec"
    subprocess.run([str(COMMAND), "run", "-s", f"x=pipe:{agent}", case],
                   check=True, stdout=subprocess.DEVNULL)
    reap()
    assert not alive(descendants(os.getpid()))


def test_a_guard_that_is_killed():
    """The agent ends at once, and its group with us."""
    with subprocess.Popen(
            [str(COMMAND), "run", "-s", "pipe:sleep 1000 >&- 2>&- & wait", "-"],
            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        run.stdin.write(b"# A.\nsocket a tcp4\n")
        run.stdin.close()
        for _ in range(200):
            below = descendants(run.pid)
            if b"sleep\x001000\x00" in map(command_line, below):
                break
            time.sleep(.02)
        os.kill(below[0], signal.SIGKILL)
        for _ in range(200):
            if not alive(below[:2]):
                break
            time.sleep(.02)
        assert not alive(below[:2])
        assert run.wait(10) == 3
    for _ in range(200):
        reap()
        if not alive(below):
            break
        time.sleep(.02)
    assert not alive(below)
