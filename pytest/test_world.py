# SPDX-License-Identifier: Apache-2.0
"""The kernel subject against Python's own socket module.

The kernel subject is the judge of everything else, so who judges it? Here a
dozen programs are written twice, side by side: as text for the command, and as
Python calls by hand. The calls are made in a fresh network namespace, held by
a child process that this very file is the program of; it refuses to make a
single socket while it is still in the namespace of the suite.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys

if __name__ != "__main__":
    import pytest
    from portcheck import AGREED, CORPUS, ROOT, USAGE, portclash, said

from socket import (AF_INET, AF_INET6, SO_REUSEADDR, SO_REUSEPORT, SOCK_DGRAM,
                    SOCK_STREAM, SOL_SOCKET)

PROGRAMS = {}
# One number, two names: Python says one, Linux' manual pages the other.
ALIASES = {"ENOTSUP": "EOPNOTSUPP"}


def by_hand(text):
    """Keep a function with the text of the program that it does by hand."""
    def keep(function):
        PROGRAMS[function.__name__] = (function, text)
        return function
    return keep


class Hand:
    """Makes calls one by one and notes the outcome of each."""

    def __init__(self):
        self.outcomes = []
        self.sockets = contextlib.ExitStack()

    def __call__(self, call, *args):
        try:
            call(*args)
            self.outcomes.append("ok")
        except OSError as error:
            name = errno.errorcode[error.errno]
            self.outcomes.append(ALIASES.get(name, name))

    def open(self, family, kind):
        """A new socket, non-blocking as all are in programs."""
        sock = socket.socket(family, kind)
        sock.setblocking(False)
        self.outcomes.append("ok")
        return self.sockets.enter_context(sock)


@by_hand("""
socket a tcp4
bind   a 127.0.0.1:7000
socket b tcp4
bind   b 127.0.0.1:7000   = EADDRINUSE
socket c udp4
bind   c 127.0.0.1:7000
""")
def plain_twice(do):
    """One port, and TCP and UDP have their own."""
    a = do.open(AF_INET, SOCK_STREAM)
    do(a.bind, ("127.0.0.1", 7000))
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.bind, ("127.0.0.1", 7000))
    c = do.open(AF_INET, SOCK_DGRAM)
    do(c.bind, ("127.0.0.1", 7000))


@by_hand("""
socket a tcp4
set    a reuseaddr
bind   a 0.0.0.0:7000
socket b tcp4
set    b reuseaddr
bind   b 127.0.0.1:7000
listen b
listen a                  = EADDRINUSE portman=ok
""")
def reuseaddr_binds_but_does_not_listen(do):
    """SO_REUSEADDR lets two sockets bind, not listen."""
    a = do.open(AF_INET, SOCK_STREAM)
    do(a.setsockopt, SOL_SOCKET, SO_REUSEADDR, 1)
    do(a.bind, ("0.0.0.0", 7000))
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.setsockopt, SOL_SOCKET, SO_REUSEADDR, 1)
    do(b.bind, ("127.0.0.1", 7000))
    do(b.listen, 128)
    do(a.listen, 128)


@by_hand("""
socket a tcp4
set    a reuseaddr
bind   a 0.0.0.0:7000
listen a
socket b tcp4
set    b reuseaddr
bind   b 127.0.0.1:7000   = EADDRINUSE portman=ok
""")
def listener_does_not_share(do):
    """The example of the README: the one where gVisor differs."""
    a = do.open(AF_INET, SOCK_STREAM)
    do(a.setsockopt, SOL_SOCKET, SO_REUSEADDR, 1)
    do(a.bind, ("0.0.0.0", 7000))
    do(a.listen, 128)
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.setsockopt, SOL_SOCKET, SO_REUSEADDR, 1)
    do(b.bind, ("127.0.0.1", 7000))


@by_hand("""
socket a tcp4
set    a reuseport
bind   a 0.0.0.0:7000
listen a
socket b tcp4
set    b reuseport
bind   b 0.0.0.0:7000
listen b
socket c tcp4
bind   c 0.0.0.0:7000     = EADDRINUSE
""")
def reuseport_listens_together(do):
    """SO_REUSEPORT on both, and only then."""
    for _ in range(2):
        a = do.open(AF_INET, SOCK_STREAM)
        do(a.setsockopt, SOL_SOCKET, SO_REUSEPORT, 1)
        do(a.bind, ("0.0.0.0", 7000))
        do(a.listen, 128)
    c = do.open(AF_INET, SOCK_STREAM)
    do(c.bind, ("0.0.0.0", 7000))


@by_hand("""
socket a udp4
set    a reuseaddr
bind   a 0.0.0.0:7000
socket b udp4
set    b reuseport
bind   b 0.0.0.0:7000     = EADDRINUSE
set    b reuseaddr
bind   b 0.0.0.0:7000
""")
def udp_options_are_two_things(do):
    """SO_REUSEADDR and SO_REUSEPORT do not add up across sockets."""
    a = do.open(AF_INET, SOCK_DGRAM)
    do(a.setsockopt, SOL_SOCKET, SO_REUSEADDR, 1)
    do(a.bind, ("0.0.0.0", 7000))
    b = do.open(AF_INET, SOCK_DGRAM)
    do(b.setsockopt, SOL_SOCKET, SO_REUSEPORT, 1)
    do(b.bind, ("0.0.0.0", 7000))
    do(b.setsockopt, SOL_SOCKET, SO_REUSEADDR, 1)
    do(b.bind, ("0.0.0.0", 7000))


@by_hand("""
socket a tcp6
set    a v6only
bind   a [::]:7000
socket b tcp4
bind   b 0.0.0.0:7000
socket c tcp6
bind   c [::]:7000        = EADDRINUSE
""")
def v6only_leaves_ipv4(do):
    """With IPV6_V6ONLY the wildcards of both families do not meet."""
    a = do.open(AF_INET6, SOCK_STREAM)
    do(a.setsockopt, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    do(a.bind, ("::", 7000))
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.bind, ("0.0.0.0", 7000))
    c = do.open(AF_INET6, SOCK_STREAM)
    do(c.bind, ("::", 7000))


@by_hand("""
socket a udp6
bind   a [::]:7000
socket b udp4
bind   b 127.0.0.1:7000   = EADDRINUSE
socket c udp6
bind   c [::1]:7000       = EADDRINUSE
""")
def dual_wildcard_takes_both(do):
    """Without it [::] takes the port in both families."""
    a = do.open(AF_INET6, SOCK_DGRAM)
    do(a.bind, ("::", 7000))
    b = do.open(AF_INET, SOCK_DGRAM)
    do(b.bind, ("127.0.0.1", 7000))
    c = do.open(AF_INET6, SOCK_DGRAM)
    do(c.bind, ("::1", 7000))


@by_hand("""
socket a udp4
set    a dev=lo
bind   a 0.0.0.0:7000
socket b udp4
bind   b 0.0.0.0:7000     = EADDRINUSE
socket c udp4
set    c dev=missing      = ENODEV
""")
def a_device_meets_no_device(do):
    """A socket without a device meets those of every device."""
    device = socket.SO_BINDTODEVICE
    a = do.open(AF_INET, SOCK_DGRAM)
    do(a.setsockopt, SOL_SOCKET, device, b"lo")
    do(a.bind, ("0.0.0.0", 7000))
    b = do.open(AF_INET, SOCK_DGRAM)
    do(b.bind, ("0.0.0.0", 7000))
    c = do.open(AF_INET, SOCK_DGRAM)
    do(c.setsockopt, SOL_SOCKET, device, b"missing")


@by_hand("""
socket a tcp4
bind   a 127.0.0.1:7000
bind   a 127.0.0.1:7001   = EINVAL
socket b tcp4
bind   b 192.0.2.1:7000   = EADDRNOTAVAIL
socket c tcp4
listen c
bind   c 127.0.0.1:7002   = EINVAL
""")
def refusals_that_are_no_conflict(do):
    """Bound twice, not local, listening already."""
    a = do.open(AF_INET, SOCK_STREAM)
    do(a.bind, ("127.0.0.1", 7000))
    do(a.bind, ("127.0.0.1", 7001))
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.bind, ("192.0.2.1", 7000))
    c = do.open(AF_INET, SOCK_STREAM)
    do(c.listen, 128)
    do(c.bind, ("127.0.0.1", 7002))


@by_hand("""
socket a tcp4
bind   a 127.0.0.1:7000
listen a
socket b tcp4
bind   b 127.0.0.1:7000   = EADDRINUSE
close  a
bind   b 127.0.0.1:7000
""")
def close_gives_back(do):
    """A listener that never had a connection leaves nothing."""
    a = do.open(AF_INET, SOCK_STREAM)
    do(a.bind, ("127.0.0.1", 7000))
    do(a.listen, 128)
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.bind, ("127.0.0.1", 7000))
    do(a.close)
    do(b.bind, ("127.0.0.1", 7000))


@by_hand("""
socket a tcp6
bind   a [::ffff:127.0.0.1]:7000
socket b tcp4
bind   b 127.0.0.1:7000   = EADDRINUSE
socket c tcp6
bind   c [::1]:7000
""")
def mapped_is_ipv4(do):
    """An IPv4-mapped address is that IPv4 address."""
    a = do.open(AF_INET6, SOCK_STREAM)
    do(a.bind, ("::ffff:127.0.0.1", 7000))
    b = do.open(AF_INET, SOCK_STREAM)
    do(b.bind, ("127.0.0.1", 7000))
    c = do.open(AF_INET6, SOCK_STREAM)
    do(c.bind, ("::1", 7000))


@by_hand("""
socket a udp4
bind   a 127.0.0.1:7000
listen a                  = EOPNOTSUPP
socket b tcp4
connect b 127.0.0.1:7000  = ECONNREFUSED
socket c udp4
connect c 127.0.0.1:7000
""")
def no_listener_no_connection(do):
    """UDP cannot listen, but anybody may connect to it."""
    a = do.open(AF_INET, SOCK_DGRAM)
    do(a.bind, ("127.0.0.1", 7000))
    do(a.listen, 128)
    b = do.open(AF_INET, SOCK_STREAM)
    b.setblocking(True)         # over lo the answer is there at once
    do(b.connect, ("127.0.0.1", 7000))
    c = do.open(AF_INET, SOCK_DGRAM)
    do(c.connect, ("127.0.0.1", 7000))


def raise_lo():
    """Set lo up, without any tool: SIOCSIFFLAGS with IFF_UP | IFF_RUNNING."""
    with socket.socket(AF_INET, SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh22x", b"lo", 0x41))


def main(outside):
    """The child: all programs by hand, in a namespace that is not ours."""
    if os.readlink("/proc/self/ns/net") == outside:
        sys.exit("still in the namespace of the suite: not one socket is made")
    raise_lo()
    outcomes = {}
    for name, (function, _) in PROGRAMS.items():
        do = Hand()
        with do.sockets:
            function(do)
        outcomes[name] = do.outcomes
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1])
else:
    OUTSIDE = os.readlink("/proc/self/ns/net")

    @pytest.fixture(scope="module")
    def world():
        """What a child in a namespace of its own found, by program."""
        how = ["/usr/bin/unshare", "-n" if os.geteuid() == 0 else "-Urn"]
        done = subprocess.run([*how, sys.executable, __file__, OUTSIDE],
                              capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode and "unshare failed" in done.stderr:
            pytest.skip(f"{' '.join(how)}: {done.stderr.strip()}")
        assert not done.returncode, done.stderr
        return json.loads(done.stdout)

    @pytest.fixture
    def files(tmp_path):
        """The same programs as files, for the command."""
        paths = []
        for name, (function, text) in PROGRAMS.items():
            path = tmp_path / f"{name}.case"
            path.write_text(f"# {function.__doc__}\n{text}")
            paths.append(path)
        return paths

    def test_the_kernel_subject_agrees_with_calls_by_hand(world, files):
        """Op by op, program by program; all in one batch."""
        answer = portclash("run", "--json", "-s", "linux", *files)
        assert answer.code == AGREED, answer
        ran = {os.path.basename(trace["file"])[:-5]:
               [outcome.split(":")[0] for outcome in trace["outcomes"]["linux"]]
               for trace in answer.json["traces"]}
        assert ran == world

    def test_recorded_outcomes_hold(files, need):
        """What is written beside the calls holds for both who can judge it."""
        answer = portclash("check", "--json", "-s", "linux", "-s", "portman",
                           *files)
        result = need(answer)
        assert not result["failed"], said(result["failed"])
        assert result["compared_ops"] > 100

    def test_the_child_refuses_our_namespace():
        """Not by trust: without unshare it must not make a socket."""
        done = subprocess.run([sys.executable, __file__, OUTSIDE],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "not one socket" in done.stderr

    def test_the_suite_stays_where_it_is(world, files):
        """After all that, this process is in the namespace it began in."""
        assert world and files
        portclash("run", "-s", "linux", *files)
        assert os.readlink("/proc/self/ns/net") == OUTSIDE

    @pytest.mark.parametrize("path", ("src/world.h", "netns-scripts/in-world"))
    def test_the_world_is_as_it_is_drawn(path):
        """Devices, numbers and addresses: what the tables of src/world.c made
        is what people read."""
        if not shutil.which("ip"):
            pytest.skip("no ip here")
        answer = portclash("world", "ip", "-o", "addr")
        assert answer.code == AGREED, answer
        made = set(re.findall(r"^(\d+): (\w+) +inet6? (\S+)", answer.out.decode(),
                              re.MULTILINE))
        drawn = {(index, name, address) for name, index, addresses in
                 re.findall(r"(\w+) \((\d+)\)(.*)", (ROOT / path).read_text())
                 for address in re.findall(r"\S+/\d+", addresses)}
        assert len(made) > 5 and made == drawn

    @pytest.mark.parametrize("symbol, op, pattern", (
        ("KEY", "sysctl none=1", r"\b(?:ip|bind)\w+"),
        ("IF", "socket a tcp4\nset a dev=none", r'"(\w+)"')))
    def test_the_grammar_has_the_names_of_the_tables(symbol, op, pattern,
                                                     tmp_path):
        """Of sysctls and of devices, as the command lists them."""
        path = tmp_path / "none.case"
        path.write_text(f"# Nobody has that.\n\n{op}\n")
        answer = portclash("run", "-s", "spec", path)
        assert answer.code == USAGE, answer
        grammar = re.search(rf"^{symbol} +=(.*\n(?: +\|.*\n)*)",
                            (CORPUS / "README.md").read_text(), re.MULTILINE)
        assert (set(re.findall(pattern, grammar[1])) ==
                set(answer.err.split("known: ")[1].split()))
