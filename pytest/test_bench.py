# SPDX-License-Identifier: Apache-2.0
"""ci/bench counts right, ci/instructions compares, ci/plot draws.

Nothing here depends on how fast anything is: what a workload costs is said by
stand-ins, and instructions are counted by callgrind.
"""

import json
import os
import re
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree

import pytest

from portcheck import AGREED, CANNOT, ROOT, SKIPPED, USAGE, is_required


def loaded(name):
    """A script of ci/ as a module"""
    path = ROOT / "ci" / name
    module = types.ModuleType(name)
    module.__file__ = str(path)
    exec(compile(path.read_text(), path, "exec"), module.__dict__)
    return module


# Where a script that is run finds what it shares with others
sys.path.insert(0, str(ROOT / "ci"))
bench = loaded("bench")
instructions = loaded("instructions")
plot = loaded("plot")


class Side:
    """What costs as it is told, one after the other"""

    def __init__(self, *costs, checksum=None):
        self.costs, self.checksum = list(costs), checksum

    def measure(self):
        """The next"""
        cost = self.costs.pop(0)
        if isinstance(cost, Exception):
            raise cost
        return cost


def row(ours, theirs, target=2, name="a row", **options):
    """A row of stand-ins, measured"""
    return bench.measured(
        bench.Row(name, "ns", target, ours, theirs, **options),
        len(ours.costs))


@pytest.mark.pure
def test_a_ratio_is_the_median_of_ratios():
    """Not the ratio of medians, and by rates the other way round."""
    told = row(Side(10, 10, 40), Side(30, 10, 40))
    assert (told["ratio"], told["min"], told["max"]) == (1, 1, 3)
    assert (told["ours"], told["theirs"], told["ok"]) == (10, 30, False)
    told = row(Side(30, 60), Side(10, 20), more=True)
    assert told["ratio"] == told["min"] == 3 and told["ok"]
    assert row(Side(20), Side(4), scale=10)["ratio"] == 2
    assert row(Side(20), Side(4), target=None)["ok"]


@pytest.mark.pure
def test_sides_are_measured_in_turn():
    """Once ours is first, once theirs."""
    order = []
    sides = [Side(1, 1), Side(1, 1)]
    for side in sides:
        side.measure = lambda side=side: order.append(side) or 1
    row(*sides)
    assert order == [sides[0], sides[1], sides[1], sides[0]]


@pytest.mark.pure
def test_other_answers_are_red_however_fast():
    """By the checksums, of each other and of what is known."""
    assert row(Side(1, checksum="7"), Side(9, checksum="7"), same=True)["ok"]
    told = row(Side(1, checksum="7"), Side(9, checksum="8"), same=True)
    assert told["ok"] is False and "7" in told["reason"]
    told = row(Side(1, checksum="7"), Side(9, checksum="7"), same=True,
               checksum="9")
    assert told["ok"] is False and told["ratio"] is None


@pytest.mark.pure
def test_what_is_missing_is_said():
    """It is neither red nor ok."""
    told = row(Side(bench.Missing("no such thing")), Side(1))
    assert told["ok"] is None and told["reason"] == "no such thing"
    assert bench.verdict(told) == "n/a"
    with pytest.raises(bench.Missing, match="no such workload"):
        bench.run(["sh", "-c", "echo no such workload >&2; exit 2"])
    with pytest.raises(bench.Missing, match="CPUs"):
        bench.run(["true"], cpus=1000)


@pytest.mark.pure
@pytest.mark.parametrize("cost", (0, 1, 40, 1e5, 2e9))
def test_counts_fill_a_slice(cost):
    """Whatever an op costs, and however much more the first one does."""
    counts = []

    def cost_of(count):
        counts.append(count)
        return cost + 5e4 / count
    count = bench.calibrated(cost_of)
    assert counts[0] == 1 and 1 <= count <= bench.COUNT_MAX
    if cost > 100:
        assert count * cost <= bench.SLICE_NS or count == 1
        assert 3 * count * (cost + 5e4) > bench.SLICE_NS


