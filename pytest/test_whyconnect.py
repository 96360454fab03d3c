# SPDX-License-Identifier: Apache-2.0
"""why --connect where a range of three ports is nearly used up, and ls of
places: what is likelier is said first, and what is said can be acted on.

Run as a program, this is what happens inside a world.
"""
import json
import os
import socket
import subprocess
import sys

import pytest

from portcheck import AGREED, CANNOT, COMMAND, FOUND, SKIPPED, USAGE, portclash

ASKED = (
    "--connect [::1]:8001", "--connect [::1]:8000",
    "--connect 127.0.0.1:8001 --verify",
    "--connect 127.0.0.1:8000 --from 127.0.0.1:50000",
    "--connect 127.0.0.1:8000 --from 127.0.0.1:7777",
    "--connect 127.0.0.1:8001 --from 127.0.0.1:7777")
# Where the range is used up on 127.0.0.3, and of UDP everywhere: outcomes of
# bind and connect as the kernel gives them
PLACED = {
    "--connect 127.0.0.1:9 --from 127.0.0.1": ["ok"],
    "--connect 127.0.0.1:9 --from 127.0.0.3": ["EADDRINUSE"],
    "--connect [fd00::1]:9 --from [::1]": ["ok"],
    "udp --connect 127.0.0.1:9": ["EAGAIN"],
    "udp --connect 127.0.0.1:9 --from 127.0.0.1": ["EADDRINUSE"],
    "udp --connect [::1]:9 --from [ff0e::7]:4000": ["ok"],
    "udp --connect [::1]:9 --from [::ffff:127.0.0.1]:6632": ["EAFNOSUPPORT"],
    "udp --connect [::1]:9 --from [::ffff:127.0.0.1]:6631": ["EADDRINUSE"],
    "--connect [fd00::1]:9 --from fd00::1 --dev lo": ["ENETUNREACH"],
    "--connect [fe80::2%veth0]:9 --from [fe80::2%veth0]:7000": ["ok"],
    "--connect [fe80::2%veth0]:9 --from fe80::2%veth0": ["ok"],
    # Each address has the device that is written behind it
    "tcp6 --connect [fe80::77%veth0]:9 --from ::1": ["ok"],
    "udp6 --connect [ff02::9%veth0]:9 --from [::1]:4000": ["ok"],
    "tcp6 --connect [fe80::1%veth1]:9 --from fe80::2%veth0": ["EINVAL"],
    "tcp6 --connect [fe80::1%veth1]:9 --dev veth0": ["EINVAL"],
    # Oneself, from a device that has no address of IPv4, and from one that has
    "tcp4 --connect 0.0.0.0:9 --dev bridge": ["EINVAL"],
    "tcp6 --connect [::ffff:0.0.0.0]:9 --dev bridge": ["EINVAL"],
    "tcp4 --connect 0.0.0.0:9 --from 0.0.0.0:4001 --dev lo": ["ok"],
    # IPv4, and a socket that is for IPv6 only, or whose address is of many
    "udp6 --connect [::ffff:127.0.0.1]:9 --from [ff0e::7]:4000": ["ENETUNREACH"],
    "udp6 --connect [::ffff:127.0.0.1]:9 --from [::ffff:224.0.0.5]:4000": ["EINVAL"],
    "tcp6 --connect [::ffff:127.0.0.1]:9 --from [::ffff:224.0.0.5]:4000": ["EINVAL"],
    "udp4 --connect 127.0.0.1:9 --from 224.0.0.5:4000": ["ok"],
    # UDP takes a port before it looks for a way, and TCP behind it
    "udp4 --connect 203.0.113.9:9": ["EAGAIN"],
    "tcp4 --connect 203.0.113.9:9": ["ENETUNREACH"],
    # An address that is nobody's
    "--connect 127.0.0.1:9 --from 203.0.113.5:4000": ["EADDRNOTAVAIL"],
    "--connect 127.0.0.1:9 --from 203.0.113.5:4000 --freebind": ["ENETUNREACH"],
    "--connect 127.0.0.1:9 --from 203.0.113.5:4000 --transparent": ["ok"],
    "--connect 10.0.0.77:9 --from 127.0.0.2:4000 --transparent": ["EINVAL"],
    # A connection that nobody can accept yet
    "--connect 127.0.0.1:6801 --from 127.0.0.1:6800 --reuseport": ["EADDRNOTAVAIL"],
    "--connect 127.0.0.1:6802 --from 127.0.0.1:6800 --reuseport": ["ok"],
}
LISTED = ("localhost:8000", "[::1]:8000", "8000", "127.0.0.2:8000",
          "127.0.0.1:50000", "8000 50000 --user root", "8000 --user daemon",
          "TCP 8000")


