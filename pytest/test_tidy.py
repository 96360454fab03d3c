# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a machine can check."""

import re
import subprocess
from functools import cache
from itertools import count

import pytest

from portcheck import ROOT

pytestmark = pytest.mark.pure
OURS = sorted(ROOT.glob("src/**/*.[ch]"))
SOURCES = OURS + sorted(ROOT.glob("harness/*.[ch]"))
HEADERS = [path for path in OURS if path.suffix == ".h"]
LINES_MAX = 450
COLUMNS_MAX = 80
EVERYWHERE = {"util"}
# Made by make, for those who have the library
GENERATED = {"portclash_names"}

# What others ask for by name: a fuzzer's driver
DEMANDED = {"LLVMFuzzerInitialize", "LLVMFuzzerTestOneInput"}

# What a pure module may call that is not ours: memory, locks, and the words of
# a failed assertion. Sorting and formatting into memory decide nothing.
PURE_CALLS = re.compile(
    r"_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|abort|stderr|fwrite|(__)?fprintf(_chk)?|"
    r"(__)?v?sn?printf(_chk)?|malloc|calloc|realloc|free|qsort|"
    r"(__)?mem(cpy|set|cmp|move|chr)(_chk)?|"
    r"(__)?str(n?cpy|n?cmp|len|n?cat|r?chr|spn|cspn|pbrk|nlen|toul|toull|tol)"
    r"(_chk)?|__isoc\w+|pthread_(mutex(attr)?|cond)_\w+|__libc_single_threaded")

# What only modules marked "!" may call: files, sockets, processes, clocks
SYSTEM_CALLS = re.compile(
    r"socket|bind|listen|connect|accept4?|f?open(at|dir)?(64)?|fdopen|close|"
    r"p?read(v|dir|link)?(64)?|p?writev?|recv\w*|send(to|msg)?|ioctl|fcntl(64)?|"
    r"v?fork|clone|exec\w+|wait(pid|id)?|kill(pg)?|unshare|setns|p?poll|"
    r"select|epoll\w*|pipe2?|dup[23]?|mkdir|unlink|rename|f?stat(64)?|access|"
    r"scandir(64)?|fts_\w+|syscall|prctl|uname|getenv|setenv|get(e?[ug]id|p?pid)|"
    r"time|clock_\w+|gettimeofday|u?sleep|nanosleep|s?rand(om)?(_r)?|"
    r"[dlm]rand48|getrandom|getentropy|arc4random\w*|sched_\w+|nl_\w+|rtnl_\w+|"
    r"pthread_create|popen|system|exit|_exit")

# Of these three none sees another: each is a module, or several of its prefix.
JUDGES = ("portman", "portlist", "spec")


def relative(path):
    """A path as it is told to people."""
    return path.relative_to(ROOT)


def everywhere(name):
    """The files of a name in the tree; build/ may hold a whole system."""
    return [path for path in ROOT.glob(f"**/{name}")
            if path.relative_to(ROOT).parts[0] != "build"]


def test_pytest_is_not_shadowed():
    """This folder must not become the package "pytest", nor hide a module of
    the standard library."""
    assert not (ROOT / "pytest" / "__init__.py").exists()
    assert not everywhere("pytest.py")
    names = {path.name for path in (ROOT / "pytest").glob("*.py")}
    assert all(re.fullmatch(r"conftest|explain_key|flat|kernellog|portcheck|slowest|test_[a-z]+", name[:-3])
               for name in names)


