# SPDX-License-Identifier: Apache-2.0
"""why in live situations that are drawn at random: what it says is certain is
what the kernel then does, and what it says depends has the truth among it.

Run as a program, this is what happens inside a world: sockets come to hold
ports in all ways that there are, then each question is put to portclash, and
to the kernel. The sorts of holders and of questions take turns, so that no
draw is an easy one.
"""

import collections
import errno
import json
import os
import random
import socket
import subprocess
import sys
import time

import pytest

from portcheck import AGREED, CANNOT, COMMAND, portclash

WILD = {4: "0.0.0.0", 6: "::"}
ADDRESSES = {
    4: ("127.0.0.1", "127.0.0.2", "0.0.0.0", "0.0.0.0", "10.0.0.1", "10.0.0.2"),
    6: ("::1", "::", "::", "fd00::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
        "::ffff:10.0.0.1")}
DEVICES = ("lo", "veth0", "veth1", "more0", "more1")
UIDS = (0, 0, 0, 1000, 1001)
FLAGS = {"reuseaddr": (socket.SOL_SOCKET, socket.SO_REUSEADDR),
         "reuseport": (socket.SOL_SOCKET, socket.SO_REUSEPORT),
         "v6only": (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)}
ACTS = ("reuseaddr", "reuseport", "v6only", "reuseaddr_both", "reuseport_both",
        "stop")
STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
IPPROTO_MPTCP = 262

# Sorts of holders; those behind the bar are of what nobody can read.
READABLE = ("bound", "listener", "child", "client", "udp", "udp_connected",
            "many", "many_udp", "devices")
UNREADABLE = ("waiting", "time_wait", "orphan", "late", "gone", "mptcp")
QUESTIONS = ("plain", "reuseaddr", "reuseport", "both", "specific", "wildcard",
             "device", "user", "port0", "foreign")


class Room:
    """Sockets that hold ports, and how they came to."""

    def __init__(self, rng, port):
        self.rng, self.held, self.port, self.first = rng, [], port, port
        self.wide = 0

    def draw(self, kind, family=None, flags=None, device=None, address=None,
             uid=None, proto=0):
        """A socket that is not bound yet, and where it might be."""
        rng = self.rng
        family = family or rng.choice((4, 6))
        flags = [flag for flag in FLAGS if rng.random() < 0.45] \
            if flags is None else flags
        sock = socket.socket(
            socket.AF_INET if family == 4 else socket.AF_INET6, kind, proto)
        for flag in flags:
            if flag != "v6only" or family == 6:
                sock.setsockopt(*FLAGS[flag], 1)
        if device is None and rng.random() < 0.15:
            device = rng.choice(DEVICES)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            device.encode())
        uid = rng.choice(UIDS) if uid is None else uid
        if uid:
            os.fchown(sock.fileno(), uid, -1)
        return sock, address or rng.choice(ADDRESSES[family])

    def take(self, sock, address):
        """Bind it and keep it; or None."""
        port = self.port
        if self.wide:
            port = self.first + self.rng.randrange(self.wide)
        try:
            sock.bind((address, port))
        except OSError:
            sock.close()
            return None
        self.held.append(sock)
        return sock

    def bound(self):
        """Only bound"""
        return self.take(*self.draw(STREAM))

    def listener(self, **more):
        """A listener"""
        sock = self.take(*self.draw(STREAM, **more))
        try:
            if sock:
                sock.listen(16)
        except OSError:
            return None
        return sock

    def pair(self, accept=True, **more):
        """A connection to a listener: the two ends, and who listens"""
        listener = self.listener(device="", **more)
        if not listener:
            return None
        name = listener.getsockname()
        six = listener.family == socket.AF_INET6
        to = {"0.0.0.0": "127.0.0.1", "::": "::1",
              "::ffff:0.0.0.0": "::ffff:127.0.0.1"}.get(name[0], name[0])
        client = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                               STREAM)
        client.settimeout(1)
        # Another listener may have got it.
        listener.settimeout(0.05)
        try:
            client.connect((to, name[1]))
            child = listener.accept()[0] if accept else None
        except OSError:
            client.close()
            return None
        self.held += [client] + ([child] if child else [])
        return listener, child, client

    def child(self):
        """A child, with or without its listener"""
        made = self.pair()
        if made and self.rng.random() < 0.5:
            made[0].close()

    def waiting(self):
        """A child that nobody has accepted"""
        self.pair(accept=False)

    def client(self):
        """An outgoing connection that has the port"""
        family = self.rng.choice((4, 6))
        address = {4: "127.0.0.1", 6: "::1"}[family]
        there = socket.create_server(
            (address, 0), family=socket.AF_INET if family == 4
            else socket.AF_INET6)
        self.held.append(there)
        sock, _ = self.draw(STREAM, family=family, device="", flags=[
            flag for flag in ("reuseaddr", "reuseport")
            if self.rng.random() < 0.3])
        chosen = self.rng.random() < 0.5
        if not chosen and not self.take(sock, self.rng.choice(
                (address, WILD[family]))):
            return
        sock.settimeout(1)
        try:
            sock.connect(there.getsockname()[:2])
        except OSError:
            return
        if chosen:
            self.held.append(sock)
            self.port = sock.getsockname()[1]

    def time_wait(self):
        """The server closes first"""
        made = self.pair()
        if not made:
            return
        made[1].close()
        made[2].close()
        if self.rng.random() < 0.6:
            made[0].close()

    def orphan(self):
        """Closed, but the other end is not; or has not taken all"""
        made = self.pair()
        if not made:
            return
        sort = self.rng.randrange(3)
        if sort == 1:
            made[1].setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 100)
        if sort == 2:
            made[1].setblocking(False)
            try:
                while made[1].send(b"x" * 65536):
                    pass  # until there is no room any more
            except OSError:
                pass
        made[1].close()
        if self.rng.random() < 0.6:
            made[0].close()

    def late(self):
        """An option that changes when the port is there"""
        sock = self.rng.choice((self.bound, self.listener, self.udp))()
        if not sock:
            return
        flag = self.rng.choice(("reuseaddr", "reuseport"))
        sock.setsockopt(*FLAGS[flag], self.rng.randrange(2))

    def gone(self):
        """Sockets that come and go beside one that stays"""
        for _ in range(3):
            sock = self.rng.choice((self.bound, self.listener, self.udp))()
            if sock and self.rng.random() < 0.6:
                sock.close()

    def udp(self, **more):
        """UDP"""
        return self.take(*self.draw(DGRAM, **more))

    def udp_connected(self):
        """UDP that is connected"""
        sock = self.udp(device="")
        try:
            if sock:
                six = sock.family == socket.AF_INET6
                mapped = six and sock.getsockname()[0].startswith("::ffff:")
                sock.connect(("::ffff:127.0.0.1" if mapped else
                              "::1" if six else "127.0.0.1", 9))
        except OSError:
            pass

    def many(self):
        """A listener for each address"""
        for number in range(self.rng.randrange(5, 40)):
            self.listener(family=4, address=f"127.0.0.{number + 1}")

    def many_udp(self):
        """UDP for each address"""
        flags = self.rng.choice(([], ["reuseport"], ["reuseaddr"], None))
        for number in range(self.rng.randrange(5, 25)):
            self.udp(family=4, address=f"127.0.0.{number // 2 + 1}",
                     flags=flags)

    def devices(self):
        """The same place on several devices"""
        for device in DEVICES:
            if self.rng.random() < 0.7:
                self.take(*self.draw(self.rng.choice((STREAM, DGRAM)),
                                     device=device, address=None))

    def mptcp(self):
        """A listener of MPTCP"""
        try:
            self.listener(proto=IPPROTO_MPTCP, device="")
        except OSError:
            pass

    def close(self):
        """What then waits is on a port that is not used again."""
        for sock in self.held:
            sock.close()
        self.held = []


