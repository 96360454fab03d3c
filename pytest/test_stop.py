# SPDX-License-Identifier: Apache-2.0
"""What was found is on the disk when it is found, and whoever is asked to stop
says what there is. A disk that is full costs no more than what was meant for
it, and that is said."""

import json
import os
import re
import resource
import signal
import subprocess
import time

import pytest

from portcheck import (AGREED, CANNOT, CASES, COMMAND, FOUND, ROOT,
                       portclash, usual_signals)

# Divergences of no class
FINDS = ("random", "--quiet", "-s", "mine=spec~tcp_conflict_listener", "-s",
         "spec")
SILENT = "mute=pipe:sleep 100"


def wait_for(what, seconds=20):
    """Until it is true, or the test fails."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(.01)


def start(*args, **more):
    """The command, in the background."""
    return subprocess.Popen([str(COMMAND), *map(str, args)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **{"preexec_fn": usual_signals, **more})


def catches(pid, number):
    """Has it a handler yet?"""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        caught = re.search(r"^SigCgt:\s*(\w+)$", file.read(), re.M)
    return int(caught[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize("number", (signal.SIGKILL, signal.SIGTERM,
                                    signal.SIGINT))
def test_what_is_found_is_there(number, tmp_path):
    """At once, whole, and after a signal to be asked also reported."""
    folder = tmp_path / "new"
    with start(*FINDS, "--time", 60, "--json", "--keep", folder) as run:
        wait_for(lambda: list(folder.glob("*.case")))
        run.send_signal(number)
        out, err = run.communicate(timeout=10)
    kept = sorted(folder.glob("*"))
    answer = portclash("check", "-s", "spec", folder)
    assert answer.code in (AGREED, FOUND), answer
    assert kept and all(path.read_text().startswith("# mine and spec disagree")
                        for path in kept if path.suffix == ".case")
    if number == signal.SIGKILL:
        assert run.returncode == -number
        return
    assert run.returncode == 128 + number, err
    assert f"stopped by signal {number}, so this is not all" in err
    assert json.loads(out)["unknown"] and "divergent" in err
    assert all(path.suffix == ".case" for path in kept)


def test_what_is_kept_is_what_is_reported(tmp_path):
    """Neither what was not small yet, nor another one of the same sort; but
    what was there before stays."""
    reports = []
    for jobs in (1, 3):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        (folder / "unknown-0.case").write_text("# Before.\n\nlive\n")
        answer = portclash(*FINDS, "--count", 20000, "--jobs", jobs, "--keep",
                           folder)
        assert answer.code == FOUND, answer
        reports.append({path.name: path.read_text()
                        for path in folder.iterdir()})
    assert reports[0] == reports[1] and len(reports[0]) > 1


LONG = {
    "check": ("check", "-s", "spec", "-s", SILENT, CASES),
    "matrix": ("matrix", "--quiet", "-s", "spec", "-s", SILENT),
    "sweep": ("sweep", "triples", "--quiet", "-s", "spec", "-s", SILENT),
    "random": ("random", "--quiet", "--count", 10**9, "-s", "spec", "-s",
               "portman"),
    "diff": ("diff", "--quiet", "-s", "spec", "-s", SILENT, CASES),
}


@pytest.mark.parametrize("verb", LONG)
def test_who_is_asked_says_what_there_is(verb):
    """Though its subject says nothing; and a second signal is not needed."""
    with start(*LONG[verb]) as run:
        wait_for(lambda: catches(run.pid, signal.SIGTERM))
        time.sleep(.3)
        began = time.monotonic()
        run.terminate()
        out, err = run.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert run.returncode == 128 + signal.SIGTERM, err
    assert "so this is not all" in err and out


@pytest.mark.parametrize("verb", ("random", "sweep"))
def test_time_is_over_for_slow_agents_too(verb):
    """Those that need half a second for a line, and those that hang."""
    agent = ("slow=pipe:echo portclash-agent 1 slow; "
             "echo can socket set bind listen connect type:tcp4; "
             "while read -r a b; do sleep .5; [ $a = . ] && echo . || echo ok;"
             " done")
    more = ("pairs",) if verb == "sweep" else ()
    began = time.monotonic()
    answer = portclash(verb, *more, "--quiet", "--time", 1, "-s", "spec", "-s",
                       agent)
    assert time.monotonic() - began < 4
    assert "stopped early" not in answer.err, answer


def no_room():
    """From now on no file grows."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def full(*args):
    """Run it on a disk that is full; its own output is a pipe."""
    with start(*args, preexec_fn=no_room) as run:
        out, err = run.communicate(timeout=60)
    return run.returncode, out, err


def test_a_pipe_of_a_findings_name_is_not_waited_for(tmp_path):
    """Nobody may ever read it: it is a finding that is missing."""
    portclash(*FINDS, "--count", 5000, "--keep", tmp_path / "a")
    [name, *_] = os.listdir(tmp_path / "a")
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / name)
    answer = portclash(*FINDS, "--count", 5000, "--keep", tmp_path / "b",
                       timeout=60)
    assert answer.code == CANNOT, answer
    assert "findings are missing there: File exists" in answer.err


