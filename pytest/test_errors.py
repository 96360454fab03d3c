# SPDX-License-Identifier: Apache-2.0
"""Bad usage and bad input: exit 2 and one clear line, never a crash.

Each is asked of the command as it is built, and of the build with ASan and
UBSan, whose word on stderr counts as a crash whatever the exit code is.
"""

import os
import re

import pytest
from hypothesis import given, settings, strategies as st

from portcheck import (AGREED, CANNOT, CASES, COMMAND, FOUND, NOTHING, SANITIZED,
                       USAGE, cases, portclash)

BUILDS = [pytest.param(COMMAND, id="build", marks=pytest.mark.pure),
          pytest.param(SANITIZED, id="san")]
TEXT_MAX = 64 * 1024

# Line 3 of each is wrong, and the message must name what is in brackets.
MALFORMED = [
    ("frobnicate a", "frobnicate"),
    ("socket", "socket"),
    ("socket a", None),
    ("socket a tcp5", "tcp5"),
    ("socket 1a tcp4", "1a"),
    ("socket a-b tcp4", "a-b"),
    ("socket abcdefghijklmnop tcp4", "abcdefghijklmnop"),
    ("socket a tcp4 uid=", None),
    ("socket a tcp4 uid=-1", "-1"),
    ("socket a tcp4 uid=4294967296", "4294967296"),
    ("socket a tcp4 uid=99999999999999999999", "99999999999999999999"),
    ("socket a tcp4 gid=1", "gid=1"),
    ("socket a tcp4 tcp4", None),
    ("socket a tcp4 = EWHATEVER", "EWHATEVER"),
    ("socket a tcp4 =", None),
    ("socket a tcp4 = ok:", None),
    ("socket a tcp4 = ok portman", "portman"),
    ("socket a tcp4 = ok portman=", None),
    ("socket a tcp4 = ok portman=maybe", "maybe"),
    ("socket a tcp4 = ok portman=ok portman=ok extra", "extra"),
    ("socket a tcp4 = ok = ok", None),
    ("= ok", None),
    ("bind z 127.0.0.1", "127.0.0.1"),
    ("close", None),
    ("accept z", None),
    ("repeat 3", "repeat"),
    ("euid", None),
    ("euid -1", "-1"),
    ("euid x", "x"),
    ("sysctl", None),
    ("sysctl ip_local_port_range", "ip_local_port_range"),
    ("sysctl ip_local_port_range=1", None),
    ("sysctl ip_local_port_range=a-b", None),
    ("sysctl ip_local_port_range=1-65536", "65536"),
    ("sysctl kernel.panic=1", "kernel.panic"),
    ("sysctl ip_nonlocal_bind=x", "x"),
    ("reserve", None),
    ("reserve 4", None),
    ("reserve 5 tcp *:80", "5"),
    ("reserve 44444 tcp *:80", "44444"),
    ("reserve 4 icmp6 *:80", "icmp6"),
    ("reserve 4 256000000000 *:80", "256000000000"),
    ("reserve 4 tcp *", "*"),
    ("reserve 4 tcp 80", "80"),
    ("reserve 4 tcp *:65536", "65536"),
    ("reserve 4 tcp *:-1", "-1"),
    ("reserve 4 tcp 1.2.3:80", "1.2.3"),
    ("reserve 4 tcp 1.2.3.256:80", "1.2.3.256"),
    ("reserve 4 tcp [::1:80", None),
    ("reserve 4 tcp ::1:80", None),
    ("reserve 6 tcp [::g]:80", "::g"),
    ("reserve 4 tcp *:80 flags=", None),
    ("reserve 4 tcp *:80 flags=most", "most"),
    ("reserve 4 tcp *:80 flags=most_recent+", None),
    ("reserve 4 tcp *:80 dev=", None),
    ("reserve 4 tcp *:80 dev=4294967296", "4294967296"),
    ("reserve 4 tcp *:80 dest=", None),
    ("reserve 4 tcp *:80 dest=1.2.3.4", "1.2.3.4"),
    ("reserve 4 tcp *:0 random=1073741824", "1073741824"),
    ("reserve 4 tcp *:0 test=", None),
    ("reserve 4 tcp *:0 test=even", "even"),
    ("reserve 4 tcp *:0 test=eq:", None),
    ("reserve 4 tcp *:0 test=eq:70000", "70000"),
    ("release 4 tcp *:80 random=1", "random=1"),
    ("range 1", None),
    ("range 1-", None),
    ("range 1-65536", "65536"),
    ("pick", None),
    ("pick random=1", None),
    ("pick_stable offset=x test=all", "x"),
    ("live 1", "1"),
    ("save now", "now"),
    ("live " * 200, None),
    ("live\tx\x01", None),
    ("l\u00edve", None),
]

