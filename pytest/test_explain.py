# SPDX-License-Identifier: Apache-2.0
"""explain: the rules in which one subject is not the other.

Strangers are explained by a search. So it is asked about two whose rules are
known: gVisor's, behind a pipe under a name that has no model, and a small stack
with faults of which each is a rule of Linux. explain_key.py, which is older
than the search, says which rules are right.
"""

import pytest

from explain_key import KEY
from portcheck import (AGREED, CASES, COMMAND, DIVERGENCES, FOUND, NOTHING,
                       ROOT, USAGE, cases, portclash)

LINUX = ("-s", "spec@6.18")
GVISOR = ("-s", "stack=pipe:$GVISOR")
TOY = ROOT / "harness" / "toy"

# Each fault of the toy, and the change of Linux's rules that it is
FAULTS = {"listener": "spec~tcp_conflict_listener",
          "group": "spec~groups_can_be_bound",
          "family": "spec:bind4_family=EINVAL",
          "udp": "spec:listen_udp=EINVAL",
          "order": "spec:bind4_bound<bind4_not_local"}

LINE = {"change", "rule", "kernel_function", "text", "other", "beside",
        "generic", "doubtful", "wrong", "says", "count", "case"}


@pytest.fixture(autouse=True)
def short_names(monkeypatch):
    """A subject's name has 63 characters, and paths may be longer."""
    monkeypatch.setenv("GVISOR", f"{COMMAND} serve -s portman")


def explain(*args, env=None):
    """The answer, and its JSON."""
    answer = portclash("explain", "--json", "--quiet", *args, env=env)
    assert not answer.crashed, answer
    return answer, answer.json


def toy(*faults):
    """The environment in which pipe:$TOY is the toy with these faults."""
    return {"TOY": " ".join([str(TOY), *faults])}


def right(change):
    """The classes to whose rules a change belongs."""
    return {name for name, rules in KEY.items()
            if rules & {change["rule"], change["other"]}}


def paid(lines, classes):
    """How many divergences of some classes can be under a right line.

    Each class has so many divergences, each line explains so many, and a class
    is paid only by the lines that are right for it: a maximal flow.
    """
    left = dict(enumerate(lines))
    room = {i: line["count"] for i, line in left.items()}
    took = {}

    def pay(name, seen):
        for i, line in left.items():
            if i in seen or name not in right(line):
                continue
            seen.add(i)
            if room[i]:
                room[i] -= 1
                took.setdefault(i, []).append(name)
                return True
            for k, other in enumerate(took.get(i, ())):
                if pay(other, seen):
                    took[i][k] = name
                    return True
        return False

    return sum(pay(name, set()) for name, count in classes.items()
               for _ in range(count))


def test_key():
    """Every class of gVisor is in it, and every rule exists."""
    classes = {path.stem for path in cases(DIVERGENCES)
               if "# of: gvisor\n" in path.read_text()}
    assert set(KEY) == classes
    listed = portclash("rules", "--model", "spec").out.decode().splitlines()
    assert set().union(*KEY.values()) <= {line.split()[0] for line in listed}


@pytest.mark.parametrize("seed", (
    1, pytest.param(21, marks=pytest.mark.long)))
def test_gvisor_behind_a_pipe(seed):
    """Nine of ten divergences under a rule of the key, and no generic one."""
    args = (*LINUX, "--seed", seed, "--count", 20000)
    _, known = explain("-s", "portman", *args)
    answer, found = explain(*GVISOR, *args)
    assert found["divergent"] == known["divergent"] > 500
    assert found["classes"] == {} and known["changes"] == []
    lines = found["changes"]
    assert not [line["change"] for line in lines if line["generic"]], answer
    # What diverges for two causes at once is in two of the classes.
    assert sum(line["count"] for line in lines) >= found["explained"]
    assert paid(lines, known["classes"]) >= 0.9 * found["divergent"], answer


