# SPDX-License-Identifier: Apache-2.0
"""Text and bytes of strangers never become code, markup, shell or control of
a terminal.

What can be named is named in each hostile way, and what is said of it is read
as a machine reads it: by a C compiler, an HTML parser, a shell, json, a reader
of KTAP, and byte by byte as a terminal would.

Run as a program, this is a process with such a name, on such a device, for why.
"""

import ast
import html.parser
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from portcheck import (AGREED, CANNOT, COMMAND, CORPUS, FOUND, NOTHING,
                       SANITIZED, USAGE, portclash)

HOSTILE = {
    "clear": b"\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "bell": b"a\x07\x08\x7f\x0b\x0cb",
    "newline": b"x\nok 1 forged\nnot ok 2 forged\n1..3\nBail out!\n# x",
    "carriage": b"x\rok 1 forged\r",
    "tab": b"a\tb\t",
    "c1": b"\xc2\x9b31m\xc2\x85x",
    "c1-byte": b"\x9b31m\x85x",
    "no-utf8": b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82",
    "bidi": "a\u202etxt.exe\u2066\u2069\u061c\u200f".encode(),
    "line-ends": "a\u2028b\u2029c".encode(),
    "no-width": "a\u200bb\ufeffc\U000e0041".encode(),
    "unicode": "na\u00efve \u6f22\u5b57 \U0001f600".encode(),
    "directive": b"x # SKIP never ran # TODO y",
    "backslash": b"\\ \\# SKIP \\n \\x1b",
    "quotes": b"'\"`\"'",
    "shell": b"';touch MARKER;'",
    "subshell": b"$(touch MARKER)`touch MARKER`",
    "words": b"a b;touch MARKER&touch MARKER|x>MARKER",
    "glob": b"* ? [a-z] {a,b} ~ !x",
    "options": b"--help -rf",
    "format": b"%s%n%x%%%",
    "markup": b"<script>alert(1)<!script>&amp;<b>",
    "attribute": b"\" onclick=\"x\" '><img src=x>",
    "comment": b"*! int injected(void); !*",
    "json": b"\",\"x\":[\"",
}
NAMES = list(HOSTILE.values())

# Where a "/" may be as well
SENTENCES = [name.replace(b"!", b"/").replace(b"\n", b" ") for name in NAMES
             if b"\x1b" not in name and b"\x07" not in name] + [
    b"*/ #error injected", b"**/ #error injected", b"*/*/ #error injected",
    b"/*", b"//* x *//", b"/*/ #error injected /*/", b"*\\", b"x \\", b"\\",
    b"*??/", b"??/", b"x ??/ */", b"??(??)???", b"?" * 76 + b"/",
    b"*\r/ #error injected", b"*\t/", b"*\xe2\x80\x8b/ #error injected",
    b"*\xff/ #error injected", b"*/" * 250, b"x" * 77 + b"*/ #error injected",
    b"w " * 37 + b"* / */#error injected", b"\\u202e \\x", b""]

FINE = b"live   = ok:0\n"
WRONG = b"live   = ok:7\n"
SOCKET = b"\nsocket a tcp4   = ok gvisor=ok\nget a name   = ok:0.0.0.0:0\n" \
    b"get a dev   = ok:-\nset a dev=lo\n"
CLASS = b"# of: mine\n# change: spec~listen_udp\n\nsocket a tcp4\n"
RESERVATIONS = ("-s", "portman", "-s", "portlist")

# Answers as portlist does, but for this
LIAR = """#!/bin/sh
[ "$1" = greet ] && { printf 'I am \\033[2J\\nnobody\\n'; exit; }
[ "$1" = complain ] && sed=s/^[a-zE].*/'! \\x1b[31m red'/ || sed=s/^ok.*/EINVAL/
"$PORTCLASH" serve -s portlist | { head -n 2; exec sed -u "$sed"; }
"""


