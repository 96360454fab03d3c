# SPDX-License-Identifier: Apache-2.0
"""The unit tests in C, each in a process of its own.

"make tests" builds the programs and lists them in build/tests; each says which
tests it has (harness/unit.h), and cmocka reports in XML what came of one."""

import os
import re
import subprocess
import xml.etree.ElementTree as ET

import pytest

from portcheck import ROOT

LIST = ROOT / "build" / "tests"
STUCK_S = 300


def listed(pure=False):
    """Paths such as build/san/test_conn; or the names of those that are pure."""
    lines = LIST.read_text().split() if LIST.exists() else []
    return [line.removeprefix("pure/") for line in lines
            if line.startswith("pure/") == pure]


def names(program):
    """Of its tests; the same in each flavour, and soonest said by the plain."""
    plain = ROOT / "build" / "plain" / program.rpartition("/")[2]
    if not plain.exists():
        return []
    done = subprocess.run([plain, "--list"], stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.stdout.splitlines()


def items():
    """Each test of each program."""
    for program in listed():
        _, flavour, stem = program.split("/")
        pure = flavour == "plain" and stem in listed(pure=True)
        for name in names(program):
            yield pytest.param(program, name,
                               marks=[pytest.mark.pure] if pure else [],
                               id=f"{flavour}-{stem}-{name}")


def test_there_are_programs():
    """None that was built is without tests."""
    sources = {path.stem for path in (ROOT / "harness").glob("test_*.c")}
    assert {path.rpartition("/")[2] for path in listed()} == sources, (
        "make tests builds them")
    assert not [path for path in listed() if not names(path)]


@pytest.mark.parametrize("program,name", items())
def test_unit(program, name, tmp_path):
    """It passes; or it says why it cannot be tried here."""
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [ROOT / program, name], stdin=subprocess.DEVNULL, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=STUCK_S,
        env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "XML",
             "CMOCKA_XML_FILE": str(report)}, check=False)
    said = done.stdout.decode(errors="replace")
    reason = re.search(r"^skipped: (.*)$", said, re.MULTILINE)
    if reason and not report.exists():
        pytest.skip(reason[1])
    assert report.exists(), f"exit code {done.returncode}\n{said}"
    case, = ET.parse(report).iter("testcase")
    failure = case.find("failure")
    assert failure is None, f"{failure.text}\n{said}"
    # A leak found at the end has no line of its own.
    assert done.returncode == 0, f"exit code {done.returncode}\n{said}"
    if case.find("skipped") is not None:
        pytest.skip(reason[1] if reason else "it does not say why")