def test_a_full_disk_is_told_and_costs_nothing_else(tmp_path):
    """All is reported as ever; what is missing is named, and is no half file.
    What was there before is as it was."""
    folder = tmp_path / "new"
    code, out, err = full(*FINDS, "--count", 20000, "--keep", folder)
    assert code == CANNOT and "listen a   = EADDRINUSE mine=ok" in out, err
    assert f"{folder}: cannot write what is found: File too large" in err
    assert "findings are missing there: File too large" in err
    assert not list(folder.iterdir())
    note = tmp_path / "note"
    note.write_text("pairs spec portman 64\n")
    code, out, err = full("sweep", "pairs", "--quiet", "-s", "spec", "-s",
                          "portman", "--resume", note)
    assert code == CANNOT and "divergent" in out, err
    assert f"{note}: cannot write how far the sweep is: File too large" in err
    assert note.read_text() == "pairs spec portman 64\n"
    assert sorted(tmp_path.iterdir()) == [folder, note]


CASE = CASES / "autobind-connect-reads-back.case"
WRITERS = {
    "pack": ("pack", "--output"), "unpack": ("unpack", "--output"),
    "emit": ("emit", "--output"),
    "matrix": ("matrix", "--quiet", "--count", 10, "-s", "spec", "--output"),
    "minimize": ("minimize", "-s", "mine=spec~tcp_conflict_listener", "-s",
                 "spec", "--output"),
}


@pytest.mark.parametrize("verb", WRITERS)
def test_a_file_is_whole_or_as_it_was(verb, tmp_path):
    """Of each verb that writes one: at a full disk, behind a link, and to
    what is no file."""
    case = tmp_path / "x.case"
    case.write_text("# Two.\n\nsocket a tcp4\nset a reuseaddr\n"
                    "bind a 0.0.0.0:7000\nlisten a\nsocket b tcp4\n"
                    "set b reuseaddr\nbind b 127.0.0.1:7000\n")
    if verb == "unpack":
        packed = portclash("pack", case).out
        case = tmp_path / "x.bin"
        case.write_bytes(packed)
    more = (case,)
    if verb == "matrix":
        (tmp_path / "divergences").mkdir()
        more = ("--corpus", tmp_path)
    old = tmp_path / "old"
    old.write_text("old")
    old.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(old)
    code, out, err = full(*WRITERS[verb], old, *more)
    assert code == CANNOT and "cannot write: File too large" in err, err
    assert old.read_text() == "old" and not list(tmp_path.glob("*.new"))
    assert portclash(*WRITERS[verb], link, *more).code == AGREED
    assert link.is_symlink() and old.read_bytes() != b"old"
    assert old.stat().st_mode & 0o777 == 0o640
    assert portclash(*WRITERS[verb], "/dev/null", *more).code == AGREED
    lost = portclash(*WRITERS[verb], "/dev/full", *more)
    assert lost.code == CANNOT and "No space left" in lost.err, lost


# A campaign whose fuzzer is a process that does not want to end
CAMPAIGN = """
import collections, importlib.machinery, importlib.util, sys
sys.path.insert(0, sys.argv[1].rpartition("/")[0])
loader = importlib.machinery.SourceFileLoader("campaign", sys.argv.pop(1))
spec = importlib.util.spec_from_loader("campaign", loader)
campaign = importlib.util.module_from_spec(spec)
loader.exec_module(campaign)
def start(self, cpu, seconds, seed, lock):
    self.process = campaign.start(
        ["sh", "-c", "trap '' INT TERM; sleep 9 & wait; sleep 9"], cpu,
        self.log, lock)
campaign.Campaign.prepare = lambda self: None
campaign.Target.start = start
campaign.Target.counters = lambda self: collections.Counter(classes={})
campaign.NOTE_SECONDS = 0.1
sys.exit(campaign.begin())
"""


def alive(folder):
    """Does anything still hold the lock of a campaign there?"""
    return subprocess.run(
        ["flock", "--nonblock", folder / ".portclash-campaign", "true"],
        check=False).returncode != 0


@pytest.mark.parametrize("signals", ([signal.SIGKILL],
                                     [signal.SIGINT, signal.SIGINT],
                                     [signal.SIGTERM, signal.SIGINT],
                                     [signal.SIGHUP, signal.SIGTERM]),
                         ids=("killed", "INT twice", "TERM and INT", "HUP and TERM"))
def test_a_campaign_leaves_a_summary(signals, tmp_path):
    """Also if it is killed, or has no time to write the last one."""
    for name in ("fuzz_ports", "fuzz_kernel"):
        (tmp_path / name).mkdir()
    folder = tmp_path / "out"
    with subprocess.Popen(
            ["/usr/bin/python3", "-c", CAMPAIGN, ROOT / "ci" / "campaign",
             "--no-pytest", "--output", folder, "--time", "60"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        wait_for((folder / "summary.json").exists)
        run.send_signal(signals[0])
        # Two that come at once are one.
        end = time.monotonic() + 10
        while run.poll() is None and time.monotonic() < end:
            time.sleep(.1)
            run.send_signal(signals[-1])
        out, err = run.communicate(timeout=10)
    assert "Traceback" not in out + err, err
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["exit"] is None and summary["verb"] == "run"
    assert set(summary) >= {"seconds", "afl", "unknown", "skipped"}
    if signals[0] != signal.SIGKILL:
        assert run.returncode == 128 + signal.SIGINT, err
        assert "interrupted again" in err
        wait_for(lambda: not alive(folder), 5)