def unseen(text):
    """What a terminal obeys, or a reader is misled by; tabs are no part of
    what we say ourselves."""
    return [c for c in text if c != "\n" and
            unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")]


def harmless(*outputs):
    """Is all of it text, as UTF-8, and without what is not seen?"""
    problems = []
    for output in outputs:
        try:
            bad = unseen(output.decode())
        except UnicodeDecodeError as error:
            bad = [str(error)]
        if bad:
            problems.append((bad, output[:2000]))
    return problems


def hostile_files(folder, text, suffix=b".case"):
    """A file of each name; what a name cannot have is left out."""
    paths = []
    for number, name in enumerate(NAMES):
        path = os.fsencode(folder) + b"/" + b"%02d" % number + name + suffix
        with open(path, "wb") as file:
            file.write(text)
        paths.append(os.fsdecode(path))
    return paths


def ask(*args, **more):
    """The command's answer, with stderr as bytes."""
    more.setdefault("command", COMMAND)
    command = more.pop("command")
    env = {**os.environ, **more.pop("env", {})}
    return subprocess.run([str(command), *args], stdin=subprocess.DEVNULL,
                          capture_output=True, env=env, timeout=60,
                          check=False, **more)


@pytest.fixture
def liar(tmp_path):
    """An agent that is another than portlist, as a subject's name can say."""
    path = tmp_path / "liar"
    path.write_text(LIAR)
    path.chmod(0o755)
    return {"LIAR": str(path), "PORTCLASH": str(COMMAND)}


# --- terminal ----------------------------------------------------------------


@pytest.fixture(params=[COMMAND, SANITIZED], ids=["build", "san"])
def command(request):
    """The command, plain and with sanitizers."""
    if not request.param.exists():
        pytest.skip(f"{request.param} is not built")
    return request.param


def test_names_of_files(command, tmp_path):
    """One line for each file that is spoken of, whatever its name is."""
    wrong, fine = tmp_path / "wrong", tmp_path / "fine"
    wrong.mkdir()
    fine.mkdir()
    files = hostile_files(wrong, b"# W.\n" + WRONG)
    hostile_files(fine, b"# F.\n" + FINE)
    check = ask("check", "-s", "portman", wrong, command=command)
    assert check.returncode == FOUND
    failures = [line for line in check.stdout.decode().splitlines()
                if line.startswith(f"{wrong}/")]
    assert len(failures) == len(files)
    assert check.stdout.count(b"\n") == len(files) + 3, check.stdout
    run = ask("run", "-s", "portman", fine, command=command)
    assert run.returncode == AGREED
    for line in run.stdout.decode().splitlines():
        assert line.startswith((f"# {fine}/", "live")), line
    table = ask("run", "--table", *RESERVATIONS, fine, command=command)
    assert table.stdout.count(b"\n") == 3 * len(files)
    assert not harmless(check.stdout, check.stderr, run.stdout, table.stdout,
                        run.stderr)


def test_what_diff_says_is_a_case(tmp_path, liar):
    """A name of a file does not become an op of what is printed."""
    folder = tmp_path / "some"
    folder.mkdir()
    for number, name in enumerate((b"x\nlive", b"x\r\x1b[2K\nlive #")):
        with open(os.fsencode(folder) + b"/%d" % number + name, "wb") as file:
            file.write(b"\0")
    paths = [os.fsdecode(path) for path in os.scandir(os.fsencode(folder))]
    (tmp_path / "p.case").write_bytes(b"# P.\n" + FINE)
    packed = portclash("pack", tmp_path / "p.case").out
    for path in paths:
        with open(path, "wb") as file:
            file.write(packed)
    done = ask("diff", "-s", "portman", "-s", "pipe:exec $LIAR\nlive\x1b[2J # x",
               *paths, env=liar)
    assert done.returncode == FOUND, done
    assert not harmless(done.stdout, done.stderr)
    said = done.stdout.decode().split("2 programs")[0].splitlines()
    assert all(line.startswith(("# ", "live ")) or not line for line in said)


@pytest.mark.parametrize("built,part", [
    (COMMAND, 0), (COMMAND, 1), (COMMAND, 2), (SANITIZED, 0)])
def test_errors_are_one_line(tmp_path, built, part):
    """Files that are not there, wrong text, subjects, options and verbs."""
    if not built.exists():
        pytest.skip(f"{built} is not built")
    text = b"".join(NAMES[part::3])
    word = text.replace(b"\n", b"").replace(b" ", b"").replace(b"\t", b"")
    bad = tmp_path / "bad.case"
    bad.write_bytes(b"# Bad.\nset a " + word.replace(b"#", b"") + b"\n")
    missing = os.fsencode(tmp_path) + b"/" + text
    for args in (
            ["check", "-s", "portlist", bad], ["check", missing],
            ["emit", missing], ["unpack", missing],
            ["minimize", *RESERVATIONS, missing],
            ["pack", "--output", missing + b"/x", bad],
            [text], ["check", b"--" + text], ["check", "-s", text],
            ["check", "-s", b"spec~" + text], ["rules", text],
            ["sweep", text], ["explain", "-s", "spec", "--sweep", text],
            ["random", *RESERVATIONS, text],
            ["random", "--seed", text], ["sweep", "--part", text],
            ["random", "--ops", text], ["matrix", text], ["doctor", text],
            ["serve", text], ["why", text, ":1"], ["why", "tcp", text],
            ["why", "tcp", ":1" + os.fsdecode(text)],
            ["why", "tcp", ":1", "--device", text],
            ["sweep", "pairs", "--resume", bad],
            ["run", "-s", b"pipe:" + text[:50], "-s", "nobody", bad]):
        done = ask(*args, command=built)
        lines = done.stderr.decode().split("\n")
        assert done.returncode in (USAGE, CANNOT), (args, done)
        assert len(lines) == 2 and lines[0].startswith("portclash: "), (
            args, done)
        assert not harmless(done.stdout, done.stderr)


def test_agents(tmp_path, liar):
    """What an agent says, and what its command is called."""
    case = tmp_path / "a.case"
    case.write_bytes(b"# A.\n" + FINE)
    for subject in ("pipe:$LIAR greet", "pipe:$LIAR complain",
                    "pipe:exit 1 \x1b[2J\nok 1 - forged", "pipe:false #\u202e"):
        for args in (["check"], ["check", "--tap"], ["run"], ["run", "--table"],
                     ["diff", "-s", "portman"], ["minimize", "-s", "portman"],
                     ["explain", "-s", "portman"]):
            done = ask(*args, "-s", subject, case, env=liar)
            assert not harmless(done.stdout, done.stderr)
            assert b"\nok 1 - forged" not in done.stdout + done.stderr
        done = ask("check", "--json", "-s", subject, case, env=liar)
        # This one greets, and so has a name.
        assert json.loads(done.stdout)["skipped"][0]["subject"] == (
            "portlist" if "complain" in subject else subject)
    serve = ask("serve", "-s", "pipe:$LIAR\ncan \x1b", env=liar)
    lines = serve.stdout.splitlines()
    assert lines[0] == b"portclash-agent 1 portlist", serve
    assert len(lines) == 2 and lines[1].startswith(b"can "), serve
    assert not harmless(serve.stdout)


def test_words_of_programs_come_back_as_text():
    """An agent answers to who asks it, and quotes what it was asked."""
    done = portclash("serve", "-s", "portlist",
                     stdin=b"live \xc2\x9b\x9b\xe2\x80\xae\n.\n")
    lines = done.out.splitlines()
    assert len(lines) == 4 and lines[2].startswith(b"! line 1: "), lines
    assert not harmless(done.out)


def test_variables_are_said_as_text(tmp_path):
    """Where agents are, and how long they may take."""
    case = tmp_path / "a.case"
    case.write_bytes(b"# A.\n" + FINE)
    value = "\x1b[2J\nok 1 forged\u202e\udc9b"
    wait = {"PORTCLASH_PIPE_WAIT_MS": value}
    for env in ({"PORTCLASH_GOPORTS": value}, wait):
        for args in (["check", "--tap", "-s", "goports", case],
                     ["run", "-s", "goports", case],
                     ["diff", "-s", "goports", "-s", "portman", case],
                     ["minimize", "-s", "goports", "-s", "portman", case],
                     ["serve", "-s", "goports"], ["doctor"]):
            # With such a wait no machine is started, which would take long.
            done = ask(*args, env=wait if args == ["doctor"] else env)
            assert not harmless(done.stdout, done.stderr)
            assert b"\nok 1 forged" not in done.stdout + done.stderr


def test_rules_show_a_case_as_text(tmp_path):
    """The corpus may be somebody else's."""
    corpus = os.fsencode(tmp_path) + b"/\x1b[2J\nx"
    os.makedirs(corpus + b"/rules")
    os.mkdir(corpus + b"/divergences")
    with open(corpus + b"/rules/tcp_conflict_listener.case", "wb") as file:
        file.write(b"# \x1b[31m\xc2\x9b\xff " + b"\xe2\x82\xac" * 200 + b"\n")
    done = ask("rules", "--corpus", corpus, "tcp_conflict_listener")
    assert done.returncode == AGREED and not harmless(done.stdout), done
    assert "\u20ac" * 200 in done.stdout.decode()


def test_classes_are_said_as_text(tmp_path):
    """Their names are those of files."""
    rule = "spec:listen_udp=EINVAL"
    for number, name in enumerate(NAMES):
        folder = tmp_path / str(number) / "divergences"
        folder.mkdir(parents=True)
        path = os.fsencode(folder) + b"/" + name + b".case"
        with open(path, "wb") as file:
            file.write(f"# C.\n# of: mine\n# change: {rule}\n\n"
                       "socket a udp4\n".encode())
    case = tmp_path / "a.case"
    case.write_bytes(b"# A.\nsocket a udp4\nlisten a\n")
    for number, name in enumerate(NAMES):
        done = ask("diff", "-s", "spec", "-s", f"mine={rule}", "--corpus",
                   tmp_path / str(number), case)
        assert done.returncode == AGREED, done
        assert not harmless(done.stdout, done.stderr)
        said = done.stdout.decode().split("classes met:\n")[1]
        assert said.count("\n") == 1, said


def plan_and_tests(text):
    """KTAP as a machine reads it: the plan, and each line that is a test."""
    lines = text.split("\n")
    plans = [line for line in lines if re.match(r"\d+\.\.\d+", line)]
    tests = [line for line in lines if re.match(r"\s*(not )?ok\b", line)]
    assert len(plans) == 1 and not any("Bail out!" == line[:9]
                                       for line in lines)
    return int(plans[0].split("..")[1]), tests


def test_ktap(command, tmp_path, liar):
    """As many lines as planned, and a directive only where we say so."""
    for text in (FINE, WRONG):
        folder = tmp_path / text.decode().strip()[-1]
        folder.mkdir()
        hostile_files(folder, b"# T.\n" + text)
        (folder / "ok 1 - forged.case").write_bytes(text)
    done = ask("check", "--tap", "-s", "portman", "-s",
               "pipe:exit # \n1..1\nok 9 x", ".", cwd=tmp_path, env=liar,
               command=command)
    count, tests = plan_and_tests(done.stdout.decode())
    assert count == len(tests) == 4 * (len(NAMES) + 1)
    assert not harmless(done.stdout, done.stderr)
    for number, line in enumerate(tests, 1):
        assert re.match(rf"(not )?ok {number} ", line)
        directive = re.search(r"(?<!\\)(\\\\)*#", line)
        assert bool(directive) == (number > count // 2), line
    # A file's own name is no line either, when it is said that it failed.
    done = ask("check", "--tap", "-s", "portman", "ok 1 - forged.case",
               cwd=tmp_path / "7")
    assert len(plan_and_tests(done.stdout.decode())[1]) == 1, done


def held_by_a_stranger():
    """What runs in a world: a device and a process with names of their own."""
    device = "x\x1b[31m\u202e"
    subprocess.run(["ip", "link", "add", device, "type", "veth"], check=True)
    with open("/proc/self/comm", "wb") as file:
        file.write(b"\n\x1b[2Jok 1\x9b\x7f")
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                       device.encode())
        one.bind(("", 8080))
        one.listen()
        for more in ([], ["--device", device], ["--json"]):
            done = ask("why", "tcp4", "0.0.0.0:8080", *more)
            print(repr((done.returncode, done.stdout + done.stderr)))


def test_why_of_strangers():
    """Names of processes and devices are anybody's."""
    done = portclash("world", "/usr/bin/python3", __file__)
    if done.code == CANNOT:
        pytest.skip(f"no world here: {done.err.strip()}")
    lines = done.out.decode().splitlines()
    assert len(lines) == 3, done
    for line, names in zip(lines, (b" of ", b" of ", b'"holders":[{')):
        code, said = ast.literal_eval(line)
        assert code == FOUND and b"8080" in said and names in said, said
        assert b"[2Jok 1" in said, said     # its first line is empty
        assert not harmless(said), said


# --- C -----------------------------------------------------------------------


def emitted(path, sentence, ops=SOCKET):
    """The C program of a case with this sentence."""
    path.write_bytes(b"# " + sentence + b"\n" + ops)
    done = ask("emit", "--c", path)
    assert done.returncode == AGREED, done
    return done.stdout


def test_a_sentence_stays_a_comment(tmp_path):
    """Behind the first comment all is as of a harmless sentence; and it
    compiles, in all dialects."""
    plain = emitted(tmp_path / "plain.case", b"Plain.").split(b"*/", 1)[1]
    comments = []
    for sentence in SENTENCES:
        source = emitted(tmp_path / "one.case", sentence)
        comment, rest = source.split(b"*/", 1)
        assert rest == plain, sentence
        assert not harmless(source.replace(b"\t", b"")), sentence
        assert comment.count(b"/*") == 1 and b"??" not in comment, comment
        comments.append(comment + b"*/\n")
    every = tmp_path / "every.c"
    every.write_bytes(b"".join(comments) + b"int nothing;\n")
    for dialect in ("c11", "gnu11"):
        done = subprocess.run(
            ["cc", "-fsyntax-only", f"-std={dialect}", "-Wall", "-Wextra",
             "-Werror", "-Wtrigraphs", "-Wcomment", every],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_nothing_of_a_case_is_run(tmp_path):
    """What would be printed before main() is not."""
    sentence = b"*/ int puts(const char *); __attribute__((constructor)) " \
        b"static void f(void) { puts(\"injected\"); } /*"
    source = tmp_path / "a.c"
    source.write_bytes(emitted(tmp_path / "a.case", sentence))
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o",
                    tmp_path / "a", source], check=True)
    done = subprocess.run([tmp_path / "a"], capture_output=True, text=True,
                          check=False)
    assert done.returncode in (0, 1, 2) and "injected" not in done.stdout


