# SPDX-License-Identifier: Apache-2.0
"""What make install installs: headers, libraries that show no more than these
declare, examples that work with them, and a command with its corpus."""

import ctypes
import os
import re
import shutil
import subprocess

import pytest

from portcheck import (AGREED, CANNOT, CASES, COMMAND, CORPUS, ROOT, RULES,
                       USAGE, cases, machines, portclash)

# Each prints what it says; but for the server, which has a test of its own
EXAMPLES = sorted(path for path in (ROOT / "harness" / "examples").glob("*.c")
                  if path.stem != "echo")
STRICT = ("-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


def run(*args, **more):
    """What a command prints; it must succeed."""
    done = subprocess.run([str(arg) for arg in args], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **more)
    assert done.returncode == 0, f"{args}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def usr(tmp_path_factory):
    """Where it is installed; all is built already."""
    root = tmp_path_factory.mktemp("install")
    run("make", "-s", "install", f"PREFIX={root}/usr", cwd=ROOT)
    return root / "usr"


def flags(usr, *more):
    """What pkg-config says."""
    env = {**os.environ, "PKG_CONFIG_PATH": str(usr / "lib" / "pkgconfig")}
    return run("pkg-config", *more, "portclash", env=env).split()


def declared(usr):
    """The functions of the installed headers."""
    names = set()
    for path in (usr / "include" / "portclash").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        names |= set(re.findall(
            rf"^(?!typedef|static)\w[\w ]*[ *]({path.stem}_\w+)\(", text, re.M))
    return names


def test_libraries_show_what_headers_declare(usr):
    """No more, and no less, in both."""
    assert len(declared(usr)) > 100
    for library, option in (("libportclash.so.0.2", "-D"), ("libportclash.a", "-g")):
        out = run("nm", option, "--defined-only", usr / "lib" / library)
        names = {line.split()[-1].split("@")[0] for line in out.splitlines()
                 if len(line.split()) == 3 and line.split()[1] == "T"}
        assert names == {f"portclash_{name}" for name in declared(usr)}, library


@pytest.mark.parametrize("compiler", (
    ("cc", "-std=gnu11"), ("cc", "-std=c11", "-pedantic"),
    ("c++", "-xc++", "-std=c++17", "-pedantic")), ids=" ".join)
def test_headers_stand_alone(compiler, usr, tmp_path):
    """Each by itself, in strict compilers of two languages."""
    for path in sorted((usr / "include" / "portclash").glob("*.h")):
        source = tmp_path / "one.c"
        source.write_text(f"#include <portclash/{path.name}>\nextern int one;\n")
        run(*compiler, "-Wall", "-Wextra", "-Werror", *flags(usr, "--cflags"),
            "-c", "-o", tmp_path / "one.o", source)


def test_another_language(usr, tmp_path):
    """A C++ program has functions of C; Python finds them by their prefix."""
    source = tmp_path / "one.cc"
    source.write_text("""
        #include <portclash/portman.h>
        #include <portclash/flagcount.h>
        #include <portclash/reuseport.h>
        #if !PORTCLASH_AT_LEAST(0, 2) || PORTCLASH_AT_LEAST(PORTCLASH_MAJOR + 1, 0)
        #error "not this version"
        #endif
        int main() {
            struct wait wait = WAIT_INIT;
            struct conn_options options = CONN_OPTIONS_INIT;
            struct reuseport_options more = REUSEPORT_OPTIONS_INIT;
            struct flagcount count = {};
            struct portman *pm = portman_new();
            wait.deadline = wait_in_ms(1);
            flagcount_add(&count, 0);
            return !(wait_poll(nullptr, 0, &wait) < 0 && options.netns_fd < 0 &&
                     !more.backlog && pm);
        }
        """)
    run("c++", "-std=c++17", *flags(usr, "--cflags"), "-o", tmp_path / "one",
        source, *flags(usr, "--libs"), f"-Wl,-rpath,{usr / 'lib'}")
    run(tmp_path / "one")
    library = ctypes.CDLL(str(usr / "lib" / "libportclash.so"))
    library.portclash_wait_now.restype = ctypes.c_int64
    assert library.portclash_wait_now() > 0
    assert not hasattr(library, "wait_now")


def test_each_function_has_a_page(usr):
    """And each header; roff has no complaint about any."""
    folder = usr / "share" / "man" / "man3"
    pages = {path.stem for path in folder.glob("*.3")}
    headers = {path.stem for path in (usr / "include/portclash").glob("*.h")}
    headers -= {"portclash_names"}
    assert pages == {f"portclash_{name}" for name in declared(usr) | headers}
    if shutil.which("groff"):
        assert not run("groff", "-man", "-ww", "-z", *folder.glob("*.3"))
    text = (folder / "portclash_conn_accept.3").read_text()
    assert "the connection stays queued" in text and "portclash_conn (3)" in text


def test_each_page_says_what_is_returned(usr):
    """Itself, or else its header, which also says what is thread-safe."""
    folder = usr / "share" / "man" / "man3"
    headers = {}
    for path in (usr / "include" / "portclash").glob("*.h"):
        page = folder / f"portclash_{path.stem}.3"
        if any(name.startswith(f"{path.stem}_") for name in declared(usr)):
            headers[page.stem] = " ".join(page.read_text().split())
            assert "thread\\-safe" in headers[page.stem], page
    for name in declared(usr):
        page = (folder / f"portclash_{name}.3").read_text()
        of = re.search(r"\nAs (\w+)\(3\) says", page)
        assert not of or "eturn 0 or" in headers[of[1]] or (
            "eturn a count" in headers[of[1]]), name


def test_one_version(usr):
    """Of the headers, the libraries' symbols and the command."""
    header = (usr / "include/portclash/portclash.h").read_text()
    version = ".".join(re.findall(
        r"^#define PORTCLASH_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.M))
    assert portclash("--version").out.decode() == f"portclash {version}\n"
    out = run("nm", "-D", "--defined-only", usr / "lib" / "libportclash.so.0.2")
    assert "portclash_conn_open@@PORTCLASH_0.2" in out


@pytest.mark.parametrize("static", (False, True), ids=("shared", "static"))
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, static, usr, tmp_path):
    """About thirty lines each, which print what they say."""
    program = tmp_path / path.stem
    libs = flags(usr, "--libs", *(["--static"] if static else []))
    if static:
        libs = [str(usr / "lib" / "libportclash.a") if lib == "-lportclash"
                else lib for lib in libs]
    run("cc", *STRICT, "-D_GNU_SOURCE", *flags(usr, "--cflags"), "-o", program,
        path, *libs, "-lpthread", f"-Wl,-rpath,{usr / 'lib'}")
    want = re.search(r"^ \* Prints: (.*)$", path.read_text(), re.M)[1]
    assert run(program).strip() == want


@pytest.fixture
def moved(tmp_path_factory):
    """The same by DESTDIR, and then elsewhere than where it was made."""
    root = tmp_path_factory.mktemp("moved")
    run("make", "-s", "install", f"DESTDIR={root}/stage", "PREFIX=/opt/x",
        cwd=ROOT)
    (root / "stage" / "opt" / "x").rename(root / "here")
    return root / "here"


def test_a_place_with_any_name(tmp_path):
    """Nothing of it is a shell's, and nothing is written elsewhere."""
    place = tmp_path / "a b; touch $HOME * 'c"
    before = sorted(os.listdir(ROOT))
    # Of make, "$$" is one dollar.
    run("make", "-s", "install", "PREFIX=/usr",
        f"DESTDIR={str(place).replace('$', '$$')}", cwd=ROOT)
    assert portclash("random", "--quiet", "-s", "portman", "-s", "spec",
                     "--count", 200, command=place / "usr/bin/portclash"
                     ).code == AGREED
    assert os.listdir(tmp_path) == [place.name]
    assert sorted(os.listdir(ROOT)) == before


def test_a_place_that_is_nowhere(tmp_path):
    """portclash.pc would say it, and is read from any folder."""
    for goal in "install", "uninstall":
        done = subprocess.run(
            ["make", goal, "PREFIX=a b", f"DESTDIR={tmp_path}"], cwd=ROOT,
            capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "PREFIX='a b' is no absolute path" in done.stderr
    assert not os.listdir(tmp_path)


def random(command):
    """What a command says of the same random programs."""
    return portclash("random", "--quiet", "-s", "portman", "-s", "spec",
                     "--count", 2000, command=command)


def test_an_installed_command_has_its_classes(moved, tmp_path, monkeypatch):
    """And names the same divergences as in the tree, wherever its user is."""
    (tmp_path / "corpus" / "divergences").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    said = [[line for line in random(command).out.decode().splitlines()
             if "programs/s" not in line]
            for command in (COMMAND, moved / "bin" / "portclash")]
    assert said[0] == said[1]
    assert re.search(r"^[1-9]\d* divergent: [1-9]\d* known, 0 unknown, 0 unmodelled$",
                     "\n".join(said[1]), re.M)
    for name in ("rules", "cases", "divergences", "kernel-bugs"):
        assert {path.name for path in cases(CORPUS / name)} == {
            path.name for path in cases(moved / "share/portclash/corpus" / name)}
    assert not list(moved.rglob("fuzz*"))
    rules = portclash("rules", "tcp_conflict_listener",
                      command=moved / "bin" / "portclash")
    assert f"{moved}/share/portclash/corpus/rules/" in rules.out.decode()


def lasting():
    """A kernel, and a gVisor that is not in a root of ci/in-debian, in build/."""
    for name in machines("linux-")[-1:] + machines("gvisor-"):
        path = run(ROOT / "netns-scripts" / "machines", name).strip()
        if not path.startswith(str(ROOT / "build" / "debian")):
            yield name


@pytest.mark.parametrize("name", ("goports", "lwip", *lasting()))
def test_an_installed_command_has_its_subjects(name, moved, here, tmp_path,
                                               monkeypatch):
    """And they answer what they do in the tree, wherever its user is."""
    here(name)
    monkeypatch.chdir(tmp_path)
    paths = [*cases(RULES)[::20], CASES / "ports-pick-goes-round-once.case"]
    said = [portclash("check", "--json", "-s", name, *paths, command=command)
            for command in (COMMAND, moved / "bin" / "portclash")]
    assert said[0].code == said[1].code, said
    for key in ("subjects", "held", "compared_ops", "failed"):
        assert said[0].json[key] == said[1].json[key]
    assert said[1].json["held"] > 0


def test_uninstall_leaves_nothing(tmp_path):
    """Nor is what was there before taken away, but for what is ours alone."""
    other = tmp_path / "usr" / "bin" / "other"
    other.parent.mkdir(parents=True)
    other.write_text("")
    stale = tmp_path / "usr/share/portclash/corpus/divergences/stale.case"
    stale.parent.mkdir(parents=True)
    stale.write_text("# Of an older release.\n\nlive\n")
    args = ("-s", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    run("make", *args, "install", cwd=ROOT)
    assert not stale.exists()
    run("make", *args, "uninstall", cwd=ROOT)
    # Of folders, those that every system has, even if they are empty
    assert {str(path.relative_to(tmp_path / "usr"))
            for path in (tmp_path / "usr").rglob("*")} == {
                "bin", "bin/other", "include", "lib", "share", "share/man"}
    assert other.is_file()
    run("make", *args, "uninstall", cwd=ROOT)


def test_it_says_what_it_is():
    """The version is that of the library."""
    [version] = re.findall(r"^VERSION +:= (\S+)$",
                           (ROOT / "Makefile").read_text(), re.M)
    assert portclash("--version").out.decode() == f"portclash {version}\n"
    assert portclash("help", "emit").out == portclash("emit", "--help").out
    assert portclash("help").out == portclash("--help").out
    assert portclash("help", "no").code == portclash("help\n").code == USAGE


def test_without_its_classes_it_says_so(moved, tmp_path, monkeypatch):
    """Where it looked and what to do; what needs no classes goes on."""
    command, share = moved / "bin" / "portclash", moved / "share" / "portclash"
    (tmp_path / "corpus" / "divergences").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    case = tmp_path / "a.case"
    case.write_text("# A socket.\n\nsocket a tcp4\n")
    shutil.rmtree(share)
    pair = ("-s", "portman", "-s", "spec")
    for verb in (("random", *pair), ("diff", *pair, case), ("matrix",),
                 ("sweep", "pairs", *pair)):
        answer = portclash(*verb, command=command)
        assert answer.code == CANNOT and not answer.out, answer
        [line] = answer.err.splitlines()
        assert f"{share}/corpus" in line and "--corpus" in line, line
    for verb in (("run", "-s", "spec", case), ("check", "-s", "spec", case),
                 ("emit", case), ("pack", case), ("rules",), ("doctor", "--help"),
                 ("rules", "tcp_conflict_listener"), ("sweep", "--list")):
        answer = portclash(*verb, command=command)
        assert answer.code == AGREED and answer.out, answer
    answer = portclash("random", *pair, "--corpus", CORPUS, command=command)
    assert answer.code == AGREED, answer


def empty(folder):
    """A folder with no case in it."""
    shutil.rmtree(folder)
    folder.mkdir()


def dangling(folder):
    """One case of it leads nowhere."""
    (folder / "a.case").symlink_to("nowhere")


@pytest.mark.parametrize("spoil", (empty, dangling, shutil.rmtree))
def test_half_of_a_corpus_is_none(spoil, moved):
    """Neither is each divergence unknown then, nor is a group left out."""
    share = moved / "share" / "portclash" / "corpus"
    for name, verb in (
            ("kernel-bugs", ("matrix", "-s", "spec", "--count", 20)),
            ("divergences", ("random", "-s", "portman", "-s", "spec"))):
        spoil(share / name)
        answer = portclash(*verb, "--quiet", command=moved / "bin/portclash")
        usage = spoil is dangling and name == "divergences"
        assert answer.code == (USAGE if usage else CANNOT), answer
        assert not answer.out and str(share) in answer.err
        assert usage or "'make install'" in answer.err


def test_a_prefix_that_is_called_build(moved, tmp_path):
    """A corpus beside it is somebody else's, and no corpus of a tree."""
    moved.rename(tmp_path / "build")
    shutil.rmtree(tmp_path / "build" / "share")
    shutil.copytree(CORPUS / "divergences", tmp_path / "corpus/divergences")
    answer = portclash("random", "-s", "portman", "-s", "spec",
                       command=tmp_path / "build/bin/portclash")
    assert answer.code == CANNOT and f"{tmp_path}/corpus" not in answer.err


def test_a_corpus_that_is_none(tmp_path):
    """Bad usage, whatever it lacks; one without classes yet is fine."""
    (tmp_path / "half" / "cases").mkdir(parents=True)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "divergences").write_text("# A.\n\nlive\n")
    (tmp_path / "none" / "divergences").mkdir(parents=True)
    for verb in (("random",), ("diff", tmp_path), ("sweep", "pairs"),
                 ("matrix",), ("rules",)):
        pair = () if verb == ("rules",) else ("-s", "portman", "-s", "spec")
        for name in ("half", "file", "missing", "file/divergences"):
            answer = portclash(*verb, *pair, "--corpus", tmp_path / name)
            assert answer.code == USAGE and not answer.out, answer
            assert str(tmp_path / name) in answer.err
    assert portclash("random", "--corpus", "").code == USAGE
    answer = portclash("random", "-s", "portman", "-s", "spec", "--quiet",
                       "--json", "--corpus", tmp_path / "none")
    assert answer.json["unknown"] == answer.json["divergent"] > 0


def test_each_helper_has_an_example():
    """And the port manager has one."""
    assert {path.stem for path in EXAMPLES} == {
        "netns", "link", "sockdiag", "wait", "conn", "reuseport", "portman",
        "epoll"}
    assert all(len(path.read_text().splitlines()) < 55 for path in EXAMPLES)
