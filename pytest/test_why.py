# SPDX-License-Identifier: Apache-2.0
"""why: what it foretells of a bind is what the bind then does.

Run as a program, this is what happens inside a world: sockets are bound at
random, or a row of the table is prepared; then each question is put to
portclash, and to the kernel.
"""

import ctypes
import errno
import itertools
import json
import os
import random
import shlex
import socket
import subprocess
import sys
import traceback

import pytest

from portcheck import (AGREED, CANNOT, COMMAND, FOUND, USAGE, portclash)

PORT = 8080
ADDRESSES = {socket.AF_INET: ("127.0.0.1", "0.0.0.0", "10.0.0.1", "192.0.2.1"),
             socket.AF_INET6: ("::1", "::", "fd00::1", "::ffff:127.0.0.1",
                               "2001:db8::1")}
PROTOCOLS = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}
FLAGS = {"reuseaddr": (socket.SOL_SOCKET, socket.SO_REUSEADDR),
         "reuseport": (socket.SOL_SOCKET, socket.SO_REUSEPORT),
         "v6only": (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)}
QUESTIONS = 150


def draw(rng):
    """A socket that somebody might want."""
    family = rng.choice(list(ADDRESSES))
    flags = [flag for flag in FLAGS if rng.random() < 0.4
             and (flag != "v6only" or family == socket.AF_INET6)]
    return (family, rng.choice(list(PROTOCOLS)),
            rng.choice(ADDRESSES[family]), flags,
            rng.choice((None, None, None, "lo", "veth0")))


def have(family, kind, address, flags, device):
    """Have it: the socket, or the name of an errno."""
    sock = socket.socket(family, kind)
    for flag in flags:
        sock.setsockopt(*FLAGS[flag], 1)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
    try:
        sock.bind((address, PORT))
    except OSError as error:
        sock.close()
        return errno.errorcode[error.errno]
    return sock


def ask(family, kind, address, flags, device, *more):
    """What portclash says of it."""
    place = f"[{address}]" if family == socket.AF_INET6 else address
    options = [f"--{flag}" for flag in flags]
    if device:
        options += ["--device", device]
    proto = PROTOCOLS[kind] + ("6" if family == socket.AF_INET6 else "4")
    return portclash("why", proto, f"{place}:{PORT}", "--json", *options, *more)


def inside(seed):
    """In a world: ask, then try."""
    rng = random.Random(seed)
    said = {"asked": 0, "refused": 0, "vague": 0, "wrong": []}
    held = []
    while said["asked"] < QUESTIONS:
        if rng.random() < 0.2 or len(held) > 5:
            for sock in held:
                sock.close()
            held = []
        question = draw(rng)
        answer = ask(*question).json
        sock = have(*question)
        truth = sock if isinstance(sock, str) else "ok"
        said["asked"] += 1
        said["refused"] += truth != "ok"
        said["vague"] += bool(answer["depends_on"])
        if answer["outcome"] != truth and not answer["depends_on"]:
            said["wrong"].append([str(question), truth, answer])
        if truth == "ok":
            held.append(sock)
            if question[1] == socket.SOCK_STREAM and rng.random() < 0.4:
                try:
                    sock.listen()
                except OSError:
                    pass
    print(json.dumps(said))


def test_what_it_says_is_what_happens():
    """In a world full of sockets, twice."""
    for seed in (1, 2):
        answer = portclash("world", sys.executable, __file__, seed)
        assert answer.code == AGREED, answer
        said = answer.json
        assert not said["wrong"], said["wrong"][:3]
        assert said["asked"] == QUESTIONS
        assert said["refused"] > QUESTIONS / 10
        assert said["vague"] < QUESTIONS / 10


def test_the_holder_is_named():
    """Process, descriptor and options of who is in the way."""
    script = ("import socket, subprocess\n"
              "s = socket.create_server(('127.0.0.1', 8080))\n"
              f"subprocess.run(['{COMMAND}', 'why', 'tcp', ':8080',"
              " '--json', '--case'])\n"
              "print(s.fileno())")
    answer = portclash("world", sys.executable, "-c", script)
    line, number = answer.out.decode().splitlines()
    why = json.loads(line)
    [holder] = why["holders"]
    assert why["outcome"] == "EADDRINUSE"
    assert why["rule"] == "tcp_conflict_options"
    assert holder["blocks"] and holder["reuseaddr"]
    assert holder["state"] == "LISTEN" and holder["fd"] == int(number)
    assert holder["address"] == "127.0.0.1:8080"
    assert "bind   z [::]:8080" in answer.err


