# SPDX-License-Identifier: Apache-2.0
"""The plants of harness/plants/run: each fits the sources, and some are found.

All of them by all arms take hours; harness/PLANTS.md has what came of it."""

import json
import subprocess
import sys
import types

import pytest

from portcheck import ROOT, USAGE

sys.path.insert(0, str(ROOT / "harness" / "plants"))

import arms  # noqa: E402, where it is
from copies import edited  # noqa: E402, where it is
from plants import PLANTS  # noqa: E402, where it is

RUN = ROOT / "harness" / "plants" / "run"
TARGETS = {path.stem.removeprefix("fuzz_")
           for path in (ROOT / "harness").glob("fuzz_*.c")}
SORTS = ("decision", "state", "range", "memory", "order", "cache", "kernel")
# Of each pure target one, that its seeds find
SAMPLE = ("dest-port-ignored", "loaded-sum-unchecked", "one-class-at-a-time")


def asked(*args):
    """What it says, and its code"""
    return subprocess.run([RUN, *map(str, args)], text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True)


@pytest.mark.pure
@pytest.mark.parametrize("code,found", ((0, False), (1, True), (None, True)))
def test_tests_that_fail_or_never_end(code, found, monkeypatch):
    """Both notice a plant."""
    monkeypatch.setattr(arms, "stages", lambda _: [("some", ["some"])])
    place = types.SimpleNamespace(run=lambda *_: (code, ""))
    assert arms.fast(place, 1)["found"] == found


@pytest.mark.pure
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_it_fits(plant):
    """Its place is there, once, and a target is to find it."""
    assert plant.target in TARGETS
    assert sum(other.name == plant.name for other in PLANTS) == 1
    if plant.path:
        assert plant.sort.rstrip("+") in SORTS
        path, text = edited(str(ROOT), *plant[:1], *plant[3:])
        with open(path, encoding="utf-8") as file:
            assert file.read() != text


@pytest.mark.pure
def test_there_are_enough():
    """Of all sorts, also of those that need many ops"""
    plants = [plant for plant in PLANTS if plant.path]
    assert len(plants) >= 60
    assert {plant.sort.rstrip("+") for plant in plants} == set(SORTS)
    for more in ("+", "++"):
        assert any(plant.sort.endswith(more) for plant in plants)


@pytest.mark.pure
def test_what_is_known_is_not_asked_again(tmp_path):
    """A table of what a file says, without building anything"""
    known = tmp_path / "known.jsonl"
    known.write_text("")
    said = asked("--output", known, "--table", "dest-port-ignored")
    assert said.returncode == 0 and "| dest-port-ignored |" in said.stdout, said
    known.write_text("{}\n")
    said = asked("--output", known, "--table")
    assert said.returncode == USAGE, said
    assert said.stderr == f"plants: {known}:1: no result of a plant\n"


@pytest.mark.long
def test_some_are_found_by_seeds(tmp_path):
    """And what has no plant has no finding."""
    known = tmp_path / "known.jsonl"
    said = asked("--output", known, "--arm", "corpus", *SAMPLE, "clean-ports",
                 "clean-load", "clean-sockets")
    assert said.returncode == 0, said
    found = {one["plant"] for line in known.read_text().splitlines()
             if (one := json.loads(line))["found"]}
    assert found == set(SAMPLE)
