# SPDX-License-Identifier: Apache-2.0
"""The specification of Linux: this kernel never disagrees with it."""

import json

import pytest

from portcheck import (AGREED, CORPUS, FOUND, RULES, USAGE, cases, portclash,
                       said)

SWEEPS = portclash("sweep", "--list", "--json").json["sweeps"]
SMALL = [sweep["name"] for sweep in SWEEPS if sweep["in_check"]]


def rules():
    """A line of JSON for each."""
    return [json.loads(line) for line in
            portclash("rules", "--json").out.decode().splitlines()]


@pytest.mark.parametrize("name", SMALL)
def test_sweep(name, need):
    """Every program of the set: the kernel answers as the rules say. Of the
    largest a part; all of it is a matter of "make check-long"."""
    [size] = [sweep["programs"] for sweep in SWEEPS if sweep["name"] == name]
    parts = 1 + size // 100000
    answer = portclash("sweep", name, "--part", f"1/{parts}", "--json",
                       "--quiet", "-s", "spec", "-s", "linux", timeout=600)
    assert not answer.crashed, answer
    result = need(answer)
    assert result["divergent"] == result["unknown"] == 0, answer
    assert answer.code == AGREED, answer
    assert result["programs"] == size // parts
    assert result["compared_ops"] > 2 * result["programs"]


def test_random_programs(need):
    """All ops, in any order."""
    answer = portclash("random", "--json", "--quiet", "-s", "spec",
                       "-s", "linux", "--seed", 1, "--count", 100000)
    assert not answer.crashed, answer
    result = need(answer)
    assert result["divergent"] == 0, answer
    assert result["incomparable"] < result["programs"] / 10


@pytest.mark.pure
def test_random_programs_have_a_class(need):
    """gVisor's rules against Linux's, both in one process."""
    answer = portclash("random", "--json", "--quiet", "-s", "portman",
                       "-s", "spec", "--seed", 1, "--count", 100000)
    result = need(answer)
    assert answer.code == AGREED and not answer.crashed, answer
    assert result["unknown"] == 0, answer
    # portman does not know some of what Linux is asked at random.
    assert result["compared_ops"] > 0.6 * result["ops"], answer


@pytest.mark.pure
@pytest.mark.parametrize("version", ("6.1", "6.12"))
def test_old_kernels_have_their_column(version):
    """The outcomes that cases record for them are what spec@ says."""
    answer = portclash("check", "--json", "-s", f"spec@{version}",
                       CORPUS / "rules", CORPUS / "cases")
    assert not answer.json["failed"], said(answer.json["failed"])
    assert answer.code == AGREED


@pytest.mark.pure
def test_rules_in_json():
    """One line a rule, with its case."""
    for rule in rules():
        assert set(rule) == {"model", "name", "sort", "errno",
                             "kernel_function", "text", "versions", "newest",
                             "generic", "case"}
        assert rule["model"] in ("spec", "portman")
        assert rule["sort"] in ("decision", "effect")
        assert rule["errno"] == "ok" or rule["sort"] == "decision"
        assert isinstance(rule["generic"], bool)
        # What no Linux has, another stack has: its class is the case.
        assert rule["case"] or rule["versions"] == "none" or rule["name"] in (
            "not_modelled", "not_known", "fin_answered_sooner_or_later")
    names = {rule["name"] for rule in rules()}
    assert {path.stem for path in cases(RULES)} <= names


@pytest.mark.pure
def test_rule_case_and_trace_lead_to_each_other():
    """From a trace to the rule, from the rule to its case and back."""
    trace = portclash("run", "-s", "spec", RULES / "tcp_share_cache.case")
    last = trace.out.decode().splitlines()[-1]
    assert last.partition("# ")[2].startswith("tcp_share_cache")
    shown = portclash("rules", "tcp_share_cache").out.decode()
    assert "sk_reuseport_match" in shown and "bind   b" in shown
    assert portclash("rules", "no_such_rule").code == USAGE


@pytest.mark.pure
def test_rules_of_one_model():
    """Each book by itself, and both of them together."""
    both = rules()
    for model in ("spec", "portman"):
        one = portclash("rules", "--json", "--model", model)
        assert [json.loads(line) for line in one.out.decode().splitlines()] \
            == [rule for rule in both if rule["model"] == model] != []
    assert portclash("rules", "--model", "linux").code == USAGE
    assert portclash("rules", "--model", "spec", "port_in_use").code == USAGE