# The same, where the two lines before are ops on sockets that matter
AFTER_SOCKET = [
    ("socket a tcp4", "a"),
    ("set a", None),
    ("set a colour", "colour"),
    ("set a reuseaddr=2", "2"),
    ("set a dev=eth0", "eth0"),
    ("set a port_range=1", None),
    ("set a port_range=1-70000", "70000"),
    ("set a linger=1", "1"),
    ("get a", None),
    ("get a peer", "peer"),
    ("bind a", None),
    ("bind a 127.0.0.1", "127.0.0.1"),
    ("bind a *:80", None),
    ("bind a 127.0.0.1:99999", "99999"),
    ("bind a 127.0.0.1:@", None),
    ("bind a 127.0.0.1:@no-body", "no-body"),
    ("bind a [fe80::2%eth9]:80", "eth9"),
    ("bind a 127.0.0.1:80 len=256", "256"),
    ("bind a 127.0.0.1:80 family=65536", "65536"),
    ("bind a 127.0.0.1:80 127.0.0.1:81", "127.0.0.1:81"),
    ("listen a -1", "-1"),
    ("listen a 65536", "65536"),
    ("connect a 127.0.0.1:80 len=3", "len=3"),
    ("accept a", None),
    ("accept a a", "a"),
    ("shutdown a", None),
    ("shutdown a both", "both"),
    ("repeat", None),
    ("repeat 301", "301"),
    ("repeat -1", "-1"),
    ("reserve 4 tcp *:80", None),
    ("live", None),
]


def complains(answer, where=None, about=None):
    """Exit 2, nothing on stdout, and one line that says what and where."""
    lines = answer.err.splitlines()
    problems = []
    if answer.crashed:
        problems.append("crashed")
    if answer.code != USAGE:
        problems.append(f"exit code {answer.code}")
    if answer.out:
        problems.append(f"stdout has {answer.out[:80]!r}")
    if len(lines) != 1 or not lines[0].startswith("portclash: "):
        problems.append(f"not one clear line: {answer.err[:300]!r}")
    if where and not any(f"{where}: " in line for line in lines):
        problems.append(f"no '{where}: ' in {lines}")
    if about and not any(about in line for line in lines):
        problems.append(f"nothing about {about!r} in {lines}")
    return problems


def survives(answer, codes=(AGREED, FOUND, USAGE, NOTHING)):
    """Any end but a crash."""
    return [] if answer.code in codes and not answer.crashed else [answer]


@pytest.fixture
def at_once(monkeypatch):
    """Who refuses frees nothing and exits: to look for leaks then takes as long
    as all the rest. Those of what it runs are looked for."""
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")


@pytest.fixture(params=BUILDS)
def command(request):
    """The command, plain and with sanitizers."""
    if not request.param.exists():
        pytest.skip(f"{request.param} is not built: make build/san/portclash")
    return request.param


@pytest.mark.parametrize("before,malformed", [
    ("live\n", MALFORMED), ("socket a tcp4\n", AFTER_SOCKET)],
    ids=["any", "sockets"])
