# SPDX-License-Identifier: Apache-2.0
"""What a parent leaves to the command, and where its output goes: signals that
are ignored or blocked, descriptors that are closed, a disk that is full."""

import os
import resource
import signal
import subprocess

import pytest

from portcheck import (AGREED, CANNOT, CASES, COMMAND, CRASH, FOUND, NOTHING,
                       ROOT, SANITIZED, USAGE, cases, usual_signals)

SOCKETS = "# Two.\n\nsocket a tcp4\nbind a 0.0.0.0:7000\n"
DIVERGES = ("# Two.\n\nsocket a tcp4\nset a reuseaddr\nbind a 0.0.0.0:7000\n"
            "listen a\nsocket b tcp4\nset b reuseaddr\nbind b 127.0.0.1:7000\n")
PAIR = ("-s", "portman", "-s", "spec")
PROGRAM = b"socket a tcp4\n.\n"
REPLAY = ROOT / "build" / "replay" / "fuzz_sockets"
TIMEOUT = 20


def written(folder):
    """A case that agrees, one that does not, and the bytes of the first."""
    (folder / "a.case").write_text(SOCKETS)
    (folder / "b.case").write_text(DIVERGES)
    packed = subprocess.run([COMMAND, "pack", folder / "a.case"], check=True,
                            capture_output=True)
    (folder / "a.bin").write_bytes(packed.stdout)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What the commands read."""
    return written(tmp_path_factory.mktemp("files"))


def commands(files):
    """Every verb, and every agent: name, command, what it may exit with."""
    agrees, diverges, packed = (files / name
                                for name in ("a.case", "b.case", "a.bin"))
    few = ("--quiet", "--count", "70")
    verbs = {
        "help": ("--help",), "verb-help": ("why", "--help"),
        "run": ("run", "-s", "portman", "-s", "linux", agrees),
        "table": ("run", "--table", *PAIR, agrees),
        "check": ("check", "-s", "spec", "-s", "linux", "-s", "goports",
                  agrees, cases(CASES)[-1]),
        "tap": ("check", "--tap", "-s", "spec", agrees),
        "diff": ("diff", *PAIR, diverges),
        "random": ("random", *PAIR, *few),
        "sweep": ("sweep", "pairs", *PAIR, "--part", "1/500", "--quiet"),
        "sets": ("sweep", "--list"),
        "explain": ("explain", *PAIR, *few),
        # Of who is not there it is only a look, and the same table.
        "matrix": ("matrix", "-s", "pipe:false", *few),
        "minimize": ("minimize", *PAIR, diverges),
        "emit": ("emit", agrees), "pack": ("pack", agrees),
        "unpack": ("unpack", packed),
        "rules": ("rules",), "rule": ("rules", "tcp_conflict_listener"),
        "why": ("why", "tcp", "127.0.0.1:1"),
        "world": ("world", "sh", "-c", "echo hello && exit 0"),
        "serve": ("serve", "-s", "portman"), "doctor": ("doctor",),
        **{f"json-{verb[0]}": (*verb, "--json") for verb in (
            ("run", "-s", "portman", agrees), ("check", "-s", "spec", agrees),
            ("random", *PAIR, *few), ("rules",),
            ("why", "tcp", "127.0.0.1:1"), ("sweep", "--list"))}}
    found = [(name, (COMMAND, *args)) for name, args in verbs.items()]
    if SANITIZED.exists():
        found.append(("san", (SANITIZED, *verbs["random"])))
    for name in ("lwip", "goports"):
        if (ROOT / "build" / name).exists():
            found.append((name, (ROOT / "build" / name,)))
    if REPLAY.exists():
        found.append(("replay", (REPLAY, packed)))
    return found


def run(command, prepare=None, **more):
    """Run one, with some programs for those that are agents."""
    def begin():
        usual_signals()
        if prepare:
            prepare()

    more = {"stdout": subprocess.PIPE, "input": PROGRAM, **more}
    if "doctor" in command:     # without its machines, which take seconds
        more["env"] = {**os.environ, "PATH": "/nonexistent"}
    return subprocess.run([str(word) for word in command], check=False,
                          stderr=subprocess.PIPE, timeout=TIMEOUT,
                          preexec_fn=begin, restore_signals=False, **more)


def told(out):
    """What was printed, but for times."""
    return [line for line in out.splitlines() if b"/s)" not in line and
            b"seconds" not in line and not line.endswith(b" s")]


@pytest.fixture(scope="module")
def usual(files):
    """What each does where all is well; "why" and "doctor" tell of a machine
    that changes meanwhile."""
    return {name: run(command) for name, command in commands(files)}


def ignored():
    """As it is below some CI runners, and below Python's own defaults."""
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGALRM,
                   signal.SIGTERM, signal.SIGUSR1, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)