# --- what people ask ----------------------------------------------------------

# A row: what the network is like, and what is asked. A line that begins with "$"
# is for the shell; any other is a socket that stays: what it is, its options,
# what it does then. A question that begins with "|" is asked by that command.
LISTENERS = "\n".join(f"tcp 127.0.0.{n}:5300 listen" for n in range(1, 13))
BRIDGES = "$ for d in va vb; do ip link add $d type bridge; ip link set $d up; done"
WAYS = (BRIDGES + "\n$ ip addr add 192.168.2.7/24 brd + dev va; "
        "ip addr add fe80::1/64 nodad dev va")
ROWS = {
    "address: no device has it": ("", (
        "tcp 10.0.0.1:5137", "tcp 10.0.0.2:5137", "tcp 10.0.0.255:5137",
        "tcp [fd00::1]:5137", "udp [fe80::2%lo]:5137", "udp 10.0.0.1:5137",
        "tcp 10.0.0.1:5137 --freebind", "tcp [fd00::1]:5137 --freebind",
        "udp [::ffff:10.0.0.1]:5137", "tcp 0.0.0.1:5137")),
    "address: the sysctl": (
        "$ echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind", (
            "tcp 10.0.0.1:5137", "tcp [fd00::1]:5137",
            "udp [::ffff:10.0.0.1]:5137")),
    "address: a network that is routed to lo": (
        "$ ip route add local 192.168.50.0/24 dev lo\n"
        "$ ip -6 route add local fd50::/64 dev lo", (
            "tcp 192.168.50.7:5137", "udp 192.168.50.255:5137",
            "tcp [::ffff:192.168.50.7]:5137", "tcp 192.168.51.7:5137",
            "tcp [fd50::7]:5137")),
    "address: a more special route": (
        "$ ip route add local 192.168.50.0/24 dev lo\n"
        "$ ip route add unreachable 192.168.50.8/29 table local", (
            "tcp 192.168.50.7:5137", "tcp 192.168.50.9:5137")),
    "address: broadcast": (
        BRIDGES + "\n$ ip addr add 192.168.2.7/24 brd + dev va", (
            "udp 192.168.2.255:5137", "tcp 192.168.2.255:5137",
            "udp 192.168.2.0:5137", "udp 255.255.255.255:5137",
            "udp 224.0.0.251:5137", "tcp 224.0.0.251:5137",
            "tcp 192.168.2.7:5137", "tcp 192.168.2.8:5137",
            "udp [ff02::fb%va]:5137", "udp [ff02::fb]:5137",
            "tcp [ff02::fb%va]:5137", "udp [ff0e::fb]:5137")),
    "address: of a device that is down": (
        "$ ip link add va type bridge; ip addr add 192.168.2.7/24 brd + dev va",
        ("udp 192.168.2.255:5137", "tcp 192.168.2.7:5137")),
    "address: tentative": (
        "$ ip link add va type veth peer vb; ip link set va up; "
        "ip link set vb up\n"
        "$ echo 30 >/proc/sys/net/ipv6/conf/va/dad_transmits\n"
        "$ ip addr add fd00:9::1/64 dev va; ip addr add fd00:9::2/64 nodad "
        "dev va", (
            "tcp [fd00:9::1]:5137", "tcp [fd00:9::2]:5137",
            "udp [fd00:9::1]:5137 --freebind")),
    "address: without IPv6": (
        "$ echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6", (
            "tcp [::1]:5137", "tcp [::]:5137", "tcp 127.0.0.1:5137")),
    "address: lo is down": ("$ ip link set lo down", (
        "tcp [::1]:5137", "tcp 127.0.0.1:5137", "tcp 0.0.0.0:5137")),
    "address: another device": (
        BRIDGES + "\n$ ip addr add fd00:7::1/64 nodad dev va", (
            "tcp [fd00:7::1]:5137 --device vb", "tcp [::1]:5137 --device va",
            "tcp [fd00:7::1]:5137", "tcp 127.0.0.1:5137 --device va")),
    "address: of a link": (
        BRIDGES + "\n$ ip addr add fe80::1/64 nodad dev va", (
            "tcp [fe80::1%va]:80", "tcp [fe80::1%vb]:80", "tcp [fe80::1]:80",
            "udp [fe80::1]:80 --device va")),
    "address: a device that nobody looks at": (
        BRIDGES + "\n$ ip addr add fd00:7::1/64 nodad dev va; "
        "ip addr add fe80::1/64 nodad dev va", tuple(
            f"{to}:5137{more}" for to in (
                "tcp [::1%va]", "udp [fd00:7::1%vb]", "tcp [fd00:7::9%va]",
                "tcp [::%va]", "udp [ff05::1%va]", "udp [ff01::1%va]",
                "tcp [::ffff:127.0.0.1%va]", "tcp [fe80::1%va]")
            for more in ("", " --device va", " --device lo"))),
    "address: a route for a type of service": (
        "$ ip route add local 192.168.50.0/24 dev lo tos 0x10 table local", (
            "tcp 192.168.50.7:5137", "udp 192.168.50.7:5137")),
    "address: a network that has just begun": ("", tuple(
        f"|unshare -n| {proto} {to}:5137" for proto in ("tcp", "udp") for to in (
            "127.0.0.1", "192.168.50.7", "240.0.0.1", "0.0.0.0",
            "[::ffff:10.1.1.1]", "[::1]", "[::]"))),
    "address: VRF": (
        "$ ip link add red type vrf table 100; ip link set red up\n"
        + BRIDGES + "\n$ ip link set va master red\n"
        "$ ip addr add 10.1.0.1/24 dev va; "
        "ip addr add fd01::1/64 nodad dev va\n"
        "tcp 0.0.0.0:5138 listen device=va\nudp 0.0.0.0:5138 device=va", (
            "tcp 10.1.0.1:5137", "tcp 10.1.0.1:5137 --device va",
            "tcp 10.1.0.1:5137 --device red", "tcp 10.1.0.1:5137 --device vb",
            "tcp [fd01::1]:5137", "tcp [fd01::1]:5137 --device red",
            "tcp 127.0.0.1:5137 --device red", "tcp 0.0.0.0:5138",
            "tcp 0.0.0.0:5138 --device red", "tcp 0.0.0.0:5138 --device va",
            "udp 0.0.0.0:5138", "udp 0.0.0.0:5138 --device red")),
    "many: a listener for each address": (LISTENERS, tuple(
        f"tcp 127.0.0.{n}:5300" for n in range(1, 14))),
    "many: of which one is in the way": (
        "\n".join(f"tcp 127.0.0.{n}:5300 reuseport listen"
                  for n in range(1, 90)) + "\ntcp 127.0.1.1:5300 listen", (
                      "tcp 0.0.0.0:5300 --reuseport", "tcp 127.0.0.77:5300",
                      "tcp 127.0.0.77:5300 --reuseport", "tcp [::]:5300")),
    "many: UDP, in a crowd": (
        "udp 127.0.0.7:5300\n" +
        "\n".join(f"udp 127.0.0.{n}:5300 reuseport" for n in range(20, 40)), (
            "udp 127.0.0.7:5300 --reuseport", "udp 127.0.0.25:5300 --reuseport",
            "udp 0.0.0.0:5300 --reuseport", "udp 127.0.0.8:5300")),
    "crowd: UDP, with ports that may be near": (
        "udp 0.0.0.0:5300 reuseaddr\nudp 127.0.0.7:5300 reuseaddr reuseport\n" +
        "\n".join(f"udp 127.0.0.1:{5300 + 256 * n}" for n in range(1, 20)), (
            "udp 127.0.0.7:5300 --reuseport", "udp 127.0.0.7:5300",
            "udp 0.0.0.0:5300 --reuseport")),
    "rights: a capability, and none": ("", (
        "|setpriv --reuid 1000 --inh-caps +net_bind_service "
        "--ambient-caps +net_bind_service| tcp 127.0.0.1:80",
        "|setpriv --reuid 1000| tcp 127.0.0.1:80",
        "|setpriv --bounding-set -net_bind_service| tcp 127.0.0.1:80",
        "|setpriv --reuid 1000| tcp [::1]:1023",
        "|setpriv --reuid 1000| tcp [::1]:1024",
        "tcp 127.0.0.1:80")),
    "rights: of an inner user namespace": ("", (
        "|unshare -Ur| tcp 127.0.0.1:80", "|unshare -U| udp 127.0.0.1:80",
        "|unshare -Urn| tcp 0.0.0.0:80", "|unshare -Ur| tcp 127.0.0.1:1080")),
    "rights: the first port that is for all": (
        "$ echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start", (
            "|setpriv --reuid 1000| tcp 127.0.0.1:80",
            "|setpriv --reuid 1000| tcp 127.0.0.1:79",
            "|setpriv --reuid 1000| udp [::1]:53")),
    "ended: a server is restarted": (
        "time_wait 127.0.0.1:8080 reuseaddr", (
            "tcp 0.0.0.0:8080 --reuseaddr", "tcp 127.0.0.1:8080",
            "tcp 127.0.0.1:8080 --reuseport", "tcp 127.0.0.2:8080",
            "tcp [::]:8080 --reuseaddr")),
    "ended: of one without the option": (
        "time_wait 127.0.0.1:8080", (
            "tcp 0.0.0.0:8080 --reuseaddr", "tcp 127.0.0.1:8080",
            "tcp 127.0.0.2:8080")),
    "ended: an orphan": ("orphan 127.0.0.1:8080 reuseaddr", (
        "tcp 0.0.0.0:8080 --reuseaddr", "tcp 127.0.0.1:8080",
        "tcp 127.0.0.1:8080 --reuseaddr")),
    "ended: IPv6, and the dummy address": ("time_wait [::1]:8080", (
        "tcp 0.0.0.0:8080", "tcp 127.0.0.1:8080", "tcp [::1]:8080",
        "tcp [::ffff:0.0.0.0]:8080")),
    "order: UDP of one family": (
        "udp 0.0.0.0:5353 reuseaddr reuseport\nudp 0.0.0.0:5353 reuseaddr", (
            "udp 0.0.0.0:5353 --reuseport", "udp 0.0.0.0:5353 --reuseaddr",
            "udp 127.0.0.1:5353 --reuseport")),
    "order: UDP, the other way": (
        "udp 0.0.0.0:5353 reuseaddr\nudp 0.0.0.0:5353 reuseaddr reuseport", (
            "udp 0.0.0.0:5353 --reuseport", "udp [::]:5353 --reuseport")),
    "order: UDP of both families": (
        "udp 127.0.0.1:5353\nudp [::ffff:127.0.0.2]:5353 reuseport", (
            "udp 0.0.0.0:5353 --reuseport", "udp 0.0.0.0:5353",
            "udp 127.0.0.2:5353 --reuseport")),
    "history: what TCP remembers": (
        "tcp 127.0.0.1:5000 reuseaddr\n"
        "tcp 127.0.0.1:5000 reuseaddr reuseport", (
            "tcp 127.0.0.1:5000 --reuseport", "tcp 127.0.0.1:5000")),
    "history: the other way": (
        "tcp 127.0.0.1:5000 reuseaddr reuseport\n"
        "tcp 127.0.0.1:5000 reuseaddr", (
            "tcp 127.0.0.1:5000 --reuseport",
            "tcp 127.0.0.1:5000 --reuseaddr")),
    "history: one that has gone": (
        "tcp 127.0.0.1:5000 reuseaddr\n"
        "tcp 127.0.0.1:5000 reuseaddr reuseport close", (
            "tcp 127.0.0.1:5000 --reuseport",
            "tcp 127.0.0.1:5000 --reuseport --uid 7")),
    "client: of IPv6": ("client [::1]:6000", (
        "tcp 0.0.0.0:6000", "tcp 127.0.0.1:6000", "tcp [::1]:6000",
        "tcp [::]:6000", "tcp 127.0.0.6:6000")),
    "client: of IPv6, that has ended": ("client [::1]:6000 close", (
        "tcp 0.0.0.0:6000", "tcp 127.0.0.1:6000", "tcp [::1]:6000")),
    "client: of UDP": ("udp [::]:6000 connect=[::1]:9", (
        "udp 0.0.0.0:6000", "udp 127.0.0.1:6000", "udp [::1]:6000",
        "udp [fe80::1%lo]:6000 --freebind")),
    "client: IPv4": ("client 127.0.0.1:6000", (
        "tcp 0.0.0.0:6000", "tcp 127.0.0.2:6000", "tcp [::]:6000",
        "tcp 127.0.0.1:6000 --reuseaddr")),
    "devices: several": (
        BRIDGES + "\ntcp 0.0.0.0:67 device=vb\n"
        "tcp 0.0.0.0:67 reuseaddr device=va", (
            "tcp 0.0.0.0:67 --reuseaddr", "tcp 0.0.0.0:67 --device lo",
            "tcp 0.0.0.0:67 --reuseaddr --device va",
            "tcp 0.0.0.0:67 --device vb")),
    "devices: UDP": (
        BRIDGES + "\nudp 0.0.0.0:67 device=vb\nudp 0.0.0.0:67 device=va", (
            "udp 0.0.0.0:67", "udp 0.0.0.0:67 --device lo",
            "udp 127.0.0.1:67 --device va")),
    "listen: who shares by SO_REUSEADDR": (
        "tcp 127.0.0.1:5000 reuseaddr\ntcp 127.0.0.1:5001 reuseaddr listen", (
            "tcp 127.0.0.1:5000 --reuseaddr", "tcp 127.0.0.1:5001 --reuseaddr",
            "tcp 127.0.0.1:5001 --reuseaddr --bind-only")),
    "range: used up": (
        "$ echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range\n" +
        "\n".join(f"tcp 127.0.0.1:{n} listen\nudp 0.0.0.0:{n} reuseport"
                  for n in range(40000, 40004)), (
                      "tcp 127.0.0.1:0", "tcp 0.0.0.0:0", "tcp 127.0.0.2:0",
                      "udp 127.0.0.1:0", "udp 127.0.0.1:0 --reuseport")),
    "range: reserved": (
        "$ echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range\n"
        "$ echo 40000,40002-40003 >/proc/sys/net/ipv4/ip_local_reserved_ports\n"
        "tcp 127.0.0.1:40001", (
            "tcp 127.0.0.1:0", "tcp 127.0.0.2:0", "tcp 127.0.0.1:40002")),
    "range: of three the last is lost": (
        "$ echo 40000 40002 >/proc/sys/net/ipv4/ip_local_port_range\n"
        "tcp 127.0.0.1:40000 listen\ntcp 127.0.0.1:40001 listen\n"
        "udp 127.0.0.1:40000\nudp 127.0.0.1:40001", (
            "tcp 127.0.0.1:0", "udp 127.0.0.1:0", "tcp 127.0.0.2:0")),
    "chance: of five an end is lost": (
        "$ echo 40000 40004 >/proc/sys/net/ipv4/ip_local_port_range\n" +
        "\n".join(f"tcp 127.0.0.1:{n} listen" for n in range(40001, 40005)), (
            "tcp 127.0.0.1:0", "tcp 127.0.0.1:0", "tcp 127.0.0.2:0")),
    "connect: the range is used up": (
        "$ echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range\n"
        "tcp 127.0.0.1:7000 listen\ntcp 127.0.0.1:7001 listen\n" +
        "tcp 127.0.0.1:0 connect=127.0.0.1:7000\n" * 4, (
            "connect 127.0.0.1:7000", "connect 127.0.0.1:7001",
            "connect 10.9.9.9:7000", *(
                f"connect 127.0.0.1:{port} --from {own}:0{more}"
                for port in (7000, 7001) for own in ("127.0.0.1", "127.0.0.2")
                for more in ("", " --reuseaddr")))),
    "connect: a range of three is used up": (
        "$ echo 40000 40002 >/proc/sys/net/ipv4/ip_local_port_range\n"
        "tcp [::]:7000 listen\n" +
        "tcp 127.0.0.1:0 connect=127.0.0.1:7000\n" * 2, (
            "connect 127.0.0.1:7000 --from 127.0.0.1:0",
            "connect 127.0.0.1:7000 --from 127.0.0.2:0",
            "connect [::1]:7000 --from [::1]:0")),
    "connect: ports that are bound": (
        "$ echo 40000 40001 >/proc/sys/net/ipv4/ip_local_port_range\n"
        "tcp 127.0.0.1:7000 listen\ntcp 127.0.0.9:40000\n"
        "tcp 127.0.0.9:40001", (
            "connect 127.0.0.1:7000",
            "connect 127.0.0.1:7000 --from 127.0.0.1:7777")),
    "connect: somebody has the port that it is to be from": (
        "tcp 127.0.0.1:7000 listen\ntcp 127.0.0.1:7777 reuseaddr listen\n"
        "tcp 127.0.0.1:7778 reuseaddr", (
            "connect 127.0.0.1:7000 --from 127.0.0.1:7777",
            "connect 127.0.0.1:7000 --from 127.0.0.1:7777 --reuseaddr",
            "connect 127.0.0.1:7000 --from 127.0.0.1:7778",
            "connect 127.0.0.1:7000 --from 127.0.0.1:7778 --reuseaddr",
            "connect 127.0.0.1:7000 --from 0.0.0.0:7777",
            "connect 127.0.0.1:7000 --from 127.0.0.2:7777")),
    "connect: there is one with these ends": (
        "tcp 127.0.0.1:7000 listen\n"
        "tcp 127.0.0.1:7777 reuseaddr connect=127.0.0.1:7000", (
            "connect 127.0.0.1:7000 --from 127.0.0.1:7777 --reuseaddr",
            "connect 127.0.0.1:7000", "connect [::1]:7000",
            "connect 127.0.0.1:7000 --from 10.1.1.1:7777")),
    "connect: to many": (
        WAYS, tuple(f"connect {to}:80{kind}" for kind in ("", " udp") for to in (
            "192.168.2.255", "127.255.255.255", "255.255.255.255", "224.0.0.1",
            "[ff02::1]", "[ff02::1%va]", "[ff0e::1]", "192.168.2.9"))),
    "connect: to nobody": (WAYS, (
        "connect 0.0.0.0:80", "connect [::]:80", "connect [::]:80 udp",
        "connect 0.0.0.0:80 --from 192.168.2.7:0",
        "connect [::]:80 --from [::ffff:127.0.0.1]:0",
        "connect [::]:80 --from [::1]:0",
        "connect [::ffff:0.0.0.0]:80 --from [::1]:0",
        "connect 0.0.0.0:80 --from 192.168.2.255:0 udp")),
    "connect: of a link": (WAYS, tuple(
        f"connect {to}:80{more}" for more in (
            "", " udp", " --device va", " --device vb udp")
        for to in ("[fe80::1]", "[fe80::9%va]", "[fe80::9]"))),
    "connect: from where": (WAYS, tuple(
        f"connect {to}:80 --from {own}:0" for to, own in (
            ("127.0.0.1", "192.168.2.255"), ("127.0.0.1", "224.0.0.1"),
            ("192.168.2.9", "255.255.255.255"), ("10.9.9.9", "224.0.0.1"),
            ("192.168.2.9", "127.0.0.1"), ("[::1]", "[::ffff:127.0.0.1]"),
            ("[fd99::1]", "[::ffff:127.0.0.1]"),
            ("[::ffff:127.0.0.1]", "[::1]"),
            ("[::ffff:127.0.0.1]", "[::ffff:192.168.2.7]"),
            ("[::ffff:192.168.2.255]", "[::ffff:127.0.0.1]")))),
    "connect: a rule for some": (
        WAYS + "\n$ ip rule add ipproto tcp dport 81 prohibit; "
        "ip rule add sport 5559 blackhole; ip rule add uidrange 7-7 prohibit",
        ("connect 192.168.2.9:80", "connect 192.168.2.9:81",
         "connect 192.168.2.9:81 udp",
         "connect 192.168.2.9:80 --from 192.168.2.7:5559",
         "connect 192.168.2.9:80 --uid 7", "connect 192.168.2.9:80 --uid 8")),
    "kernel: VXLAN": (
        "$ ip link add vx type vxlan id 7 dstport 4789 dev lo; "
        "ip link set vx up", (
            "udp 0.0.0.0:4789", "udp 127.0.0.1:4789", "udp [::]:4789",
            "udp 0.0.0.0:4790")),
}