@pytest.mark.pure
def test_rows_and_reasons():
    """Names are one row's, and a reason is that of a row."""
    rows = bench.all_rows()
    names = [row.name for row in rows]
    assert len(set(names)) == len(names) > 40
    assert not set(bench.REASONS) - set(names)
    name = next(iter(bench.REASONS))
    assert row(Side(1), Side(1), name=name)["reason"] == bench.REASONS[name]
    assert "reason" not in row(Side(1), Side(9), name=name)


@pytest.mark.pure
def test_the_table_has_all():
    """Red, ok, n/a and what has no target."""
    told = [row(Side(5), Side(5000)), row(Side(5), Side(5)),
            row(Side(5), Side(5), target=None),
            row(Side(bench.Missing("because")), Side(1))]
    lines = list(bench.table(told))
    assert len(lines) == 6 and lines[-1].strip() == "because"
    assert lines[1].split()[2:] == ["5.00", "5,000", "ns", "1,000", "1,000",
                                    "1,000", "2.00", "ok"]
    assert lines[2].endswith("RED") and lines[3].endswith("-")
    assert lines[4].endswith("n/a")


@pytest.mark.pure
def test_numbers_are_short():
    """However large or small"""
    assert [bench.number(value) for value in
            (None, 0.00107, 0.77, 9.876, 12.34, 123.4, 41562049)] == [
                "-", "0.0011", "0.77", "9.88", "12.3", "123", "41,562,049"]


@pytest.mark.pure
@pytest.mark.parametrize("args", (["--reps", "0"], ["--reps", "many"],
                                  ["--only", "("], ["--only", "nothing like"],
                                  ["--plot", "/no/such/file"], ["more"]))
def test_bad_usage(args):
    """One clear line, behind the usage."""
    done = subprocess.run([ROOT / "ci" / "bench", *args], text=True,
                          capture_output=True, check=False)
    assert done.returncode == USAGE and not done.stdout
    assert done.stderr.splitlines()[-1].startswith("ci/bench: error: ")


@pytest.mark.pure
def test_a_list():
    """As long as what is asked for"""
    done = subprocess.run([ROOT / "ci" / "bench", "--list", "--only", "^mixed"],
                          text=True, capture_output=True, check=True)
    assert done.stdout.splitlines() == ["mixed (b)"]


@pytest.mark.parametrize("workload, count", (
    ("a1", 4), ("a1-second-thread", 4), ("a2", 4), ("a3", 4), ("a4", 4),
    ("b", 50000), ("b2", 5000), ("c:0", 4), ("c:49000", 4), ("c:49535", 1),
    ("c:49536", 1), ("d:50", 4), ("e", 4), ("f:1", 4), ("live:100", 4),
    ("memory", 1000), ("tuples", 1000)))
def test_both_sides_give_the_same_answers(workload, count):
    """The port manager and the real package, by their checksums"""
    if not (ROOT / "build" / "goports").exists():
        assert not is_required("goports")
        pytest.skip("build/goports is not here")
    said = [subprocess.run([ROOT / "build" / name, *more, workload, str(count)],
                           text=True, capture_output=True, check=True).stdout
            for name, *more in (("bench_ports",), ("goports", "bench"))]
    assert said[0].split()[1] == said[1].split()[1]


@pytest.mark.parametrize("args", ([], ["a1"], ["a1", "0"], ["a1", "-1"],
                                  ["a1", "x"], ["a", "1"], ["c:", "1"],
                                  ["c:x", "1"]))
@pytest.mark.parametrize("command", (["bench_ports"], ["goports", "bench"]))
def test_a_bench_refuses(command, args):
    """What is no workload, and no count"""
    path = ROOT / "build" / command[0]
    if not path.exists():
        pytest.skip(f"build/{command[0]} is not here")
    done = subprocess.run([path, *command[1:], *args], text=True,
                          capture_output=True, check=False)
    assert done.returncode == USAGE and not done.stdout
    assert len(done.stderr.splitlines()) == 1