def test_one_interpreter():
    """One that PATH finds may be somebody else's, without our packages."""
    wrong = []
    for path in [ROOT / "Makefile", *ROOT.glob("ci/*"), *ROOT.glob(".ci/*"),
                 *ROOT.glob("harness/**/*"), *ROOT.glob("netns-scripts/*"),
                 *ROOT.glob(".github/workflows/*"), *ROOT.glob("pytest/*"),
                 *ROOT.glob(".clusterfuzzlite/*"), *everywhere("README.md")]:
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace")
                                      .splitlines(), 1):
            # A command at the start of a line or of a list of commands
            if re.search(r"(^\s*|[;&|(`$]\s*|env |exec |\"|')python3?(\.\d+)? ",
                         line) or "env python3" in line:
                if path.name != "test_tidy.py" and "apt" not in line:
                    wrong.append(f"{relative(path)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_files_are_short():
    """A file that is longer has two ideas."""
    wrong = [f"{relative(path)}: {lines} lines" for path in SOURCES
             if (lines := len(path.read_text().splitlines())) > LINES_MAX]
    assert not wrong, "\n".join(wrong)


def test_lines_are_narrow():
    """80 columns, tabs are 8, no blanks at the end, one newline at the end."""
    wrong = []
    for path in SOURCES:
        text = path.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            if len(line.expandtabs(8)) > COLUMNS_MAX or line != line.rstrip():
                wrong.append(f"{relative(path)}:{number}: {line.strip()}")
        if not text.endswith("\n") or text.endswith("\n\n"):
            wrong.append(f"{relative(path)}: its end")
    assert not wrong, "\n".join(wrong)


def test_every_file_says_what_it_is():
    """SPDX on the first line, then a banner with the name and the purpose."""
    wrong = []
    for path in SOURCES:
        head = path.read_text()
        opening = (r"// SPDX-License-Identifier: Apache-2\.0\n"
                   if path.suffix == ".c" else
                   r"/\* SPDX-License-Identifier: Apache-2\.0 \*/\n")
        banner = rf"/\*\n \* {re.escape(path.name)} - \S.*\n"
        if not re.match(opening + banner, head):
            wrong.append(str(relative(path)))
    assert not wrong, "\n".join(wrong)


# What looks like a code, and is none
NO_CODES = re.compile(
    r"UTF-8|FNV-1a|SHA-\d+|AVX-512|LICENSE-2|"   # names that everybody can look up
    r"CVE-\d+|SC\d{4}|[EW]\d{3}|"    # the public's: CVEs, shellcheck, flake8
    r"IP[46]|(TCP|UDP|MPTCP|LEN|V)[46]|"  # words of the grammar, names in C
    r"NAME-2|V3")                      # part of a file's name


# What was called by a number once, however it is written
DEAD_CODES = (r"(?i:(?:GV|EP|TCP|UDP|OVL|PRE|ST|CON|CHD|TW|ORP|SSP)"
              r"[-_.]?\d{2}[a-z]?)")


def codes(text):
    """What looks like the number of something in some list: X1, GV-07"""
    return [found for found in re.findall(
        rf"(?<![A-Za-z0-9-])(?<![A-Z]_)(?:{DEAD_CODES}|[A-Z]{{1,4}}\d+[a-z]?|"
        r"[A-Z]+-\d+[a-z]?)(?![A-Za-z0-9])(?!_[A-Z0-9])", text)
        if not NO_CODES.fullmatch(found)]


def test_codes_are_defined():
    """Rules have names. The one table of numbers is that of kernel bugs."""
    tracked = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], check=False, capture_output=True,
        text=True).stdout.split("\0")
    if not tracked[0]:
        pytest.skip("not a clone")
    table = set(re.findall(r"^\| ([ABC]\d+) \| ", (
        ROOT / "corpus" / "README.md").read_text(), re.MULTILINE))
    assert len(table) > 30
    wrong = []
    for path in (ROOT / name for name in tracked if name):
        # Seeds are bytes; this file has codes that are planted.
        if "fuzz" in path.parts or path.name == "test_tidy.py" or \
                not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace")
                                      .splitlines(), 1):
            wrong += [f"{relative(path)}:{number}: {code}"
                      for code in codes(line) if code not in table]
    assert not wrong, "\n".join(wrong)


def test_a_planted_code_is_found():
    """At the end of a sentence, in a comment, in brackets."""
    assert codes("/* EP-28: see X1 (GV-07, EP-27a) and TCP-01. */") == [
        "EP-28", "X1", "GV-07", "EP-27a", "TCP-01"]
    assert codes("# rule: GV-10") == ["GV-10"] and codes("S-2, P1.")
    assert codes("test_GV07, X1_to_X4_leaks ep28 OVL_02 EVID-3 ENDPT-1") == [
        "GV07", "X1", "X4", "ep28", "OVL_02", "EVID-3", "ENDPT-1"]
    assert not codes("UTF-8 and IPv6: AF_INET6, x86_64, 0xAB12, TCP4, 6.18")