def read_row(text):
    """A socket as it is written: its family and kind, a place, and words."""
    proto, place, *words = text.split()
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    six = ":" in host
    host, _, scope = host.partition("%")
    words = [word.lstrip("-") for word in words]
    if "device" in words:
        words.append("device=" + words[words.index("device") + 1])
    name = (host, int(port))
    if scope:
        name += (0, socket.if_nametoindex(scope))
    return (socket.AF_INET6 if six else socket.AF_INET,
            socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM,
            name, words)


def make(family, kind, words):
    """A socket with the options that are among the words"""
    sock = socket.socket(family, kind)
    for word in words:
        if word in FLAGS:
            sock.setsockopt(*FLAGS[word], 1)
        if word == "freebind":
            sock.setsockopt(socket.IPPROTO_IP, 15, 1)
        if word.startswith("device="):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            word[7:].encode())
    if "uid" in words:
        os.fchown(sock.fileno(), int(words[words.index("uid") + 1]), -1)
    return sock


def prepare(line, held):
    """Do what a line of a row says."""
    if line.startswith("$"):
        subprocess.run(line[1:], shell=True, check=True)
        return
    family, kind, name, words = read_row(line)
    sort = line.split()[0]
    sock = make(family, kind, words)
    if sort in ("time_wait", "orphan"):
        sock.bind(name)
        sock.listen()
        other = socket.create_connection(sock.getsockname()[:2])
        child = sock.accept()[0]
        child.close()
        sock.close()
        held.append(other)
        if sort == "time_wait":
            other.close()
        return
    if sort == "client":
        there = socket.create_server((name[0], 0), family=family)
        sock.bind(name)
        sock.connect(there.getsockname()[:2])
        if "close" in words:
            sock.close()
            there.accept()[0].close()
            return
        held.append(there)
    elif name[1]:
        sock.bind(name)
    if "listen" in words:
        sock.listen()
    for word in words:
        if word.startswith("connect="):
            host, _, port = word[8:].rpartition(":")
            sock.connect((host.strip("[]"), int(port)))
    if "close" in words:
        sock.close()
    else:
        held.append(sock)


