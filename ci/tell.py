# SPDX-License-Identifier: Apache-2.0
"""What ci/triage found, in the words of others: SARIF, JUnit XML, annotations
and a summary on GitHub. An entry has a signature, known, file, line, op, report
and count; what strangers wrote is in it, and is a word in each of these."""
import html
import os
import re
import urllib.parse
import xml.etree.ElementTree as xml

from heard import visible

# GitHub takes a summary of 1 MB.
DETAILS_MAX, DETAIL_MAX = 20, 20000


def sarif(entries, output):
    """SARIF 2.1.0: each signature is a rule with one result"""
    def uri(path):
        if os.path.isabs(path):
            path = os.path.relpath(path, output)
        return urllib.parse.quote(os.fsencode(path), safe="/+@=")
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "portclash",
                "rules": [{"id": e.signature, "shortDescription": {
                    "text": e.op or e.signature}} for e in entries]}},
            "results": [{
                "ruleId": e.signature, "ruleIndex": n,
                "level": "note" if e.known else "error",
                "message": {"text": e.report},
                "partialFingerprints": {"signature/v1": e.signature},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": uri(e.file)},
                    "region": {"startLine": e.line, **(
                        {"snippet": {"text": e.op}} if e.op else {})}}}],
            } for n, e in enumerate(entries)]}]}


def junit(entries):
    """JUnit XML: each signature is a test, which fails if it is not known"""
    def plain(text):
        # U+FFFE is seen nowhere, and no character of XML.
        return re.sub("[\ufffe\uffff]", "?", visible(text, "\n\t"))
    suite = xml.Element("testsuite", name="triage", tests=str(len(entries)),
                        failures=str(sum(not e.known for e in entries)),
                        errors="0", skipped="0", time="0")
    for e in entries:
        case = xml.SubElement(suite, "testcase", classname="triage", time="0",
                              name=e.signature, file=plain(e.file), line=str(e.line))
        kind = "system-out" if e.known else "failure"
        part = xml.SubElement(case, kind)
        if not e.known:
            part.set("message", plain(e.op or e.signature))
        part.text = plain(e.report)
    return xml.tostring(suite, encoding="utf-8", xml_declaration=True)


def annotation(entry):
    """A command to GitHub, in which nothing else is one"""
    def data(text):
        return (text.replace("%", "%25").replace("\r", "%0D")
                .replace("\n", "%0A"))

    def value(text):
        return data(text).replace(":", "%3A").replace(",", "%2C")
    return (f"::error file={value(visible(entry.file))},line={entry.line},"
            f"title={value(entry.signature)}::{data(entry.report)}")


def summary(entries):
    """Markdown, in which no word of a stranger is markup"""
    def plain(text):
        return re.sub(r"[^A-Za-z0-9 ]", lambda c: f"&#{ord(c[0])};", text)
    lines = ["### Triage", ""]
    if not entries:
        return "\n".join([*lines, "Nothing was found.", "", ""])
    lines += ["| signature | | programs | where |", "|---|---|---|---|"]
    lines += [f"| <code>{plain(e.signature)}</code> "
              f"| {'known' if e.known else '**new**'} | {e.count} "
              f"| <code>{plain(visible(e.file))}:{e.line}</code> |"
              for e in entries]
    for e in [e for e in entries if not e.known][:DETAILS_MAX]:
        lines += ["", f"<details><summary>{plain(e.signature)}</summary>", "",
                  f"<pre>{html.escape(e.report[:DETAIL_MAX])}</pre>", "", "</details>"]
    return "\n".join([*lines, "", ""])
