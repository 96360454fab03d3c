# SPDX-License-Identifier: Apache-2.0
"""What other programs rely on: --json, --help and the exit codes."""

import json
import re

import pytest

from portcheck import (AGREED, CANNOT, CASES, FOUND, NOTHING, SUBJECTS, USAGE,
                       cases, level, machines, portclash)

VERBS = ("run", "check", "diff", "random", "sweep", "explain", "matrix",
         "minimize", "emit", "pack", "unpack", "rules", "why", "ls", "world", "serve", "doctor")
PAIR = ("-s", "portman", "-s", "portlist")
ABSENT = {"PORTCLASH_GOPORTS": "/nonexistent"}

SUMMARY = {"verb": str, "subjects": list, "seed": int, "programs": int,
           "ops": int, "compared_ops": int, "incomparable": int,
           "divergent": int, "known": int, "unknown": int, "unmodelled": int,
           "classes": dict,
           "skipped": list, "seconds": (int, float),
           "programs_per_s": (int, float), "repeat": str}
CHECK = {**SUMMARY, "cases": int, "held": int, "failed": list}


@pytest.fixture(scope="module")
def reservations():
    """The first case on reservations, which all subjects in process have."""
    return next(path for path in cases(CASES) if level(path) == "reservation")


@pytest.fixture
def wrong(tmp_path):
    """A case that does not hold, with all that JSON must escape in its path."""
    path = tmp_path / 'wrong "\\ \u00e9\t.case'
    path.write_text("# This is wrong.\n\nlive = ok:7\n")
    return path


def has(result, keys):
    """Exactly the documented keys, each of its type."""
    assert set(result) == set(keys)
    for key, kind in keys.items():
        assert isinstance(result[key], kind), key


def test_check(reservations):
    """The summary, and what check adds to it."""
    answer = portclash("check", "--json", "-s", "portman", reservations)
    has(answer.json, CHECK)
    assert answer.json["verb"] == "check"
    assert answer.json["cases"] == answer.json["held"] == 1
    assert answer.code == AGREED


def test_check_that_fails(wrong):
    """Where, who, what was wanted and what came; any path survives JSON."""
    answer = portclash("check", "--json", *PAIR, wrong)
    has(answer.json, CHECK)
    assert answer.code == FOUND and answer.json["held"] == 0
    assert len(answer.json["failed"]) == 2
    for failure, subject in zip(answer.json["failed"], PAIR[1::2]):
        shown = failure.pop("file")
        assert failure == {"line": 3, "subject": subject, "want": "ok:7",
                           "got": "ok:0"}
        assert shown == str(wrong)


def test_diff_and_random(reservations):
    """Both end with the summary, agreed or not."""
    for args in (("diff", *PAIR, reservations),
                 ("random", *PAIR, "--count", 100),
                 ("random", "-s", "portman", "-s", "linux", "--count", 50)):
        answer = portclash(*args, "--json")
        has(answer.json, SUMMARY)
        assert answer.json["verb"] == args[0]
        assert answer.json["divergent"] == (answer.json["known"] +
                                            answer.json["unknown"])


def test_repeat_repeats():
    """"repeat" is a command of a shell, and gives the same numbers."""
    first = portclash("random", *PAIR, "--count", 300, "--json").json
    program, *words = first["repeat"].split()
    assert program == "portclash" and "--seed" in words
    again = portclash(*words).json
    for key in ("programs", "ops", "compared_ops", "incomparable"):
        assert first[key] == again[key]


def test_run(reservations, wrong):
    """All traces of all subjects, as long as the programs are."""
    answer = portclash("run", "--json", *PAIR, reservations, wrong)
    assert set(answer.json) == {"verb", "traces"}
    assert [t["file"] for t in answer.json["traces"]][0] == str(reservations)
    for trace in answer.json["traces"]:
        assert set(trace) == {"file", "outcomes"}
        assert list(trace["outcomes"]) == list(PAIR[1::2])
        assert trace["outcomes"]["portman"] == trace["outcomes"]["portlist"]
    assert answer.json["traces"][1]["outcomes"]["portman"] == ["ok:0"]


def test_pack_unpack_and_minimize(tmp_path, reservations):
    """They say how many ops there are; the result goes to --output."""
    packed, text = tmp_path / "packed", tmp_path / "text.case"
    pack = portclash("pack", "--json", "--output", packed, reservations)
    unpack = portclash("unpack", "--json", "--output", text, packed)
    assert pack.json["ops"] == unpack.json["ops"] > 0
    assert {pack.json["verb"], unpack.json["verb"]} == {"pack", "unpack"}
    assert packed.stat().st_size and text.stat().st_size
    listener = tmp_path / "listener.case"
    listener.write_text("# A listener.\nsocket a tcp4\nset a reuseaddr\n"
                        "bind a 0.0.0.0:7000\nlisten a\nsocket b tcp4\n"
                        "set b reuseaddr\nbind b 127.0.0.1:7000\n")
    small = portclash("minimize", "--json", "-s", "portman", "-s", "linux",
                      "--output", text, listener)
    if small.code == CANNOT:
        pytest.skip(small.err)
    assert small.json["verb"] == "minimize" and 0 < small.json["ops"] <= 7