NO_WHO = ("a*/", "a/*", "a<b>", 'a"', "a'", "a;b", "a$b", "a`b`", "a\\", "a%s",
          "a\u00e9", "a:b", "a(b)", "a,b", "a?", "a\u202e", "a!", "pipe:x",
          "a&b", "a|b", "a{b}", "a[b]", "a^")


def test_whose_outcome_it_is_is_a_name(tmp_path):
    """The parser refuses all else; what subjects are called it takes."""
    path = tmp_path / "who.case"
    for who in NO_WHO:
        path.write_text(f"# W.\nlive   = ok:0 {who}=ok\n")
        done = portclash("check", "-s", "portlist", path)
        assert done.code == USAGE and f"{path}:2: " in done.err, (who, done)
        assert len(done.err.splitlines()) == 1
    for who in ("linux-6.1", "portman@head", "linux+undo", "spec~a_rule", "pipe",
                "uml-6.1", "MyStack", "3proxy", "-_@.", "ok", "x" * 63):
        path.write_text(f"# W.\nlive   = ok:0 {who}=ok\n")
        done = portclash("check", "-s", "portlist", path)
        assert done.code == AGREED, done


def compiles(source):
    """Without a warning, in all dialects; what a compiler says if not."""
    said = ""
    for compiler, dialect in (("cc", "c11"), ("cc", "gnu11"), ("clang", "c11")):
        said += subprocess.run(
            [compiler, "-O1", "-S", "-o", os.devnull, f"-std={dialect}",
             "-Wall", "-Wextra", "-Werror", source], capture_output=True,
            text=True, check=False).stderr if shutil.which(compiler) else ""
    return said