def small_range(room):
    """The kernel has few ports to choose from, and they are where we are."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w",
              encoding="ascii") as file:
        file.write(f"{room.first} {room.first + room.rng.randrange(room.wide)}")


def question(room, sort, user):
    """What to ask: a protocol, a socket and a place, and the words for it."""
    rng = room.rng
    flags = {"plain": [], "reuseaddr": ["reuseaddr"],
             "reuseport": ["reuseport"],
             "both": ["reuseaddr", "reuseport"]}.get(sort)
    if flags is None:
        flags = [flag for flag in ("reuseaddr", "reuseport")
                 if rng.random() < 0.4]
    family = rng.choice((4, 6))
    if family == 6 and rng.random() < 0.3:
        flags = flags + ["v6only"]
    address = rng.choice(ADDRESSES[family])
    if sort == "wildcard":
        address = WILD[family]
    if sort == "specific":
        address = rng.choice([a for a in ADDRESSES[family] if a != WILD[family]])
    if sort == "foreign":
        address = {4: "192.0.2.1", 6: "2001:db8::1"}[family]
    kinds = {s.type for s in room.held if s.fileno() >= 0} or {STREAM}
    return {"kind": rng.choice(sorted(kinds)) if rng.random() < 0.8
            else rng.choice((STREAM, DGRAM)),
            "family": family, "flags": flags, "address": address,
            "device": rng.choice(DEVICES) if sort == "device" else "",
            "uid": rng.choice(UIDS) if sort == "user" else user,
            "port": 0 if sort == "port0" else room.port}


def ask(q, user):
    """What portclash says, to root or to a user."""
    proto = "tcp" if q["kind"] == STREAM else "udp"
    place = f"[{q['address']}]" if q["family"] == 6 else q["address"]
    args = ["setpriv", "--reuid", str(user), "--clear-groups"] if user else []
    args += [str(COMMAND), "why", f"{proto}{q['family']}",
             f"{place}:{q['port']}", "--json"]
    args += [f"--{flag}" for flag in q["flags"]]
    if q["device"]:
        args += ["--device", q["device"]]
    if q["uid"] != user:
        args += ["--uid", str(q["uid"])]
    done = subprocess.run(args, capture_output=True, check=False)
    return json.loads(done.stdout), done.returncode


def attempt(room, q):
    """What the kernel does: ok, or the name of an errno."""
    sock, address = room.draw(q["kind"], q["family"], q["flags"], q["device"],
                              q["address"], q["uid"])
    with sock:
        try:
            sock.bind((address, q["port"]))
            if q["kind"] == STREAM:
                sock.listen()
        except OSError as error:
            return errno.errorcode[error.errno]
    return "ok"


def act(room, q, change):
    """Do what would help, and try again."""
    both = change.endswith("_both")
    flag = change.removesuffix("_both")
    q = {**q, "flags": q["flags"] + [flag]} if flag in FLAGS else q
    if both:
        for sock in room.held:
            if sock.fileno() >= 0:
                sock.setsockopt(*FLAGS[flag], 1)
    if change == "stop":
        for sock in room.held:
            sock.close()
        time.sleep(0.01)
    return attempt(room, q)


def new_tally():
    """Numbers of one sort"""
    return {"asked": 0, "refused": 0, "depends": 0, "certain": 0, "likely": 0}


def inside(seed, count, user):
    """In a world: make a situation, ask, then try."""
    rng = random.Random(seed)
    for device in DEVICES[3:]:
        subprocess.run(["ip", "link", "add", device, "type", "bridge"],
                       check=True)
        subprocess.run(["ip", "link", "set", device, "up"], check=True)
    tallies = collections.defaultdict(new_tally)
    wrong = []
    every = READABLE + UNREADABLE
    for number in range(count):
        focus = every[number % len(every)]
        sort = QUESTIONS[number // len(every) % len(QUESTIONS)]
        # A port that nothing of before is on
        room = Room(rng, 2000 + number * 7 % 28000)
        room.wide = rng.randrange(1, 6) if sort == "port0" else 0
        kinds = [focus] + [rng.choice(every if focus in UNREADABLE
                                      else READABLE)
                           for _ in range(rng.randrange(4))]
        rng.shuffle(kinds)
        for kind in kinds:
            getattr(room, kind)()
        if room.wide:
            small_range(room)
        q = question(room, sort, user)
        said, code = ask(q, user)
        truth = attempt(room, q)
        outcomes = [one["outcome"] for one in said["outcomes"]]
        certain = not said["depends_on"]
        if truth not in outcomes or certain != (len(outcomes) == 1) or \
                code != (4 if not certain else int(outcomes[0] != "ok")):
            wrong.append({"number": number, "kinds": kinds, "question": q,
                          "truth": truth, "said": said})
        helps = [one["change"] for one in said["would_help"]
                 if not one["likely"] and one["change"] in ACTS]
        if truth != "ok" and certain and helps and not q["port"] == 0:
            change = rng.choice(helps)
            tallies["helped"]["asked"] += 1
            if act(room, q, change) != "ok":
                wrong.append({"number": number, "kinds": kinds, "question": q,
                              "truth": f"no {change}", "said": said})
        for name in (focus, sort, "all", "readable" if focus in READABLE
                     else "unreadable"):
            tally = tallies[name]
            tally["asked"] += 1
            tally["refused"] += truth != "ok"
            tally["depends"] += not certain
            tally["certain"] += certain and truth in outcomes
            tally["likely"] += not certain and truth == outcomes[0]
        if room.wide:
            with open("/proc/sys/net/ipv4/ip_local_port_range", "w",
                      encoding="ascii") as file:
                file.write("32768 60999")
        room.close()
    print(json.dumps({"tallies": tallies, "wrong": wrong}))


def run(seed, count, user=0):
    """One such run, in a world of its own."""
    if os.geteuid():
        pytest.skip("only root can have sockets of several users")
    answer = portclash("world", sys.executable, __file__, seed, count, user,
                       timeout=7200)
    if answer.code == CANNOT:
        pytest.skip(f"no world here: {answer.err.strip()}")
    assert answer.code == AGREED, answer
    return answer.json


def table(tallies):
    """The numbers, to be read."""
    return "\n".join(
        f"{name:14} {t['asked']:6} asked {t['refused']:6} refused "
        f"{t['certain']:6} certain {t['depends']:6} depend, {t['likely']:6} of "
        f"them as is likelier" for name, t in tallies.items())


@pytest.mark.parametrize("count,user", (
    (90, 0), (30, 1000), pytest.param(20000, 0, marks=pytest.mark.long),
    pytest.param(5000, 1000, marks=pytest.mark.long)))
def test_what_is_certain_happens(count, user):
    """All sorts of holders, and of questions; nothing is wrong without a word.
    Where all can be read, few answers depend on anything."""
    said = run(count, count, user)
    tallies = said["tallies"]
    print(table(tallies))
    assert not said["wrong"], json.dumps(said["wrong"][:3])
    assert tallies["all"]["asked"] == count
    assert set(tallies) >= set(READABLE + UNREADABLE)
    assert tallies["all"]["refused"] > count / 5
    assert tallies["helped"]["asked"] > count / 20
    if not user:
        assert tallies["readable"]["depends"] <= 0.15 * tallies[
            "readable"]["asked"], table(tallies)


if __name__ == "__main__":
    inside(*map(int, sys.argv[1:4]))