def blocked():
    """All that can be."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


@pytest.mark.parametrize("prepare", (ignored, blocked))
def test_signals_that_were_inherited(prepare, files, usual):
    """Neither a hang, nor an abort, nor any other word."""
    wrong = []
    for name, command in commands(files):
        try:
            done = run(command, prepare)
        except subprocess.TimeoutExpired:
            wrong.append(f"{name}: hangs")
            continue
        want = usual[name]
        if done.returncode != want.returncode or CRASH.search(
                done.stderr.decode()) or (name not in ("why", "doctor") and
                                          told(done.stdout) != told(want.stdout)):
            wrong.append(f"{name}: {done.returncode}, not {want.returncode}: "
                         f"{done.stderr[-300:]}")
    assert not wrong, "\n".join(wrong)


def test_programs_in_python_learn_how_children_ended():
    """With SIGCHLD ignored subprocess says 0 of whoever failed."""
    programs = [path for folder in ("ci", "harness", "netns-scripts")
                for path in (ROOT / folder).rglob("*")
                if path.is_file() and path.read_bytes()[:32].startswith(
                    b"#!/usr/bin/python3")]
    texts = {path: path.read_text() for path in programs}
    assert len(programs) > 2
    assert not [path for path, text in texts.items() if "subprocess" in text
                and "signal.signal(signal.SIGCHLD, signal.SIG_DFL)" not in text]


def test_what_a_world_mounts_is_its_own(tmp_path):
    """Nobody else has it, whoever started it."""
    done = run((COMMAND, "world", "sh", "-ec", f"mount -t tmpfs none {tmp_path}; "
                f"echo > {tmp_path}/there; ls {tmp_path}"))
    if done.returncode:
        pytest.skip(done.stderr.decode())
    assert done.stdout == b"there\n" and not os.listdir(tmp_path)


def test_a_command_in_a_world_has_default_signals():
    """Nothing of ours is left to it, and nothing of our parent's."""
    for prepare in (ignored, blocked, None):
        done = run((COMMAND, "world", "cat", "/proc/self/status"), prepare)
        if done.returncode == CANNOT:
            pytest.skip(done.stderr.decode())
        words = dict(line.split(":\t") for line in
                     done.stdout.decode().splitlines() if line[:3] == "Sig")
        assert int(words["SigIgn"], 16) == 0, words
        assert int(words["SigBlk"], 16) == 0, words


def test_what_nohup_asks_for_stays():
    """To ignore SIGHUP is what its user wants."""
    done = run((COMMAND, "world", "cat", "/proc/self/status"),
               lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.decode())
    assert b"SigIgn:\t0000000000000001" in done.stdout


def test_an_agent_that_hangs_is_ended_all_the_same(files):
    """lwIP's watchdog is SIGALRM: blocked or ignored it would do nothing."""
    if not (ROOT / "build" / "lwip").exists():
        pytest.skip("build/lwip is not built")
    command = (ROOT / "build" / "lwip",)
    for prepare in (ignored, blocked):
        done = run(command, prepare, input=b"socket a tcp4\nsocket b udp4\n.\n")
        assert done.returncode == AGREED and b"\nok\nok\n.\n" in done.stdout


