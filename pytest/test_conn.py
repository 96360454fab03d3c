# SPDX-License-Identifier: Apache-2.0
"""The helpers change nothing: whole programs through conn_*, in one namespace,
and by raw calls in another, end equal (harness/wrap_conn.c)."""

from pathlib import Path

import pytest

from portcheck import AGREED, COMMAND, CORPUS, ROOT, RULES, portclash, said

THROUGH = f"pipe:{ROOT / 'build' / 'portclash-conn'} serve"


def agreed(need, *args):
    """Compare, and require that all was compared and nothing differed."""
    answer = portclash(*args, "--json", "--quiet", "-s", "linux", "-s", THROUGH)
    assert not answer.crashed, answer
    result = need(answer)
    assert result["divergent"] == 0 and answer.code == AGREED, answer
    return result


@pytest.mark.parametrize("name,part", (("pairs", "1/1"), ("late", "3/8"),
                                       ("pairs-listen", "2/3"),
                                       ("errors", "1/1")))
def test_sweep(name, part, need, uids):
    """Up to where the kernel chooses a port, in 420 programs of one set, or
    where another uid is needed that is not here. Every program of every set is
    a matter of "make check-long"."""
    if name == "late" and not uids:
        pytest.skip("all of that part needs another uid")
    result = agreed(need, "sweep", name, "--part", part)
    # Now and then both choose the same port.
    chosen = 420 if name == "errors" else 0
    if result["incomparable"] == chosen + 1 and uids:
        # A busy kernel was late, once in millions of ops; or it is so again.
        result = agreed(need, "sweep", name, "--part", part)
    assert result["incomparable"] <= chosen or not uids
    assert result["compared_ops"] > result["programs"]


def test_random_programs(need):
    """All ops, in any order."""
    result = agreed(need, "random", "--seed", 1, "--count", 30000)
    assert result["compared_ops"] > 5 * result["programs"]


def test_cases():
    """What the kernel is known to answer, it answers through conn as well."""
    answer = portclash("check", "--json", "-s", THROUGH, RULES,
                       CORPUS / "cases")
    assert not answer.json["failed"], said(answer.json["failed"])
    assert answer.code == AGREED, answer


@pytest.mark.parametrize("lie,unmodelled", (
    ("0,/^ECONNREFUSED$/s//ENETDOWN/", 0), ("s/^ECONNREFUSED$/ENETDOWN/", 1)),
    ids=("once", "always"))
def test_what_is_unmodelled_is_asked_again(lie, unmodelled, tmp_path, need):
    """MPTCP connects have no model. An answer that is another one once, by
    chance, is no divergence; one that always is, is."""
    if not Path("/proc/sys/net/mptcp").is_dir():
        pytest.skip("MPTCP not in this kernel")
    case = tmp_path / "mptcp.case"
    case.write_text("socket a mptcp4\nconnect a 127.0.0.1:7000\n")
    result = need(portclash("diff", "--json", "-s", "linux", "-s",
                            f"pipe:{COMMAND} serve | sed -u '{lie}'", case))
    assert result["unmodelled"] == result["divergent"] == unmodelled
    assert result["incomparable"] == 1 - unmodelled