def try_connect(place, words):
    """The same for a connect: is there a port, and a way?"""
    proto = "udp " if "udp" in words else "tcp "
    family, kind, name, options = read_row(" ".join([proto, place, *words]))
    with make(family, kind, options) as sock:
        sock.setblocking(False)
        # No TIME_WAIT, so that it can be asked again
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1" + b"\0" * 7)
        try:
            if "--from" in words:
                sock.bind(read_row(proto + words[
                    words.index("--from") + 1])[2])
            sock.connect(name)
        except OSError as error:
            if error.errno not in (errno.EINPROGRESS, errno.ECONNREFUSED):
                return errno.errorcode[error.errno]
    return "ok"


def try_row(text):
    """What the kernel does: ok, or the name of an errno"""
    if text.startswith("connect"):
        return try_connect(text.split()[1], text.split()[2:])
    family, kind, name, words = read_row(text)
    try:
        with make(family, kind, words) as sock:
            sock.bind(name)
            if kind == socket.SOCK_STREAM and "bind-only" not in words:
                sock.listen()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"


def one_row(row, questions):
    """In a network of its own: what portclash says of each, and the kernel"""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    held, out = [], []
    for line in filter(None, row.split("\n")):
        prepare(line, held)
    # Those that differ in their place only are asked together.
    for _, group in itertools.groupby(questions, alike):
        group = list(group)
        command, words = alike(group[0])
        args = words[:1] + [text.split("|")[-1].split()[1]
                            for text in group] + words[1:]
        if words[0] == "connect":
            args = [word for word in words if word == "udp"] + ["--connect"]
            args += [word for word in words[1:] if word != "udp"]
        said = subprocess.run(
            [*command, COMMAND, "why", *args, "--json", "--verify"],
            capture_output=True, text=True, check=False)
        try:
            answers = json.loads(said.stdout)
            answers = [answers, *answers["more"]]
        except ValueError:
            answers = [{"error": said.stderr}] * len(group)
        # In a network that is made like this one, the kernel says the same.
        if "differs" in said.stderr or said.stderr.count("that agrees") + \
                said.stderr.count("Not tried: ") + said.stderr.count(
                    "need not be so") + ("no network like" in said.stderr) * \
                len(group) < len(group):
            answers = [{"error": said.stderr}] * len(group)
        for text, answer in zip(group, answers):
            out.append([text, truth_of(command, text), answer])
        if len(group) == 1:
            answers[0]["code"] = said.returncode
    return out


