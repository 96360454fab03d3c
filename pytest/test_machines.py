# SPDX-License-Identifier: Apache-2.0
"""Other kernels, for real: the cases hold on each of them, by the outcomes that
they record for it. make check-machines runs this."""

import pytest

from portcheck import CASES, RULES, portclash, said

MACHINES = ("uml-6.1", "linux-6.1", "linux-6.12")
WAIT = {"PORTCLASH_PIPE_WAIT_MS": "60000"}


@pytest.mark.parametrize("name", MACHINES)
def test_cases_hold(name):
    """What each kernel answers, rule by rule."""
    answer = portclash("check", "--json", "-s", name, RULES, CASES, env=WAIT)
    assert not answer.skipped, answer
    assert not answer.json["failed"], said(answer.json["failed"])
    assert answer.json["compared_ops"] > 3000