def macros_that_hide(text):
    """Macros that leave a function or assign an argument, though neither their
    name nor the head of the file says so."""
    head = text[:text.find("*/\n", text.find("/*\n"))]
    for name, arguments, body in re.findall(
            r"^#define (\w+)\(([^)]*)\)((?:.*\\\n)*.*)", text, re.MULTILINE):
        given = "|".join(re.findall(r"\w+", arguments)) or "-"
        # What begins with a type makes a function, and leaves none.
        leaves = re.match(r"[\s\\]*(do|\(\{|if|return|goto)\b.*?"
                          r"\b(return|goto)\b", body, re.DOTALL)
        assigns = re.search(rf"\((?:{given})\)(->\(\w+\))?\s*"
                            r"([-+|&]?=(?!=)|\+\+)", body)
        says = r"RETURN_|TRY_OR_OUT" if leaves else r"SET_"
        if name.startswith("for_each_"):
            continue
        if (leaves or assigns) and not (re.match(says, name) and name in head):
            yield name


def test_a_macro_that_hides_is_found():
    """Planted: one that returns, one that assigns, and ones that say so."""
    text = ("/*\n * a.c - %s\n */\n#define %s(a, b) \\\n\tdo { \\\n\t\t%s; \\\n"
            "\t} while (0)\n")
    for body in "return (a)", "(a) = f(b)", "(a)->(b)++", "goto out":
        name = "SET_A" if "(a)" == body[:3] else "RETURN_A"
        assert list(macros_that_hide(text % ("A", "A", body))) == ["A"]
        assert list(macros_that_hide(text % ("A", name, body))) == [name]
        assert not list(macros_that_hide(text % (name, name, body)))
    assert not list(macros_that_hide(text % ("A", "A", "f((a) == (b))")))


def test_macros_say_what_they_do():
    """One that returns, jumps or assigns is called so, and its file's head
    explains it."""
    wrong = [f"{relative(path)}: {name}()" for path in SOURCES
             for name in macros_that_hide(path.read_text())]
    assert not wrong, "\n".join(wrong)


def test_headers_are_guarded():
    """By the file's name, without a leading underscore; but for a list that
    is there to be included more than once, and says so."""
    wrong = []
    for path in HEADERS:
        if "/* No include guard: " in path.read_text():
            continue
        guard = path.name.upper().replace(".", "_")
        text = path.read_text()
        if (f"\n#ifndef {guard}\n#define {guard}\n" not in text or
                not text.endswith(f"#endif /* {guard} */\n")):
            wrong.append(str(relative(path)))
    assert not wrong, "\n".join(wrong)


def chunks(text):
    """The parts of a header between blank lines that are outside of braces
    and comments, each with the number of its first line."""
    chunk, start, depth, comment = [], 1, 0, False
    for number, line in zip(count(1), text.splitlines() + [""]):
        if not line.strip() and not depth and not comment:
            if chunk:
                yield start, "\n".join(chunk)
            chunk, start = [], number + 1
            continue
        chunk.append(line)
        comment = line.rfind("/*") > line.rfind("*/") or (
            comment and "*/" not in line)
        if not comment:
            depth += line.count("{") - line.count("}")


def declared(code):
    """Names of the functions that code without comments declares or defines."""
    code = re.sub(r"__attribute__\(\(.*?\)\)\s", "", code, flags=re.DOTALL)
    code = re.sub(r"^#.*(\\\n.*)*", "", code, flags=re.MULTILINE)
    return re.findall(r"^(?!typedef|\s)\w[\w \t*]*?[ *](\w+)\(",
                      code, re.MULTILINE)


def test_every_function_has_kernel_doc():
    """`name() - Purpose` above each declaration of a header. A family that
    stands together may share one comment."""
    wrong, seen = [], 0
    for path in HEADERS:
        before = ""
        for number, chunk in chunks(path.read_text()):
            comments = "".join(re.findall(r"/\*.*?\*/", chunk, re.DOTALL))
            code = re.sub(r"/\*.*?\*/", "", chunk, flags=re.DOTALL)
            names = declared(code)
            seen += len(names)
            for name in names:
                own = f"{name}() - " in comments
                family = len(names) > 1 and chunk.startswith("/*")
                if not own and not family and f"{name}() " not in before:
                    wrong.append(f"{relative(path)}:{number}: {name}()")
            before = comments if not code.strip() else before
    assert seen > 100, "the pattern for declarations is wrong"
    assert not wrong, "\n".join(wrong)


