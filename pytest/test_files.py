# SPDX-License-Identifier: Apache-2.0
"""Files of twenty kinds, to each verb that reads one: a program, or one line
that says what is wrong; soon, and never another program than is in the file."""

import os
import subprocess

import pytest

from portcheck import AGREED, COMMAND, NOTHING, USAGE, portclash

pytestmark = pytest.mark.pure

TEXT = "# A listener.\n\nsocket a tcp4\nbind a 0.0.0.0:7000\nlisten a\n"
PRINTED = ["socket a tcp4", "bind   a 0.0.0.0:7000", "listen a"]
READERS = {
    "run": ("run", "-s", "spec"), "check": ("check", "-s", "spec"),
    "diff": ("diff", "--quiet", "-s", "spec", "-s", "spec@6.1"),
    "pack": ("pack", "--output", "/dev/null"), "unpack": ("unpack",),
    "emit": ("emit",),
    "minimize": ("minimize", "-s", "spec", "-s", "spec@6.1"),
    "explain": ("explain", "-s", "spec", "-s", "spec@6.1"),
}
# These read no bytes, and this one no text.
TEXT_ONLY = ("check", "pack", "emit")


def fifo(path):
    """A pipe that nobody else has open."""
    os.mkfifo(path)


def loop(path):
    """A link to itself."""
    path.symlink_to(path)


def huge(path):
    """A sparse gigabyte."""
    with open(path, "wb") as file:
        file.truncate(1 << 30)


# What makes it, and what is said of it; None: it is a program
KINDS = {
    "a pipe": (fifo, "nobody writes to this pipe"),
    "a link to itself": (loop, "symbolic links"),
    "a link to nowhere": (lambda path: path.symlink_to("/nonexistent"),
                          "No such file"),
    "a folder": (lambda path: path.mkdir(), "no *.case in it"),
    "nothing": (lambda path: None, "No such file"),
    "empty": (lambda path: path.write_text(""), "empty"),
    "the empty device": (lambda path: path.symlink_to("/dev/null"), "empty"),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"),
                          "at most 64 KiB"),
    "a sparse gigabyte": (huge, "at most 64 KiB"),
    "no ops": (lambda path: path.write_text("# A sentence.\n"), "no ops in it"),
    "no such op": (lambda path: path.write_text(TEXT + "fly a\n"), ":6: "),
    "an unknown word": (lambda path: path.write_text(TEXT + "listen b b\n"),
                        ":6: "),
    "a null": (lambda path: path.write_text(TEXT + "\0"), ":6: "),
    "an escape": (lambda path: path.write_text(TEXT + "\033[2J\n"), ":6: "),
    "no UTF-8": (lambda path: path.write_bytes(TEXT.encode() + b"\xff a\n"),
                 ":6: "),
    "text": (lambda path: path.write_text(TEXT), None),
    "lines of DOS": (lambda path: path.write_text(TEXT.replace("\n", "\r\n")),
                     None),
    "text without an end": (lambda path: path.write_text(TEXT.strip()), None),
    "text without a sentence": (
        lambda path: path.write_text("\n\n" + TEXT.split("\n", 2)[2]), None),
}


def wrong(answer, verb, kind):
    """What is wrong with how a verb took a file."""
    why = KINDS[kind][1]
    said = answer.out.decode(errors="replace")
    if verb == "unpack" and (":6: " == why or why in (None, "no ops in it")):
        why = "it is text already"
    if verb in ("pack", "unpack", "emit", "minimize") and kind == "a folder":
        why = "Is a directory"
    if why is not None:
        lines = answer.err.splitlines()
        return answer.code != USAGE or len(lines) != 1 or why not in lines[0]
    if verb == "run":
        return [line for line in PRINTED if line not in said]
    return answer.code not in (AGREED, NOTHING)


@pytest.mark.parametrize("name", ("x", "x.case", "--x"))
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind(kind, name, tmp_path):
    """Under a name of text, of bytes, and one that looks like an option."""
    KINDS[kind][0](tmp_path / name)
    for verb, args in READERS.items():
        if verb == "unpack" and name == "x.case" or name == "--x" and (
                verb not in ("run", "unpack")):
            continue
        answer = portclash(*args, "--", name, timeout=20, cwd=tmp_path)
        assert not answer.crashed, answer
        assert not wrong(answer, verb, kind), answer


def test_stdin_and_stdout_are_files(tmp_path):
    """By the name -, and by pipes that the shell makes."""
    case = tmp_path / "x.case"
    case.write_text(TEXT)
    packed = portclash("pack", "--output", "-", case).out
    assert packed and not (tmp_path / "-").exists()
    for data in (TEXT.encode(), packed):
        answer = portclash("run", "-s", "spec", "-", stdin=data)
        assert all(line in answer.out.decode() for line in PRINTED), answer
    assert portclash("unpack", "-", stdin=packed).out.decode().split() == (
        " ".join(PRINTED).split())
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} run -s spec <(sleep .5; cat {case})"],
        capture_output=True, text=True, check=True)
    assert all(line in done.stdout for line in PRINTED), done
    for args in (("matrix", "--output", "-"), ("sweep", "pairs", "--resume", "-"),
                 ("random", "--keep", "-"),
                 ("pack", "--json", "--output", "-", case)):
        answer = portclash(*args)
        assert answer.code == USAGE and answer.err.count("\n") == 1, answer


def test_what_is_wrong_with_a_command_line_is_named():
    """The option, and not its value; and a verb without what it needs."""
    for args, about in (
            (("check", "--corpus", "x", "y"), "takes no option '--corpus'"),
            (("serve", "--seed", "1"), "takes no option '--seed'"),
            (("pack", "-s", "spec", "y"), "takes no option '--subject'"),
            (("check", "--no-such", "y"), "unknown option '--no-such'"),
            (("sweep",), "which one?"), (("run", "-s", "spec@9.9", "x"), "6.1")):
        answer = portclash(*args)
        assert answer.code == USAGE and about in answer.err, answer
        assert answer.err.count("\n") == 1 and not answer.out
