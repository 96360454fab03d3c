# SPDX-License-Identifier: Apache-2.0
"""No command touches the network that it is started in (harness/calls.h says
how that is seen). "make check-long" watches the whole suite, too."""

import ctypes
import os
import re
import struct
import subprocess

import pytest

from portcheck import AGREED, CANNOT, COMMAND, ROOT, usual_signals
from test_environment import PROGRAM, commands, written
from test_whylimits import NO_NEW_PRIVS, SECCOMP

CALLS = ROOT / "build" / "calls"
PYTHON = "/usr/bin/python3"
# Who is watched already cannot watch: the suite, in "make check-long"
CANNOT_WATCH = b"calls: cannot watch"
# Each does one thing to the network that it is in, and says how
PLANTED = {
    "bind": "socket.socket().bind(('127.0.0.1', 7000))",
    "listen": "socket.socket().listen()",
    "connect": "socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', 7))",
    "sendto": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 7))",
    "sendmsg": "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'])",
    "ioctl": "fcntl.ioctl(socket.socket(), 0x8914, b'lo' + bytes(38))",
    # RTM_NEWLINK, and a socket that sock_diag is to destroy
    "netlink": "netlink(0, struct.pack('IHHIIBxHiII', 32, 16, 5, 1, 0, 0, 0, "
               "1, 1, 1))",
    "destroy": "netlink(4, struct.pack('IHHII', 72, 21, 5, 1, 0) + bytes(56))",
    "sysctl": "open('/proc/sys/net/ipv4/ip_local_port_range', 'w')",
    # Made here, and used elsewhere; made elsewhere, and used here
    "kept": "s = socket.socket(); os.unshare(NEWNET); s.bind(('0.0.0.0', 7))",
    "again": "h = os.open('/proc/self/ns/net', 0); os.unshare(NEWNET); "
             "os.setns(h); socket.socket().bind(('0.0.0.0', 7))",
    "a child": "os.system('''/usr/bin/python3 -c 'import socket; "
               "socket.socket().bind((\"0.0.0.0\", 7))' ''')",
}
# What looks like it, and is not
ASKED = {
    "unix": "a, b = socket.socketpair(); a.sendmsg([b'x']); "
            "socket.socket(socket.AF_UNIX).bind(b'\\0calls-test')",
    "netlink": "netlink(0, struct.pack('IHHIIBxHiII', 32, 18, 0x301, 1, 0, 0, "
               "0, 0, 0, 0))",
    "ioctl": "fcntl.ioctl(socket.socket(), 0x8913, b'lo' + bytes(38))",
    "elsewhere": "os.unshare(NEWNET); socket.socket().bind(('0.0.0.0', 7)); "
                 "open('/proc/sys/net/ipv4/ip_local_port_range', 'r+')",
}
BEGIN = """
import contextlib, ctypes, fcntl, os, socket, struct
NEWNET = 0x40000000
libc = ctypes.CDLL(None)
os.unshare, os.setns = libc.unshare, lambda fd: libc.setns(fd, 0)
def netlink(protocol, data):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as s:
        s.bind((0, 0))
        s.send(data)
with contextlib.suppress(OSError):
    """


def watched(command, tmp_path, *options, wrapper=(), **more):
    """Run it; what it did, and the lines of what was seen."""
    log = tmp_path / "calls.log"
    done = subprocess.run(
        [*wrapper, CALLS, "--log", log, *options, *map(str, command)],
        check=False, capture_output=True, preexec_fn=usual_signals,
        **{"timeout": 120, "input": PROGRAM, **more})
    if done.stderr.startswith(CANNOT_WATCH):
        pytest.skip(done.stderr.decode())
    return done, log.read_text().splitlines()


