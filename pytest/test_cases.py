# SPDX-License-Identifier: Apache-2.0
"""Do the recorded outcomes of the whole corpus hold, for every subject?"""

import re

import pytest

from portcheck import (AGREED, CANNOT, CASES, CORPUS, DIVERGENCES, FOUND,
                       NOTHING, RULES, SUBJECTS, cases, portclash, required, said)

PURE = ("portman", "portman@head", "portlist", "spec")
FOLDERS = [folder for folder in (CASES, DIVERGENCES, RULES) if cases(folder)]


@pytest.mark.parametrize("subject", [
    pytest.param(name, marks=[pytest.mark.pure] if name in PURE else [])
    for name in (*SUBJECTS, "portman@head")])
def test_recorded_outcomes_hold(subject, need, ran):
    """Every case, on one subject; what it lacks is counted, and has a limit."""
    answer = portclash("check", "--json", "-s", subject, *FOLDERS)
    assert not answer.crashed, answer
    result = need(answer)
    assert not result["failed"], said(result["failed"])
    assert answer.code == AGREED, answer
    assert result["programs"] == result["cases"] == len(cases(*FOLDERS))
    # What was not compared to its end is not held.
    assert result["held"] == result["cases"] - result["incomparable"]
    ran(result)
    # Each subject answers at least one of the two levels, and really did.
    assert result["compared_ops"] > 500
    assert result["incomparable"] < result["programs"]


@pytest.mark.parametrize("name", sorted(required()))
def test_what_is_required_runs(name, need):
    """Under that name: one that no test asks for would be missed by none.
    Whether its outcomes are right is said elsewhere; lwIP's are not Linux's."""
    reserved = [path for path in cases(RULES)
                if re.search("^reserve ", path.read_text(), re.MULTILINE)]
    answer = portclash("check", "--json", "-s", name, *cases(RULES)[::20],
                       *reserved[::4], timeout=600)
    assert answer.out, answer
    assert need(answer)["held"] > 0


def test_all_subjects_at_once_say_the_same(need):
    """The default is every subject: its sums are those of one by one."""
    together = portclash("check", "--json", *FOLDERS)
    result = need(together)
    each = [portclash("check", "--json", "-s", subject, *FOLDERS).json
            for subject in SUBJECTS]
    for key in ("programs", "ops", "compared_ops", "incomparable"):
        assert result[key] == sum(one[key] for one in each), key
    assert result["subjects"] == list(SUBJECTS)


def test_what_needs_another_uid_is_counted_not_passed(tmp_path, uids):
    """Without root a second uid is not comparable: never "held" by chance.

    The recorded outcome is wrong on purpose, after the op with the uid: where
    uids work that fails, and where they do not it is beyond comparison.
    """
    case = tmp_path / "uid.case"
    case.write_text("# A socket of somebody else, and an outcome that is wrong."
                    "\n\nsocket a tcp4 uid=1000\nclose a = EADDRINUSE\n")
    answer = portclash("check", "--json", "-s", "linux", case)
    if uids:
        assert answer.code == FOUND and answer.json["failed"], answer
    else:
        assert answer.json["incomparable"] == 1, answer
        assert not answer.json["failed"], answer


def test_check_finds_a_wrong_outcome(tmp_path):
    """A judge that cannot say no is no judge: plant one wrong outcome each."""
    wrong = {"socket a tcp4\nbind a 127.0.0.1:7000 = EADDRINUSE\n": "portman",
             "reserve 4 tcp *:80\nreserve 4 tcp *:80\n": "portlist",
             "live = ok:7\n": "portman"}
    for number, (text, subject) in enumerate(wrong.items()):
        case = tmp_path / f"wrong-{number}.case"
        case.write_text(f"# This is wrong.\n\n{text}")
        answer = portclash("check", "--json", "-s", subject, case)
        assert answer.code == FOUND, answer
        [failure] = answer.json["failed"]
        assert failure["file"] == str(case)
        assert failure["line"] == 2 + text.count("\n")


# Makes sockets and closes them; from the first other op on all is n/a.
AGENT = """
echo 'portclash-agent 1 tiny'
echo 'can socket close bind type:tcp4'
outcome=ok
while read -r op rest; do
	case $op in
	.) echo . && outcome=ok && continue ;;
	socket | close) ;;
	*) outcome=n/a ;;
	esac
	echo $outcome
done
"""


@pytest.fixture(name="agent")
def agent_of(tmp_path, monkeypatch):
    """An agent of a script, by a name that is short enough."""
    def agent(text):
        (tmp_path / "agent.sh").write_text(text)
        return "pipe:sh $AGENT"
    monkeypatch.setenv("AGENT", str(tmp_path / "agent.sh"))
    return agent


@pytest.fixture
def tiny(agent):
    """The one that can sockets."""
    return agent(AGENT)


def make(folder, **texts):
    """Cases by name."""
    for name, text in texts.items():
        (folder / f"{name}.case").write_text(f"# A case.\n\n{text}")
    return folder


CUT = "socket a tcp4\nbind a 127.0.0.1:7000\nlisten a\n"
WHOLE = "socket a tcp4\nclose a\n"


def test_held_is_what_was_compared_to_its_end(tiny, tmp_path):
    """What an agent lacks is counted apart, and is a SKIP with the op."""
    folder = make(tmp_path, cut=CUT, whole=WHOLE)
    answer = portclash("check", "--json", "-s", tiny, folder)
    result = answer.json
    assert answer.code == AGREED, answer
    assert (result["cases"], result["held"], result["incomparable"]) == (2, 1, 1)
    assert "2 cases, 1 held, 0 failures, 1 not compared to the end" in answer.err
    lines = portclash("check", "--tap", "-s", tiny, folder).out.decode()
    assert "cut.case # SKIP lacks 'bind   a 127.0.0.1:7000'\n" in lines
    assert "whole.case\n" in lines