@pytest.mark.usefixtures("at_once")
def test_malformed_cases(command, tmp_path, before, malformed):
    """file:line: and what was found, for each way to be wrong."""
    wrong = []
    for number, (line, about) in enumerate(malformed):
        path = tmp_path / f"{number}.case"
        text = before if line.split()[0] in (
            "live", "save", "range", "pick", "pick_stable", "reserve",
            "release") or before != "live\n" else "\n"
        path.write_text(f"# Wrong.\n{text}{line}\nclose a\n")
        answer = portclash("check", "-s", "portlist", path, command=command)
        problems = complains(answer, f"{path}:3", about)
        if problems:
            wrong.append(f"{line!r}: {'; '.join(problems)}")
    assert not wrong, "\n".join(wrong)


def test_the_limits_of_a_program(command, tmp_path):
    """64 ops and 16 names are allowed, one more is not; nor is a long line."""
    def check(text):
        path = tmp_path / "limit.case"
        path.write_text(text)
        return path, portclash("check", "-s", "portman", path, command=command)
    names = "".join(f"socket n{i} udp4\n" for i in range(16))
    for fine in ("live = ok:0\n" * 64, names,
                 "socket abcdefghijklmno udp4\n",
                 "socket a udp4\nclose a\nrepeat 300 = EBADF\n"):
        _, answer = check(f"# Fine.\n{fine}")
        assert answer.code == AGREED and not answer.crashed, answer
    for line, text in ((66, "live = ok:0\n" * 65),
                       (18, names + "socket q udp4\n"),
                       (2, "live " + "#" * 5000 + "\n"),
                       (2, "live " + "x" * 5000 + "\n")):
        path, answer = check(f"# Wrong.\n{text}")
        assert not complains(answer, f"{path}:{line}"), answer


@pytest.mark.usefixtures("at_once")
def test_text_that_is_no_text(command, tmp_path):
    """NUL, no newline at the end, CR LF, a BOM, only blanks, nothing."""
    texts = {"nul": b"# A.\nlive\0\n", "high": b"\xff\xfe\x00l", "bom":
             b"\xef\xbb\xbflive\n", "blank": b"\n \t\n", "empty": b"",
             "comment": b"# Only this.\n", "outcome": b"= ok\n"}
    for name, data in texts.items():
        path = tmp_path / f"{name}.case"
        path.write_bytes(data)
        for verb in (("check", "-s", "portman"), ("run", "-s", "portman"),
                     ("pack",), ("diff", "-s", "portman", "-s", "portlist"),
                     ("minimize", "-s", "portman", "-s", "portlist")):
            answer = portclash(*verb, path, command=command)
            assert not complains(answer, about=str(path)), answer
    for data in (b"# A.\nlive = ok:0", b"# A.\r\nlive = ok:0\r\n"):
        path = tmp_path / "fine.case"
        path.write_bytes(data)
        answer = portclash("check", "-s", "portman", path, command=command)
        assert answer.code == AGREED and answer.out, answer


@pytest.mark.usefixtures("at_once")
def test_files_that_are_none(command, tmp_path):
    """Missing, a folder without cases, unreadable, a device, a broken link."""
    folder, link = tmp_path / "folder", tmp_path / "link.case"
    folder.mkdir()
    (folder / "readme.txt").write_text("no case\n")
    link.symlink_to(tmp_path / "nowhere")
    wrong = []
    for path in (tmp_path / "missing.case", folder, link, "/dev/null",
                 "/proc/self/mem", "/nonexistent/deeper/a.case", ""):
        answer = portclash("check", "-s", "portman", path, command=command)
        wrong += complains(answer, about=str(path))
    for verb in ("pack", "unpack"):
        for path in (tmp_path / "missing", folder, "/dev/null"):
            wrong += complains(portclash(verb, path, command=command))
    if os.geteuid():
        (tmp_path / "secret.case").write_text("live\n")
        (tmp_path / "secret.case").chmod(0)
        wrong += complains(portclash("check", tmp_path / "secret.case",
                                     command=command), about="denied")
    assert not wrong, wrong