@pytest.mark.pure
def test_portman_cites_its_rules():
    """In text, behind each outcome, also where it does not know."""
    path = RULES / "failed_bind_keeps_address.case"
    trace = portclash("run", "-s", "portman", path).out.decode()
    notes = [line.partition("# ")[2] for line in trace.splitlines()]
    assert notes[-3].startswith("port_in_use; ")
    assert "failed_bind_keeps_address" in notes[-3]
    assert all(notes) and notes[-1] == "endpoint_told"
    answer = portclash("run", "-s", "portman~no_such_rule", path)
    assert answer.code == USAGE and "no_such_rule" in answer.err


@pytest.mark.pure
def test_a_sweep_finds_what_is_wrong():
    """Without a rule, two specifications differ, and it is minimised."""
    answer = portclash("sweep", "pairs", "--json", "--quiet", "-s", "spec",
                       "-s", "spec~tcp_conflict_uid")
    assert answer.code == FOUND and answer.json["unknown"] > 0, answer
    assert b"uid=7" in answer.err.encode()


def test_a_sweep_goes_on(tmp_path):
    """An interrupted one notes how far it is, and all is done once."""
    note = tmp_path / "note"
    note.write_text("late spec spec 559000\n")
    args = ("--json", "--quiet", "-s", "spec", "-s", "spec", "--resume", note)
    answer = portclash("sweep", "late", *args)
    assert answer.code == AGREED and answer.json["programs"] == 872, answer
    assert not note.exists()
    note.write_text("late spec linux 559000\n")
    answer = portclash("sweep", "late", *args)
    assert answer.code == USAGE and "note:1:" in answer.err


def test_a_sweep_does_not_forget(tmp_path):
    """Who goes on after an interruption finds again what was found before:
    the note is never past a divergence, so no second run can be green."""
    note = tmp_path / "note"
    args = ("sweep", "triples", "--json", "--quiet", "--time", 1, "-s", "spec",
            "-s", "spec~tcp_conflict_uid", "--resume", note)
    note.write_text("triples spec spec~tcp_conflict_uid 653000\n")
    for _ in range(2):
        answer = portclash(*args)
        assert answer.code == FOUND and answer.json["unknown"] > 0, answer
        number = int(note.read_text().split()[-1])
        assert 653000 <= number <= 653998, answer


@pytest.mark.pure
def test_a_complete_sweep_leaves_no_note(tmp_path):
    """Also with a limit that it did not need: the next run begins anew."""
    note = tmp_path / "note"
    for _ in range(2):
        answer = portclash("sweep", "errors", "--json", "--quiet", "-s", "spec",
                           "-s", "spec", "--time", 60, "--resume", note)
        assert answer.code == AGREED and answer.json["programs"] > 4000, answer
        assert not note.exists()


@pytest.mark.pure
def test_parts_of_a_sweep(tmp_path):
    """Together they are the whole, and a note knows of which it is."""
    args = ("sweep", "errors", "--json", "--quiet", "-s", "spec", "-s", "spec")
    whole = portclash(*args).json
    parts = [portclash(*args, "--part", f"{k}/7").json for k in range(1, 8)]
    assert all(part["sweep"] == "errors" for part in parts)
    assert sum(part["programs"] for part in parts) == whole["programs"]
    assert sum(part["ops"] for part in parts) == whole["ops"]
    note = tmp_path / "note"
    note.write_text("errors spec spec 2/7 700\n")
    answer = portclash(*args, "--part", "3/7", "--resume", note)
    assert answer.code == USAGE and "note:1:" in answer.err
    for bad in ("0/2", "3/2", "1/0", "1/-2", "1", "x", "1/2/3", "1/99999"):
        assert portclash(*args, "--part", bad).code == USAGE, bad


@pytest.mark.parametrize("args", [
    ("sweep", "nothing", "-s", "spec", "-s", "spec"), ("sweep", "-s", "spec"),
    ("sweep", "pairs", "-s", "spec"), ("run", "-s", "spec@", "x"),
    ("run", "-s", "spec~", "x"), ("run", "-s", "spec@6.1~none", "x")])
def test_bad_usage(args):
    """One line that says what was expected."""
    answer = portclash(*args)
    assert answer.code == USAGE and answer.err.count("\n") == 1, answer
