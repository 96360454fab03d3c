# SPDX-License-Identifier: Apache-2.0
"""Each rule of both models is missed by a case when it is taken away. In every
"make check" harness/test_spec.c asks the case that has the rule's name; here it
is all cases, through the command."""

import subprocess

import pytest

from portcheck import ROOT


@pytest.mark.long
def test_every_rule_is_missed():
    """harness/mutants says which is not."""
    done = subprocess.run([ROOT / "harness" / "mutants"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
