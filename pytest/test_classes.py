# SPDX-License-Identifier: Apache-2.0
"""The classes of divergence: each is a change of rules, with one example."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from portcheck import (AGREED, CASES, COMMAND, DIVERGENCES, FOUND, ROOT,
                       cases, change_of, portclash)

PAIR = ("-s", "portman", "-s", "spec@6.18")
ALL = cases(DIVERGENCES)
LAWS = ("order", "undo", "refused")


def of(system):
    return [path for path in ALL if f"# of: {system}\n" in path.read_text()]


def said_of(answer):
    """What diff says of each file: the names of its classes."""
    return dict(re.findall(r"^# (\S+): (.+)$", answer.err, re.MULTILINE))


def test_first_line_is_a_sentence():
    """The class is explained, not only named."""
    for path in ALL:
        first = path.read_text().splitlines()[0]
        assert re.fullmatch(r"# [A-Za-z0-9:].{20,}\.", first), f"{path}: {first}"


def test_no_two_classes_are_one():
    """Of one system, no change is that of two classes."""
    seen = {}
    for path in ALL:
        key = (re.search("# of: (.*)", path.read_text())[1], change_of(path))
        assert key not in seen, f"{path} and {seen[key]}"
        seen[key] = path


def test_each_example_is_explained_by_its_class(uids):
    """And by that alone, beside some release, whoever of the two leads."""
    paths = [path for path in of("gvisor")
             if uids or "uid" not in path.read_text()]
    said = {path: set() for path in paths}
    for pair in (PAIR, PAIR[2:] + PAIR[:2],
                 ("-s", "portman@20240729", *PAIR[2:])):
        answer = portclash("diff", "--json", *pair, *paths)
        assert answer.code == AGREED and answer.json["unknown"] == 0, answer
        for path, name in said_of(answer).items():
            said[Path(path)].add(name)
        result = answer.json
        assert result["programs"] == len(paths)
        assert result["known"] == result["divergent"]
        assert sum(result["classes"].values()) == sum(
            len(name.split(" + ")) for name in said_of(answer).values())
    wrong = [f"{path.name}: {said[path]}" for path in paths
             if path.stem not in said[path]]
    assert len(paths) > 50 and not wrong, "\n".join(wrong)


# Programs of random runs that once were unknown: a change acted on one side only,
# a rule was not cited, or each op before needed a class of its own.
ONCE_UNKNOWN = (
    ("refused-connect-is-final",
     "socket a tcp4; bind a 0.0.0.0:7000; socket b tcp4; "
     "connect a 10.0.0.2:40000; bind b 127.0.0.6:@a; get a name"),
    ("tcp-ipv6-group-errno",
     "socket a tcp6; listen a; euid 1000; bind a [ff02::1]:80; "
     "socket b tcp6; bind b [ff02::1]:0"),
    ("connect-shares-chosen-port",
     "sysctl ip_local_port_range=7000-7001; socket a tcp6; bind a [::1]:0; "
     "socket b tcp4; set b reuseaddr; bind b 127.0.0.1:0; close a; listen b; "
     "socket c tcp4; set c reuseaddr; connect c 127.0.0.1:7000"),
    ("udp-address-before-port",
     "socket a udp4; sysctl ip_local_port_range=7000-7000; "
     "bind a 0.0.0.0:7000; socket b udp6 uid=7; connect b [::1%lo]:40000; "
     "connect b [2001:db8::1]:0"),
    ("scope-is-ignored + udp-connect-leaks-wildcard",
     "socket a udp6; bind a [::]:7000; connect a [::ffff:127.0.0.1]:7000; "
     "close a; socket b udp6; bind b [ff02::1]:7000"),
    ("privileged-ports-are-free + tcp-connect-keeps-wildcard",
     "socket a tcp4; bind a 0.0.0.0:80 len=128; connect a 10.0.0.1:40000; "
     "socket b tcp4; close a; euid 7; bind b 10.0.0.2:80"),
    ("udp-new-device-leaks",
     "socket a udp6; bind a [::]:7000; socket b udp6; connect a [::]:@a; "
     "set a dev=veth0; disconnect a; close a; bind b [::%veth0]:7000"),
    ("users-are-not-told-apart",
     "socket a udp4; set a reuseport; "
     "sysctl ip_local_port_range=7000-7000; bind a 0.0.0.0:@a; "
     "socket b udp4; set b uid=1000; set b reuseport; bind b 10.0.0.1:@b"),
    ("shut-listener-stays + tcp-ipv6-group-errno",
     "socket a tcp6 uid=0; shutdown a rdwr; listen a; accept a b; "
     "shutdown a rdwr; bind a [ff02::1%veth0]:7000 len=128; "
     "socket c tcp6 uid=1000; bind c [ff0e::1]:@d"),
    ("connect-shares-chosen-port + listen-without-port-errno + "
     "shut-listener-stays",
     "sysctl ip_local_port_range=7000-7000; socket a tcp4 uid=7; "
     "listen a 0; shutdown a rd; socket b tcp6 uid=7; set b reuseport; "
     "socket c tcp4; connect b [::ffff:127.0.0.6]:0; listen c"),
    ("failed-bind-keeps-address",
     "socket a tcp4 uid=1000; set a reuseaddr; bind a 127.0.0.6:7000; "
     "socket b tcp4; bind b 127.0.0.6:7000; set b reuseaddr; "
     "bind b 0.0.0.0:7000; listen a 0; listen b 0; close b; "
     "socket c tcp4 uid=1000; bind c 127.0.0.2:7000"),
    ("scope-is-ignored + udp-new-device-leaks",
     "socket a udp6; bind a [::]:7000; connect a [::1]:7001"
     "; set a dev=veth0; disconnect a; close a; socket b udp6"
     "; bind b [ff02::1]:7000"),
    ("tcp-connect-keeps-wildcard",
     "socket a tcp6 uid=7; bind a [::]:7000; socket b tcp4 uid=1000; "
     "connect a [::ffff:127.0.0.6]:@b; bind b 127.0.0.2:7000; "
     "socket c tcp4 uid=1000; close a; bind c 10.0.0.1:7000"),
    ("connect-on-listener-errno + repair-taken-and-ignored + "
     "shut-listener-stays",
     "socket a tcp4; shutdown a rdwr; listen a 1; accept a b; "
     "shutdown a rdwr; set a repair=0; connect a 127.0.0.6:0"),
    ("loopback-source-is-destination + self-connect-not-chosen + "
     "shut-listener-stays",
     "socket a tcp6 uid=1000; sysctl ip_local_port_range=40000-40001; "
     "bind a [fd00::2]:@a; close a; socket b tcp6; listen b; "
     "shutdown b rd; socket c tcp6 uid=1000; "
     "connect c [::ffff:127.0.0.2]:40000"),
    ("repair-taken-and-ignored + shut-listener-stays + "
     "tcp-ipv6-group-errno",
     "socket a tcp6 uid=7; listen a 1; shutdown a rd; bind a [ff02::1]:0; "
     "set a repair; socket b tcp6 uid=1000; bind b [ff0e::1%missing]:@b"),
    ("option-after-bind",
     "socket a tcp4; bind a 0.0.0.0:7000; set a reuseaddr; listen a; "
     "socket b tcp4; connect b 0.0.0.0:7000; accept a c; close a; "
     "socket d tcp4; set d reuseaddr; bind d 0.0.0.0:7000"),
    ("udp-connections-ignore-reuseport + users-are-not-told-apart",
     "sysctl ip_local_port_range=7000-7000; socket a udp4 uid=1000; "
     "set a reuseport; connect a 0.0.0.0:80; socket b udp4; "
     "set b reuseport; connect b 127.0.0.1:80"),
    ("udp-connections-ignore-reuseport",
     "socket a udp6; set a reuseport; bind a [::]:7000; socket b udp4; "
     "set b reuseport; bind b 0.0.0.0:7000; connect b 127.0.0.1:80; "
     "set b reuseaddr; set a reuseaddr; connect a [::ffff:127.0.0.1]:80"),
    ("loopback-source-is-destination + udp-reconnect-picks-source",
     "socket a udp6; bind a [::ffff:0.0.0.0]:0; "
     "connect a [::ffff:127.0.0.2]:7000; connect a [::ffff:127.0.0.6]:80; "
     "get a name"),
    ("connect-on-listener-errno + repair-taken-and-ignored + "
     "shut-listener-stays",
     "socket a tcp4 uid=1000; listen a; set a transparent; "
     "bind a 0.1.2.3:@a; shutdown a rdwr; set a repair=0; "
     "connect a 10.0.0.1:0"),
    ("listener-admits-reuseaddr + option-after-bind",
     "socket a tcp4; set a reuseaddr; bind a 0.0.0.0:7000; listen a; "
     "socket b tcp4; set a dev=veth0; set b reuseaddr; bind b 0.0.0.0:7000; "
     "bind b 127.0.0.1:7000"),
    ("listener-admits-reuseaddr + option-after-bind",
     "socket a tcp4; set a reuseaddr; set a dev=lo; bind a 0.0.0.0:7000; "
     "listen a; socket b tcp4; set a dev=; set b reuseaddr; "
     "bind b 0.0.0.0:7000"),
    ("udp-address-before-port",
     "sysctl ip_local_port_range=40000-40000; socket a udp4; socket b udp4; "
     "bind b 10.0.0.2:0; connect a [::1]:7000"),
    ("udp-address-before-port",
     "sysctl ip_local_port_range=40000-40000; socket a udp6; set a v6only; "
     "socket b udp6; bind b [::]:0; connect a 127.0.0.1:7000"),
    ("child-forgets-linger",
     "socket a tcp6; set a linger=0; socket b tcp4; listen a; "
     "connect b 127.0.0.2:@a; accept a c; close c; shutdown b rd"),
    ("dummy-address-conflict",
     "socket a udp6; connect a [::]:7001; socket b udp4; bind b 0.0.0.0:@a; "
     "bind b 127.0.0.6:@a"),
    ("ended-connection-is-final",
     "socket a tcp4; bind a 0.0.0.0:7000; listen a 0; socket b tcp4; "
     "connect b 0.0.0.0:7000; socket c tcp4; connect c 0.0.0.0:7000; "
     "shutdown c rd; connect c 0.0.0.0:7000"),
    ("option-after-bind + same-4-tuple-errno",
     "socket a tcp4; set a reuseaddr; bind a 0.0.0.0:7000; "
     "connect a 127.0.0.1:7000; set a dev=veth0; socket b tcp4; set b reuseaddr; "
     "bind b 0.0.0.0:7000; connect b 127.0.0.1:7000"),
    ("udp-disconnect-keeps-bind + udp-shutdown-needs-no-peer",
     "socket a udp6; bind a [::ffff:127.0.0.1]:@a; socket b udp6 uid=0; "
     "disconnect a; connect b [::ffff:127.0.0.2%lo]:@a; shutdown a rd"),
    ("ipv4-connect-over-ipv6 + ipv4-connect-v6only-errno",
     "socket a tcp6; set a v6only; connect a 0.0.0.0:@a; socket b tcp6; "
     "connect b 0.0.0.0:@a"),
    ("connect-on-listener-errno + failed-bind-keeps-address + "
     "listener-admits-reuseaddr + shut-listener-stays",
     "socket a tcp4; socket b tcp4; set b reuseaddr; bind b 0.0.0.0:7000; "
     "listen b; shutdown b rdwr; bind a 127.0.0.1:@b; set a reuseaddr; "
     "bind a 0.0.0.0:7000; connect b 127.0.0.1:@d"),
    ("udp-connect-reserves-address-only",
     "socket a udp6; sysctl ip_local_port_range=7000-7000; socket b udp4; "
     "bind b 0.0.0.0:7000; connect a [::1]:7000; close b; "
     "connect a [::1]:7000; socket b udp4; bind b 0.0.0.0:7000; "
     "connect b 10.0.0.1:7000"),
    ("ipv4-connect-over-ipv6 + shutdowns-add-up",
     "socket a tcp4; shutdown a rd; listen a 0; shutdown a wr; "
     "socket b tcp6; connect b 0.0.0.0:@a"),
    ("shut-listener-stays + shutdowns-add-up",
     "socket a tcp6; shutdown a rdwr; listen a 0; shutdown a wr; "
     "set a v6only; accept a b"),
    ("udp-wildcard-is-own-address",
     "sysctl ip_local_port_range=7001-7001; socket a udp6; set a reuseport; "
     "connect a [fd00::1]:7002; "
     "connect a [::%lo]:7000; socket b udp6; set b reuseport; "
     "connect b [fd00::1]:7000"),
)


def test_what_was_unknown_once(tmp_path, uids):
    """Each is explained by these classes, whatever the minimiser makes of it."""
    paths = {tmp_path / f"{i}.case": (classes, text)
             for i, (classes, text) in enumerate(ONCE_UNKNOWN)
             if uids or "uid" not in text}
    for path, (_, text) in paths.items():
        path.write_text("# A program.\n" + text.replace("; ", "\n") + "\n")
    answer = portclash("diff", "--json", *PAIR, *paths)
    assert answer.code == AGREED and answer.json["unknown"] == 0, answer
    assert said_of(answer) == {
        str(path): classes for path, (classes, _) in paths.items()}, answer


def test_which_repeat_reached_itself_is_not_known(tmp_path, need):
    """Of repeated connects in a range of few ports nobody tells all ends."""
    paths = [tmp_path / f"{i}.case" for i in range(60)]
    for path in paths:
        path.write_text(
            "# Refused, and then perhaps its own peer.\n"
            "sysctl ip_local_port_range=40000-40003\nsocket a tcp4\n"
            "connect a 127.0.0.1:40000\nrepeat 2\nlisten a\n")
    result = need(portclash("diff", "--json", "-s", "portman", "-s", "linux",
                            *paths))
    assert result["unknown"] == 0 < result["known"], result


def test_what_nobody_knows_of_gvisor_stays_so(tmp_path):
    """Also behind a connect that failed: a link-local address is not known."""
    case = tmp_path / "a.case"
    case.write_text(
        "# No port is left.\nsocket a udp6\nsysctl ip_local_port_range=7000-7000\n"
        "socket b udp6\nbind a [::%lo]:7000\nconnect b [::1%veth0]:@b\n"
        "bind b [fe80::2%missing]:@a\n")
    answer = portclash("diff", "--json", "--min-compared", 1, *PAIR, case)
    assert answer.json["divergent"] == 0 and answer.json["incomparable"] == 1


def test_a_port_that_only_one_chooses(tmp_path):
    """It is none that the other one chooses later, for UDP as for TCP."""
    path = tmp_path / "no-port.case"
    for kind in "tcp6", "udp6":
        path.write_text(
            f"# No port.\n\nsocket a {kind}\nset a bind_no_port\n"
            "socket b udp6\nsocket c tcp6\nlisten c\nbind a [::]:0\n"
            "connect b [::1]:7000\nset a v6only\n")
        answer = portclash("diff", "--json", *PAIR[2:], *PAIR[:2], path)
        assert answer.code == AGREED, answer
        assert answer.json["classes"] == {"options-taken-and-ignored": 1}


@pytest.mark.parametrize("leader", (40000, 40001, 40002, 40003))
def test_a_port_that_nobody_was_told(leader, tmp_path):
    """Both models choose the last that is free, also if the last is not."""
    path = tmp_path / "both.case"
    path.write_text(
        "# No port.\n\nsysctl ip_local_port_range=40000-40003\nsocket n tcp4\n"
        f"set n reuseaddr\nsocket g tcp4\nbind g 0.0.0.0:{leader}\nsocket o tcp4\n"
        "set o bind_no_port\nbind o 10.0.0.2:0\nbind n 0.0.0.0:40000\n")
    answer = portclash("diff", "--json", *PAIR[2:], *PAIR[:2], path)
    assert answer.code == AGREED and answer.json["unknown"] == 0, answer


def test_a_port_that_nobody_was_told_meets_no_older_one(tmp_path):
    """Whose connect failed had one of thousands of ports, and not just that of
    the connection in TIME_WAIT, which a new one with its ends would end."""
    path = tmp_path / "older.case"
    path.write_text(
        "# TIME_WAIT.\n\nsocket a tcp4\nbind a 127.0.0.1:7000\nlisten a\n"
        "socket b tcp4\nconnect b 127.0.0.1:7000\naccept a c\nclose c\n"
        "close b\nclose a\nsocket d tcp4\nconnect d 127.0.0.1:7000\nclose d\n"
        "socket d tcp4\nbind d 0.0.0.0:7000\n")
    answer = portclash("diff", "--json", *PAIR, path)
    assert answer.code == AGREED and answer.json["divergent"] == 0, answer
    assert answer.json["compared_ops"] == answer.json["ops"]


def test_both_outcomes_are_recorded():
    """The last op of an example says what Linux and the system answer."""
    who = {"law": r"linux\+[a-z]+", "gvisor": "gvisor", "lwip": "lwip"}
    for path in ALL:
        text = path.read_text()
        system = re.search("# of: (.*)", text)[1]
        said = re.findall(rf"\s=\s.* ({who[system]})=", text)
        assert said, f"{path}: what does {system} answer?"


def test_no_rule_is_there_for_nothing():
    """What no Linux has, is what some class has; and no rule is a law."""
    changed = " ".join(" ".join(change_of(path)) for path in ALL)
    rules = [json.loads(line) for line in
             portclash("rules", "--json").out.decode().splitlines()]
    idle = [rule["name"] for rule in rules if rule["versions"] == "none"
            and f"spec+{rule['name']}" not in changed.split()]
    assert not idle
    assert not {rule["name"] for rule in rules} & {*LAWS, "reuse"}


@pytest.mark.parametrize("law", ("order", "refused"))
@pytest.mark.parametrize("subject", ("linux", "spec"))
def test_laws_are_broken_where_it_is_known(law, subject, need, uids):
    """By the kernel and by its specification alike, each case as it says."""
    paths = [path for path in of("law") if f"linux+{law}=" in path.read_text()
             and (uids or "uid" not in path.read_text())]
    answer = portclash("diff", "--json", "-s", subject, "-s",
                       f"{subject}+{law}", *paths)
    result = need(answer)
    assert not answer.crashed and answer.code == AGREED, answer
    assert result["divergent"] == result["known"] == len(paths), answer
    said = said_of(answer)
    assert {p.stem for p in paths} == {said[str(p)] for p in paths}, said


@pytest.mark.parametrize("law,sweep,part,least", (
    ("order", "triples", "13/20", 1000), ("undo", "late", "3/20", 200),
    ("refused", "late", "3/60", 0), ("reuse", "triples", "3/20", 0)))
def test_laws_under_sweeps(law, sweep, part, least):
    """Two pure subjects: nothing diverges once, and then not again; and what
    is cut off a program that is shown does not count. In sweeps no op is
    refused that would have changed anything, and no set of three sockets is
    refused more with SO_REUSEADDR on all."""
    answer = portclash("sweep", sweep, "--json", "--quiet", "--part", part,
                       "-s", "spec", "-s", f"spec+{law}")
    result = answer.json
    assert answer.code == AGREED, answer
    # Where it allows more, that law says no more.
    assert law == "reuse" or result["incomparable"] == 0, answer
    assert result["divergent"] == result["known"] >= least, answer
    assert least or not result["divergent"], answer
    assert "and then not" not in answer.err


@pytest.mark.parametrize("law", LAWS)
def test_laws_of_random_programs(law):
    """Whatever breaks one has a class; of refused ops there always is some."""
    answer = portclash("random", "--json", "--quiet", "-s", "spec", "-s",
                       f"spec+{law}", "--seed", 5, "--count", 50000)
    assert answer.code == AGREED and answer.json["unknown"] == 0, answer
    assert law != "refused" or answer.json["known"], answer


def test_versions_differ_by_rules():
    """Between two kernels the classes are rows of the rule book, and need no
    file; so are those between two releases of gVisor."""
    def classes(a, b):
        answer = portclash("random", "--json", "-s", a, "-s", b, "--ops",
                           "socket", "--seed", 5, "--count", 100000)
        assert answer.code == AGREED, answer
        assert answer.json["unknown"] == 0 < answer.json["known"], answer
        return set(answer.json["classes"])

    rules = {line.split()[0] for line in
             portclash("rules").out.decode().splitlines()}
    kernels = classes("spec@6.1", "spec@6.18")
    assert {"mptcp_has_no_port_range", "mapped_wildcard_overlooked"} <= kernels
    releases = classes("portman@20221219", "portman@20240729")
    assert {"udp_connect_registers_first"} <= releases
    assert kernels | releases <= rules


# Rules of the port manager and the endpoints that are switched off, or answer
# otherwise, in the subject only; and rules of the specification, where it is the
# model that is wrong. None of them is what a class declares. Half of those that
# "make check-long" asks beside the kernel, with those that need another build.
PLANTED = subprocess.run([ROOT / "harness" / "plants" / "classes", "--list"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
PLANTS = (
    *((planted, "spec@6.18") for planted in PLANTED.split()[:10]),
    ("linux=spec@6.18~tcp_conflict_options", "portman"),
    ("linux=spec@6.18~v6only_spares_ipv4", "portman"),
    ("linux=spec@6.18:listen_udp=EINVAL", "portman"),
    ("linux=spec@6.18:set_v6only_bound=EPERM", "portman"),
)


@pytest.mark.parametrize("planted,beside", PLANTS)
def test_a_planted_quirk_is_unknown(planted, beside):
    """A model that is not its subject is our bug, whatever the classes are."""
    answer = portclash("random", "--json", "--quiet", "-s", planted, "-s",
                       beside, "--ops", "socket", "--seed", 3, "--count",
                       30000)
    assert answer.code == FOUND and answer.json["unknown"], answer


def test_a_planted_quirk_of_devices_is_unknown():
    """Random programs seldom have two devices on one port; that set does."""
    answer = portclash("sweep", "pairs", "--json", "--quiet", "-s",
                       "linux=spec@6.18~devices_keep_apart", "-s", "portman")
    assert answer.code == FOUND and answer.json["unknown"], answer


def test_a_port_that_is_kept_is_no_choice(tmp_path, need):
    """Of two that choose ports apart, one still tells its port, and the other
    one that it has none: that is compared."""
    path = tmp_path / "kept.case"
    path.write_text("# A port is kept.\n\nsysctl ip_local_port_range=7000-7000\n"
                    "socket a udp4\nconnect a 127.0.0.1:80\ndisconnect a\n"
                    "get a name\n")
    agent = f"gvisor=pipe:{COMMAND} serve -s portman"
    for subject, code in (agent, AGREED), (agent + "~udp_disconnect_frees", FOUND):
        answer = portclash("diff", "--json", "-s", subject, "-s", "linux", path)
        assert need(answer)["incomparable"] == 0 and answer.code == code, answer


# What was measured of gVisor before there were classes: pairs and sequences of
# binds, and nineteen scenarios
MEASURED = (
    "failed-bind-keeps-address", "length-is-of-the-family",
    "listener-admits-reuseaddr", "mapped-bind-on-v6only-errno",
    "option-after-bind", "port-forgets-reuseport",
    "range-has-no-least-port", "range-of-all-ports-kills-gvisor",
    "refused-listen-kills-socket", "reuseport-passes-client",
    "same-4-tuple-errno", "scope-is-ignored", "shut-listener-stays",
    "tcp-binds-no-group", "tcp-connect-keeps-wildcard",
    "tcp-ipv6-group-errno", "udp-asks-every-owner",
    "udp-connect-leaks-wildcard", "unspec-is-no-family")


def test_all_that_was_seen_of_gvisor_is_a_case():
    """A class, or where gVisor dies a case of its own."""
    assert not set(MEASURED) - {path.stem for path in ALL + cases(CASES)}
