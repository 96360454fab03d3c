# SPDX-License-Identifier: Apache-2.0
"""The helpers: what they call is made to fail, what they offer is tried."""

import re
import subprocess

from portcheck import ROOT

HELPERS = ("netns", "netlink", "procfile", "link", "sockdiag", "wait", "conn",
           "reuseport")

# What cannot fail, or not without a bug of ours
SAFE = re.compile(
    r"_GLOBAL_OFFSET_TABLE_|in6addr_loopback|sched_yield|nlmsg_datalen|__stack_chk_fail|__errno_location|abort|stderr|"
    r"fprintf|snprintf|mem\w+|str(?!dup)\w+|free|freeaddrinfo|closedir|dirfd|"
    r"get(pid|e[ug]id|tid)|clock_gettime|sig(emptyset|addset|ismember|pending)|"
    r"pthread_(atfork|join|once|sigmask|mutex_\w+|setcancelstate)|nl_socket_(?!alloc)\w+|"
    r"nlmsg_(valid_hdr|hdr|data|free|find_attr)|nla_(len|get_u\d+)|"
    r"nl_addr_(put|set_prefixlen)|rtnl_(link|route|addr)(_nh)?_(put|free)|"
    r"rtnl_(link|route|addr)_(nh_)?set_\w+|rtnl_route_add_nexthop|"
    r"rtnl_link_veth_get_peer|rtnl_link_vrf_set_tableid")


def objects():
    """The helpers' objects, as they were built last."""
    return [path for path in (ROOT / "build" / "plain").glob("*.o")
            if re.fullmatch(rf"({'|'.join(HELPERS)})(_[a-z]+)?\.o", path.name)]


def symbols(option):
    """What they define, or do not; strtol() has other names in a newer C, and
    what FORTIFY checks has, too."""
    out = subprocess.run(["nm", option, *map(str, objects())], check=True,
                         capture_output=True, text=True).stdout
    return {re.sub(r"^__(isoc\d+_)?(\w+?)_chk$|^__isoc\d+_", r"\2",
                   line.split()[-1])
            for line in out.splitlines() if line and not line.endswith(":")}


def test_bad_arguments_are_tried():
    """No public function is forgotten in harness/test_arguments.c."""
    tried = (ROOT / "harness" / "test_arguments.c").read_text()
    for name in HELPERS:
        if name in ("netlink", "procfile"):    # not public
            continue
        [header] = [path.read_text()
                    for path in ROOT.glob(f"src/**/{name}.h")]
        for function in re.findall(
                rf"^(?!typedef)\w[\w ]*[ *]({name}_\w+)\(", header, re.M):
            assert re.search(rf"\b{function}\(", tried), function


def test_no_pitfall_is_forgotten():
    """All 31, each beside the obvious way (harness/pitfall.h)."""
    tests = "".join(path.read_text()
                    for path in ROOT.glob("harness/test_pitfalls_*.c"))
    assert {int(number) for number in re.findall(r"PITFALL\((\d+), \w+\)", tests)
            } == set(range(1, 32))


def test_every_call_is_made_to_fail():
    """Whatever a helper calls and may fail is one of FAULTS."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    faults = set(re.search(r"^FAULTS +:= (.*)$", makefile, re.M)[1].split())
    own = symbols("--defined-only") | set(re.findall(
        r"\baddr_\w+", (ROOT / "src" / "addr.h").read_text()))
    called = {name for name in symbols("-u") - own if not SAFE.fullmatch(name)}
    assert len(objects()) > 12
    assert not called - faults
    assert not faults - called, "nobody calls these"