def held():
    """Two listeners, and a client of each from all ports but one; one more
    from a port that it has bound"""
    out = []
    for family, own in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        out.append(socket.create_server((own, 8000), family=family))
        for _ in range(2):
            out.append(socket.socket(family))
            out[-1].connect((own, 8000))
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 7777))
    bound.connect(("127.0.0.1", 8000))
    return [*out, bound]


def held_elsewhere():
    """The range, on another address; of UDP, everywhere"""
    out = []
    for port in range(50000, 50003):
        out.append(socket.create_server(("127.0.0.3", port)))
        out.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        out[-1].bind(("0.0.0.0", port))
    out.append(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    out[-1].bind(("::ffff:127.0.0.1", 6631))
    out.append(socket.socket())
    out[-1].setsockopt(socket.SOL_TCP, socket.TCP_DEFER_ACCEPT, 60)
    out[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    out[-1].bind(("127.0.0.1", 6800))
    out[-1].listen()
    out.append(socket.create_connection(("127.0.0.1", 6800),
                                        source_address=("127.0.0.1", 6801)))
    return out


def ask(verb, all_words):
    """Exit code, text and JSON of each"""
    out = {}
    for words in all_words:
        done = subprocess.run([COMMAND, verb, *words.split(), "--json"],
                              capture_output=True, text=True, check=False)
        out[words] = [done.returncode, done.stderr,
                      json.loads(done.stdout or "null")]
    return out


def inside():
    """In a world"""
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w",
              encoding="ascii") as file:
        file.write("50000 50002")
    sockets = held()
    out = {**ask("why", ASKED), **ask("ls", LISTED)}
    for one in sockets:
        one.close()
    sockets = held_elsewhere()
    for what in (["add", "bridge", "type", "bridge"], ["set", "bridge", "up"]):
        subprocess.run(["ip", "link", *what], check=True)
    out.update(ask("why", [words + " --verify" for words in PLACED]))
    print(json.dumps(out))
    for one in sockets:
        one.close()


@pytest.fixture(scope="module")
def said():
    """What was said to each question in one world"""
    answer = portclash("world", sys.executable, __file__)
    if answer.code == CANNOT or os.geteuid():
        pytest.skip(f"no world here: {answer.err.strip()}")
    assert answer.code == AGREED, answer
    return json.loads(answer.out)


def outcomes(answer):
    """What may happen, the likelier first"""
    return [one["outcome"] for one in answer[2]["outcomes"]]


def helps(answer):
    """The changes that would help"""
    return [one["change"] for one in answer[2]["would_help"]]


def test_the_likelier_is_first(said):
    """Clients that have not bound their ports share them with a client of
    another server; that they have bound them is possible, and rare."""
    for words in ASKED[0], ASKED[2]:
        assert said[words][0] == SKIPPED, said[words]
        assert outcomes(said[words]) == ["ok", "EADDRNOTAVAIL"], words
    verified = said[ASKED[2]][2]["verified"]
    assert verified == {"outcome": "ok", "agrees": True, "made": 4,
                        "missing": 0}, verified


def test_a_free_port_that_is_overlooked(said):
    """Of an odd number of ports, the last one is never tried."""
    code, text, _ = said["--connect [::1]:8000"]
    assert code == FOUND and "1 is free, 2 are taken and 0 are" in text, text
    assert "the kernel overlooks the last one" in text, text


def test_help_is_for_the_connect_too(said):
    """The port can be shared, but there is a connection with both ends: no
    option helps then."""
    for words in ASKED[3:5]:
        answer = said[words]
        assert answer[0] == FOUND and not {"reuseaddr", "reuseaddr_both"} & {
            *helps(answer)}, answer
        assert "before connect to 127.0.0.1:8000" in answer[1], answer
    assert "reuseaddr" in helps(said[ASKED[5]]), said[ASKED[5]]


@pytest.mark.parametrize("words", PLACED)
def test_who_has_a_place_has_bound_it(words, said):
    """The port that bind chooses is no more to be chosen by connect, which
    may fail for a reason of its own; a network made like this one agrees."""
    answer = said[words + " --verify"]
    assert outcomes(answer) == PLACED[words], answer
    assert answer[2].get("verified", {"agrees": True})["agrees"], answer


def test_what_is_needed_first(said):
    """A bind that helps no connect is only the first step. Who cannot be
    answered is not refused, either."""
    words = "--connect 127.0.0.1:9 --from 203.0.113.5:4000"
    answer = said[words + " --verify"]
    assert answer[2]["would_help"] == [
        {"change": "freebind", "likely": False, "then": "ENETUNREACH"}], answer
    assert "What is needed first:" in answer[1], answer
    assert "refused" not in said[words + " --transparent --verify"][1]


def test_nobody_listens():
    """A connect finds a port, and then nobody who answers."""
    if os.geteuid():
        pytest.skip("needs a world, which needs root")
    answer = portclash("world", "sh", "-c",
                       f"{COMMAND} why --connect 127.0.0.1:81;"
                       f"{COMMAND} why --connect 10.9.9.9:81;"
                       f"{COMMAND} why --connect '[::1]:81' --verify;"
                       f"{COMMAND} why udp --connect 127.0.0.1:81;"
                       f"{COMMAND} why --connect 127.0.0.1:81 --from 127.0.0.1:81")
    assert answer.code == AGREED, answer
    said_so = [line for line in answer.out.decode().splitlines()
               if "nobody listens on port 81 here" in line]
    assert len(said_so) == 2 and "tcp4 127.0.0.1" in said_so[0] and (
        "tcp6 [::1]" in said_so[1]), answer.out


@pytest.mark.parametrize("own,peer,answers", (
    ("127.0.0.1", "127.0.0.1", True), ("127.0.0.1", "127.0.0.2", False),
    ("127.0.0.1", "[::1]", False), ("0.0.0.0", "127.0.0.2", True),
    ("0.0.0.0", "[::1]", False), ("::", "127.0.0.2", True), ("::", "[::1]", True),
    ("::1", "127.0.0.1", False), ("::ffff:127.0.0.1", "127.0.0.1", True)))
def test_who_listens_elsewhere_does_not_answer(own, peer, answers):
    """What has the port has to have the address, too."""
    if os.geteuid():
        pytest.skip("needs a world, which needs root")
    program = ("import socket,subprocess\n"
               f"own, v6 = {own!r}, {':' in own!r}\n"
               "one = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)\n"
               "one.bind((own, 81))\none.listen()\n"
               f"subprocess.run(['{COMMAND}', 'why', '--connect', '{peer}:81'])")
    answer = portclash("world", "/usr/bin/python3", "-c", program)
    assert answer.code == AGREED and b"ok: tcp" in answer.out, answer
    assert (b"nobody listens" in answer.out) != answers, answer


def test_places_are_listed(said):
    """Of an address, also those of all addresses; of a port, all"""
    count = {words: len(said[words][2]["holders"]) for words in LISTED}
    assert all(said[words][0] == AGREED for words in LISTED)
    assert count == {
        "localhost:8000": 7, "[::1]:8000": 3, "8000": 7, "127.0.0.2:8000": 0,
        "127.0.0.1:50000": 1, "8000 50000 --user root": 4,
        "8000 --user daemon": 0, "TCP 8000": 7}, count


def test_no_address_of_ipv6():
    """As in many containers: that is what is said, before any route."""
    if os.geteuid():
        pytest.skip("needs a world, which needs root")
    program = ("import socket,subprocess\n"
               "for peer in '2001:db8::1', '::1', '::ffff:127.0.0.1':\n"
               "  for kind in 'tcp6', 'udp6':\n"
               "    one = socket.socket(socket.AF_INET6, 1 + (kind == 'udp6'))\n"
               "    code = one.connect_ex((peer, 81))\n"
               f"    done = subprocess.run(['{COMMAND}', 'why', kind, '--connect',\n"
               "        f'[{peer}]:81'], stdout=subprocess.PIPE, text=True)\n"
               "    print(code, done.stdout.split(':')[0])\n")
    answer = portclash("world", "sh", "-c", "sysctl -qw net.ipv6.conf.all.disable_ipv6=1"
                       " && exec /usr/bin/python3 -c \"$0\"", program)
    assert answer.code == AGREED, answer
    assert answer.out.decode().split("\n") == [
        *["99 EADDRNOTAVAIL"] * 4, "111 ok", "0 ok", ""], answer


def test_no_mptcp():
    """It is said where its sockets cannot be made."""
    if os.geteuid():
        pytest.skip("needs a world, which needs root")
    answer = portclash("world", "sh", "-c", "sysctl -qw net.mptcp.enabled=0; "
                       f"{COMMAND} why 80 && exec {COMMAND} why 80 --mptcp")
    assert answer.code == CANNOT and "sysctl net.mptcp.enabled=1" in answer.err


@pytest.mark.parametrize("words, expected", [
    ("why [::1]", "'[::1]' has no port: expected [::1]:PORT"),
    ("why ::1", "'::1' has no port: expected [::1]:PORT"),
    ("why 127.0.0.1", "'127.0.0.1' has no port: expected 127.0.0.1:PORT"),
    ("why --connect 127.0.0.1", "expected 127.0.0.1:PORT"),
    ("why --connect 80", "--connect: expected HOST:PORT, found '80'"),
    ("ls [::1]", "expected [::1]:PORT"),
    ("ls --user no-such", "--user: 'no-such' is no number, and no name of"),
    ("why --uid no-such 80", "--uid: 'no-such' is no number, and no name of"),
    ("why --uid -1 80", "--uid: '-1' is no number"),
])
def test_what_is_missing_is_said(words, expected):
    """One line, and what was expected"""
    answer = portclash(*words.split())
    assert answer.code == USAGE and answer.err.count("\n") == 1, answer
    assert expected in answer.err, answer


if __name__ == "__main__":
    inside()
