# SPDX-License-Identifier: Apache-2.0
"""Do the recorded outcomes of the whole corpus hold, for every subject?"""

import pytest

from portcheck import (AGREED, CASES, DIVERGENCES, FOUND, RULES, SUBJECTS,
                       cases, portclash, said)

FOLDERS = [folder for folder in (CASES, DIVERGENCES, RULES) if cases(folder)]


@pytest.mark.parametrize("subject", (*SUBJECTS, "portman@head"))
def test_recorded_outcomes_hold(subject, need):
    """Every case, on one subject; what it lacks is counted, and has a limit."""
    answer = portclash("check", "--json", "-s", subject, *FOLDERS)
    assert not answer.crashed, answer
    result = need(answer)
    assert not result["failed"], said(result["failed"])
    assert answer.code == AGREED, answer
    assert result["programs"] == result["cases"] == len(cases(*FOLDERS))
    assert result["held"] == result["cases"]
    # Each subject answers at least one of the two levels, and really did.
    assert result["compared_ops"] > 500
    assert result["incomparable"] < result["programs"]


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