def alike(text):
    """A question without its place: the command that asks, and words"""
    command, words = text.split("|")[1:] if "|" in text else ("", text)
    words = words.split()
    if words[0] == "connect":
        return [], words
    return shlex.split(command), words[:1] + words[2:]


def truth_of(command, text):
    """What the kernel does, for this process or by that command"""
    words = text.split("|")[-1].strip()
    if not command:
        return try_row(words)
    family, kind, name, _ = read_row(words)
    script = (f"import socket, errno\ns = socket.socket({family:d}, {kind:d})\n"
              f"try:\n s.bind({name!r})\n print('ok')\n"
              "except OSError as e:\n print(errno.errorcode[e.errno])")
    return subprocess.run([*command, sys.executable, "-IS", "-c", script],
                          capture_output=True, text=True,
                          check=False).stdout.strip()


def in_child(name):
    """A row in a process of its own"""
    row, questions = ROWS[name]
    if "VRF" in name and subprocess.run(
            "ip link add no type vrf table 9 && ip link del no", shell=True,
            stderr=subprocess.DEVNULL, check=False).returncode:
        return []
    back, to = os.pipe()
    child = os.fork()
    if not child:
        try:
            done = one_row(row, questions)
        except Exception:  # pylint: disable=broad-except
            done = traceback.format_exc()
        with os.fdopen(to, "w") as file:
            json.dump(done, file)
        os._exit(0)
    os.close(to)
    with os.fdopen(back) as file:
        out = json.load(file)
    os.waitpid(child, 0)
    return out


