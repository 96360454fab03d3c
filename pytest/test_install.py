# SPDX-License-Identifier: Apache-2.0
"""What make install installs: headers, libraries that show no more than these
declare, and examples that work with them."""

import os
import re
import subprocess

import pytest

from portcheck import ROOT

EXAMPLES = sorted((ROOT / "harness" / "examples").glob("*.c"))
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
    for library, option in (("libportclash.so.0", "-D"), ("libportclash.a", "-g")):
        out = run("nm", option, "--defined-only", usr / "lib" / library)
        names = {line.split()[-1].split("@")[0] for line in out.splitlines()
                 if len(line.split()) == 3 and line.split()[1] == "T"}
        assert names == declared(usr), library


def test_headers_stand_alone(usr, tmp_path):
    """Each by itself, in a strict compiler."""
    for path in sorted((usr / "include" / "portclash").glob("*.h")):
        source = tmp_path / "one.c"
        source.write_text(f"#include <portclash/{path.name}>\nint one;\n")
        run("cc", *STRICT, *flags(usr, "--cflags"), "-c", "-o",
            tmp_path / "one.o", source)


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


def test_each_helper_has_an_example():
    """And the port manager has one."""
    assert {path.stem for path in EXAMPLES} == {
        "netns", "link", "sockdiag", "wait", "conn", "reuseport", "portman"}
    assert all(len(path.read_text().splitlines()) < 55 for path in EXAMPLES)
