# SPDX-License-Identifier: Apache-2.0
"""What a script says is lost where nobody hears it: that is no success."""
import os
import sys
import unicodedata

CANNOT = 3


def visible(text, keep=""):
    """Text of strangers, with what is not seen escaped as in src/quote.h"""
    def escape(char):
        code = ord(char)
        if char in keep or unicodedata.category(char) not in (
                "Cc", "Cf", "Cs", "Zl", "Zp"):
            return char
        if 0xdc80 <= code <= 0xdcff:    # a byte that is no UTF-8
            return f"\\x{code - 0xdc00:02x}"
        short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
        return short or (f"\\x{code:02x}" if code < 0x80 else
                         f"\\u{code:04x}" if code < 0x10000 else
                         f"\\U{code:08x}")
    return "".join(map(escape, text))


class Seen:
    """A stream to people: what is not seen might be obeyed by a terminal"""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        """As it is, but for what a terminal would obey"""
        return self.stream.write("".join(
            c if c.isprintable() or c == "\n" else "?" for c in text))

    def __getattr__(self, name):
        return getattr(self.stream, name)


def heard(name, main):
    """The exit code of main(), or that of lost output and a line on stderr"""
    try:
        if sys.stderr:
            sys.stderr = Seen(sys.stderr)
        if sys.stdout is None:
            raise OSError("stdout is closed")
        try:
            code = main()
        except SystemExit as end:       # argparse has said its help
            code = end.code
        sys.stdout.flush()
        return code
    except OSError as error:
        try:
            if sys.stderr:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
        except OSError:
            pass    # The exit code says enough.
        # Or Python would try again, and say that it cannot.
        os._exit(CANNOT)
