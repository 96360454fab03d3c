# SPDX-License-Identifier: Apache-2.0
"""ci/cover: what is not reached needs a reason, and a reason what is not.

A tree of one file is enough to see it; "make cover" has the real one.
"""

import os
import shutil
import subprocess

import pytest

from portcheck import AGREED, CANNOT, FOUND, ROOT

pytestmark = pytest.mark.pure

SOURCE = """\
#include "util.h"
#define RETURN_IF(condition) do { if (condition) return 1; } while (0)
static int sign(int n)
{
	ASSERT(n != 77 && n != 78);
	RETURN_IF(n > 0);
	return 0;
}
%s
int main(int argc, char **argv)
{
	(void)argv;
	return sign(argc) + sign(-argc) == 1 %s ? 0 : 1;
}
"""
PLANT = ("int planted(int n)\n{\n\tif (n == 4711)\n\t\treturn 5;\n\treturn 0;\n}",
         "&& !planted(argc)")
# A call that is always true leaves one side of main()'s own branch
MAIN = "src/spec/one.c main 1: it always ends well\n"


def cover(tmp_path, plant, reasons):
    """Build, run and report of it: the exit code, and what was said."""
    clang = os.environ.get("CLANG", "clang")
    if not shutil.which(clang):
        pytest.skip("clang is missing: ci/setup fuzz")
    for folder in "src/spec", "ci", "build/cover/corpus":
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "src" / "util.h", tmp_path / "src")
    (tmp_path / "src/spec/one.c").write_text(SOURCE % plant)
    (tmp_path / "ci/cover.txt").write_text(reasons)
    subprocess.run([clang, "-Isrc", "-fprofile-instr-generate",
                    "-fcoverage-mapping", "-o", "one", "src/spec/one.c"],
                   cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "one"], check=True, env={
        **os.environ, "LLVM_PROFILE_FILE":
        str(tmp_path / "build/cover/corpus/one.profraw")})
    done = subprocess.run([ROOT / "ci" / "cover", "--report", "one"],
                          cwd=tmp_path, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def test_all_is_reached_or_explained(tmp_path):
    """Neither what an ASSERT() never sees nor a macro is in the way."""
    code, said = cover(tmp_path, ("", ""), MAIN)
    assert code == AGREED, said
    assert "one.c:13: never false: return sign(argc)" in said


def test_planted_line_is_found(tmp_path):
    """A line that nothing reaches, and its branch, make it red."""
    code, said = cover(tmp_path, PLANT, MAIN)
    assert code == FOUND, said
    assert "src/spec/one.c planted 2: NO REASON is given" in said
    assert "src/spec/one.c:11: never true: if (n == 4711)" in said
    assert "src/spec/one.c:12: line: return 5;" in said


@pytest.mark.parametrize("reasons,said", [
    ("src/spec/one.c planted 2: nobody has it\n", "ALL OF IT IS REACHED"),
    ("src/spec/one.c sign 1: so it is\n", "ALL OF IT IS REACHED")])
def test_reason_too_much(tmp_path, reasons, said):
    """A reason of what is not there, or is reached, makes it red, too."""
    code, text = cover(tmp_path, ("", ""), MAIN + reasons)
    assert code == FOUND and said in text, text


def test_reason_of_fewer_lines(tmp_path):
    """One more line in a function that has a reason is not hidden by it."""
    code, said = cover(tmp_path, PLANT,
                       MAIN + "src/spec/one.c planted 1: no such number\n")
    assert code == FOUND and "ITS REASON IS OF 1 LINES" in said, said


def test_reason_without_words(tmp_path):
    """What is no reason is named with its line."""
    code, said = cover(tmp_path, ("", ""), MAIN + "src/spec/one.c main\n")
    assert code == CANNOT and "ci/cover.txt:2: expected" in said, said