@pytest.mark.parametrize("ops", [
    "repeat 0", "get a v6only = ok:4294967295",
    "connect a [fe80::1%4294967295]:1", "close a\nrepeat 0", "accept c c", "accept c d\nget d name",
    "connect a 127.0.0.1:@c\nbind c 127.0.0.1:7000", "listen c",
    "close a\nbind a 127.0.0.1:0\nbind b 127.0.0.1:@a",
    "bind b 127.0.0.1:@c\naccept c c\nlisten c"])
def test_what_no_one_would_write_compiles(tmp_path, ops):
    """Ops on what was never opened, or that are done not even once."""
    source = tmp_path / "a.c"
    source.write_bytes(emitted(tmp_path / "a.case", b"Odd.", (
        f"socket a tcp4\nsocket b tcp4\nset a reuseaddr\n{ops}\n").encode()))
    assert not compiles(source)


@settings(max_examples=15)
@given(data=st.binary(min_size=8, max_size=300))
def test_any_program_compiles(tmp_path_factory, data):
    """Whatever bytes can be a program of sockets."""
    folder = tmp_path_factory.mktemp("any")
    (folder / "a").write_bytes(b"\1" + data)
    ops = portclash("unpack", folder / "a").out
    if ops:
        (folder / "a.c").write_bytes(emitted(folder / "a.case", b"Any.", ops))
        assert not compiles(folder / "a.c")


