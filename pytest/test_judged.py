# SPDX-License-Identifier: Apache-2.0
"""What is compared at all, and what of it is not known: neither a divergence
that is passed over, nor an n/a that is not due, fails any case."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from portcheck import AGREED, CANNOT, COMMAND, FOUND, USAGE, portclash

ALL = ("socket set bind listen connect get sysctl shutdown type:tcp4 "
       "set:reuseaddr set:dev get:name get:dev")
# Says ok to all, and what it was asked to a file
AGENT = """#!/usr/bin/python3
import sys
print("portclash-agent 1 yes")
print("can {can}", flush=True)
with open({log!r}, "a") as log:
    for line in sys.stdin:
        log.write(line)
        words = line.split()
        print("." if words == ["."] else "{name}" if words[0] == "get" and
              words[1] == "b" else "ok:127.0.0.1:7000" if words[0] == "get" else
              "ok", flush=True)
"""


@pytest.fixture(name="agent")
def fixture_agent(tmp_path):
    """One that can so much; and where it writes down what it is asked"""
    def make(can=ALL, name="ok"):
        log, path = tmp_path / "log", tmp_path / "agent"
        path.write_text(AGENT.format(can=can, log=str(log), name=name))
        path.chmod(0o755)
        return f"yes=pipe:{path}", log
    return make


def case(tmp_path, *ops):
    """A file of these"""
    path = tmp_path / "a.case"
    path.write_text("# One.\n\n" + "".join(f"{op}\n" for op in ops))
    return path


@pytest.mark.pure
def test_nothing_in_common_is_no_agreement():
    """One knows reservations only, the other sockets."""
    answer = portclash("random", "-s", "portlist", "-s", "spec", "--count", 100)
    assert answer.code == USAGE
    assert "portlist and spec have no ops in common" in answer.err


@pytest.mark.parametrize("socket", "ab")
def test_a_port_that_the_program_says_is_no_choice(socket, agent, tmp_path,
                                                   need):
    """Of no socket; who tells another one is wrong."""
    liar, _ = agent(name="ok:127.0.0.1:9")
    path = case(tmp_path, *(("socket a tcp4",) * (socket == "b")),
                f"socket {socket} tcp4", f"bind {socket} 127.0.0.1:7001",
                f"get {socket} name")
    answer = portclash("diff", "--json", "-s", "linux", "-s", liar, path)
    need(answer)
    assert answer.code == FOUND, answer


@pytest.mark.pure
def test_only_what_both_can_is_asked(agent):
    """Of gVisor's model it is one sysctl."""
    yes, log = agent(ALL + "".join(f" sysctl:{key}" for key in (
        "ip_local_port_range", "ip_autobind_reuse", "bindv6only",
        "ip_nonlocal_bind")))
    portclash("random", "--quiet", "-s", "portman", "-s", yes, "--count", 3000,
              "--jobs", 1)
    asked = {line.split()[1].split("=")[0] for line in log.read_text().splitlines()
             if line.startswith("sysctl")}
    assert asked == {"ip_local_port_range"}


@pytest.mark.pure
def test_an_older_connection_answers(tmp_path):
    """The other end still knows one of the same ends, so a new one gets no
    answer. It is no case: a kernel's challenge ends that after a second, and
    who is busy sees how."""
    path = case(tmp_path, "socket l tcp4", "bind l 127.0.0.1:5000", "listen l",
                "socket a tcp4", "bind a 127.0.0.1:5001",
                "connect a 127.0.0.1:5000", "accept l y", "set a repair",
                "close a", "socket b tcp4", "bind b 127.0.0.1:5001",
                "connect b 127.0.0.1:5000 = EINPROGRESS")
    answer = portclash("check", "--json", "-s", "spec", path)
    assert answer.code == AGREED and answer.json["held"] == 1, answer


@pytest.mark.pure
@pytest.mark.parametrize("device,told", (("lo", "ok"), ("", "ok"),
                                         ("missing", "ok"), ("veth0", "n/a")))
def test_a_device_that_all_have(device, told, agent, tmp_path):
    """Who has none but lo is asked about that, none, and one that is not."""
    path = case(tmp_path, "socket a tcp4", f"set a dev={device}")
    answer = portclash("run", "-s", agent()[0], path)
    assert answer.out.decode().splitlines()[1].split("=")[-1].strip() == told


