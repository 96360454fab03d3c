# SPDX-License-Identifier: Apache-2.0
"""The space of inputs: which kinds of input some traces have, and which not.

A trace is what "portclash run" prints: an op a line, with its outcome. A kind
is a list of words, such as "set tcp4 reuseaddr"; all there could be of each
sort are known from the words of corpus/README.md.
"""
import collections
import itertools
import re

TYPES = "tcp4", "tcp6", "udp4", "udp6", "mptcp4", "mptcp6"
UDP = "udp4", "udp6"
TCP = tuple(name for name in TYPES if name not in UDP)
SWITCHES = ("reuseaddr", "reuseport", "v6only", "freebind", "transparent",
            "bind_no_port", "repair")
OPTIONS = (*(f"{name}={on}" for name in SWITCHES for on in "01"), "dev=",
           "dev=lo", "dev=veth0", "dev=veth1", "dev=missing", "port_range=",
           "uid=", "linger=0")
PROPERTIES = "name", "dev", "v6only"
SYSCTLS = ("ip_local_port_range", "ip_local_reserved_ports",
           "ip_autobind_reuse", "ip_unprivileged_port_start",
           "ip_nonlocal_bind", "ipv6_nonlocal_bind", "bindv6only")
ADDRESSES = (("any4", r"0\.0\.0\.0"), ("dummy4", r"127\.0\.0\.6"),
             ("loopback4", r"127\."), ("veth0", r"10\.0\.0\.1$"),
             ("veth1", r"10\.0\.0\.2$"), ("broadcast4", r"(10|255)\..*\.255$"),
             ("group4", r"22[4-9]|23\d"), ("foreign4", r"\d+\.\d+"),
             ("mapped-any", r"\[::ffff:0\.0\.0\.0"), ("mapped", r"\[::ffff:"),
             ("any6", r"\[::[]%]"), ("loopback6", r"\[::1[]%]"),
             ("link-local-scoped", r"\[fe[89ab].*%"),
             ("link-local", r"\[fe[89ab]"), ("group6", r"\[ff"),
             ("own6", r"\[fd00::"), ("foreign6", r"\["))
STATES = "new", "bound", "listening", "connected", "shut", "closed"
SOCKET_OPS = ("socket", "set", "get", "bind", "listen", "connect",
              "disconnect", "accept", "shutdown", "close", "euid", "sysctl",
              "repeat")
RESERVATION_OPS = ("reserve", "tuple", "release", "available", "range", "pick",
                   "pick_stable", "live", "save", "repeat")
ON_SOCKETS = SOCKET_OPS[1:10]
# What an op that was done makes of its socket
AFTER = {"socket": "new", "bind": "bound", "listen": "listening",
         "connect": "connected", "disconnect": "bound", "shutdown": "shut",
         "close": "closed"}
# These cannot be repeated
NO_REPEAT = {"socket repeat", "accept repeat", "repeat repeat"}
SHARING = "plain", "reuseaddr", "reuseport", "both"


def product(*words):
    """All lists of one word each"""
    return {" ".join(each) for each in itertools.product(*words)}


def space():
    """{sort: all kinds there could be}"""
    addresses = [name for name, _ in ADDRESSES]
    return {
        "op pairs": (product(SOCKET_OPS, SOCKET_OPS) |
                     product(RESERVATION_OPS, RESERVATION_OPS)) - NO_REPEAT,
        "options": product(TYPES, OPTIONS),
        "properties": product(TYPES, PROPERTIES),
        "sysctls": set(SYSCTLS),
        "addresses": product(("bind", "connect"), TYPES, addresses),
        "states": product(STATES, ON_SOCKETS),
        # The sweeps of pairs ask for all of these
        "holders": product(TCP, SHARING, ("bound", "listening", "connected"),
                           TCP, SHARING) |
        product(UDP, SHARING, ("bound", "connected"), UDP, SHARING)}


def address_kind(word):
    """By the first that fits, since they go from special to general"""
    return next((name for name, rule in ADDRESSES if re.match(rule, word)),
                None)


class Walk:
    """Through one trace, with what is known of its sockets"""

    def __init__(self, met):
        self.met = met
        self.sockets = {}       # name: {type, state, port, options}
        self.before = None

    def op(self, words, outcome):
        """Note an op, and what it did"""
        op = words[0]
        if self.before:
            self.met["op pairs"].add(f"{self.before} {op}")
        self.before = op
        if op == "sysctl":
            self.met["sysctls"].add(words[1].partition("=")[0])
        if op == "socket":
            self.sockets[words[1]] = {"type": words[2], "state": "new",
                                      "port": None, "options": set()}
        elif op in ON_SOCKETS and words[1] in self.sockets:
            self.on_socket(op, self.sockets[words[1]], words, outcome)

    def on_socket(self, op, sock, words, outcome):
        """An op on a socket that is known"""
        done = outcome.startswith("ok")
        self.met["states"].add(f"{sock['state']} {op}")
        if op == "get":
            self.met["properties"].add(f"{sock['type']} {words[2]}")
        elif op == "set":
            self.option(sock, words[2], done)
        elif op in ("bind", "connect"):
            place, _, port = words[2].rpartition(":")
            self.met["addresses"].add(
                f"{op} {sock['type']} {address_kind(place)}")
            if op == "bind":
                self.meets(sock, port)
            if done and not sock["port"]:
                sock["port"] = port if port != "0" else None
        elif op == "accept" and done:
            self.sockets[words[2]] = {**sock, "state": "connected"}
        if done and op in AFTER:
            sock["state"] = AFTER[op]

    def option(self, sock, word, done):
        """Note it as "NAME=VALUE", of a number only the name"""
        name, _, value = word.partition("=")
        if name in SWITCHES:
            value = value or "1"
            if done:
                (set.add if value == "1" else set.discard)(
                    sock["options"], name)
        elif name in ("uid", "port_range"):
            value = ""
        self.met["options"].add(f"{sock['type']} {name}={value}")

    def meets(self, sock, port):
        """A newcomer asks for a port: whom does it find there?"""
        for holder in self.sockets.values():
            if holder is not sock and holder["port"] == port and port != "0":
                self.met["holders"].add(" ".join((
                    holder["type"], sharing(holder), holder["state"],
                    sock["type"], sharing(sock))))


def sharing(sock):
    """What of the two options that share a port a socket has set"""
    both = [name for name in ("reuseaddr", "reuseport")
            if name in sock["options"]]
    return "both" if len(both) == 2 else (*both, "plain")[0]


def met(traces):
    """{sort: those kinds that the traces have}, and the rules that they cite"""
    found = collections.defaultdict(set)
    rules = set()
    for text in traces:
        walk = None
        for line in text.splitlines():
            ops, _, cited = line.partition("#")
            words, _, outcome = ops.rpartition(" = ")
            if not words:
                walk = None     # a blank line, or the name of another trace
                continue
            walk = walk or Walk(found)
            walk.op(words.split(), outcome.strip())
            rules.update(re.findall(r"\w+", cited))
    return found, rules