def test_nothing_held_is_nothing_tested(tiny, tmp_path):
    """Though some op of each was compared; but a failure is a failure."""
    folder = make(tmp_path, cut=CUT)
    answer = portclash("check", "--json", "-s", tiny, folder)
    assert answer.json["compared_ops"] == 1 and answer.json["held"] == 0
    assert answer.code == NOTHING, answer
    make(tmp_path, wrong="socket a tcp4 = EPERM\nlisten a\n")
    assert portclash("check", "-s", tiny, folder).code == FOUND


def test_a_subject_that_held_nothing_is_seen(tmp_path):
    """Asked for by name it makes the exit code; of the default some may lack
    the whole level."""
    folder = make(tmp_path, whole=WHOLE)
    both = portclash("check", "-s", "portman", "-s", "portlist", folder)
    assert both.code == NOTHING, both
    assert "portlist held 0 of 1 cases" in both.out.decode()
    assert "1 cases, 1 held, 0 failures, 0 not" in both.out.decode()
    assert portclash("check", "-s", "portman", folder).code == AGREED
    assert portclash("check", folder).code == AGREED


def test_a_subject_that_is_not_there_is_seen(tmp_path):
    """Asked for by name, beside one that holds everything."""
    folder = make(tmp_path, whole=WHOLE)
    answer = portclash("check", "-s", "portman", "-s", "pipe:true", folder)
    assert answer.code == CANNOT, answer
    assert b"skipped pipe:true" in answer.out


def test_an_agent_that_can_nearly_nothing(tiny):
    """A case or two of the whole corpus are held by opening a socket; that is
    no test of anything."""
    answer = portclash("check", "--json", "-s", tiny, CORPUS)
    assert 0 < answer.json["held"] < 10 and not answer.json["failed"]
    assert answer.code == NOTHING, answer
    assert "nothing was really tested" in answer.err


# Can no op but the first of a program, whatever it is.
ONCE = """
echo 'portclash-agent 1 once'
echo 'can socket set get bind listen connect close set:reuseaddr type:tcp4'
outcome=ok
while read -r op rest; do
	[ "$op" = . ] && echo . && outcome=ok && continue
	echo $outcome
	outcome=n/a
done
"""
SOCKETS = """
echo 'portclash-agent 1 sockets'
echo 'can socket close type:tcp4'
while read -r op rest; do [ "$op" = . ] && echo . || echo ok; done
"""
LOST = SOCKETS.replace("do [", "do n=$((n + 1)); [ $n -gt 200 ] && echo '!'; [")
PATHS = {"diff": ("-s", "linux", CASES), "random": ("-s", "spec"),
         "sweep": ("-s", "spec", "pairs", "--part", "1/500"),
         "explain": ("-s", "spec", "--count", 400),
         "matrix": ("--count", 40)}


@pytest.mark.parametrize("verb", PATHS)
@pytest.mark.parametrize("text", (AGENT, ONCE, SOCKETS),
                         ids=("tiny", "once", "sockets"))
def test_comparing_nothing_is_no_agreement(verb, text, agent, need):
    """By whatever verb: each program ends at its first or second op, or is no
    more than sockets that come and go."""
    answer = portclash(verb, "--quiet", "--json", "-s", agent(text),
                       *PATHS[verb])
    if verb != "matrix":
        assert need(answer)["programs"] > 100
    assert answer.code == NOTHING, answer
    assert "nothing was really tested" in answer.err


@pytest.mark.parametrize("verb", PATHS)
def test_an_agent_that_is_lost_on_the_way(verb, agent):
    """What it answered before is not all that it was asked."""
    answer = portclash(verb, "--quiet", "-s", agent(LOST), *PATHS[verb])
    assert answer.code == CANNOT, answer
    assert "stopped early" in answer.out.decode() + answer.err, answer


def test_the_end_of_a_case(tmp_path):
    """After an outcome of its own only such are compared, and n/a does not
    matter where nothing is; the n/a of a case is luck, and no end."""
    own = "socket a tcp4\nclose a = EPERM portman=ok\nsocket b mptcp4\n"
    folder = make(tmp_path, own=own, luck="socket a tcp4\nclose a = n/a\n",
                  consequence=f"{own}close a = ok portman=EBADF\n")
    answer = portclash("check", "--tap", "-s", "portman", folder)
    lines = sorted(line.split(f"{folder}/")[-1]
                   for line in answer.out.decode().splitlines()
                   if line.startswith(("ok", "not ok")))
    assert lines == ["consequence.case # SKIP lacks 'socket b mptcp4'",
                     "luck.case # SKIP the case says n/a of 'close  a'",
                     "own.case"], answer


@pytest.mark.parametrize("subject", ("portman+undo", "portman@head+order",
                                     "spec@6.1+refused", "linux+undo"))
def test_an_outcome_holds_under_a_law(tmp_path, subject):
    """What is recorded for a subject, or for what it is an instance of, is
    expected of it under a law, too; but what is recorded of that law is
    nearer."""
    name = subject.split("+")[0]
    elder = {"portman": "gvisor", "portman@head": "portman",
             "spec@6.1": "linux-6.1"}.get(name, name)
    program = "socket a tcp4\nclose a = EPERM "
    for who in (f"{name}=ok", f"{elder}=ok", f"{subject}=ok {name}=EBADF"):
        folder = make(tmp_path, case=f"{program}{who}\n")
        answer = portclash("check", "-s", subject, folder)
        assert answer.code == AGREED, answer
