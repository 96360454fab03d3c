# SPDX-License-Identifier: Apache-2.0
"""A subject is called what its user calls it, else as its agent greets. Under
that name it is shown, kept and read again, and by it alone it is judged."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portcheck import (AGREED, CANNOT, CASES, COMMAND, CORPUS, DIVERGENCES,
                       FOUND, ROOT, RULES, USAGE, cases, portclash)

SERVE = f"pipe:{COMMAND} serve -s "
CHANGED = "spec:listen_udp=EINVAL"

# Lets everybody bind what he likes, as a stack would that was begun today.
EASY = """#!/usr/bin/python3
import os, sys
with open(os.environ.get("STARTS", os.devnull), "a") as file:
    print("started", file=file)
print(f"portclash-agent 1 {os.environ.get('GREETS', 'easy and new')}")
print("can socket bind listen close set set:reuseaddr type:tcp4", flush=True)
for words in map(str.split, sys.stdin):
    chosen = words[0] == "bind" and words[2].endswith(":0")
    print("." if words == ["."] else "ok:40000" if chosen else "ok")
    sys.stdout.flush()
"""
CLASH = """# Two sockets have one address.

socket a tcp4
bind   a 10.0.0.1:7000
socket b tcp4
bind   b 10.0.0.1:7000   = EADDRINUSE easy=ok
"""


@pytest.fixture
def easy(tmp_path):
    """That agent."""
    path = tmp_path / "easy"
    path.write_text(EASY)
    path.chmod(0o755)
    return f"pipe:{path}"


@pytest.fixture
def clash(tmp_path):
    """A case on which it differs from Linux."""
    path = tmp_path / "clash.case"
    path.write_text(CLASH)
    return path


def names(*args, **more):
    """What the subjects are called, in JSON."""
    return portclash(*args, "--json", **more).json["subjects"]


# --- the name ----------------------------------------------------------------


@pytest.mark.pure
@pytest.mark.parametrize("name", ("mine", "MyStack", "9p", "a.b-c_d@e", "-", "ok",
                                  "pipe", "x" * 63))
def test_a_name_is_what_is_shown_and_kept(name, clash, tmp_path):
    """Whatever is opened under it; and it is read again."""
    pair = ("-s", "linux=spec", "-s", f"{name}={SERVE}{CHANGED}")
    table = portclash("run", "--table", *pair, clash).out.decode()
    assert table.splitlines()[0].split() == ["linux", name]
    clash.write_text("# It is udp.\nsocket a udp4\nlisten a\n")
    args = ("--json", "--keep", tmp_path, clash)
    assert names("diff", *pair, *args) == ["linux", name]
    path, = tmp_path.glob("unknown-*")
    assert path.read_text() == (
        f"# linux and {name} disagree; nobody has said why yet.\n\n"
        f"socket a udp4\nlisten a   = EOPNOTSUPP {name}=EINVAL\n")
    assert portclash("check", *pair, path).code == AGREED
    failed, = portclash("check", *pair, "--json", clash).json["failed"][1:]
    assert failed["subject"] == name and failed["got"] == "EINVAL"


@pytest.mark.pure
@pytest.mark.parametrize("text,found", (
    ("my stack=spec", "'my stack' is no name"), ("=spec", "'' is no name"),
    ("a+order=spec", "'a+order' is no name"), ("a~b=spec", "'a~b' is no name"),
    ("a:b=spec", "'a:b' is no name"), ("a/b=pipe:x", "'a/b' is no name"),
    ("\u00e4=spec", "'\u00e4' is no name"),
    ("\x1b[2J=spec", "'\\x1b[2J' is no name"),
    ("\u202ex\n=spec", "'\\u202ex\\n' is no name"),
    ("x" * 64 + "=spec", "at most 63"), ("x=", "no subject ''"),
    ("x=nobody", "no subject 'nobody'"), ("x=y=spec", "no subject 'y=spec'"),
    ("x=spec~nothing", "no rule is called 'nothing'"),
    ("x=spec:udp_apart=EIO:udp_apart=EPERM", "=EPERM contradicts itself, or"),
    ("spec:bind4_bound<bind4_family:bind4_family<bind4_bound", "contradicts"),
    ("spec~udp_apart+udp_apart", ": spec+udp_apart contradicts itself, or a "),
    ("x=spec@9.9", "spec@9.9: "), ("x=spec" + "~tcp_apart" * 60 + "+order",
                                   "at most 511")))
def test_what_is_no_name(text, found, clash):
    """Is bad usage, with one plain line."""
    answer = portclash("check", "-s", text, clash)
    assert answer.code == USAGE and found in answer.err, answer
    assert answer.err.startswith("portclash: ") and "\x1b" not in answer.err
    assert answer.err.count("\n") == 1 and not answer.out


@pytest.mark.pure
def test_a_subject_may_have_an_equals_sign(clash):
    """What is before it is a name only if it has the bytes of a name."""
    changed = "spec:tcp_conflict_listener=EINVAL"
    assert names("check", "-s", changed, clash) == [changed]
    assert names("check", "-s", f"a={changed}", clash) == ["a"]
    more = f"X=1 GREETS=a=b {COMMAND} serve -s portman"
    assert names("check", "-s", f"pipe:{more}", clash) == ["portman"]
    assert names("check", "-s", f"a=pipe:{more}", clash) == ["a"]
    long = "pipe:true " + " ".join(["x"] * 5000) + f"; {COMMAND} serve -s spec"
    assert names("check", "-s", long, clash) == ["spec"]
    long = "spec" + "~tcp_apart" * 60
    assert names("check", "-s", f"a={long}", clash) == ["a"]
    assert portclash("check", "-s", long, clash).code == USAGE


@pytest.mark.pure
def test_a_law_is_behind_the_subject(clash):
    """The name is of both; without it the law is a part of the name."""
    assert names("check", "-s", "x=spec+order", "-s", "spec+order",
                 clash) == ["x", "spec+order"]
    answer = portclash("diff", "--json", "-s", "x=spec+order", "-s", "spec",
                       *cases(RULES)[:40])
    assert "x has no model" in answer.err or not answer.json["divergent"]


# --- the greeting ------------------------------------------------------------


@pytest.mark.pure
@pytest.mark.parametrize("greets,name", (
    ("easy", "easy"), ("easy and new", "easy"), ("Linux_6", "Linux_6"),
    ("a,b c", "pipe"), ("", "pipe"), ("spec~tcp_apart", "pipe"),
    ("spec+order", "pipe"), ("\x1b[2J", "pipe"), ("a\x1b[2Jb", "pipe"),
    ("\u202e", "pipe"), ("x" * 64, "pipe"), ("../x", "pipe")))
def test_an_agent_is_called_as_it_greets(greets, name, easy, clash):
    """By its first word; if that is no name, it is a pipe."""
    for args in (("check", clash), ("diff", "-s", "spec", clash),
                 ("random", "-s", "spec", "--count", 64)):
        answer = portclash(*args, "--json", "-s", easy, env={"GREETS": greets})
        assert answer.json["subjects"][-1] == name, answer
        assert "\x1b" not in answer.err and "\u202e" not in answer.err


@pytest.mark.pure
def test_an_agent_is_asked_once(easy, clash, tmp_path):
    """Only if it has no name; and one that does not greet is left alone."""
    starts = tmp_path / "starts"
    for subject, count in ((f"mine={easy}", 1), (easy, 2),
                           (f"{easy} greets; sleep 1000", 2),
                           ("pipe:echo started >>$STARTS; echo hello", 1),
                           ("pipe:echo started >>$STARTS; exec cat", 1)):
        starts.write_text("")
        portclash("check", "-s", subject, clash, timeout=20, env={
            "STARTS": str(starts), "PORTCLASH_PIPE_WAIT_MS": "1000"})
        assert starts.read_text().count("started") == count, subject


@pytest.mark.pure
def test_one_that_is_not_here_is_called_as_written(clash):
    """For a reader to see which one it was."""
    for subject, name in (("pipe:false", "pipe:false"), ("a=pipe:false", "a")):
        for args in (("check", clash), ("diff", "-s", "spec", clash)):
            answer = portclash(*args, "--json", "-s", subject)
            skip, = answer.json["skipped"]
            assert skip["subject"] == name, answer
            assert "'false' ended too early" in skip["reason"]
    answer = portclash("run", "-s", "a=pipe:false", clash)
    assert answer.code == CANNOT and answer.err.startswith("portclash: a: ")


def test_serve_greets():
    """By the name that it was given, or the one of the kernel."""
    release = ".".join(os.uname().release.split(".")[:2])
    for args, name in (((), f"linux-{release}"),
                       (("-s", "linux"), f"linux-{release}"),
                       (("-s", "x=linux"), "x"), (("-s", "spec"), "spec"),
                       (("-s", "x=spec"), "x"),
                       (("-s", f"{SERVE}portman"), "portman"),
                       (("-s", f"x={SERVE}portman"), "x")):
        answer = portclash("serve", *args)
        assert answer.out.decode().splitlines()[0] == (
            f"portclash-agent 1 {name}"), answer


# --- two of them -------------------------------------------------------------


@pytest.mark.pure
@pytest.mark.parametrize("a,b", (
    ("a=spec", "a=portman"), ("spec", "spec=portman"), ("spec", f"{SERVE}spec"),
    (f"{SERVE}spec", f"{SERVE} spec"), ("portman", f"portman={SERVE}portman")))
def test_two_need_two_names(a, b, clash):
    """Or else nobody knows whose outcome is kept."""
    for args in (("check", clash), ("run", clash), ("diff", clash),
                 ("random", "--count", 10), ("minimize", clash),
                 ("sweep", "pairs", "--part", "1/500"), ("matrix",)):
        answer = portclash(*args, "-s", a, "-s", b)
        assert answer.code == USAGE and "both called" in answer.err, answer
        assert "-s NAME=SUBJECT" in answer.err


@pytest.mark.pure
def test_a_given_name_tells_them_apart(easy, clash):
    """Those that greet alike, or with what is no name."""
    for a, b in ((f"{SERVE}spec", f"{SERVE} spec"), (easy, f"{easy} again")):
        pair = ("check", "-s", a, clash, "-s")
        assert portclash(*pair, b, env={"GREETS": "?"}).code == USAGE
        assert names(*pair, f"x={b}", env={"GREETS": "?"})[1] == "x"


@pytest.mark.pure
def test_one_may_come_twice(clash):
    """It is the same."""
    for one in ("spec", "a=spec", f"{SERVE}spec"):
        answer = portclash("check", "-s", one, "-s", one, clash)
        assert answer.code == AGREED, answer
    answer = portclash("matrix", "-s", "linux=spec")
    assert answer.code == USAGE and "needs another name" in answer.err


# --- what it counts as -------------------------------------------------------


@pytest.mark.pure
def test_gvisor_by_name_has_gvisors_classes():
    """And is judged by its model, the port manager."""
    answer = portclash("random", "--json", "--quiet", "-s", f"gvisor={SERVE}portman",
                       "-s", "spec", "--seed", 1, "--count", 2000)
    result = answer.json
    assert answer.code == AGREED and result["unknown"] == 0, answer
    assert result["known"] > 50 and result["subjects"] == ["gvisor", "spec"]


@pytest.mark.pure
def test_outcomes_of_a_case_are_those_of_the_name():
    """Whoever bears it."""
    def failed(subject):
        answer = portclash("check", "--json", "-s", subject, DIVERGENCES, CASES)
        return [(one["file"], one["line"]) for one in answer.json["failed"]]
    for own, name in (("portman", "gvisor"), ("spec@6.1", "linux-6.1"),
                      ("spec@6.1.100", "linux-6.1.100")):
        mine, theirs = failed(own), failed(f"{name}={own}")
        assert all(" portman=" in Path(file).read_text()
                   for file, _ in set(theirs) - set(mine))
        assert len(failed(f"new={own}")) > len(theirs)


@pytest.mark.pure
@pytest.mark.parametrize("name,why", (
    ("mine", "mine has no model"), ("spec-ng", "spec-ng has no model"),
    ("spec@9.9", "spec@9.9 has no model"),
    ("linux-9.9", "linux-9.9 has no model"),
    ("portman@never", "portman@never has no model"),
    ("linux-6.1", "spec@6.1 is wrong")))
def test_a_stranger_has_what_is_known_of_it(name, why, tmp_path):
    """Its dialect: the classes that are of its name."""
    (tmp_path / "divergences").mkdir()
    args = ("random", "--quiet", "-s", f"{name}={SERVE}{CHANGED}", "-s", "spec",
            "--ops", "socket", "--count", 3000, "--corpus", tmp_path)
    answer = portclash(*args)
    assert answer.code == FOUND and why in answer.out.decode(), answer
    (tmp_path / "divergences" / "first.case").write_text(
        f"# It binds.\n# of: {name}\n# change: {CHANGED}\n\nsocket a tcp4\n")
    if name == "linux-6.1":         # which has a model, and so no dialect
        return
    result = portclash(*args, "--json").json
    assert result["unknown"] == 0 and result["classes"].keys() == {"first"}


# --- what is kept ------------------------------------------------------------


@pytest.mark.pure
@pytest.mark.parametrize("named", ("", "mystack=", "linux-9.9="))
def test_what_is_kept_is_read_again(named, easy, tmp_path):
    """By all verbs, with the same subjects."""
    name, kept = named[:-1] or "easy", tmp_path / "kept"
    pair = ("-s", f"{named}{easy}", "-s", "linux=spec")
    answer = portclash("random", "--quiet", *pair, "--count", 2000, "--keep", kept)
    files = sorted(kept.iterdir())
    assert answer.code == FOUND and files, answer
    for path in files:
        assert re.search(rf" = E[A-Z]+ {name}=ok\n$", path.read_text())
    held = portclash("check", "--json", *pair, kept)
    assert held.code == AGREED and held.json["held"] == len(files), held
    again = portclash("diff", "--json", *pair, "--keep", tmp_path / "2", kept)
    assert again.json["unknown"] == len(files), again
    for path in files:
        assert (tmp_path / "2" / path.name).read_text() == path.read_text()
        ops = path.read_text().split("\n\n")[1]
        for small in (path, tmp_path / "small.case"):
            done = portclash("minimize", *pair, "--output",
                             tmp_path / "small.case", small)
            assert done.code == AGREED, done
            assert (tmp_path / "small.case").read_text() == ops
        assert portclash("pack", path).code == AGREED
        emitted = portclash("emit", "--c", path)
        assert emitted.code == AGREED and b"int main" in emitted.out


@pytest.mark.pure
def test_what_is_kept_says_what_linux_does(tmp_path, uids):
    """Though nobody asked it: the specification knows, or it is n/a."""
    planted = f"{COMMAND} serve -s spec~tcp_conflict_listener"
    answer = portclash("random", "--quiet", "-s", "portman", "-s",
                       f"mine=pipe:{planted}", "--seed", 3, "--count", 3000,
                       "--keep", tmp_path)
    files = [path for path in tmp_path.iterdir()
             if uids or "uid" not in path.read_text()]
    assert answer.code == FOUND and len(files) > 10, answer
    held = portclash("check", "--json", "-s", "linux", "-s", "spec", *files)
    assert held.code == AGREED and not held.json["divergent"], held
    assert held.json["held"] > len(files) * 0.9, held


@pytest.mark.pure
def test_a_port_that_only_the_leader_can_choose_is_kept(tmp_path):
    """The next time nobody leads: then the other one chooses for itself."""
    path = tmp_path / "range.case"
    path.write_text("# Why.\nsocket a udp4\nset a port_range=40000-40000\n"
                    "connect a 10.0.0.2:7000\n")
    (tmp_path / "divergences").mkdir()
    pair = ("-s", "portman", "-s", "spec")
    found = portclash("diff", *pair, "--corpus", tmp_path, "--keep",
                      tmp_path / "kept", path)
    kept, = (tmp_path / "kept").iterdir()
    assert found.code == FOUND, found
    assert kept.read_text().endswith(" = ok portman=ok spec=n/a\n")
    held = portclash("check", "--json", *pair, kept, sorted(CASES.glob("udp-*.case"))[0])
    assert held.code == AGREED and not held.json["divergent"], held
    assert portclash("diff", *pair, "--corpus", tmp_path, kept).code == FOUND


@pytest.mark.pure
def test_a_refused_choice_of_the_leader_is_kept(tmp_path):
    """Who followed refuses it alone, too: the range has no other port."""
    (tmp_path / "divergences").mkdir()
    kept, pair = tmp_path / "kept", ("-s", "spec", "-s", "portman")
    portclash("random", "--quiet", *pair, "--seed", 80, "--count", 3000,
              "--corpus", tmp_path, "--keep", kept)
    told = [path for path in kept.iterdir() if re.search(
        r"= ok spec=ok portman=(EAGAIN|EADDRINUSE)\n$", path.read_text())]
    assert told, list(kept.iterdir())
    for subject in pair[1], pair[3]:
        held = portclash("check", "--json", "-s", subject, kept)
        assert held.code == AGREED and not held.json["divergent"], held


@pytest.mark.pure
def test_a_set_of_changes_is_kept_by_a_name_only(clash, tmp_path):
    """It is no name. On a terminal it is shown as it is."""
    rule = "tcp_conflict_options"
    for changed in (f"spec~{rule}", f"spec:{rule}=EPERM", f"spec~{rule}+order"):
        for args in (("diff", clash, "--keep", tmp_path / "kept"),
                     ("random", "--keep", tmp_path / "kept"),
                     ("sweep", "pairs", "--keep", tmp_path / "kept"),
                     ("minimize", "--output", tmp_path / "small", clash)):
            answer = portclash(*args, "-s", "spec", "-s", changed)
            assert answer.code == USAGE and f"NAME={changed}" in answer.err
    assert not (tmp_path / "kept").exists()
    shown = portclash("minimize", "-s", "spec", "-s", f"spec:{rule}=EPERM", clash)
    assert f" spec:{rule}=EPERM=EPERM\n" in shown.out.decode(), shown
    pair = ("-s", "spec", "-s", f"mine=spec:{rule}=EPERM")
    found = portclash("diff", *pair, "--keep", tmp_path / "kept", clash)
    assert found.code == FOUND, found
    path, = (tmp_path / "kept").iterdir()
    assert path.read_text().endswith(
        " = EADDRINUSE spec=EADDRINUSE mine=EPERM\n")
    assert portclash("check", *pair, path).code == AGREED


# --- the README --------------------------------------------------------------


def lines_of(title):
    """The command lines below a title of the README, one list a block."""
    text = (ROOT / "README.md").read_text().split(f"\n## {title}")[1]
    blocks = text.split("\n## ")[0].split("```\n")[1::2]
    return [block.splitlines() for block in blocks]


def test_lines_for_a_stack_of_ones_own(easy, tmp_path, need):
    """All six do what is said, in a tree with that stack in it."""
    need(portclash("check", "--json", "-s", "linux", cases(RULES)[0]))
    for name in ("build", "corpus", "harness"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "mystack").symlink_to(easy.removeprefix("pipe:"))
    lines = lines_of("Your own stack, in six lines")[0]
    assert len(lines) == 6
    for line, code in zip(lines, (AGREED, FOUND, AGREED, FOUND, AGREED, AGREED)):
        done = subprocess.run(["sh", "-ec", line], cwd=tmp_path, check=False,
                              capture_output=True, text=True, timeout=100)
        assert done.returncode == code, (line, done)
    kept = list((tmp_path / "new").iterdir())
    assert kept and "mystack=ok" in kept[0].read_text()
    assert "int main" in (tmp_path / "bug.c").read_text()
    assert "is written" not in done.stderr


def test_an_agent_is_in_our_network(clash, need):
    """Also behind a kernel, whose process is then in a world without it."""
    need(portclash("check", "--json", "-s", "linux", cases(RULES)[0]))
    ours = os.readlink("/proc/self/ns/net")
    agent = (f"pipe:[ $(readlink /proc/self/ns/net) = '{ours}' ] && "
             f"exec {COMMAND} serve -s spec")
    for pair in (("linux", f"a={agent}"), (f"a={agent}", "linux")):
        subjects = [word for one in pair for word in ("-s", one)]
        answer = portclash("diff", "--json", *subjects, clash)
        assert answer.code == AGREED and not answer.skipped, answer
        done = portclash("minimize", *subjects, clash)
        assert "do not diverge" in done.err, done


def test_lines_for_another_kernel(tmp_path, need):
    """The host is this one, by another ssh; the copy is left to scp."""
    need(portclash("check", "--json", "-s", "linux", cases(RULES)[0]))
    for name in ("build", "corpus"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh").write_text("#!/bin/sh\nshift\nexec \"$@\"\n")
    (tmp_path / "bin" / "ssh").chmod(0o755)
    shutil.copy(COMMAND, tmp_path / "portclash")
    copy, *lines = lines_of("Your own stack, in six lines")[1]
    assert "scp build/portclash-static host:portclash" in copy
    release = ".".join(os.uname().release.split(".")[:2])
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    for line in lines:
        line = line.split("  #")[0] + " --quiet --json --count 200"
        done = subprocess.run(["sh", "-ec", line], cwd=tmp_path, check=False,
                              capture_output=True, text=True, timeout=100,
                              env=env)
        assert done.returncode == AGREED, (line, done)
        said = json.loads(done.stdout)
        assert f"linux-{release}" in said.get("subjects", [
            cell["subject"] for cell in said.get("cells", [])])
    assert CORPUS.is_dir()
