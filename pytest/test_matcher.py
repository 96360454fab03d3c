# SPDX-License-Identifier: Apache-2.0
"""What CI shows at its line: .github/matcher.json knows how we say it."""

import json
import re
import subprocess

import pytest

from portcheck import ROOT, portclash

pytestmark = pytest.mark.pure


def found(text):
    """The file, line and message of each problem, for whoever finds it"""
    matcher = json.loads((ROOT / ".github" / "matcher.json").read_text())
    for line in text.splitlines():
        for one in matcher["problemMatcher"]:
            [pattern] = one["pattern"]
            match = re.search(pattern["regexp"], line)
            if match:
                yield (match[pattern["file"]], int(match[pattern["line"]]),
                       match[pattern["message"]])


def test_a_case_that_fails(tmp_path):
    """By whoever prints it: the command, or pytest."""
    case = tmp_path / "wrong.case"
    case.write_text("# Wrong.\n\nsocket a tcp4\nbind a 127.0.0.1:7000 = EADDRINUSE\n")
    said = portclash("check", "-s", "spec", case).out.decode()
    assert list(found(said)) == [
        (str(case), 4, "spec: expected EADDRINUSE, got ok")]
    for line in (f"E   AssertionError: {case}:4: x", f"E       {case}:4: x"):
        assert list(found(line)) == [(str(case), 4, "x")]


def test_text_that_is_none(tmp_path):
    """The message is what the parser says."""
    case = tmp_path / "wrong.case"
    case.write_text("# Wrong.\n\nfoo\n")
    [[file, line, message]] = found(portclash("check", "-s", "spec", case).err)
    assert (file, line) == (str(case), 3) and message.startswith("unknown op")


def test_what_a_compiler_says(tmp_path):
    """And a sanitizer; no line of a healthy run is one."""
    source = tmp_path / "wrong.c"
    source.write_text("int main(void)\n{\n\treturn x;\n}\n")
    said = subprocess.run(["cc", "-c", "-o", "/dev/null", source],
                          capture_output=True, text=True, check=False).stderr
    assert (str(source), 3) in [one[:2] for one in found(said)]
    line = "src/ports/portman.c:7:3: runtime error: signed integer overflow"
    assert list(found(line)) == [("src/ports/portman.c", 7,
                                  "signed integer overflow")]
    healthy = portclash("check", "-s", "spec", ROOT / "corpus" / "rules")
    assert not list(found(healthy.err + healthy.out.decode()))
