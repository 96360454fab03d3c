# SPDX-License-Identifier: Apache-2.0
"""Agents that are none, or mean harm: each is told what is wrong, soon.

What the protocol asks for is in src/subjects/agent.h. Deaths and silences that
are outcomes are in harness/test_pipe_death.c.
"""

import time

import pytest

from portcheck import AGREED, CANNOT, FOUND, NOTHING, USAGE, portclash

HELLO = "echo 'portclash-agent 1 foe'; echo 'can socket close type:tcp4'; "
ANSWER = "while read -r op x; do [ $op = . ] && echo . || echo ok; done"
EXPECTED = "expected 'portclash-agent 1 NAME', it said '"

# Found out at once, or after the second that is waited for a greeting
NO_AGENTS = {
    "an echo": ("cat", EXPECTED + ".'"),
    "half a line": ("printf hello; sleep 9", EXPECTED + "hello'"),
    "a banner": ("echo Welcome; sleep 9", EXPECTED + "Welcome'"),
    "a banner, then a greeting": ("echo hi; " + HELLO + ANSWER, EXPECTED),
    "drops": ("while sleep 0.2; do printf p; done", EXPECTED + "pp"),
    "empty lines": ("yes ''", EXPECTED + "'"),
    "bytes": ("head -c 4000 /dev/urandom | tr '\\000-\\037p' x; sleep 9",
              EXPECTED),
    "nulls": ("head -c 100000 /dev/zero; sleep 9", "more than 4096 bytes"),
    "a long line": ("yes | tr -d '\\n'", "more than 4096 bytes"),
    "escapes": ("printf '\\033[2Jx\\n'; sleep 9", EXPECTED + "?[2Jx'"),
    "another version": ("echo portclash-agent 2 x; sleep 9", "agent 2 x'"),
    "no capabilities": ("echo portclash-agent 1 x; echo cannot; sleep 9",
                        "expected 'can WORD...', it said 'cannot'"),
    "nothing": ("true", "ended too early (exit status 0)"),
    "no such command": ("/no/such", "ended too early (exit status 127)"),
    "a death": ("kill -9 $$", "signal 9"),
    "a closed stdout": ("exec >&-; sleep 9", "closed its output"),
}

# With little patience: it says what is wrong, or is a hang
AGENTS = {
    "silence": ("sleep 9", CANNOT, "was silent for 150 ms"),
    "a child that stays": ("sleep 9 & sleep 9", CANNOT, "was silent"),
    "silence after the greeting": (HELLO + "sleep 9", CANNOT, "silent"),
    "a drop at a time": (
        HELLO + "while sleep 0.05; do printf o; done", CANNOT,
        "was not silent, but gave no whole answer in time"),
    "a sign of life for ever": (
        HELLO + "while sleep 0.05; do echo; done", CANNOT,
        "was not silent, but gave no whole answer in time"),
    "empty lines for ever": (HELLO + "yes ''", CANNOT, "1000 empty lines"),
    "outcomes for ever": (HELLO + "yes ok", CANNOT, "more than 64 outcomes"),
    "too few outcomes": (HELLO + "echo .; sleep 9", CANNOT, "gave 0 outcomes"),
    "no outcome": (HELLO + "echo fine; sleep 9", CANNOT, "it said 'fine'"),
    "an outcome that is markup": (
        HELLO + "printf '<b>\\033[m\\n'; sleep 9", CANNOT, "said '<b>?[m'"),
    "a number too large": (
        HELLO + "echo ok:99999999999999999999; sleep 9", CANNOT, "it said"),
    "too much": (HELLO + "printf 'ok\\nok\\n.\\nok\\n'; cat", CANNOT,
                 "said more than it was asked"),
    "answers before it is asked": (
        HELLO + "yes \"$(yes ok | head -2; echo .)\"", CANNOT, "said"),
    "a refusal": (HELLO + "echo '! no'; echo .; cat", CANNOT, "program 1: no"),
    "an end on the way": (HELLO + "echo ok; exit 7", CANNOT, "exit status 7"),
    "a window of nothing": (
        HELLO.replace("tcp4", "tcp4 window:0 window:-1 window:x") + ANSWER,
        AGREED, ""),
    "words of another day": (
        HELLO.replace("tcp4", "tcp4 type: set:\377 " + "x" * 3000) + ANSWER,
        AGREED, ""),
    "lines that end as in DOS": (
        "(" + HELLO + ANSWER + r") | sed -u 's/$/\r/'", AGREED, ""),
}