def test_doctor():
    """Every subject, ready or with the reason; it exits 3 if one is missing.
    Asked once, since it starts each machine."""
    answer = portclash("doctor", "--json", env=ABSENT)
    assert set(answer.json) == {"verb", "kernel", "subjects", "tools"}
    assert set(answer.json["subjects"]) >= {
        *SUBJECTS, "lwip", *(machines() or ["gvisor", "uml", "linux-6.12"])}
    assert answer.json["subjects"]["portman"] == "ready"
    assert answer.code == CANNOT
    assert "/nonexistent" in answer.json["subjects"]["goports"]


def test_serve():
    """serve has a protocol and no JSON: the hello, and a program answered."""
    asked = b"reserve 4 tcp *:80\nreserve 4 tcp *:80\n.\n"
    answer = portclash("serve", "-s", "portman", stdin=asked)
    hello, can, *trace = answer.out.decode().splitlines()
    assert answer.code == AGREED, answer
    assert hello == "portclash-agent 1 portman" and can.startswith("can ")
    assert trace == ["ok", "EADDRINUSE", "."], answer.out


def test_help():
    """Each verb explains itself, and the list of verbs is complete."""
    whole = portclash("--help")
    assert whole.code == AGREED
    listed = re.findall(r"^  ([a-z_]+) ", whole.out.decode(), re.MULTILINE)
    assert sorted(listed) == sorted(VERBS)
    for verb in VERBS:
        answer = portclash(verb, "--help")
        text = answer.out.decode()
        assert answer.code == AGREED and not answer.err, answer
        assert text.startswith(f"usage: portclash {verb} ")
        assert "--help" in text
        assert ("--json" in text) == (verb not in ("serve", "world"))


def test_exit_codes(reservations, wrong, tmp_path):
    """Each code by one plain example; 4 has none."""
    socket = tmp_path / "socket.case"
    socket.write_text("# Not for a list.\nsocket a tcp4\n")
    for code, args in (
            (AGREED, ["check", "-s", "portman", reservations]),
            (FOUND, ["check", "-s", "portman", wrong]),
            (USAGE, ["check", "-s", "nobody", wrong]),
            (CANNOT, ["run", "-s", "goports", reservations]),
            (CANNOT, ["check", "-s", "goports", reservations]),
            (NOTHING, ["check", "-s", "portlist", socket]),
            (NOTHING, ["diff", "-s", "portman", "-s", "portlist", socket]),
            (NOTHING, ["random", "-s", "portman", "-s", "goports"])):
        answer = portclash(*args, env=ABSENT)
        assert answer.code == code, answer


def test_what_is_not_here_is_said(reservations):
    """A skip has its subject and its reason, in JSON and for people."""
    for args in (["check", "-s", "goports", reservations],
                 ["diff", "-s", "portman", "-s", "goports", reservations],
                 ["random", "-s", "portman", "-s", "goports"]):
        answer = portclash(*args, "--json", env=ABSENT)
        [skip] = answer.json["skipped"]
        assert skip["subject"] == "goports"
        assert "/nonexistent" in skip["reason"]
        people = portclash(*args, env=ABSENT)
        assert "/nonexistent" in people.out.decode() + people.err


def test_one_that_is_not_here_does_not_hide_the_others(reservations, wrong):
    """A skip beside a failure is a failure; beside agreement it is seen by who
    named the subject."""
    both = ["-s", "goports", "-s", "portman"]
    fine = portclash("check", *both, reservations, "--json", env=ABSENT)
    assert fine.code == CANNOT and fine.json["held"] == 1, fine
    assert fine.json["skipped"], fine
    bad = portclash("check", *both, wrong, "--json", env=ABSENT)
    assert bad.code == FOUND and bad.json["skipped"], bad


def test_an_agent_that_breaks_is_no_outcome(reservations):
    """Silence, nonsense and an early end are reasons, not results."""
    for command in ("true", "false", "echo hello", "nonexistent-command",
                    "echo portclash-agent 1 x; echo can reserve; exit 3"):
        answer = portclash("check", "--json", "-s", f"pipe:{command}",
                           reservations,
                           env={"PORTCLASH_PIPE_WAIT_MS": "2000"})
        assert answer.code in (CANNOT, NOTHING), answer
        assert not answer.crashed and answer.json["skipped"], answer
        assert answer.json["skipped"][0]["reason"]
        assert not answer.json["failed"]


def test_tap(reservations, wrong):
    """KTAP: a plan, and a line for each case and subject."""
    answer = portclash("check", "--tap", *PAIR, reservations, wrong)
    lines = answer.out.decode().splitlines()
    start = lines.index("KTAP version 1")
    assert lines[start + 1] == "1..4"
    results = [line for line in lines if re.match(r"(not )?ok \d", line)]
    assert len(results) == 4
    assert sum(line.startswith("not ok") for line in results) == 2


def test_json_is_ascii_and_one_line(wrong):
    """Whatever a path has in it."""
    answer = portclash("check", "--json", *PAIR, wrong)
    assert answer.out.isascii() and answer.out.count(b"\n") == 1
    json.loads(answer.out)