def asked_by_nobody(header, others):
    """Functions of a header that neither it asks for, in what it has whole, nor
    more than one of the others: the words of each."""
    return [name for name in declared(header)
            if len(re.findall(rf"\b{name}\b", header)) < 2 and
            sum(name in words for words in others) < 2]


def test_what_is_declared_is_asked_for():
    """By another file than the one that defines it; else it is static there,
    or dead. What a header has whole is its own matter."""
    code = {path: re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
            for path in [*SOURCES, *ROOT.glob("harness/*/*.[ch]")]}
    words = {path: set(re.findall(r"\w+", text)) for path, text in code.items()}
    wrong = []
    for header in HEADERS:
        whole = re.findall(r"(\w+)\([^;{}]*\)\n\{", code[header])
        wrong += [f"{relative(header)}: {name}()" for name in asked_by_nobody(
            code[header], [words[path] for path in code if path != header])
            if name not in whole]
    assert not wrong, "\n".join(wrong)


def test_what_nobody_asks_for_is_found():
    """Planted: b is in the file that defines it only."""
    assert asked_by_nobody("int a(void);\nint b(void);\n",
                           [{"a", "b"}, {"a"}, {"c"}]) == ["b"]


def test_the_tests_above_can_fail():
    """Planted: a function without a comment, and one with another's."""
    text = ("/** one() - First */\nint one(void);\n\nint two(int a,\n\tint b);\n"
            "\nenum a three(void);\n\nenum b { C };\nstruct d { int e; };\n")
    names = [(number, declared(re.sub(r"/\*.*?\*/", "", chunk)))
             for number, chunk in chunks(text)]
    assert names == [(1, ["one"]), (4, ["two"]), (7, ["three"]), (9, [])]
    assert SYSTEM_CALLS.fullmatch("socket") and not PURE_CALLS.fullmatch("open")


def not_there(text, modules, words, files):
    """Functions of ours and files that a text speaks of, and that are not
    there. NAME and the like stand for any."""
    for name in re.findall(r"(?<![\w.])([a-z]\w*)\(\)", text):
        if modules.owner(name) and "_" in name and name not in words:
            yield f"{name}()"
    for path in re.findall(r"(?<![\w<\"/.-])[\w/-]+\.(?:[ch]|py|map)\b", text):
        if not re.search("[A-Z]", path) and path.rpartition("/")[2] not in files:
            yield path


def test_words_are_of_what_is_there(modules):
    """Comments and documents name no function or file that is gone."""
    comments = {path: "".join(re.findall(r"/\*.*?\*/", path.read_text(),
                                         re.DOTALL)) for path in SOURCES}
    texts = comments | {path: "".join(re.findall("`[^`]+`", path.read_text()))
                        for path in everywhere("*.md")
                        if path.name not in ("SEEDS.md", "CHANGELOG.md")}
    examples = {"mine.c", "bug.c"}
    words = {word for path in SOURCES for word in re.findall(r"\w+", re.sub(
        r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL))}
    files = examples | {f"{name}.h" for name in GENERATED} | {
        path.name for room in ("src", "harness", "pytest", "ci", "netns-scripts")
        for path in ROOT.glob(f"{room}/**/*")}
    wrong = [f"{relative(path)}: {name}" for path, text in texts.items()
             for name in not_there(text, modules, words, files)]
    assert not wrong, "\n".join(wrong)


def test_what_is_gone_is_found():
    """Planted: a function and a file; those of others are not ours to know."""
    planted = Modules("foo :\n")
    assert list(not_there(
        "foo_a() of foo.c, not foo_b() of x/bar.h; tcp_done(), NAME.c, <a/b.h>",
        planted, {"foo_a"}, {"foo.c"})) == ["foo_b()", "x/bar.h"]


# What has an idea that its code does not show by itself
IDEAS = ("diff", "minimize", "spec_bucket", "spec_choose", "class", "case", "gen")