def test_examples_of_classes_behind_a_pipe():
    """Each class once, however rare: most of them still under a right rule."""
    hits = []
    for name in sorted(KEY):
        path = DIVERGENCES / f"{name}.case"
        _, found = explain(*GVISOR, *LINUX, path)
        if found["divergent"]:
            hits.append((name, any(name in right(line)
                                   for line in found["changes"])))
    missed = [name for name, hit in hits if not hit]
    assert len(hits) > 40 and len(missed) <= 0.25 * len(hits), missed


def test_a_stack_without_faults():
    """The toy is Linux, as far as it goes."""
    answer, found = explain("-s", "stack=pipe:$TOY", *LINUX, "--count", 3000,
                            env=toy())
    assert answer.code == AGREED and found["programs"] == 3000
    assert not found["divergent"] and not found["changes"]


def test_five_planted_faults():
    """All five are among the first six lines."""
    answer, found = explain("-s", "stack=pipe:$TOY", *LINUX, "--count", 12000,
                            env=toy(*FAULTS))
    first = [line["change"] for line in found["changes"][:6]]
    assert set(FAULTS.values()) <= set(first), first
    assert answer.code == AGREED and not found["unexplained"]
    assert found["explained"] == found["divergent"] > 4096


@pytest.mark.parametrize("fault", FAULTS)
def test_one_planted_fault(fault):
    """One fault is one line, with a case that shows it."""
    few = 12000 if fault == "listener" else 2000
    _, found = explain("-s", "stack=pipe:$TOY", *LINUX, "--count", few,
                       env=toy(fault))
    [line] = found["changes"]
    assert set(line) == LINE and line["change"] == FAULTS[fault]
    assert line["count"] == found["divergent"]
    last = line["case"].splitlines()[-1]
    assert " stack=" in last and " spec@6.18=" in last


# Changes of the specification, behind a pipe: what is found is what was made
CHANGED = ("~bind6_not_local~scope_sets_device", "~failed_connect_frees_port",
           "+shut_listener_stays:set_repair_not_tcp=EIO",
           "~bind_no_port+shutdown_udp_bound", "~connect_narrows_address",
           "~sysctl_too_big:bind4_short=EIO")


@pytest.mark.parametrize("changes", CHANGED)
def test_changed_rules_behind_a_pipe(changes):
    """The largest lines are the changes; no rule that is not one explains more
    than a few."""
    stack = f"{COMMAND} serve -s spec@6.18{changes}"
    _, found = explain("-s", "stack=pipe:$STACK", *LINUX, env={"STACK": stack})
    made = changes.replace(":", " :").replace("~", " ~").replace("+", " +")
    made = {f"spec{word}" for word in made.split()}
    first = {line["change"] for line in found["changes"][:len(made)]}
    assert first == made, found["changes"]
    assert not found["unexplained"]


def test_another_errno_of_a_generic_rule():
    """Though so much depends on it, nothing else would say what it is."""
    _, found = explain("-s", "stack=pipe:$STACK", *LINUX, "--sweep", "pairs", env={
        "STACK": f"{COMMAND} serve -s spec@6.18:udp_conflict=EACCES"})
    [line] = found["changes"]
    assert line["change"] == "spec:udp_conflict=EACCES" and line["generic"]
    assert not found["unexplained"] and not line["wrong"]


def test_order_and_workers_do_not_matter():
    """The same answer from one process and from three, in either order."""
    answers = []
    for args in (("--jobs", 1, *GVISOR, *LINUX), ("--jobs", 3, *GVISOR, *LINUX),
                 ("--jobs", 2, *LINUX, *GVISOR)):
        _, found = explain(*args, "--count", 8000)
        answers.append((found["changes"], found["rest"]))
    assert answers[0][0] and answers[0] == answers[1] == answers[2]


def test_what_is_beyond_the_search_is_counted():
    """Of a sweep that diverges very often, a sample is searched."""
    _, found = explain(*GVISOR, *LINUX, "--sweep", "pairs-listen")
    assert found["sweep"] == "pairs-listen" and found["divergent"] > 2 * 4096
    assert found["explained"] == found["divergent"]
    assert found["changes"][0]["rule"] == "tcp_conflict_uid"


