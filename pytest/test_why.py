# SPDX-License-Identifier: Apache-2.0
"""why: what it foretells of a bind is what the bind then does.

Run as a program, this is what happens inside a world: sockets are bound at
random, then each question is put to portclash, and to the kernel.
"""

import errno
import json
import random
import socket
import sys

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


def test_bad_questions():
    """One line, exit 2."""
    for args in ((), ("tcp",), ("sctp", ":80"), ("tcp", "80"),
                 ("tcp", ":0"), ("tcp", ":65536"), ("tcp", "1.2.3:4"),
                 ("tcp4", "[::1]:80"), ("tcp6", "1.2.3.4:80"),
                 ("udp", ":80", "--device", "none"), ("tcp", "[::1:80")):
        answer = portclash("why", *args)
        assert answer.code == USAGE and answer.err.count("\n") == 1, answer


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
    inside(int(sys.argv[1]))
