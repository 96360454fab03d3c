# SPDX-License-Identifier: Apache-2.0
"""harness/mutate changes what is code, and draws the same by the same seed."""

import importlib.machinery
import importlib.util
import subprocess

import pytest

from portcheck import ROOT, USAGE

pytestmark = pytest.mark.pure


@pytest.fixture(scope="module")
def mutate():
    """The script, as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "mutate", str(ROOT / "harness" / "mutate"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("mutate", loader))
    loader.exec_module(module)
    return module


TEXT = """#define X(a) ((a) + 1)
/* if (a == b) */
int f(int a, int b)
{
\tint sum = a;

\tif (a == b) /* a < b */
\t\treturn 1;
\tlog("a < b", 'x');
\tcall(a, b);
\tASSERT(a < b);
\treturn sum;
}
"""


def test_each_place_is_code(mutate):
    """None is in a comment, a string, a macro, or what is asserted."""
    made = [f"{TEXT[begin:end]} -> {other}"
            for begin, end, other in mutate.edits(TEXT)]
    assert made == [" ==  ->  != ", "1 -> 2", "return 1; -> ;",
                    "log(\"a < b\", 'x'); -> ;", "a, b -> b, a",
                    "call(a, b); -> ;", "return sum; -> ;"]


def test_what_is_done_is_of_these_sources(tmp_path):
    """Or places of two trees would be counted together."""
    done = tmp_path / "done.jsonl"
    done.write_text('{"file": "src/ports/portman.c:1", "was": "x", "is": "", '
                    '"end": "lives"}\n')
    run = subprocess.run([ROOT / "harness" / "mutate", "--output", done, "ports"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == USAGE and run.stderr.count("\n") == 1, run
    assert "of other sources" in run.stderr


def test_a_seed_is_all_there_is_to_chance(mutate):
    """The same places in the same order; and other ones by another seed."""
    one, same, other = (mutate.drawn(["ports"], seed)[:50] for seed in (1, 1, 2))
    assert one == same != other