@pytest.fixture(name="case")
def a_case(tmp_path):
    """A program that the agents above can be asked."""
    path = tmp_path / "one.case"
    path.write_text("# A case.\n\nsocket a tcp4\nclose a\n")
    return path


@pytest.mark.parametrize("kind", NO_AGENTS)
def test_who_is_no_agent_is_told_soon(kind, case):
    """With all the patience that there is by default."""
    command, why = NO_AGENTS[kind]
    began = time.monotonic()
    answer = portclash("run", "-s", f"foe=pipe:{command}", case)
    assert time.monotonic() - began < 4, answer
    assert answer.code == CANNOT and why in answer.err, answer
    assert answer.err.count("\n") <= 2 and answer.out == b""


@pytest.mark.parametrize("kind", AGENTS)
def test_who_breaks_the_protocol_is_ended(kind, case):
    """And what it left is no outcome."""
    command, code, why = AGENTS[kind]
    began = time.monotonic()
    answer = portclash("check", "-s", f"foe=pipe:{command}", case,
                       env={"PORTCLASH_PIPE_WAIT_MS":
                            "150" if "silent" in why else "5000"})
    assert time.monotonic() - began < 8, answer
    # On a busy machine a drop may come so late that it is silence.
    late = "in time" in why and "was silent" in answer.out.decode()
    assert answer.code == code and (late or why in answer.out.decode()), answer
    assert not answer.crashed and b"\033" not in answer.out


def test_minimize_says_why(case):
    """As the other verbs do, and not by the number of an error."""
    for agent, code, why in (
            ("echo portclash-agent 1 x; echo can; cat", USAGE,
             "foe and spec have no ops in common"),
            (HELLO + "echo '! no \033[m'; echo .; cat", CANNOT,
             "could not run program 1: no ")):
        answer = portclash("minimize", "-s", f"foe=pipe:{agent}", "-s", "spec",
                           case)
        assert answer.code == code and why in answer.err, answer
        assert answer.err.count("\n") == 1 and "\033" not in answer.err


def test_silence_is_told_before_it_ends(case):
    """Who waits long is told for what; a slow agent is an agent."""
    late = "sleep 1.2; " + HELLO + ANSWER
    answer = portclash("check", "-s", f"foe=pipe:{late}", case)
    assert answer.code == AGREED, answer
    assert answer.err.count("says nothing: expected 'portclash-agent") == 1


def test_how_much_must_be_compared(case, tmp_path):
    """--min-compared: of a hundred programs so many, at least one."""
    (tmp_path / "two.case").write_text("# More.\n\nsocket a tcp4\nlisten a\n")
    foe = f"foe=pipe:{HELLO}{ANSWER}"
    for least, code in ((1, AGREED), (50, AGREED), (51, NOTHING),
                        (100, NOTHING), (0, USAGE), (101, USAGE)):
        answer = portclash("check", "-s", foe, "--min-compared", least,
                           tmp_path)
        assert answer.code == code, answer
    wrong = tmp_path / "wrong.case"
    wrong.write_text("# It is none.\n\nsocket a tcp4 = EPERM\n")
    answer = portclash("check", "-s", foe, "--min-compared", 100, tmp_path)
    assert answer.code == FOUND, answer
    for verb in ("diff", "random", "sweep", "matrix", "explain"):
        said = portclash(verb, "--help").out.decode()
        assert "--min-compared PERCENT" in said
