# SPDX-License-Identifier: Apache-2.0
"""harness/SEEDS.md: what it names is there."""

import re

import pytest

from portcheck import CASES, ROOT

pytestmark = pytest.mark.pure
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")]
        for line in (ROOT / "harness" / "SEEDS.md").read_text().splitlines()
        if re.match(r"\| `", line)]
HEADERS = "".join(path.read_text() for path in ROOT.glob("src/**/*.h"))
TESTS = "".join(path.read_text() for path in ROOT.glob("harness/test_*.c"))


def test_functions_are_declared():
    """Each name in the middle is a function of a header."""
    names = {name for row in ROWS if len(row) == 3
             for name in re.findall(r"`([a-z]+_[a-z0-9_]+)`", row[1])}
    assert len(names) > 60
    for name in names:
        assert re.search(rf"\b{name}\(", HEADERS), name


def test_tests_exist():
    """Each name on the right is a test of cmocka, or a case."""
    for row in ROWS:
        if len(row) != 3 or not row[2].strip("| "):
            continue
        for name in re.findall(r"`([^`]+)`", row[2]):
            if name.endswith(".case"):
                assert (CASES / name).exists(), name
            else:
                assert re.search(rf"static void {name}\(", TESTS), name
