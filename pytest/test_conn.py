# SPDX-License-Identifier: Apache-2.0
"""The helpers change nothing: whole programs through conn_*, in one namespace,
and by raw calls in another, end equal (harness/through_conn.c)."""

import pytest

from portcheck import AGREED, CORPUS, ROOT, RULES, portclash, said

THROUGH = f"pipe:{ROOT / 'build' / 'portclash-conn'} serve"


def agreed(need, *args):
    """Compare, and require that all was compared and nothing differed."""
    answer = portclash(*args, "--json", "--quiet", "-s", "linux", "-s", THROUGH)
    assert not answer.crashed, answer
    result = need(answer)
    assert result["divergent"] == 0 and answer.code == AGREED, answer
    return result


@pytest.mark.parametrize("name", ("pairs", "pairs-listen", "late", "errors"))
def test_sweep(name, need, uids):
    """Every program of the set, up to where the kernel chooses a port or where
    another uid is needed that is not here."""
    result = agreed(need, "sweep", name)
    chosen = result["programs"] / 8 if name == "errors" else 0
    assert result["incomparable"] <= chosen or not uids
    assert result["compared_ops"] > result["programs"]


def test_random_programs(need):
    """All ops, in any order."""
    result = agreed(need, "random", "--seed", 1, "--count", 100000)
    assert result["compared_ops"] > 5 * result["programs"]


def test_cases():
    """What the kernel is known to answer, it answers through conn as well."""
    answer = portclash("check", "--json", "-s", THROUGH, RULES,
                       CORPUS / "cases")
    assert not answer.json["failed"], said(answer.json["failed"])
    assert answer.code == AGREED, answer
