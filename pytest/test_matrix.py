# SPDX-License-Identifier: Apache-2.0
"""The matrix: its numbers add up, and every cell leads to its cases."""

import re

import pytest

from portcheck import AGREED, DIVERGENCES, FOUND, NOTHING, cases, portclash

COUNT = 500


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A small matrix of what is always here, as JSON and as a page."""
    path = tmp_path_factory.mktemp("matrix") / "matrix.html"
    answer = portclash("matrix", "--json", "--quiet", "--count", COUNT,
                       "-s", "spec", "-s", "portman", "--output", path)
    assert not answer.crashed and answer.code == AGREED, answer
    return answer.json, path.read_text(), answer.err


def test_numbers_add_up(page):
    """Agreed, known, unknown or not comparable, and nothing else."""
    result, _, _ = page
    assert result["unknown"] == 0 and len(result["cells"]) == 18
    for cell in result["cells"]:
        assert cell["programs"] == sum(
            cell[k] for k in ("agree", "known", "unknown", "unmodelled",
                              "incomparable"))
        assert (cell["known"] <= sum(cell["classes"].values()) <=
                3 * cell["known"])
        if cell["group"] in ("pairs", "late", "random"):
            assert cell["programs"] == COUNT
            assert cell["agree"] + cell["known"] > 0, cell
        if cell["subject"] == "spec":
            assert cell["known"] == 0


def test_some_of_a_set_are_from_all_of_it(page, uids):
    """The beginning of pairs has no divergence of the port manager's. Where
    there is one uid, fewer are compared."""
    result, _, _ = page
    late = [cell for cell in result["cells"]
            if cell["group"] == "late" and cell["subject"] == "portman"]
    assert len(late[0]["classes"]) >= 1 + bool(uids)


def test_every_cell_leads_to_its_cases(page):
    """Each link goes somewhere, and each class has all its cases."""
    _, html, text = page
    links = set(re.findall(r'href="#([^"]+)"', html))
    places = re.findall(r'id="([^"]+)"', html)
    assert links and links <= set(places)
    assert len(places) == len(set(places))
    assert html.count("<pre># ") == len(cases(DIVERGENCES))
    assert "portman beside linux" in text


def test_what_is_unknown_is_found_and_shown(tmp_path):
    """Without classes all that diverges is unknown: exit 1, and a case."""
    for name in ("rules", "cases", "kernel-bugs", "divergences"):
        (tmp_path / name).mkdir()
    page = tmp_path / "matrix.html"
    answer = portclash("matrix", "--quiet", "-s", "portman", "--count", 200,
                       "--corpus", tmp_path, "--output", page)
    assert answer.code == FOUND, answer
    assert "# unknown:" in answer.out.decode()
    assert "Unknown:<pre>" in page.read_text()


def test_who_is_not_here_is_said(tmp_path):
    """A subject that is absent is no agreement."""
    answer = portclash("matrix", "--json", "--quiet", "-s", "pipe:false")
    assert answer.code == NOTHING, answer
    assert answer.json["skipped"] and not answer.json["cells"]
    # Nor where another one that was named is here
    answer = portclash("matrix", "--json", "--quiet", "--count", 20, "-s",
                       "pipe:false", "-s", "portman")
    assert answer.code == NOTHING and answer.json["cells"], answer