def test_a_hundred_megabytes_are_refused_at_once(command, tmp_path):
    """Sparse or random, and without reading it all: a limit is a limit."""
    sparse, noise = tmp_path / "sparse.case", tmp_path / "noise.bin"
    with open(sparse, "wb") as file:
        file.truncate(100 << 20)
    with open(noise, "wb") as file:
        for _ in range(100):
            file.write(os.urandom(1 << 20))
    for path in (sparse, noise):
        for verb in (("check", "-s", "portman"), ("run", "-s", "portman"),
                     ("unpack",), ("pack",),
                     ("diff", "-s", "portman", "-s", "portlist")):
            answer = portclash(*verb, path, command=command, timeout=20)
            assert not complains(answer, about=str(path)), answer
    noise.unlink()
    exact, over = tmp_path / "exact.bin", tmp_path / "over.bin"
    exact.write_bytes(b"0" * TEXT_MAX)
    over.write_bytes(b"0" * (TEXT_MAX + 1))
    assert portclash("unpack", exact, command=command).code == AGREED
    assert not complains(portclash("unpack", over, command=command))


USAGES = [
    [], ["frobnicate"], ["--versions"], ["CHECK"],
    ["check"], ["check", "--frobnicate", "x"], ["check", "-x"],
    ["check", "-s"], ["check", "-s", "nobody", "x"], ["check", "-s", ""],
    ["check", "--seed", "1"], ["check", *["-s", "portman"] * 9, "x"],
    ["check", "-s", "x" * 64 + "=spec", CASES],
    ["run", CASES], ["run", "-s", "portman"],
    *[["run", "-s", f"spec@{version}", CASES] for version in
      ("6", "0.1", "6.0", "6.19", "9.9")],
    ["diff", "-s", "portman"], ["diff", "-s", "portman", "-s", "portlist"],
    ["diff", "-s", "portman", "-s", "portlist", "-s", "linux", CASES],
    ["random", "-s", "portman"], ["random"], ["explain"],
    ["explain", "-s", "portlist", "-s", "goports"],
    ["explain", "-s", "portman", "--sweep", "nothing"],
    ["random", "-s", "portman", "-s", "portlist", "stray"],
    *[["random", "-s", "portman", "-s", "portlist", option, value]
      for option, values in {
          "--count": ("0", "x", "-1", "", "1e3", "0x10", "99999999999999999999"),
          "--seed": ("x", "-1", "18446744073709551616", " 1"),
          "--time": ("0", "x", "-1", "1.5", "99999999999"),
          "--jobs": ("0", "x", "-1", "65"),
          "--ops": ("", "both"),
          "--corpus": ("x" * 600,)}.items() for value in values],
    ["random", "--count"], ["random", "--keep"], ["minimize", "--output"],
    ["matrix", "--output", ""], ["random", "--keep", ""],
    ["sweep", "pairs", "--resume", ""],
    ["minimize", "-s", "portman", "-s", "portlist"],
    ["minimize", "-s", "portman", "x"], ["minimize", "a", "b"],
    ["pack"], ["unpack"], ["pack", "a", "b"], ["unpack", "a", "b"],
    ["serve", "stray"], ["serve", "-s", "portman", "-s", "portlist"],
    ["doctor", "stray"],
]


@pytest.mark.usefixtures("at_once")
def test_bad_usage(command):
    """Unknown verbs, options and subjects, missing values, wild numbers."""
    wrong = []
    for args in USAGES:
        answer = portclash(*args, command=command, timeout=20)
        # Without any verb the whole usage is the answer.
        problems = complains(answer) if args else (
            [] if answer.code == USAGE and "usage:" in answer.err else ["[]"])
        if problems:
            wrong.append(f"{[str(a)[:60] for a in args]}: {problems}")
    assert not wrong, "\n".join(wrong)