def test_classes():
    """Two subjects with models: classes, and one case of each."""
    answer, found = explain("-s", "portman", *LINUX, "--count", 20000)
    assert found["changes"] == [] and found["cases"]
    assert {c["class"]: c["count"] for c in found["cases"]} == found["classes"]
    counts = [c["count"] for c in found["cases"]]
    assert counts == sorted(counts, reverse=True)
    for one in found["cases"]:
        assert one["text"] and " portman=" in one["case"].splitlines()[-1]
    assert found["explained"] + found["unexplained"] + \
        found["unmodelled"] == found["divergent"]
    assert answer.code == (FOUND if found["unexplained"] else AGREED)


def test_versions_of_one_model():
    """There the classes are the rules."""
    answer, found = explain("-s", "spec@6.1", *LINUX, "--count", 5000)
    assert answer.code == AGREED
    assert "mptcp_has_no_port_range" in found["classes"]
    answer, found = explain("-s", "portman", "-s", "portman@head",
                            "--count", 5000)
    assert answer.code == AGREED
    assert "udp_connect_registers_first" in found["classes"]


def test_what_nothing_explains(tmp_path):
    """It is grouped by op, rule and outcome, has a case, and exits with 1."""
    case = tmp_path / "peer.case"
    case.write_text((DIVERGENCES / "udp-reconnect-to-same-peer.case")
                    .read_text())
    answer, found = explain(*GVISOR, *LINUX, case)
    assert answer.code == FOUND and found["unexplained"] == 1
    [rest] = found["rest"]
    assert (rest["op"], rest["rule"], rest["outcome"], rest["count"]) == (
        "connect", "connect_udp", "EADDRINUSE", 1)
    assert rest["case"].splitlines()[-1].startswith("connect a 127.0.0.1:7000")


def test_text():
    """A line a change: how many, what, the rule in words, and a case."""
    people = portclash("explain", *GVISOR, *LINUX, "--count", 5000, "--quiet")
    lines = people.out.decode().splitlines()
    first = lines[0].split()
    assert first[1:3] == ["of", lines[-1].split()[0]]
    assert first[3] == "spec:disconnect_tcp=EAFNOSUPPORT"
    assert lines[0].endswith(
        'it answers EAFNOSUPPORT where Linux answers ok by disconnect_tcp '
        '(tcp_disconnect): '
        '"A TCP socket is disconnected from whatever it was."')
    assert lines[1].startswith("      socket a tcp")
    whole = people.out.decode()
    assert 'it has no rule bind6_no_scope (__inet6_bind): "An address' in whole
    assert 'it has a rule that no Linux has: "' in whole
    assert "it asks bind4_bound (EINVAL) before bind4_not_local" in whole


def test_linux_is_the_other_one(need):
    """Without a second subject."""
    answer = portclash("explain", "--json", "-s", "portman", CASES)
    assert need(answer)["subjects"] == ["portman", "linux"]


def test_usage():
    """Who has no rules is explained beside somebody who has."""
    for args in ((), LINUX * 3, ("-s", "portlist", "-s", "goports"),
                 ("-s", "pipe:true", "-s", "spec+order"),
                 (*GVISOR, *LINUX, "--sweep", "no-such"),
                 (*GVISOR, *LINUX, "--sweep", "pairs", CASES),
                 (*GVISOR, *LINUX, "no-such-file"),
                 (*GVISOR, *LINUX, "--keep", "x")):
        answer = portclash("explain", *args)
        assert answer.code == USAGE and not answer.out, answer
        assert answer.err.startswith("portclash: ") and not answer.crashed


def test_nothing_to_explain():
    """An agent that is not there: 5, with the reason, once."""
    answer, found = explain("-s", "pipe:false", *LINUX)
    assert answer.code == NOTHING and found["skipped"], answer
    assert answer.err.count("ended too early") == 1
