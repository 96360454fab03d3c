# SPDX-License-Identifier: Apache-2.0
"""Other kernels, for real, if they are here: the cases hold on each of them,
by the outcomes that they record for it."""

import shutil

import pytest

from portcheck import CASES, ROOT, RULES, portclash, said

NEEDS = {"uml-6.1": ("linux.uml", "cpio"),
         "linux-6.1": ("qemu-system-x86_64", "cpio"),
         "linux-6.12": ("qemu-system-x86_64", "cpio")}
WAIT = {"PORTCLASH_PIPE_WAIT_MS": "60000"}


@pytest.mark.parametrize("name", NEEDS)
def test_cases_hold(name):
    """What each kernel answers, rule by rule."""
    for program in NEEDS[name]:
        if not shutil.which(program):
            pytest.skip(f"{program} is missing: ci/setup kernels")
    version = name.partition("linux-")[2]
    if version and not (ROOT / f"build/kernels/vmlinuz-{version}").exists():
        pytest.skip(f"no kernel {version}: ci/setup kernels")
    answer = portclash("check", "--json", "-s", name, RULES, CASES, env=WAIT)
    assert not answer.skipped, answer
    assert not answer.json["failed"], said(answer.json["failed"])
    assert answer.json["compared_ops"] > 3000