CURVES = {"live": {"ours": [[100, 90], [1000000, 400]],
                   "theirs": [[100, 1200.5], [1000000, 4000]]},
          "taken": {"ours": [[0, 100], [49535, 6e5]], "theirs": []}}


@pytest.mark.pure
def test_a_plot():
    """Well-formed, a dot for each point, all of them inside"""
    svg = ElementTree.fromstring("\n".join(plot.draw(CURVES)))
    dots = [dot for dot in svg.iter() if dot.tag.endswith("circle")]
    assert len(dots) == 6
    for dot in dots:
        assert 0 <= float(dot.get("cx")) <= float(svg.get("width"))
        assert plot.TOP <= float(dot.get("cy")) <= plot.TOP + plot.HEIGHT
    words = {text.text for text in svg.iter() if text.tag.endswith("text")}
    assert {"1,000,000", "90 %", "1 free", "1 ms", "100 ns"} <= words


@pytest.mark.pure
def test_counts_are_compared():
    """Over 10 % is too much; so is what nobody knows."""
    kept = {"a": 100, "b": 100, "c": 100}
    lines = list(instructions.grown(kept, {"a": 110, "b": 111, "d": 1}))
    assert len(lines) == 2 and lines[0].startswith("b takes 111")
    assert instructions.total("x\nsummary: 12\ntotals: 12\n") == 12
    assert not instructions.total("nothing")


@pytest.mark.pure
def test_compilers_are_known():
    """By their notes; libc's are gcc's always."""
    gcc = "  [     0]  GCC: (Debian 12.2.0-14+deb12u1) 12.2.0\n"
    assert instructions.compiler(gcc) == "gcc 12"
    assert instructions.compiler(
        gcc + "  [    27]  Debian clang version 14.0.6\n") == "clang 14"
    with pytest.raises(instructions.Cannot):
        instructions.compiler("")


@pytest.mark.slow
def test_instructions_have_not_grown():
    """Beside the file, with its compiler"""
    done = subprocess.run([ROOT / "ci" / "instructions"], text=True,
                          capture_output=True, check=False)
    if done.returncode == SKIPPED:
        pytest.skip(done.stderr.strip())
    assert done.returncode == AGREED, done.stderr
    kept = json.loads((ROOT / "harness" / "instructions.json").read_text())
    assert len(done.stdout.splitlines()) == len(kept["instructions"])


@pytest.mark.parametrize("call", (
    "ci/bench --help", "ci/bench --list", "ci/instructions --help",
    "harness/mutants --help", "harness/mutate --help",
    "harness/plants/classes --list", "harness/plants/run --table"))
def test_what_nobody_hears(call):
    """A full disk or a closed stdout is no success, and no ratio that is
    missed: 3, and a line that says so."""
    script, option = call.split()
    with open("/dev/full", "wb") as full:
        for more in ({"stdout": full}, {"preexec_fn": lambda: os.close(1)}):
            done = subprocess.run(
                [ROOT / script, option], stderr=subprocess.PIPE,
                text=True, check=False, timeout=60, **more)
            assert done.returncode == CANNOT, done
            assert re.fullmatch(r"[\w/]+: [^\n]+\n", done.stderr), done


@pytest.mark.parametrize("call", (
    "ci/bench --only ", "ci/bench --plot /nowhere/", "ci/plot ", "ci/man ",
    "ci/instructions --of ", "harness/mutants ", "harness/mutate ",
    "harness/plants/classes ", "harness/plants/run ", "harness/plants/run --arm ",
    "harness/plants/run --seed ", "harness/mutate --seed "))
def test_what_is_asked_badly(call):
    """Usage, in words of which no terminal obeys one."""
    script, *args = call.split(" ")
    args[-1] += "\33]0;x\7["
    done = subprocess.run([ROOT / script, *args], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == USAGE, done
    assert done.stderr and not done.stdout, done
    assert not re.search(r"[^ -~\n]|Traceback", done.stderr), done