@pytest.fixture(name="elsewhere", scope="module")
def fixture_elsewhere():
    """Where a plant may bind: a network that nobody is in."""
    try:
        subprocess.run(["unshare", "-n", "true"], check=True,
                       capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("no privileges")
    return "unshare", "-n"


@pytest.mark.parametrize("name", PLANTED)
def test_what_touches_a_network_is_seen(name, tmp_path, elsewhere):
    """Each sort of call, planted, by whoever makes it."""
    _, seen = watched((PYTHON, "-c", BEGIN + PLANTED[name]), tmp_path,
                      wrapper=elsewhere)
    assert len([line for line in seen if line.startswith("breach: ")]) == 1, seen


def test_a_command_that_does_not_leave_is_seen(tmp_path, elsewhere):
    """Told to stay in the network that it is in, the kernel subject binds there,
    and changes its devices and sysctls."""
    _, seen = watched((COMMAND, "run", "-s", "linux",
                       written(tmp_path) / "a.case"), tmp_path,
                      wrapper=(*elsewhere, "env", "PORTCLASH_WORLD=sandbox"))
    for what in ("bind on a socket of family 2,", "sendmsg on a socket of family"
                 " 16,", "open for writing of /proc/sys/net/ipv4/"):
        assert any(line.startswith(f"breach: {what}") for line in seen), seen


def test_what_asks_is_not_seen(tmp_path, elsewhere):
    """Nor what happens in another network."""
    script = "".join(BEGIN + text for text in ASKED.values())
    done, seen = watched((PYTHON, "-c", script), tmp_path, wrapper=elsewhere)
    assert not done.stderr and len(seen) == 1, (seen, done.stderr)


def test_no_command_touches_our_network(tmp_path):
    """Each verb and each agent, and a case on all subjects that are quick."""
    more = [("ls", (COMMAND, "ls")), ("verify", (COMMAND, "why", "tcp",
                                                 "127.0.0.1:1", "--verify")),
            ("traced", (COMMAND, "why", "--", "true"))]
    seen, count = [], 0
    for name, command in commands(written(tmp_path)) + more:
        env = {"PATH": "/nonexistent"} if name == "doctor" else None
        _, lines = watched(command, tmp_path, env=env)
        seen += [f"{name}: {line}" for line in lines
                 if not line.startswith("calls: ")]
        count += int(lines[-1].split()[1])
    assert not seen, "\n".join(seen)
    assert count > 1000


def without_seccomp():
    """From now on it is a kernel that was built without: EINVAL, of that call"""
    number = {"x86_64": 317}.get(os.uname().machine, 277)
    code = ctypes.create_string_buffer(b"".join(
        struct.pack("<HBBI", *step) for step in (
            (0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50016),
            (6, 0, 0, 0x7fff0000))))
    program = struct.pack("<HxxxxxxQ", 4, ctypes.addressof(code))
    libc = ctypes.CDLL(None)
    if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(SECCOMP, 2, program):
        raise OSError


def test_without_seccomp_all_goes_on(tmp_path):
    """And doctor says that this process has no fence."""
    case = written(tmp_path) / "a.case"
    for prepare, fence in ((None, True), (without_seccomp, False)):
        done = subprocess.run([COMMAND, "doctor"], capture_output=True, check=False,
                              preexec_fn=prepare, env={"PATH": "/nonexistent"})
        linux = [line for line in done.stdout.splitlines()
                 if line.startswith(b"linux  ")]
        assert len(linux) == 1 and (b"no fence" not in linux[0]) == fence, done
        done = subprocess.run([COMMAND, "run", "-s", "linux", case], check=False,
                              capture_output=True, preexec_fn=prepare)
        assert done.returncode == (CANNOT if b"ready" not in linux[0] else
                                   AGREED), done


@pytest.mark.long
@pytest.mark.parametrize("what", ("suite", "campaign"))
def test_the_suite_touches_no_network(what, tmp_path):
    """All tests but those of hours, and AFL++ with targets of both sorts. What
    comes of the tests is not asked here: who is watched cannot watch, and is
    under a filter, as some of them notice."""
    command = [PYTHON, "-m", "pytest", "-q", "-n", 3, "-m", "not long",
               "-p", "no:cacheprovider", ROOT / "pytest"]
    if what == "campaign":
        command = [ROOT / "ci" / "campaign", "--time", 30, "--output",
                   tmp_path / "run"]
    done, seen = watched(command, tmp_path, timeout=3600, cwd=ROOT)
    print(done.stdout.decode()[-2000:], seen[-1])
    breaches = [line for line in seen if line.startswith("breach: ")]
    assert not breaches, "\n".join(sorted(set(breaches)))
    assert re.fullmatch(r"calls: \d{4,}", seen[-1])
