# SPDX-License-Identifier: Apache-2.0
"""Each rule of the specification is missed by a case when it is taken away."""

import subprocess

import pytest

from portcheck import ROOT


@pytest.mark.long
def test_every_rule_is_missed():
    """harness/mutants says which is not."""
    done = subprocess.run([ROOT / "harness" / "mutants"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