# --- what is kept ------------------------------------------------------------


@pytest.mark.parametrize("more", ["", " host x", " # \n\nlive = ok:9\n",
                                  " # */ <b> \x1b[2J ' \\ \u202e", "\n#=ok"])
def test_a_kept_case_is_read_again(tmp_path, liar, more):
    """Whoever disagreed: it parses, says no more than was found, and holds."""
    pair = ["-s", "portman", "-s", f"pipe:$LIAR{more}"]
    kept = tmp_path / "kept"
    case = tmp_path / "a.case"
    case.write_bytes(b"# A.\n" + FINE)
    done = ask("diff", *pair, case, "--keep", kept, env=liar)
    assert done.returncode == FOUND, done
    files = list(kept.iterdir())
    assert len(files) == 1 and not harmless(files[0].read_bytes())
    assert files[0].read_text().splitlines()[1:] == [
        "", "live   = ok:0 portman=ok:0 portlist=EINVAL"]
    assert portclash("pack", files[0]).code == AGREED
    done = ask("check", *pair, files[0], env=liar)
    assert done.returncode == AGREED, done
    small = ask("minimize", *pair, case, env=liar)
    again = tmp_path / "again.case"
    again.write_bytes(small.stdout)
    assert portclash("pack", again).code == AGREED, small


# --- JSON and shell ----------------------------------------------------------


def argv_of(repeat, folder):
    """What a shell makes of it; nothing else must come of that."""
    before = set(os.listdir(os.fsencode(folder)))
    done = subprocess.run(
        [b"sh", b"-c", b"printf '%s\\0' " + os.fsencode(repeat)], cwd=folder,
        capture_output=True, check=True)
    assert set(os.listdir(os.fsencode(folder))) == before
    return done.stdout.split(b"\0")[:-1]


def says_it_all(args, folder):
    """JSON that is JSON for strict readers, and leads back to all it names."""
    done = ask(*args, cwd=folder)
    assert not harmless(done.stdout) and done.stdout.count(b"\n") == 1, done
    said = json.loads(done.stdout)
    argv = argv_of(said["repeat"], folder)
    assert argv == [b"portclash", *map(os.fsencode, args)]
    return said


