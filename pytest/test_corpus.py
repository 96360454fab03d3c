# SPDX-License-Identifier: Apache-2.0
"""The corpus as a collection: names, sentences, rules, seeds, round trips."""

import json
import re

import pytest

from portcheck import (AGREED, CASES, CORPUS, DIVERGENCES, ROOT, RULES, cases,
                       level, portclash, some)

pytestmark = pytest.mark.pure
ALL = cases(CASES, DIVERGENCES, RULES)
SEEDS = sorted(path for path in (CORPUS / "fuzz").glob("*/*") if path.is_file())


def test_there_are_enough_cases():
    """One fact each, so a corpus that is any good has many."""
    assert len(cases(CASES)) >= 150


def test_names():
    """<topic>-<fact>.case, lower case with dashes, no name twice. The case
    of a rule is called as the rule is."""
    for path in cases(CASES, DIVERGENCES):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+\.case", path.name), path
    assert len({path.name for path in ALL}) == len(ALL)
    strays = [path for folder in (CASES, DIVERGENCES, RULES)
              for path in folder.iterdir() if path.suffix != ".case"]
    assert not strays


def test_first_line_is_a_sentence():
    """It says why, and fits what the command keeps of it (WHY_MAX)."""
    for path in ALL:
        first = path.read_text().splitlines()[0]
        assert re.fullmatch(r"# \S.{10,}\.", first), f"{path}: {first}"
        assert len(first) < 500, path


def test_rules_that_are_named_exist():
    """Each "# rule:" is one of a book. Of the rules of gVisor's port manager,
    one case at least on reservations names each of these."""
    books = {}
    for line in portclash("rules", "--json").out.decode().splitlines():
        rule = json.loads(line)
        books[rule["name"]] = rule
    named = {}
    for path in cases(CASES, RULES, DIVERGENCES):
        for name in re.findall(r"^# rule: *(.+)$", path.read_text(),
                               re.MULTILINE):
            named.setdefault(name, set()).add(level(path))
    assert set(named) <= set(books)
    missing = [name for name, rule in books.items()
               if rule["kernel_function"].startswith("ports.")
               and "reservation" not in named.get(name, ())]
    assert not missing


def words(text):
    """The ops of a text, one a line: without comments, outcomes, alignment.

    77 is the number of the device "missing", and is printed so.
    """
    text = text.replace("%77]", "%missing]")
    lines = (re.split(r"\s=\s", line.split("#")[0])[0].split()
             for line in text.splitlines())
    return [" ".join(line) for line in lines if line]


@some(5)
def test_text_to_bytes_and_back(every, tmp_path):
    """A case survives it, to the letter and to the byte."""
    wrong = []
    for path in ALL[::every]:
        first = portclash("pack", path)
        assert first.code == AGREED, first
        packed, text = tmp_path / "packed", tmp_path / "text.case"
        packed.write_bytes(first.out)
        text.write_bytes(portclash("unpack", packed).out)
        if words(path.read_text()) != words(text.read_text()):
            wrong.append(f"{path.name}: other ops\n{text.read_text()}")
        if portclash("pack", text).out != first.out:
            wrong.append(f"{path.name}: other bytes")
    assert not wrong, "\n".join(wrong)


def test_there_are_seeds():
    """AFL++ does not start without; names are hashes of the bytes."""
    for source in (ROOT / "harness").glob("fuzz_*.c"):
        target = source.stem
        assert [path for path in SEEDS if path.parent.name == target], target


@pytest.mark.parametrize("target,first", [("fuzz_ports", 0),
                                          ("fuzz_kernel", 1), ("fuzz_spec", 1),
                                          ("fuzz_sockets", 1)])
def test_every_seed_is_a_program(target, first):
    """All of them in one batch: none is empty, none of the other level."""
    paths = [path for path in SEEDS if path.parent.name == target]
    if not paths:
        pytest.skip(f"no seeds of {target}")
    assert not [path for path in paths if path.read_bytes()[0] & 1 != first]
    answer = portclash("run", "--json", "-s", "portlist", *paths)
    assert answer.code == AGREED and not answer.crashed, answer
    for trace in answer.json["traces"]:
        assert trace["outcomes"]["portlist"], f"{trace['file']}: empty"