def kind_of(name):
    """What is before the colon"""
    return name.partition(":")[0]


# Of these an answer is allowed to depend: on this.
VAGUE = {"ended": {"ended", "history"}, "order": {"order"},
         "history": {"history"}, "client": {"ended"}, "many": {"history"},
         "chance": {"chance"}, "connect": {"history"}, "crowd": {"crowd"}}


def wrong_in(name, row):
    """What the kernel did otherwise than was said, or than one of the two"""
    if not isinstance(row, list):
        return [f"{name}: {row}"]
    wrong = []
    for text, truth, said in row:
        outcomes = [one["outcome"] for one in said.get("outcomes", ())]
        vague = set(said.get("depends_on", ()))
        if truth not in outcomes or (len(outcomes) > 1) != bool(vague) or \
                vague - VAGUE.get(kind_of(name), set()):
            wrong.append(f"{name}: {text}: {truth}, not {outcomes} {vague} "
                         f"{said}")
    return wrong


@pytest.mark.parametrize("kind", dict.fromkeys(map(kind_of, ROWS)))
def test_what_people_ask(kind):
    """The kernel does what was said, or one of the two that were."""
    done = portclash("world", sys.executable, __file__, "rows", kind)
    if done.code == CANNOT or os.geteuid():
        pytest.skip(f"no networks here: {done.err.strip()}")
    rows = done.json
    wrong = [line for name, row in rows.items() for line in wrong_in(name, row)]
    assert not wrong, "\n".join(wrong)
    assert all(rows[name] or "VRF" in name for name in rows) and rows


