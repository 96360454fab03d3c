# SPDX-License-Identifier: Apache-2.0
"""Files of classes that nobody can mean: an error each, with file and line.

What classes say is in test_classes.py. Nothing here asks a kernel.
"""
import os
import re

import pytest

from portcheck import COMMAND, USAGE, portclash

PAIR = ("-s", "portman", "-s", "spec")


# Each breaks what the rest of a class file needs
BROKEN = (
    ("# Too short.\n# of: gvisor\n\nsocket a tcp4\n", "needs '# of: SYSTEM'"),
    ("# Why.\n# of: gvisor\n# change: spec~nonsense\n\nsocket a tcp4\n",
     "no rule is called 'nonsense'"),
    ("# Why.\n# of: gvisor\n# change: linux~tcp_apart\n\nsocket a tcp4\n",
     "expected a change of spec or portman"),
    ("# Why.\n# of: gvisor\n# change: spec:tcp_apart=EFOO\n\nsocket a tcp4\n",
     "expected ok, ok:NUMBER, an errno"),
    ("# Why.\n# of: gvisor\n# change: spec:address_sets_v6only=ok\n\n"
     "socket a tcp4\n", "only decisions answer"),
    ("# Broken.\n\nsocket a tcp5\n", "broken.case:3:"),
    *((f"# Why.\n# of: {of}\n# change: spec~bind4_bound\n\nsocket a tcp4\n",
       f"broken.case:2: expected gvisor, law or the name of a stack without a "
       f"model, found '{of}'")
      for of in ("linux", "spec@6.1", "portman", "gvisor-20240729", "a b", "a;")),
    ("# Why.\n# of: gvisor\n# of: lwip\n# change: spec~bind4_bound\n\n"
     "socket a tcp4\n", "broken.case:3: '# of:' stands above, too"),
    ("# Why.\n# of: gvisor\n# change:" + 13 * " spec~bind4_bound" +
     "\n\nsocket a tcp4\n", "broken.case:3: a class has at most 12 changes"),
    *(("# Why.\n# of: gvisor\n\n# change: " + changes + "\n\nsocket a tcp4\n",
       f"broken.case:4: {wrong} contradicts itself, or a change before it")
      for changes, wrong in (
          ("spec~bind4_bound portman~listen_binds spec+bind4_bound",
           "spec+bind4_bound"),
          ("spec:bind4_bound=EPERM:bind4_bound=EIO", "spec:bind4_bound=EIO"),
          ("spec:bind4_bound<bind4_bound", "spec:bind4_bound<bind4_bound"),
          ("spec:bind4_bound<bind4_family spec:bind4_family<bind4_not_local "
           "spec:bind4_not_local<bind4_bound",
           "spec:bind4_not_local<bind4_bound"))),
)


@pytest.mark.parametrize("text,message", BROKEN)
def test_a_class_that_does_not_parse_is_an_error(text, message, tmp_path):
    """Not a class less: with the file, and what is wrong with it."""
    folder = tmp_path / "divergences"
    folder.mkdir()
    (folder / "broken.case").write_text(text)
    answer = portclash("random", *PAIR, "--count", 1, "--corpus", tmp_path)
    assert answer.code == USAGE, answer
    assert "broken.case:" in answer.err and message in answer.err, answer


@pytest.mark.parametrize("name,message", (
    ("unknown", "no class is called unknown"), ("a + b", "has ' + ' in its name"),
    ("unmodelled", "no class is called"), ("sub/good", "another class is called")))
def test_a_class_has_a_name_of_its_own(name, message, tmp_path):
    """Or else a summary says nothing."""
    (tmp_path / "divergences" / "sub").mkdir(parents=True)
    for path in ("good", name):
        (tmp_path / "divergences" / f"{path}.case").write_text(
            "# Why.\n# of: gvisor\n# change: spec~bind4_bound\n\nsocket a tcp4\n")
    answer = portclash("random", *PAIR, "--count", 1, "--corpus", tmp_path)
    assert answer.code == USAGE and message in answer.err, answer
    assert f"{name}.case:1:" in answer.err


@pytest.mark.parametrize("verb", ("random", "diff"))
def test_classes_of_a_stack_are_made_together(verb, tmp_path):
    """So they must not contradict each other, or only the last would count."""
    (tmp_path / "divergences").mkdir()
    for name, sign in (("first", "~"), ("second", "+")):
        (tmp_path / "divergences" / f"{name}.case").write_text(
            f"# Why.\n# of: mine\n# change: spec{sign}bind4_bound\n\n"
            "socket a tcp4\n")
    count = ("--count", 1) if verb == "random" else ()
    files = () if count else (tmp_path / "divergences" / "first.case",)
    answer = portclash(verb, "-s", f"mine=pipe:{COMMAND} serve -s spec", "-s",
                       "linux=spec", *count, "--corpus", tmp_path, *files)
    assert answer.code == USAGE, answer
    assert "the classes of mine contradict each other: second" in answer.err


def test_what_is_cited_is_cited_in_full(tmp_path):
    """Where a model is wrong, there is room for so many rules only."""
    (tmp_path / "divergences").mkdir()
    path = tmp_path / "wrong.case"
    path.write_text("# Why.\nsocket a tcp4\nbind a 0.0.0.0:7000\nsocket b tcp4\n"
                    "set b dev=lo\nbind b 0.0.0.0:7000\n")
    planted = f"{COMMAND} serve -s portman:port_in_use=EPERM"
    answer = portclash("diff", "-s", f"gvisor=pipe:{planted}", "-s", "spec", path)
    rules = portclash("rules").out.decode().split()
    cited = re.search(r"it says EADDRINUSE \((.+?)\), and its subject EPERM",
                      answer.out.decode())
    assert cited and re.split(", |; ", cited[1])[0] == "port_in_use", answer
    assert all(name in rules for name in re.split(", |; ", cited[1])), answer


@pytest.mark.parametrize("make,why", (
    (os.mkfifo, "nobody writes to this pipe"),
    (lambda path: path.symlink_to("/nowhere"), "No such file or directory"),
    (lambda path: path.write_bytes(bytes(70000)), "too large for a case")))
def test_which_file_cannot_be_read(make, why, tmp_path):
    """It is named, and no line of it."""
    path = tmp_path / "divergences" / "bad.case"
    path.parent.mkdir()
    make(path)
    answer = portclash("random", *PAIR, "--count", 1, "--corpus", tmp_path)
    assert answer.code == USAGE, answer
    assert answer.err.startswith(f"portclash: {path}: {why}"), answer