# Programs, and how many of their ops are compared; what follows the first n/a
# is not
COMPARED = {
    "a port that may be the one that was not told": (4, "linux", (
        "sysctl ip_local_port_range=40000-40001", "socket a tcp4",
        "connect a 10.0.0.9:80", "socket b tcp4", "bind b 0.0.0.0:40000",
        "close b")),
    "the last of these": (4, "linux", (
        "sysctl ip_local_port_range=40000-40003", "socket a tcp4",
        "connect a 10.0.0.9:80", "socket b tcp4", "bind b 0.0.0.0:40003",
        "close b")),
    "the next one": (6, "linux", (
        "sysctl ip_local_port_range=40000-40003", "socket a tcp4",
        "connect a 10.0.0.9:80", "socket b tcp4", "bind b 0.0.0.0:40004",
        "close b")),
    "a choice of these": (6, "linux", (
        "sysctl ip_local_port_range=40000-40003", "socket a tcp4",
        "set a port_range=40002-40003", "connect a 10.0.0.9:80",
        "socket b tcp4", "set b port_range=40001-40002", "bind b 0.0.0.0:0")),
    "a connection to itself": (5, "linux", (
        "sysctl ip_local_port_range=40000-40001", "socket a tcp4",
        "connect a 127.0.0.1:40000", "get a name", "close a")),
}


@pytest.mark.parametrize("what", COMPARED)
def test_how_much_is_compared(what, tmp_path, need):
    """Neither less, nor more."""
    count, other, ops = COMPARED[what]
    answer = portclash("diff", "--json", "-s", "spec", "-s", other,
                       case(tmp_path, *ops))
    assert need(answer)["compared_ops"] == count, answer


# What gVisor's model does not know
UNKNOWN = {
    "a range that begins at port 0": (
        "sysctl ip_local_port_range=0-0", "socket l tcp4",
        "bind l 127.0.0.1:5000", "listen l 0", "socket b tcp4",
        "bind b 127.0.0.1:6000", "connect b 127.0.0.1:5000", "socket a tcp4",
        "connect a 127.0.0.1:5000"),
    "the name of who has shut down": (
        "socket l tcp4", "bind l 127.0.0.1:5000", "listen l", "socket c tcp4",
        "connect c 127.0.0.1:5000", "shutdown c wr", "get c name"),
    "a connect of who was shut down by the other end, and then reset": (
        "socket l tcp4", "bind l 127.0.0.1:5000", "listen l", "socket c tcp4",
        "connect c 127.0.0.1:5000", "accept l p", "set p linger=0",
        "shutdown p wr", "close p", "shutdown c wr", "connect c 127.0.0.1:5000"),
}


@pytest.mark.pure
@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_known_is_not_answered(what, tmp_path):
    """At the last op, and not before."""
    answer = portclash("run", "-s", "portman", case(tmp_path, *UNKNOWN[what]))
    known = ["n/a" not in line for line in answer.out.decode().splitlines()]
    assert known == [True] * (len(known) - 1) + [False]


@pytest.mark.pure
def test_what_is_known_is_answered(tmp_path):
    """Whose other end reset it, and had not shut down before, has an error."""
    answer = portclash("run", "-s", "portman", case(
        tmp_path, "socket l tcp4", "bind l 127.0.0.1:5000", "listen l",
        "socket c tcp4", "connect c 127.0.0.1:5000", "accept l p",
        "set p linger=0", "close p", "connect c 127.0.0.1:5000"))
    assert "= ECONNRESET" in answer.out.decode().splitlines()[-1]


def two_below(pid):
    """Its workers"""
    for _ in range(1000):
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if len(found) == 2:
            break
        time.sleep(.01)
    return found


@pytest.mark.pure
def test_a_worker_that_is_killed_is_missed():
    """What it did not run did not agree."""
    with subprocess.Popen(
            [COMMAND, "random", "--quiet", "-s", "portman", "-s", "portlist",
             "--time", "1", "--jobs", "2"], text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        workers = two_below(run.pid)
        os.kill(int(workers[0]), signal.SIGKILL)
        err = run.stderr.read()
    assert run.returncode == CANNOT, err
    assert "a worker ended with wait status 9" in err


@pytest.mark.pure
def test_a_killed_command_takes_its_workers_along():
    """They are in the middle of their work."""
    with subprocess.Popen(
            [COMMAND, "random", "--quiet", "-s", "portman", "-s", "portlist",
             "--count", "10000000", "--jobs", "2"],
            stdout=subprocess.DEVNULL) as run:
        workers = two_below(run.pid)
        run.kill()
    for _ in range(500):
        left = [pid for pid in workers if Path(f"/proc/{pid}/stat").exists() and
                " Z " not in Path(f"/proc/{pid}/stat").read_text()]
        if not left:
            break
        time.sleep(.01)
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
    assert workers and not left


@pytest.mark.pure
@pytest.mark.parametrize("linux_first", (True, False))
def test_who_is_called_linux_says_what_is_right(linux_first, agent, tmp_path):
    """In what is written of a divergence, whichever is named first."""
    other, _ = agent()
    path = tmp_path / "agent"
    path.write_text(path.read_text().replace('"ok", flush', '"EPERM" if words[0] '
                                             '== "bind" else "ok", flush'))
    pair = [("-s", "linux" + other.removeprefix("yes")), ("-s", "portman")]
    answer = portclash("diff", *sum(pair[::1 if linux_first else -1], ()),
                       case(tmp_path, "socket a tcp4", "bind a 127.0.0.1:7001"))
    assert answer.code == FOUND
    assert "= EPERM portman=ok\n" in answer.out.decode()