def test_bad_questions():
    """One line, exit 2."""
    for args in ((), ("tcp",), ("sctp", ":80"), ("tcp", "no-such-service"),
                 ("tcp", "80", "x"), ("tcp", ":65536"), ("tcp", "1.2.3:4"),
                 ("tcp4", "[::1]:80"), ("tcp6", "1.2.3.4:80"), ("tcp", "-1"),
                 ("udp", ":80", "--device", "none"), ("tcp", "[::1:80"),
                 ("[::1%none]:80",), ("nobody.invalid:80",), ("tcp", "[]:80"),
                 ("80", "--netns", "no-such"), ("80", "--port", "80"),
                 ("udp", "80", "--mptcp"), ("127.0.0.1%none:80",),
                 ("--connect", "[fe80::1%lo]:80", "--from", "[fe80::2%veth0]:0"),
                 ("127.0.0.1%lo:80", "--dev", "none"),
                 ("[::1]",), ("[::1]80",), ("80", "--pid", "999999999"), ("80", "--wait", "0")):
        answer = portclash("why", *args)
        assert answer.code == USAGE and answer.err.count("\n") == 1, answer


def test_a_process_that_is_not_there():
    """It is no network that is missing."""
    for args in (("--pid", "999999999"), ("--netns", "999999999")):
        assert "no process 999999999" in portclash("why", "80", *args).err


def test_world_runs_a_command():
    """With its options, in a network of its own; and says what it cannot."""
    answer = portclash("world", "sh", "-c", "exit 7")
    assert answer.code == 7
    assert portclash("world").code == USAGE
    assert portclash("world", "/no/such").code == CANNOT
    answer = portclash("world", "cat", "/proc/net/dev")
    assert answer.code == AGREED and b"veth1" in answer.out
    assert FOUND != AGREED


if __name__ == "__main__":
    if sys.argv[1] == "rows":
        print(json.dumps({name: in_child(name) for name in ROWS
                          if kind_of(name) == sys.argv[2]}))
    else:
        inside(int(sys.argv[1]))
