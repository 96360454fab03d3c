# SPDX-License-Identifier: Apache-2.0
"""What is built is hardened, and the same bytes in whatever folder."""

import hashlib
import os
import re
import shutil
import subprocess

import pytest

from portcheck import ROOT

pytestmark = pytest.mark.pure
BUILT = [ROOT / "build" / name for name in (
    "portclash", "portclash-static", "portclash-conn", "libportclash.so.0.2",
    "lwip", "uml-xstate.so")]
# Both flavours, the version, and a name of a file in an assertion
QUICK = ("build/plain/main.o", "build/plain/subject_kernel.o",
         "build/pic/addr.o")
ALL = ("build/portclash", "build/portclash-static", "build/portclash-conn",
       "build/libportclash.a", "build/libportclash.so.0.2", "build/lwip",
       "build/uml-xstate.so")    # but for goports: Go writes where it was


def said(*command):
    """What a command of binutils says."""
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.name)
def test_what_is_built_is_hardened(path):
    """At a random address, bound at once and then read-only, with canaries in
    its stack, and with calls that know the size of what they write to."""
    if not path.exists():
        pytest.skip(f"{path} is not built")
    assert re.search(r"Type:\s+DYN", said("readelf", "-hW", path))
    segments = said("readelf", "-lW", path)
    assert "GNU_RELRO" in segments and "NOW" in said("readelf", "-dW", path)
    assert not re.search(r"GNU_STACK.* RWE ", segments)
    symbols = said("nm", path)
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk\b(?<!stack_chk)", symbols)
    if path.name == "portclash-static":
        assert "INTERP" not in segments


def built(folder, targets):
    """Copy the sources, make some of them, and hash what comes of it."""
    shutil.copytree(ROOT, folder, symlinks=True, ignore=lambda path, names:
                    {"build", ".git", "corpus", "pytest"} if path == str(ROOT)
                    else ())
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", *targets], cwd=folder,
                   check=True, capture_output=True,
                   env={key: value for key, value in os.environ.items()
                        if not key.startswith(("MAKE", "MFLAGS"))})
    return {target: hashlib.sha256((folder / target).read_bytes()).hexdigest()
            for target in targets if (folder / target).exists()}


def the_same(tmp_path, targets):
    """In two folders of which one has a much longer name."""
    first = built(tmp_path / "a", targets)
    second = built(tmp_path / "b" / ("long" * 20) / "name", targets)
    assert first and first == second


def test_an_object_is_the_same_bytes(tmp_path):
    """Of each flavour; make itself is most of the time that this takes."""
    the_same(tmp_path, QUICK)


@pytest.mark.long
def test_all_is_the_same_bytes(tmp_path):
    """Two whole builds."""
    the_same(tmp_path, [target for target in ALL if (ROOT / target).exists()])