def test_ideas_are_explained(modules):
    """In the head of the module's first file, or of its header."""
    explained = {modules.of[path.stem] for path in OURS
                 if "\n * DOC: Theory of Operation\n" in path.read_text()}
    assert set(IDEAS) <= explained, set(IDEAS) - explained


# --- floors ---------------------------------------------------------------


class Modules:
    """ci/modules: which file belongs to which module and room, and what these
    may see. The ground is the room without a name."""

    def __init__(self, text):
        self.may, self.of, self.system, self.errors = {}, {}, set(), []
        self.rooms, self.room, self.room_of = {"": set()}, "", {}
        self.prefixes = {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if line:
                self.add(number, *line.split(":"))

    def add(self, number, names, may):
        """One line: a module or a room, and only those that are above it."""
        parts = names.split()
        if parts[0].endswith("/"):
            self.room = parts[0][:-1]
            self.rooms[self.room] = set(may.split())
            for other in self.rooms[self.room] - set(self.rooms):
                self.errors.append(f"{number}: {other}/ is not above "
                                   f"{self.room}/")
            return
        name = parts[0].rstrip("!")
        self.may[name] = set()
        may, _, prefixes = may.partition("|")
        for prefix in [name, *prefixes.split()]:
            if prefix in self.prefixes:
                self.errors.append(f"{number}: {prefix}_ has two owners")
            self.prefixes[prefix] = name
        for part in parts:
            stem = part.rstrip("!")
            if stem in self.of:
                self.errors.append(f"{number}: {stem} is there twice")
            self.of[stem] = name
            self.room_of[stem] = self.room
            if part.endswith("!"):
                self.system.add(stem)
        for other in may.split():
            if other == name or other not in self.may:
                self.errors.append(f"{number}: {name} may not include {other}"
                                   ", which is not above it")
            elif self.room_of[other] not in {
                    "", self.room, *self.rooms[self.room]}:
                self.errors.append(f"{number}: {self.room}/ may not include "
                                   f"{self.room_of[other]}/, as {name} does")
            self.may[name].add(other)

    def owner(self, function):
        """The module whose prefix, of all the longest, a function has."""
        words = function.split("_")
        for length in range(len(words), 0, -1):
            name = self.prefixes.get("_".join(words[:length]))
            if name:
                return name
        return None

    def may_have(self, stem, function):
        """Does a function belong into this file? A room's own header and the
        files of its room share the prefixes of the room."""
        module, owner = self.of.get(stem, stem), self.owner(function)
        room = self.room_of.get(stem)
        return owner == module or room is not None and (
            owner == room or
            module == room and self.room_of.get(owner) == room)

    def sees(self, name):
        """All that a module sees, directly or through others."""
        found, todo = set(), {name}
        while todo:
            todo = set().union(*(self.may[one] for one in todo)) - found
            found |= todo
        return found


@pytest.fixture(scope="module")
def modules():
    """The list, as it is."""
    return Modules((ROOT / "ci" / "modules").read_text())


def test_modules_are_listed_in_reading_order(modules):
    """Every file of src/ once, and nothing that is not there."""
    assert not modules.errors, "\n".join(modules.errors)
    files = {path.stem for path in OURS}
    misplaced = [relative(path) for path in OURS if path.parent !=
                 ROOT / "src" / modules.room_of.get(path.stem, "")]
    assert not misplaced
    assert files - set(modules.of) == set(), "not in ci/modules"
    assert set(modules.of) - files == set(), "only in ci/modules"


def test_a_cycle_is_found():
    """Planted: a module that includes what is below it."""
    assert Modules("a : b\nb :\n").errors
    assert Modules("a :\nb : a\na :\n").errors
    assert not Modules("a :\nb! c : a\n").errors
    rooms = "a :\none/ :\nb : a\ntwo/ : {}\nc : b\n"
    assert Modules(rooms.format("")).errors
    assert Modules(rooms.format("three")).errors
    assert not Modules(rooms.format("one")).errors


def included(text):
    """The files of ours that a text includes, each with its folder: as it is
    written, though it be as one of the system's, or of another folder."""
    # A comment and a line that goes on are blanks to a compiler.
    text = re.sub(r"\\\n|/\*.*?\*/", " ", text, flags=re.DOTALL)
    for quoted, angled, other in re.findall(
            r'^[ \t]*(?:#|%:)[ \t]*(?:include(?:_next)?|import)\b[ \t]*'
            r'(?:"(.*)"|<(.*)>|(.*))', text, re.MULTILINE):
        if other:
            yield "a macro's", other
        elif quoted or (ROOT / "src" / angled).exists():
            room, _, header = (quoted or f"<>/{angled}").rpartition("/")
            yield room, header.removesuffix(".h")


def test_an_include_is_found():
    """Planted: in each form that a compiler takes."""
    assert list(included(
        '#include "a.h"\n # include\t"b/c.h"\n#include <stdio.h>\n'
        '#include <netlink/netlink.h>\n#include <net/netlink.h>\n'
        '#include "../d/e.h"\n#include "f.c"\n#include <util.h>\n'
        '/* g */ #include "g.h"\n#include \\\n"h.h"\n#include I\n'
        '#include_next "j.h"\n#include/**/"k.h"\n/*\n#include "l.h"\n*/')) == [
            ("", "a"), ("b", "c"), ("<>/net", "netlink"), ("../d", "e"),
            ("", "f.c"), ("<>", "util"), ("", "g"), ("", "h"),
            ("a macro's", "I"), ("", "j"), ("", "k")]


def test_includes_are_allowed(modules):
    """Each include of each file; an allowance that nobody uses goes too."""
    wrong, used = [], set()
    for path in OURS:
        name = modules.of.get(path.stem)
        for room, header in included(path.read_text()):
            if header in GENERATED:
                continue
            other = modules.of.get(header)
            theirs = modules.room_of.get(header)
            # Of another room it has the room's name, so that a step is seen.
            if room != ("" if theirs in (None, modules.room_of[path.stem])
                        else theirs):
                wrong.append(f"{relative(path)} calls it {room}/{header}.h")
            used.add((name, other))
            if (other != name and other not in EVERYWHERE and
                    other not in modules.may.get(name, ())):
                wrong.append(f"{relative(path)} includes {header}.h")
    unused = [f"ci/modules: {name} does not include {other}"
              for name, may in modules.may.items() for other in sorted(may)
              if (name, other) not in used]
    assert not wrong + unused, "\n".join(wrong + unused)


def owned_by_others(modules, stem, code):
    """Functions that a header declares though their prefix is another's. A
    header of harness/ is a module of its own."""
    return [name for name in declared(code) if name not in DEMANDED and
            not modules.may_have(stem, name)]


def test_prefixes_have_one_owner(modules):
    """What is called foo_bar() is declared in foo.h, and defined in foo.c or
    in another file of its module."""
    for path in SOURCES:
        if path.parent == ROOT / "harness" and path.suffix == ".h":
            modules.prefixes.setdefault(path.stem, path.stem)
    wrong, functions = [], set()
    for path in SOURCES:
        if path.suffix == ".h":
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
            wrong += [f"{relative(path)}: {name}()"
                      for name in owned_by_others(modules, path.stem, code)]
            functions |= set(declared(code))
    for stem, names in symbols("--defined-only", "-g").items():
        wrong += [f"{stem}.c: {name}()" for name in sorted(names & functions)
                  if not modules.may_have(stem, name)]
    assert len(functions) > 500, "the pattern for declarations is wrong"
    assert not wrong, "\n".join(wrong)


def test_a_wrong_prefix_is_found():
    """Planted: another's, nobody's, and a longer one that is another's."""
    planted = Modules("foo foo_more : | noun\nfoo_bar : foo\n")
    code = ("int foo_a(void);\nint noun_b(void);\nextern int bar_c(void);\n"
            "int foo_bar_d(void);\nint foo(void);\nenum e bar_e(void);\n")
    assert owned_by_others(planted, "foo_more", code) == [
        "bar_c", "foo_bar_d", "bar_e"]
    assert owned_by_others(planted, "foo_bar", code) == [
        "foo_a", "noun_b", "bar_c", "foo", "bar_e"]
    assert Modules("foo :\nbar : foo | foo\n").errors
    planted = Modules("room/ :\nroom :\nroom_a : room\nother/ :\nb :\n")
    code = "int room_x(void);\nint room_a_y(void);\nint b_z(void);\n"
    assert owned_by_others(planted, "room", code) == ["b_z"]
    assert owned_by_others(planted, "b", code) == ["room_x", "room_a_y"]


def judge_of(name):
    """The judge that a module is a part of, or None."""
    return next((judge for judge in JUDGES
                 if name == judge or name.startswith(f"{judge}_")), None)


def test_judges_do_not_see_each_other(modules):
    """They were written apart, so that no mistake is in two of them."""
    seen = {name: {judge_of(other) for other in modules.sees(name)} - {None}
            for name in modules.may if judge_of(name)}
    assert {judge_of(name) for name in seen} == set(JUDGES)
    for name, judges in seen.items():
        assert judges <= {judge_of(name)}, name
    for stem, name, owner in between(
            modules, symbols("--defined-only", "-g"), symbols("-u")):
        judges = {judge_of(modules.of[stem]), judge_of(modules.of[owner])}
        assert None in judges or len(judges) == 1, (stem, name, owner)


@cache
def symbols(*flags):
    """What the objects define or need, from nm, by the name of their source."""
    objects = [path for path in (ROOT / "build" / "plain").glob("*.o")
               if path.stem in {source.stem for source in OURS
                                if source.suffix == ".c"}]
    if not objects:
        pytest.skip("build/plain has no objects: run make")
    done = subprocess.run(["nm", "-A", "-P", *flags, *objects], check=True,
                          capture_output=True, text=True)
    found = {}
    for line in done.stdout.splitlines():
        path, name = line.split(": ", 1)
        stem = re.split(r"[/\\]", path)[-1][:-2]
        found.setdefault(stem, set()).add(name.split()[0].split("@")[0])
    return found


def between(modules, defined, needed):
    """What objects use of other modules: (user, name, owner), where user and
    owner are stems of files."""
    owners = {name: stem for stem, names in defined.items() for name in names}
    for stem, names in sorted(needed.items()):
        for name in sorted(names & owners.keys()):
            if modules.of[owners[name]] != modules.of[stem]:
                yield stem, name, owners[name]


def upward(modules, defined, needed):
    """Those that use what is defined below them in ci/modules."""
    order = {name: number for number, name in enumerate(modules.may)}
    for stem, name, owner in between(modules, defined, needed):
        if order[modules.of[owner]] > order[modules.of[stem]]:
            yield stem, name, owner


def unseen(modules, defined, needed, headers):
    """Those that use what is in no header that they see, though it be above
    them: headers are texts by their stems."""
    words = {stem: set(re.findall(r"\w+", re.sub(
        r"/\*.*?\*/", "", text, flags=re.DOTALL)))
             for stem, text in headers.items()}
    for stem, name, owner in between(modules, defined, needed):
        sees = modules.sees(modules.of[stem]) | {modules.of[stem]}
        if not any(name in words[header] and modules.of[header] in sees
                   for header in words):
            yield stem, name, owner


def test_symbols_are_above(modules):
    """What includes cannot show: a function, or a table of functions, that is
    declared above and defined below. The list is in order by symbols, too."""
    wrong = [f"{stem}.o uses {name}, which is below it in {owner}.o"
             for stem, name, owner in upward(
                 modules, symbols("--defined-only", "-g"), symbols("-u"))]
    assert not wrong, "\n".join(wrong)


def test_symbols_are_declared(modules):
    """In a header that the user may include: a declaration of one's own would
    go around ci/modules, and so around the wall between two judges."""
    headers = {path.stem: path.read_text() for path in HEADERS}
    wrong = [f"{stem}.o uses {name} of {owner}.o, which no header declares "
             "that it may include" for stem, name, owner in unseen(
                 modules, symbols("--defined-only", "-g"), symbols("-u"),
                 headers)]
    assert not wrong, "\n".join(wrong)


def test_an_undeclared_symbol_is_found():
    """Planted: what is above, but not seen; and named in a comment only."""
    planted = Modules("a :\nb :\nc : a\n")
    defined, needed = {"a": {"a_do"}}, {"b": {"a_do"}, "c": {"a_do"}}
    assert list(unseen(planted, defined, needed, {
        "a": "void a_do(void);", "b": "/* a_do() */"})) == [
            ("b", "a_do", "a")]
    assert not list(unseen(planted, defined, needed, {
        "a": "", "b": "void a_do(void);", "c": "void a_do(void);"}))


def test_a_symbol_below_is_found():
    """Planted: a calls, through a table that b has, what is below it."""
    planted = Modules("a a_more :\nb : a\n")
    defined = {"a": {"a_do"}, "a_more": {"a_table"}, "b": {"b_do"}}
    assert list(upward(planted, defined, {"a_more": {"b_do", "malloc"}})) == [
        ("a_more", "b_do", "b")]
    assert not list(upward(planted, defined, {"b": {"a_do"},
                                              "a": {"a_table"}}))


def test_names_are_defined_once():
    """From a library a linker takes whichever it meets first."""
    owners = {}
    for stem, names in symbols("--defined-only", "-g").items():
        for name in names - {"main"}:
            owners.setdefault(name, []).append(stem)
    wrong = {name: stems for name, stems in owners.items() if len(stems) > 1}
    assert not wrong


def test_judges_are_pure():
    """portman, portlist and what is between them and a program: no I/O, no
    clock, no chance. What they call is listed, so that the rest is not."""
    ours = set().union(*symbols("--defined-only", "-g").values())
    wrong = [f"{stem}.o calls {name}"
             for stem, names in symbols("-u").items()
             if re.match(r"(subject_)?port(man|list)|flagcount|endpoint|demux"
                         r"|gvisor|reserve|tester|rule|spec", stem)
             for name in sorted(names - ours)
             if not PURE_CALLS.fullmatch(name)]
    assert not wrong, "\n".join(wrong)


def test_only_few_modules_touch_the_system(modules):
    """Those that are marked "!" in ci/modules, and each of them does."""
    calls = {stem: {name for name in names if SYSTEM_CALLS.fullmatch(name)}
             for stem, names in symbols("-u").items()}
    wrong = [f"{stem}.o calls {', '.join(sorted(names))}"
             for stem, names in calls.items()
             if names and stem not in modules.system]
    needless = [f"{stem} needs no ! in ci/modules" for stem in modules.system
                if stem in calls and not calls[stem]]
    assert not wrong + needless, "\n".join(wrong + needless)


def test_who_writes_to_stderr():
    """Below the verbs those that the head of cmd.h lists, and what emit says
    is for programs of its own."""
    says = {path.name for path in OURS if path.parent.name != "command" and
            path.suffix == ".c" and not path.stem.startswith("emit") and
            re.search(r"printf\(\s*stderr|fputs\([^;]*stderr|, stderr\)",
                      path.read_text())}
    head = (ROOT / "src/command/cmd.h").read_text().partition("*/\n#ifndef")[0]
    assert says == set(re.findall(r"\w+\.c", head))


def test_json_is_by_json_c():
    """A brace, a comma or nothing, a key in quotes, and a colon: by hand."""
    by_hand = re.compile(r'"[{,]?\\"\w+\\":')
    assert by_hand.search(r'printf("{\"execs\":%llu,"') and by_hand.search(
        r'puts(",\"ops\":")')
    wrong = [str(relative(path)) for path in SOURCES
             if by_hand.search(path.read_text())]
    assert not wrong, wrong


def test_text_of_strangers_is_quoted():
    """A path, an argument, a reason, a subject's name: written by quote.h
    only, which has a function for each language that is written."""
    strangers = re.compile(
        r"\b(paths?|args|argv|reason|output|keep|resume|command|message|greeted"
        r"|subjects?|d_name|comm|skipped)\b")
    wrong = []
    for path in OURS:
        text = re.sub(r'"(\\.|[^"\\\n])*"', '""', path.read_text())
        text = text.replace("world_sysctls[SYSCTL_PORT_RANGE].path", "")
        for call in re.finditer(r"(?<!\w)(f?printf|f?puts)\([^;]*;", text):
            if strangers.search(call[0]):
                wrong.append(f"{relative(path)}: {call[0]}")
    assert not wrong, "\n".join(wrong)
