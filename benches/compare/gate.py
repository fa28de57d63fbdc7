#!/usr/bin/env python3
"""A gate as a careful team writes its own: what compare.sh holds the program against.

usage: gate.py FOLDER OUT

Exit codes: 0 pass, 1 fail, 2 a report is missing or not understood.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

BLOCKING = ("critical", "high", "secret")
KNOWN = {"critical", "high", "medium", "low", "info"}
SEMGREP = {"ERROR": "high", "WARNING": "medium", "INFO": "low"}
ZAP = ("info", "low", "medium", "high")


def known(word):
    severity = word.lower()
    if severity not in KNOWN:
        raise ValueError(f"a severity that is not known: {word!r}")
    return severity


def trivy(report):
    for result in report["Results"]:
        target = result["Target"]
        for entry in result.get("Vulnerabilities") or ():
            where = f"{target}: {entry['PkgName']} {entry['InstalledVersion']}"
            yield known(entry["Severity"]), entry["VulnerabilityID"], entry.get("Title", ""), where
        for entry in result.get("Misconfigurations") or ():
            if entry["Status"] == "FAIL":
                yield known(entry["Severity"]), entry["ID"], entry["Title"], target
        for entry in result.get("Secrets") or ():
            yield "secret", entry["RuleID"], entry["Title"], f"{target}:{entry['StartLine']}"


def dependency_check(report):
    for dependency in report["dependencies"]:
        for entry in dependency.get("vulnerabilities") or ():
            severity = known(entry["severity"])
            yield severity, entry["name"], entry["description"], dependency["fileName"]


def semgrep(report):
    if report["errors"]:
        raise ValueError("the scan had errors")
    for result in report["results"]:
        extra = result["extra"]
        if not extra.get("is_ignored"):
            where = f"{result['path']}:{result['start']['line']}"
            severity = SEMGREP.get(extra["severity"]) or known(extra["severity"])
            yield severity, result["check_id"], extra["message"], where


def bandit(report):
    if report["errors"]:
        raise ValueError("the scan had errors")
    for issue in report["results"]:
        where = f"{issue['filename']}:{issue['line_number']}"
        yield known(issue["issue_severity"]), issue["test_id"], issue["issue_text"], where


def gitleaks(report):
    for leak in report:
        yield "secret", leak["RuleID"], leak["Description"], f"{leak['File']}:{leak['StartLine']}"


def zap(report):
    for site in report.iter("site"):
        for alert in site.iter("alertitem"):
            severity = ZAP[int(alert.findtext("riskcode"))]
            yield severity, alert.findtext("pluginid"), alert.findtext("name"), site.get("name")


REPORTS = {
    "trivy.json": trivy,
    "depcheck.json": dependency_check,
    "semgrep.json": semgrep,
    "bandit.json": bandit,
    "gitleaks.json": gitleaks,
    "zap.xml": zap,
}


def read(path):
    if path.suffix == ".xml":
        return ElementTree.parse(path).getroot()
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(folder, out):
    findings, counts = [], {}
    for name, members in REPORTS.items():
        try:
            found = list(members(read(Path(folder, name))))
        except (OSError, LookupError, TypeError, ValueError, AttributeError, SyntaxError) as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
        counts[name] = Counter(severity for severity, *_ in found)
        for severity, rule, title, where in found:
            finding = {"report": name, "severity": severity, "rule": rule}
            findings.append(finding | {"title": title[:200], "location": where})
    blocking = sum(count[severity] for count in counts.values() for severity in BLOCKING)
    verdict = "fail" if blocking else "pass"
    summary = {"verdict": verdict, "counts": counts, "findings": findings}
    Path(out, "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    rows = (f"| {name} | {dict(count)} |\n" for name, count in counts.items())
    page = f"# {verdict}\n\n| report | findings |\n| --- | --- |\n{''.join(rows)}"
    Path(out, "summary.md").write_text(page, encoding="utf-8")
    print(verdict, blocking)
    return 1 if blocking else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