def test_repeat_is_the_very_command(tmp_path):
    """Each name, alone and with others, is one word again."""
    for number, name in enumerate(NAMES):
        folder = tmp_path / str(number)
        folder.mkdir()
        names = [name, b"-" + name, b"'" + name + b"'"]
        for each in names:
            with open(os.fsencode(folder) + b"/" + each, "wb") as file:
                file.write(b"# R.\n" + WRONG)
        said = says_it_all(["check", "--json", "-s", "portman", "--",
                            *map(os.fsdecode, names)], folder)
        assert [failed["file"] for failed in said["failed"]] == [
            os.fsdecode(each) for each in names]
    empty = says_it_all(["check", "--json", "-s", "pipe:'' \"\" ''", "-s",
                         "portman", os.fsdecode(NAMES[0])], tmp_path / "0")
    assert empty["skipped"]
    for args in (["--corpus", " "], ["--corpus", "'"]):
        (tmp_path / "0" / args[1] / "divergences").mkdir(parents=True)
        says_it_all(["diff", "--json", *RESERVATIONS, *args, "--",
                     os.fsdecode(NAMES[0])], tmp_path / "0")
    done = ask("random", "--json", *RESERVATIONS, "--count", "1", "--")
    words = argv_of(json.loads(done.stdout)["repeat"], tmp_path)
    assert ask(*words[1:]).returncode in (AGREED, NOTHING)


FILE_NAMES = st.lists(
    st.one_of(st.binary(min_size=1, max_size=40),
              st.text(min_size=1, max_size=30).map(
                  lambda text: text.encode("utf-8", "surrogatepass")))
    .map(lambda name: re.sub(rb"[/\0]", b"", name)[:200])
    .filter(lambda name: name not in (b"", b".", b"..", b"-")),
    min_size=1, max_size=12, unique=True)


@settings(max_examples=25)
@given(names=FILE_NAMES)
def test_json_of_any_bytes(tmp_path_factory, names):
    """Whatever a file is called, it is called so in JSON."""
    folder = tmp_path_factory.mktemp("json")
    for name in names:
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(b"# R.\n" + WRONG)
    paths = [os.fsdecode(name) for name in names]
    said = says_it_all(["check", "--json", "-s", "portman", "--", *paths],
                       folder)
    assert [failed["file"] for failed in said["failed"]] == paths


@pytest.mark.parametrize("name", [
    "a b", "$(touch MARKER)", "';touch MARKER;'", "`touch MARKER`", "\x1b[2J\n"])
def test_our_own_folder_is_no_shell(tmp_path, name):
    """A law asks a kernel by a command that is wherever we are."""
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(COMMAND, folder / "portclash")
    case = tmp_path / "a.case"
    case.write_bytes(b"# A.\nsocket a tcp4\n")
    done = ask("run", "-s", "linux+undo", case, command=folder / "portclash",
               cwd=tmp_path)
    assert not (tmp_path / "MARKER").exists()
    if done.returncode == CANNOT and b"skipped" not in done.stderr:
        pytest.skip(f"no kernel here: {done.stderr}")
    assert done.stdout == b"socket a tcp4  = ok\n", done


@pytest.mark.parametrize("name", ["+undo", "-e", "-c", "--help", "-o"])
def test_a_command_is_no_option_of_the_shell(tmp_path, name):
    """It is a command, whatever it begins with."""
    (tmp_path / name).write_text(
        f"#!/bin/sh\nexec '{COMMAND}' serve -s portlist\n")
    (tmp_path / name).chmod(0o755)
    (tmp_path / "a.case").write_bytes(b"# A.\n" + FINE)
    done = ask("check", "-s", f"pipe:{name}", "a.case", cwd=tmp_path,
               env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == AGREED, done


# --- HTML --------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.links = set(), set(), "", {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add((tag, name))
            self.links.setdefault(name, []).append(value)

    def handle_data(self, data):
        self.text += data

    def unknown_decl(self, data):
        self.tags.add(data)

    def handle_comment(self, data):
        self.tags.add(f"<!--{data}")

    def handle_pi(self, data):
        self.tags.add(f"<?{data}")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Of a corpus whose classes are called so, and of such subjects."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "divergences").mkdir()
    for name in NAMES:
        path = os.fsencode(folder) + b"/divergences/" + name + b".case"
        with open(path, "wb") as file:
            file.write(b"# " + name.replace(b"\n", b" ").replace(b"\x1b", b"")
                       .replace(b"\x07", b"").replace(b"\x08", b"").replace(
                           b"\x7f", b"").replace(b"\x0b", b"").replace(
                               b"\x0c", b"") + b" <i>*/</i>\n" + CLASS)
    subjects = [option for name in NAMES[:14] for option in
                ("-s", b"pipe:exit;" + name[:45])]
    done = ask("matrix", "--quiet", *subjects, "-s", "pipe:<script>x</script>",
               "--count", "1", "--corpus", folder, "--output", folder / "p")
    assert not harmless(done.stdout, done.stderr)
    return (folder / "p").read_bytes()


def test_a_page_has_the_tags_that_we_gave_it(page):
    """No tag, no attribute and no target of a link is of a name's making."""
    assert not harmless(page.replace(b"\t", b""))
    read = Page(page.decode())
    assert read.tags <= {"html", "meta", "title", "style", "h1", "h2", "h3",
                         "p", "table", "tr", "th", "td", "br", "small", "a",
                         "span", "ul", "li", "pre", "details", "summary"}
    assert read.attributes <= {
        ("html", "lang"), ("meta", "charset"), ("details", "id"),
        ("details", "open"), ("h3", "id"), ("a", "href"), ("td", "class"),
        ("span", "class")}
    assert "<script>x</script>" in read.text
    assert any('" onclick="x"' in name for name in read.links["id"])
    assert all(link.startswith("#") for link in read.links.get("href", ()))


def test_a_class_is_no_other_place(tmp_path):
    """Cells have ids, too; and each class has a name, and its case."""
    (tmp_path / "divergences").mkdir()
    for name in ("c0-4-1", "c0-4-2", "-1", "-2", "7", "class-c0-4",
                 "a-1", "a-1b", "a-2"):
        (tmp_path / "divergences" / f"{name}.case").write_text(
            "# C.\n" + CLASS.decode())
    ask("matrix", "--quiet", "-s", "portman", "--count", "1", "--corpus",
        tmp_path, "--output", tmp_path / "p")
    page = (tmp_path / "p").read_text()
    ids = Page(page).links["id"]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if name.startswith("class-")] == [
        "class--1", "class--2", "class-7", "class-a-1", "class-a-1b",
        "class-a-2", "class-c0-4-1", "class-c0-4-2", "class-class-c0-4"]
    classes = page.split("<h2>Classes</h2>")[1]
    assert classes.strip().startswith("<details") and "</details>\n<pre>" \
        not in classes and classes.count("<pre>") == 9


