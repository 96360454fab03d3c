# SPDX-License-Identifier: Apache-2.0
"""The classes of divergence: each is a minimised case, and finds itself."""

import re
from collections import Counter

import pytest

from portcheck import (AGREED, CASES, DIVERGENCES, USAGE, cases, class_of,
                       portclash, some)

PAIR = ("-s", "portman", "-s", "linux")
ALL = cases(DIVERGENCES)


def is_portmans(path):
    """Does portman diverge at the last op? It answers to what is gVisor's, but
    where it has an outcome of its own, or cannot know."""
    last = path.read_text().rstrip().splitlines()[-1]
    said = dict(re.findall(r" ([a-z+@0-9.-]+)=(\S+)", last.split(" = ", 1)[-1]))
    linux = last.split(" = ", 1)[-1].split()[0]
    return said.get("portman", said.get("gvisor", linux)) not in (linux, "n/a")


CLASSES = [path for path in ALL if is_portmans(path)
           and not path.name.startswith(("lwip-", "law-"))]


@pytest.fixture(scope="module")
def diff():
    """All classes in one batch: what each of them is said to be."""
    return portclash("diff", "--json", *PAIR, *CLASSES)


def test_there_are_classes():
    """gVisor's rules are not Linux's, so an empty folder is a defect."""
    assert CLASSES


def test_first_line_is_a_sentence():
    """The class is explained, not only named."""
    for path in ALL:
        first = path.read_text().splitlines()[0]
        assert re.fullmatch(r"# [A-Za-z0-9:].{20,}\.", first), f"{path}: {first}"


# What was measured of gVisor before there were classes: pairs and sequences of
# binds, and nineteen scenarios
MEASURED = (
    "connect-keeps-wildcard", "connect-leaks-wildcard",
    "failed-bind-leaks-port", "link-local-needs-no-scope",
    "listener-admits-reuseaddr", "listeners-side-by-side",
    "mapped-on-v6only-errno", "option-after-bind",
    "port-remembers-reuseport", "range-below-privileged",
    "range-of-all-ports-kills-gvisor", "refused-listen-kills-socket",
    "reuseport-passes-client", "same-4-tuple-errno", "short-ipv6-address",
    "shutdown-keeps-listener-port", "tcp-binds-groups",
    "tcp-ipv6-group-errno", "udp-binds-groups-unchecked",
    "udp-scan-stops-at-first-match", "unspec-bind")


def test_all_that_was_seen_of_gvisor_is_a_case():
    """A class, or where gVisor dies a case of its own."""
    names = {path.stem for path in ALL + cases(CASES)}
    assert not set(MEASURED) - names


def test_each_case_is_of_its_own_class(diff, need, uids):
    """The definition applied to itself, case by case."""
    result = need(diff)
    assert not diff.crashed and diff.code == AGREED, diff
    said = dict(re.findall(r"^# (\S+): (\S+)$", diff.err, re.MULTILINE))
    # Without root there is no second uid, and what needs one says nothing.
    paths = [path for path in CLASSES if uids or "uid" not in path.read_text()]
    wrong = [f"{path.name}: {said.get(str(path), 'no divergence')}"
             for path in paths if said.get(str(path)) != class_of(path)]
    assert len(paths) > 200 and not wrong, "\n".join(wrong)
    assert result["unknown"] == 0


def test_the_numbers_of_a_summary_add_up(diff, need, uids):
    """As many of each class as it has cases."""
    result = need(diff)
    assert result["programs"] == len(CLASSES)
    assert result["known"] == result["divergent"] == sum(
        result["classes"].values())
    if uids:
        assert result["classes"] == Counter(map(class_of, CLASSES))


@some(4)
def test_each_case_is_minimal_already(every, tmp_path, need, diff, uids):
    """Minimising is idempotent, so a class can be looked up by its program.

    Packed bytes are compared: they have every op and every name, and nothing
    of how the file is written.
    """
    need(diff)
    wrong = []
    for path in CLASSES[::every]:
        small, before, after = (tmp_path / name for name in
                                ("small.case", "before", "after"))
        answer = portclash("minimize", *PAIR, "--output", small, path)
        if answer.code != AGREED:
            # Where a uid is needed and cannot be had, they do not diverge.
            if uids:
                wrong.append(f"{path.name}: {answer.err}")
            continue
        portclash("pack", "--output", before, path)
        portclash("pack", "--output", after, small)
        if before.read_bytes() != after.read_bytes():
            wrong.append(f"{path.name} minimises to\n{small.read_text()}")
    assert not wrong, "\n".join(wrong)


def test_both_outcomes_are_recorded(need):
    """A class says what both do: the last op is ok for one at most, and the
    case holds for both."""
    answer = portclash("check", "--json", *PAIR, *CLASSES)
    result = need(answer)
    assert answer.code == AGREED, result["failed"]
    for path in CLASSES:
        last = [line for line in path.read_text().splitlines()
                if line.split("#")[0].strip()][-1]
        assert re.search(r"\s=\s.* (gvisor|portman)=", last), f"{path}: {last}"


@pytest.mark.parametrize("law", ("order", "undo", "refused"))
@pytest.mark.parametrize("subject", ("linux", "spec"))
def test_laws_are_broken_where_it_is_known(law, subject, need, uids):
    """By the kernel and by its specification alike, each case as it says."""
    paths = [path for path in ALL if f"linux+{law}=" in path.read_text()
             and (uids or "uid" not in path.read_text())]
    answer = portclash("diff", "--json", "-s", subject, "-s",
                       f"{subject}+{law}", *paths)
    result = need(answer)
    assert not answer.crashed, answer
    # Of "refused" the specification does not say what name MPTCP shows, and
    # four become smaller: whether a kernel chooses a port again is luck.
    spec = (law, subject) == ("refused", "spec")
    assert result["divergent"] == len(paths) - spec, answer
    assert result["unknown"] == 4 * spec, answer


def test_a_law_may_need_what_comes_later(need):
    """In another order a bind fails that was made before: the ops behind it
    are kept, and what diverged once does so again."""
    answer = portclash("sweep", "triples", "--json", "--quiet", "--part",
                       "13/20", "-s", "spec", "-s", "spec+order")
    result = need(answer)
    assert answer.code == AGREED and result["incomparable"] == 0, answer
    assert result["divergent"] == result["known"] > 1000, answer


def test_more_reuse_never_refuses_more(need):
    """No set of three sockets breaks this law."""
    answer = portclash("sweep", "triples", "--json", "--quiet", "--part",
                       "3/20", "-s", "spec", "-s", "spec+reuse")
    result = need(answer)
    assert answer.code == AGREED and result["divergent"] == 0, answer


def test_a_class_that_does_not_parse_is_an_error(tmp_path):
    """Not a class less: with the file, the line and what is wrong with it."""
    folder = tmp_path / "divergences"
    folder.mkdir()
    (folder / "broken.case").write_text("# Broken.\n\nsocket a tcp5\n")
    answer = portclash("random", *PAIR, "--count", 1, "--corpus", tmp_path)
    assert answer.code == USAGE, answer
    assert "broken.case:3:" in answer.err