def close_stdout():
    """As with >&- of a shell."""
    os.close(1)


def close_all():
    """Of the three, none."""
    for fd in range(3):
        os.close(fd)


def lost(done, name, silent=False):
    """Exit 3 and a line that says so; of world the command's own business."""
    if name == "world":
        return [] if done.returncode else [f"{name}: {done}"]
    lines = [line for line in done.stderr.decode().splitlines()
             if "cannot write" in line or "No space left" in line or
             "Bad file descriptor" in line or "bad file descriptor" in line
             or "no space left" in line]
    if done.returncode == CANNOT and (silent or len(lines) == 1) and \
       not CRASH.search(done.stderr.decode()):
        return []
    return [f"{name}: {done.returncode} {lines} {done.stderr[-300:]}"]


def test_a_full_disk_is_never_success(files):
    """Whatever is printed: a byte of it is lost, and so is all."""
    wrong = []
    with open("/dev/full", "wb") as full:
        for name, command in commands(files):
            wrong += lost(run(command, stdout=full), name)
    assert not wrong, "\n".join(wrong)


def test_a_closed_stdout_is_never_success(files):
    """Nor does anything else get its number, and with it the output."""
    wrong = []
    for name, command in commands(files):
        if name == "goports":
            continue            # Go itself opens /dev/null there, since 1.21
        wrong += lost(run(command, close_stdout, stdout=None), name)
        if name in ("run", "check", "random", "help", "serve"):
            wrong += lost(run(command, close_all, stdout=None, stdin=None,
                              input=None), name, silent=True)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("words", [
    *((path, "--help") for path in sorted(
        path for path in [*ROOT.glob("ci/*"), *ROOT.glob("netns-scripts/*")]
        if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh"))),
    (ROOT / "ci" / "setup", "--list"), (ROOT / "netns-scripts" / "machines",)],
    ids=lambda words: " ".join((words[0].name, *words[1:])))
def test_scripts_say_that_output_is_lost(words):
    """Their help and their lists, which other programs read"""
    done = run(words)
    assert done.returncode == 0, done
    if not done.stdout:
        pytest.skip("no machine is here, so the list is empty")
    with open("/dev/full", "wb") as full:
        assert run(words, stdout=full).returncode == CANNOT
    assert run(words, close_stdout, stdout=None).returncode == CANNOT


def test_a_name_of_stdout_is_stdout(files):
    """Also where it is full or closed."""
    for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        for words in (("pack",), ("emit",), ("minimize", *PAIR)):
            command = (COMMAND, *words, "--output", name, files / "b.case")
            with open("/dev/full", "wb") as full:
                wrong = lost(run(command, stdout=full), words[0])
            done = run(command, close_stdout, stdout=None)
            assert not wrong and done.returncode == CANNOT, (wrong, done)
            assert name.encode() in done.stderr
            assert run(command).stdout


def test_a_closed_stdin_is_no_socket(files, usual):
    """What does not read it does the same without; what does, fails."""
    wrong = []
    for name, command in commands(files):
        done = run(command, lambda: os.close(0), input=None)
        if name == "goports":
            continue            # Go itself opens /dev/null there, since 1.21
        reads = name in ("serve", "lwip")
        code = done.returncode if reads else usual[name].returncode
        if done.returncode != code or (reads and not done.returncode) or (
                not reads and name not in ("why", "doctor") and
                told(done.stdout) != told(usual[name].stdout)):
            wrong.append(f"{name}: {done.returncode} {done.stderr[-300:]}")
    assert not wrong, "\n".join(wrong)
    done = run((COMMAND, "pack", "-"), lambda: os.close(0),
               input=None)
    assert done.returncode == USAGE and b"Bad file descriptor" in done.stderr


def test_what_prints_nothing_loses_nothing(files, tmp_path):
    """A closed stdout is no matter to who writes elsewhere; nor is stderr."""
    out = tmp_path / "out"
    done = run((COMMAND, "pack", "--output", out, files / "a.case"),
               close_stdout, stdout=None)
    assert done.returncode == AGREED and out.read_bytes(), done
    done = run((COMMAND, "random", *PAIR, "--count", "70"),
               lambda: os.close(2))
    assert done.returncode == AGREED and b"70 programs" in done.stdout


def test_a_reader_that_has_enough(files):
    """As anywhere: the writer ends by SIGPIPE, without a word."""
    for prepare in (None, ignored, blocked):
        with subprocess.Popen(
                [COMMAND, "run", "-s", "portman", *[files / "a.case"] * 9000],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                preexec_fn=prepare, restore_signals=False) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.wait(TIMEOUT) == -signal.SIGPIPE
            assert process.stderr.read() == b""


def no_growth():
    """Files may not grow, which is how a disk is full without root."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_files_that_cannot_be_written(files, tmp_path):
    """--output, --keep and --resume: 3 and a line that names the file."""
    diverges = files / "b.case"
    (tmp_path / "none" / "divergences").mkdir(parents=True)
    writers = (
        ("pack", "--output", tmp_path / "p", diverges),
        ("unpack", "--output", tmp_path / "u", files / "a.bin"),
        ("emit", "--output", tmp_path / "e", diverges),
        ("minimize", "--output", tmp_path / "m", *PAIR, diverges),
        ("diff", "--keep", tmp_path / "k", "--corpus", tmp_path / "none", *PAIR,
         diverges),
        ("sweep", "pairs", "--resume", tmp_path / "r", "--part", "1/500",
         "--quiet", *PAIR),
        ("matrix", "--quiet", "--count", "20", "-s", "spec", "--output",
         tmp_path / "h"))
    for words in writers:
        for json in ((), ("--json",)):
            done = run((COMMAND, *words, *json), no_growth)
            assert done.returncode == CANNOT, done
            [line] = [line for line in done.stderr.decode().splitlines()
                      if "cannot write" in line]
            assert line.startswith(f"portclash: {tmp_path}"), line
            assert "File too large" in line
    # Before anything is found, too; and who finds nothing leaves nothing
    for place, why in ((diverges, "Not a directory"),
                       (tmp_path / "no" / "k", "No such file")):
        done = run((COMMAND, "random", *PAIR, "--time", "9", "--keep", place))
        assert done.returncode == CANNOT and not done.stdout, done
        assert f"{place}: cannot write what is found: {why}" in \
            done.stderr.decode()
    done = run((COMMAND, "random", "-s", "portman", "-s", "portlist", "--count",
                "9", "--keep", tmp_path / "new"))
    assert done.returncode == AGREED and not (tmp_path / "new").exists(), done
    done = run((COMMAND, "pack", "--output", "/dev/full", diverges))
    assert done.returncode == CANNOT and b"/dev/full" in done.stderr
    for words in writers:
        done = run((COMMAND, *words))
        assert done.returncode in (AGREED, FOUND, NOTHING), done


def test_a_note_is_written_over_no_other_file(tmp_path):
    """Of --resume FILE only FILE is ours."""
    (tmp_path / "r.new").write_text("mine\n")
    for prepare in (no_growth, None):
        run((COMMAND, "sweep", "pairs", "--resume", tmp_path / "r", "--part",
             "1/500", "--quiet", *PAIR), prepare)
        assert os.listdir(tmp_path) == ["r.new"]
    assert (tmp_path / "r.new").read_text() == "mine\n"


def test_a_fuzz_target_without_classes(tmp_path):
    """Each divergence would be an unknown one."""
    if not REPLAY.exists():
        pytest.skip("build/replay/fuzz_sockets is not built: make replay")
    (tmp_path / "seed").write_bytes(b"1")
    answer = run((REPLAY, tmp_path / "seed"),
                 env={**os.environ, "PORTCLASH_CORPUS": str(tmp_path / "x")})
    assert answer.returncode == USAGE and b"/x/divergences" in answer.stderr