# --- what is beside the command ----------------------------------------------


@pytest.fixture(scope="module")
def campaign():
    """ci/campaign, as a module."""
    path = str(COMMAND.parent.parent / "ci" / "campaign")
    loader = importlib.machinery.SourceFileLoader("campaign", path)
    spec = importlib.util.spec_from_loader("campaign", loader)
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, os.path.dirname(path))
    loader.exec_module(module)
    sys.path.pop(0)
    sys.dont_write_bytecode = keep
    return module


def test_a_campaign_says_text(tmp_path, campaign):
    """Where it writes, and whatever else it does not take."""
    for number, name in enumerate(NAMES):
        folder = os.fsencode(tmp_path) + b"/%d" % number + name
        os.mkdir(folder)
        with open(folder + b"/x" + name, "wb"):
            pass
        # It begins slowly: each name in one of the three places
        args = (["--output", folder], ["--output", folder + b"/x" + name],
                [name])[number % 3]
        done = ask(*args, command=campaign.__file__)
        assert done.returncode in (USAGE, 0) and not harmless(
            done.stdout.replace(b"\t", b""), done.stderr), done
        assert done.stderr.count(b"\n") <= 2, done


def test_a_campaign_counts_classes_of_any_name(tmp_path, campaign, capsys):
    """They are bytes in what it shares with a fuzzer, and then JSON."""
    replay = COMMAND.parent / "replay" / "fuzz_sockets"
    if not replay.exists():
        pytest.skip("build/replay/fuzz_sockets is not built: make replay")
    target = campaign.Target("fuzz_sockets", tmp_path)
    case = "mapped-bind-on-v6only-errno.case"        # a seed meets it
    for number, name in enumerate(NAMES):
        folder = tmp_path / str(number) / "divergences"
        folder.mkdir(parents=True)
        shutil.copy(CORPUS / "divergences" / case,
                    os.fsencode(folder) + b"/" + name + b".case")
        subprocess.run(
            [replay, CORPUS / "fuzz" / "fuzz_sockets"], check=True,
            stdout=subprocess.DEVNULL, env={
                **os.environ, **target.env(),
                "PORTCLASH_CORPUS": str(folder.parent)})
    counts = target.counters()
    classes = counts["classes"]
    assert list(classes) == [os.fsdecode(name[:63]) for name in NAMES]
    assert sum(classes.values()) == counts["known"] > 0
    for name in classes:
        campaign.say(campaign.visible(name))
        campaign.complain(name)
    out, err = capsys.readouterr()
    assert out.count("\n") == len(NAMES)
    assert not harmless(out.encode(), err.encode())


@pytest.mark.parametrize("script", [
    ["ci/in-debian", "HERE", "true"], ["ci/setup", "HERE"],
    ["netns-scripts/machines", "HERE"], ["netns-scripts/in-runsc", "HERE"],
    ["netns-scripts/in-qemu", "HERE"],
    ["netns-scripts/in-uml", "--release=HERE"]])
def test_scripts_say_text(script):
    """What they do not know, and what echo would make of it."""
    for name in (b"\x1b[2J\xc2\x9b\x9b", b"\\033[2J\\c", b"a\nb\rc"):
        done = ask(*(word.replace("HERE", os.fsdecode(name))
                     for word in script[1:]),
                   command=COMMAND.parent.parent / script[0])
        assert done.returncode in (USAGE, CANNOT), done
        assert done.stderr.count(b"\n") == 1 and not done.stdout, done
        assert not harmless(done.stderr), done