def test_errors_with_json_leave_stdout_empty(command, tmp_path):
    """Who reads stdout gets one line of JSON or nothing, never half a line."""
    good, bad = tmp_path / "a.case", tmp_path / "b.case"
    good.write_text("# Good.\nlive = ok:0\n")
    bad.write_text("# Bad.\nlove\n")
    for verb in ("run", "check", "diff"):
        pair = ["-s", "portman", "-s", "portlist"]
        answer = portclash(verb, "--json", *pair, good, bad, command=command)
        assert answer.code == USAGE and not answer.crashed, answer
        assert answer.out == b"", f"{verb}: half a line on stdout: {answer.out}"
        assert answer.err.splitlines()[-1].startswith(f"portclash: {bad}:2: ")


def test_what_cannot_be_written(command, tmp_path):
    """A full device and a folder that is none are said, not swallowed."""
    case = tmp_path / "a.case"
    case.write_text("# A.\nlive\n")
    for output in ("/dev/full", "/nonexistent/x"):
        answer = portclash("pack", "--output", output, case, command=command)
        assert answer.code in (USAGE, CANNOT) and not answer.crashed, answer
        assert output in answer.err


def test_truncated_bytes_are_programs(command, tmp_path):
    """Every prefix of a packed case but none at all, in one batch: no error, and
    no crash."""
    whole = portclash("pack", cases(CASES)[0]).out
    assert len(whole) > 40
    paths = []
    for length in range(1, len(whole) + 1):
        paths.append(tmp_path / f"{length:04}")
        paths[-1].write_bytes(whole[:length])
    for subject in ("portman", "portlist"):
        answer = portclash("run", "--json", "-s", subject, *paths,
                           command=command)
        assert answer.code == AGREED and not answer.crashed, answer
        assert len(answer.json["traces"]) == len(paths)


WORDS = st.sampled_from(sorted(set(re.findall(
    r"\S+", " ".join(line for line, _ in MALFORMED + AFTER_SOCKET)))))
LINES = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=12)
TEXTS = st.one_of(LINES.map("\n".join), st.text(max_size=300))
BYTES = st.lists(st.binary(max_size=600), min_size=1, max_size=48)


@pytest.fixture
def sanitized():
    """Only the build with sanitizers is worth random input."""
    if not SANITIZED.exists():
        pytest.skip("build/san/portclash is not built")
    return SANITIZED


@settings(max_examples=8)
@given(texts=st.lists(TEXTS, min_size=8, max_size=8))
def test_any_text(sanitized, tmp_path, texts):
    """Words of the language in any order, and any Unicode."""
    path = tmp_path / "any.case"
    for text in texts:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        answer = portclash("check", "-s", "portlist", path, command=sanitized)
        assert not survives(answer), text
        if answer.code == USAGE:
            assert not complains(answer, about=str(path)), answer


@settings(max_examples=10)
@given(programs=BYTES)
def test_any_bytes(sanitized, tmp_path, programs):
    """Any bytes are a program, and one that everybody in process agrees on."""
    paths = []
    for number, data in enumerate(programs):
        paths.append(tmp_path / f"{number:02}")
        # Half of them at each level, or chance would decide.
        paths[-1].write_bytes(bytes([number & 1]) + data[1:])
    answer = portclash("diff", "--json", "-s", "portman", "-s", "portlist",
                       *paths, command=sanitized)
    assert not survives(answer, (AGREED, NOTHING)), answer
    assert answer.json["programs"] == len(paths)
    run = portclash("run", "-s", "portman", *paths, command=sanitized)
    assert not survives(run, (AGREED,)), run


@settings(max_examples=10)
@given(programs=BYTES)
def test_any_bytes_in_the_kernel(sanitized, tmp_path, programs, need):
    """The same with the kernel; a divergence of no class is not the matter
    here, a crash of ours is."""
    paths = []
    for number, data in enumerate(programs):
        paths.append(tmp_path / f"{number:02}")
        paths[-1].write_bytes(b"\1" + data)
    answer = portclash("diff", "--json", "-s", "portman", "-s", "linux",
                       *paths, command=sanitized)
    need(answer)
    assert not survives(answer), answer