if __name__ == "__main__":
    held_by_a_stranger()


# --- one name through all verbs ----------------------------------------------

# It ends a comment, a tag, a string, a line, a word; it turns and erases
ALL = (b"*/x<script>'\"$(touch MARKER)`touch MARKER`;touch MARKER\n"
       b"ok 1 # SKIP\x1b[2J\x07\r\xe2\x80\xae\xff&\\").replace(b"/", b"\\")
EVERYWHERE = {
    "run": ("run", "-s", "portman", "{case}"),
    "run table": ("run", "--table", "--json", *RESERVATIONS, "{case}", "{case}"),
    "check": ("check", "-s", "portman", "{wrong}"),
    "check tap": ("check", "--tap", "-s", "portman", "{wrong}"),
    "check json": ("check", "--json", "-s", "portman", "{wrong}"),
    "diff": ("diff", "--quiet", *RESERVATIONS, "{case}"),
    "minimize": ("minimize", *RESERVATIONS, "{case}"),
    "pack": ("pack", "--output", "{new}", "{case}"),
    "unpack": ("unpack", "{case}"),
    "emit": ("emit", "{socket}"),
    "explain": ("explain", "-s", "spec", "-s", "spec@6.1", "{socket}"),
    "no file": ("check", "{none}"), "no bytes": ("unpack", "{none}"),
    "no folder": ("pack", "--output", "{none}/x", "{case}"),
    "corpus": ("diff", "--corpus", "{none}", *RESERVATIONS, "{case}"),
    "classes": ("diff", "--quiet", "--corpus", "{corpus}", *RESERVATIONS,
                "{case}"),
    "page": ("matrix", "--quiet", "--count", "1", "-s", "spec", "--corpus",
             "{corpus}", "--output", "{new}"),
    "resume": ("sweep", "pairs", "--quiet", "-s", "spec", "-s", "portman",
               "--resume", "{wrong}"),
    "keep": ("random", "--quiet", "--count", "9", "-s", "m=spec~bind4_family",
             "-s", "spec", "--keep", "{wrong}"),
    "subject": ("run", "-s", "{name}", "{case}"),
    "named": ("run", "-s", "{name}=spec", "{case}"),
    "agent": ("check", "--json", "-s", "pipe:echo '{plain}'", "{case}"),
    "option": ("check", "--{name}", "{case}"), "verb": ("{name}",),
    "number": ("random", "--count", "{name}"), "part": ("sweep", "--part", "{name}"),
    "sweep": ("sweep", "{name}"), "rule": ("rules", "{name}"),
    "model": ("rules", "--model", "{name}"),
    "ops": ("random", "--ops", "{name}"),
    "device": ("why", "tcp", "0.0.0.0:7000", "--device", "{name}"),
    "address": ("why", "tcp", "{name}"), "protocol": ("why", "{name}", "x"),
    "help": ("help", "{name}"), "unexpected": ("doctor", "{name}"),
    "command": ("world", "{name}"),
}


@pytest.mark.parametrize("where", EVERYWHERE)
def test_one_name_through_all_verbs(where, tmp_path):
    """It is said as text, in a line that it does not end, and never run."""
    name = os.fsdecode(ALL)
    places = {"name": name, "none": str(tmp_path / "none" / name),
              "new": str(tmp_path / ("new" + name)),
              "plain": name.replace("'", ""), "corpus": str(tmp_path / "corpus")}
    for key, text in (("case", FINE), ("wrong", WRONG),
                      ("socket", b"socket a tcp4\n")):
        path = os.fsencode(tmp_path) + f"/{key}".encode() + ALL + b".case"
        with open(path, "wb") as file:
            file.write(b"# A.\n" + text)
        places[key] = os.fsdecode(path)
    (tmp_path / "corpus" / "divergences").mkdir(parents=True)
    shutil.copy(CORPUS / "divergences" / "mapped-bind-on-v6only-errno.case",
                os.fsencode(tmp_path) + b"/corpus/divergences/" + ALL[:50] +
                b".case")
    args = [word.format(**places) for word in EVERYWHERE[where]]
    done = ask(*args, cwd=tmp_path)
    assert not harmless(done.stdout.replace(b"\t", b""), done.stderr), done
    assert done.stderr.count(b"\n") <= 6, done
    assert not list(tmp_path.rglob("MARKER"))
    for line in done.stdout.splitlines():
        assert not line.startswith(b"ok 1 # SKIP"), done
    if "--json" in args and done.stdout:
        json.loads(done.stdout)
    if where == "page" and done.returncode in (0, 1):
        with open(os.fsencode(places["new"]), "rb") as file:
            assert b"<script" not in file.read()
