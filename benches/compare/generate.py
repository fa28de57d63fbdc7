#!/usr/bin/env python3
"""Reports of six scanners, of any size, in the layout in which each writes them.

usage: generate.py FOLDER SCALE      six reports; SCALE 1 has 500 findings in 1.5 MB, 0 none
       generate.py --lean FILE COUNT LENGTH
                                    one Semgrep report with this many findings, which say
                                    nothing but a text of this many bytes

The same arguments give the same bytes. Reports are written as they are made, so that
memory does not grow with them.
"""

import json
import random
import sys
from pathlib import Path
from xml.sax.saxutils import escape

WORDS = (
    "attacker buffer bypass cache certificate check cookie crafted credential default denial "
    "deserialization disclosure escape execution header injection input leak length memory "
    "missing overflow parameter parser password path permission query redirect remote request "
    "session signature template timing token traversal untrusted upload validation version"
).split()
PACKAGES = (
    "bash curl expat glibc gnutls jackson-databind krb5 libxml2 lodash log4j-core ncurses "
    "netty-codec numpy openssl pillow pyyaml spring-core sqlite3 systemd urllib3 zlib"
).split()
FOLDERS = "src/api src/billing/handlers src/core/auth web/templates lib/util cmd/server".split()


class Maker:
    """Texts and numbers that look like chance."""

    def __init__(self, name):
        self.random = random.Random(name)
        self.texts = {
            words: [self._text(words) for _ in range(300)] for words in (8, 40, 120)
        }

    def _text(self, words):
        count = self.random.randint(words * 2 // 3, words * 4 // 3)
        text = " ".join(self.random.choice(WORDS) for _ in range(count)).capitalize() + "."
        # What has to be escaped, and what takes more than a byte.
        return text + '\n\nSee "naïve" \\ <b>.' if self.random.random() < 0.25 else text

    def text(self, words):
        return self.random.choice(self.texts[words])

    def one(self, *choices):
        return self.random.choice(choices)

    def number(self, low, high):
        return self.random.randint(low, high)

    def hex(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def severity(self, names, weights):
        return self.random.choices(names, weights)[0]

    def version(self):
        return f"{self.number(0, 9)}.{self.number(0, 40)}.{self.number(0, 20)}"

    def path(self, extension):
        folder, word = self.random.choice(FOLDERS), self.random.choice(WORDS)
        return f"{folder}/{word}_{self.number(0, 999)}.{extension}"

    def cve(self):
        return f"CVE-20{self.number(14, 26)}-{self.number(1000, 49999)}"

    def link(self):
        return f"https://advisories.example/{self.hex(12)}"


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def indented(value, indent, level):
    """Indented as at a level of a larger document."""
    margin = "\n" + " " * (indent * level)
    return json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", margin)


def listed(out, values, opens, between, closes):
    """Writes a list whose members come one by one."""
    out.write(opens)
    for index, value in enumerate(values):
        out.write((between if index else "") + value)
    out.write(closes)


def trivy(out, make, count):
    head = {
        "SchemaVersion": 2,
        "CreatedAt": "2026-11-01T10:00:00.123456789Z",
        "ArtifactName": "registry.example/shop:1.4.2",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.9"},
            "ImageID": "sha256:" + make.hex(64),
            "DiffIDs": ["sha256:" + make.hex(64) for _ in range(9)],
            "RepoTags": ["registry.example/shop:1.4.2"],
        },
    }
    out.write(json.dumps(head, indent=2)[:-2] + ',\n  "Results": [')
    per_result = 400
    for first in range(0, max(count, 1), per_result):
        kind = ("debian", "npm", "gobinary", "python-pkg")[first // per_result % 4]
        group = "os-pkgs" if kind == "debian" else "lang-pkgs"
        out.write(
            f'{"," if first else ""}\n    {{\n      "Target": "layer-{first}/{kind}",\n'
            f'      "Class": "{group}",\n      "Type": "{kind}"'
        )
        members = range(first, min(first + per_result, count))
        if members:
            vulnerabilities = (indented(vulnerability(make), 2, 4) for _ in members)
            opens = ',\n      "Vulnerabilities": [\n        '
            listed(out, vulnerabilities, opens, ",\n        ", "\n      ]")
        out.write("\n    }")
    out.write("\n  ]\n}\n")


def vulnerability(make):
    cve, package, version = make.cve(), make.one(*PACKAGES), make.version()
    entry = {
        "VulnerabilityID": cve,
        "PkgID": f"{package}@{version}",
        "PkgName": package,
        "PkgIdentifier": {
            "PURL": f"pkg:deb/debian/{package}@{version}?arch=amd64&distro=debian-12.9",
            "UID": make.hex(16),
        },
        "InstalledVersion": version,
    }
    if make.number(1, 10) <= 6:
        entry["FixedVersion"] = make.version()
    cvss = {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
    return entry | {
        "Status": "fixed" if "FixedVersion" in entry else "affected",
        "Layer": {"Digest": "sha256:" + make.hex(64), "DiffID": "sha256:" + make.hex(64)},
        "SeveritySource": "nvd",
        "PrimaryURL": "https://avd.example/nvd/" + cve.lower(),
        "DataSource": {"ID": "debian", "Name": "Debian Tracker", "URL": "https://deb.example/"},
        "Title": make.text(8),
        "Description": make.text(120),
        "Severity": make.severity(("CRITICAL", "HIGH", "MEDIUM", "LOW"), (4, 18, 46, 32)),
        "CweIDs": [f"CWE-{make.number(20, 900)}"],
        "VendorSeverity": {"alma": 2, "nvd": 3, "redhat": 2, "ubuntu": 2},
        "CVSS": {by: cvss | {"V3Score": make.number(10, 100) / 10} for by in ("nvd", "redhat")},
        "References": [make.link() + "/" + cve for _ in range(make.number(3, 14))],
        "PublishedDate": f"2026-0{make.number(1, 9)}-11T12:15:09.377Z",
        "LastModifiedDate": "2026-10-11T07:15:08.12Z",
    }


def dependency_check(out, make, count):
    out.write(
        '{"reportSchema":"1.1","scanInfo":{"engineVersion":"12.1.0","dataSource":[{"name":'
        '"NVD API Last Checked","timestamp":"2026-11-01T08:00:00Z"}]},"projectInfo":{"name":'
        '"shop","reportDate":"2026-11-01T10:00:00.123456Z","credits":{"NVD":"This product uses '
        'the NVD API but is not endorsed or certified by the NVD."}},'
    )
    listed(out, map(compact, dependencies(make, count)), '"dependencies":[', ",", "]}")


def dependencies(make, count):
    """One in three is vulnerable, and what they were told by is most of the bytes."""
    number = 0
    while count > 0 or number == 0:
        name = f"{make.one(*PACKAGES)}-{make.version()}"
        evidence = {
            f"{kind}Evidence": [
                {
                    "type": kind,
                    "confidence": make.one("HIGHEST", "HIGH", "MEDIUM", "LOW"),
                    "source": make.one("Manifest", "pom", "jar"),
                    "name": make.one(*WORDS),
                    "value": make.text(8),
                }
                for _ in range(make.number(2, 7))
            ]
            for kind in ("vendor", "product", "version")
        }
        dependency = {
            "isVirtual": False,
            "fileName": f"{name}.jar",
            "filePath": f"/builds/shop/lib/{number}/{name}.jar",
            "md5": make.hex(32),
            "sha1": make.hex(40),
            "sha256": make.hex(64),
            "description": make.text(40),
            "license": "Apache-2.0",
            "evidenceCollected": evidence,
            "packages": [
                {
                    "id": "pkg:maven/org.example/" + name.replace("-", "@"),
                    "confidence": "HIGH",
                    "url": make.link(),
                }
            ],
        }
        if number % 3 == 0 and count > 0:
            some = min(count, make.number(1, 9))
            dependency["vulnerabilities"] = [known_vulnerability(make) for _ in range(some)]
            count -= some
        number += 1
        yield dependency


def known_vulnerability(make):
    severity = make.severity(("CRITICAL", "HIGH", "MEDIUM", "LOW"), (6, 30, 50, 14))
    references = (make.link() for _ in range(make.number(2, 8)))
    return {
        "source": "NVD",
        "name": make.cve(),
        "severity": severity,
        "cvssv3": {
            "baseScore": make.number(10, 100) / 10,
            "attackVector": "NETWORK",
            "attackComplexity": "LOW",
            "privilegesRequired": "NONE",
            "userInteraction": "NONE",
            "scope": "UNCHANGED",
            "confidentialityImpact": "HIGH",
            "integrityImpact": "HIGH",
            "availabilityImpact": "HIGH",
            "baseSeverity": severity,
            "exploitabilityScore": "3.9",
            "impactScore": "5.9",
            "version": "3.1",
        },
        "cwes": [f"CWE-{make.number(20, 900)}"],
        "description": make.text(120),
        "notes": "",
        "references": [{"source": "CVE", "url": url, "name": url} for url in references],
        "vulnerableSoftware": [
            {
                "software": {
                    "id": f"cpe:2.3:a:example:{make.one(*PACKAGES)}:*:*:*:*:*:*:*:*",
                    "vulnerabilityIdMatched": "true",
                    "versionEndExcluding": make.version(),
                }
            }
            for _ in range(make.number(1, 5))
        ],
    }


def semgrep(out, make, count):
    results = (compact(result(make)) for _ in range(count))
    scanned = (compact(make.path("py")) for _ in range(max(40, count * 2)))
    listed(out, results, '{"version":"1.140.0","results":[', ",", '],"errors":[],')
    listed(out, scanned, '"paths":{"scanned":[', ",", "]},")
    out.write('"time":{"rules":[],"targets":[],"total_bytes":0},"engine_requested":"OSS"}\n')


def result(make):
    line = make.number(1, 900)
    start = {"line": line, "col": 5, "offset": line * 31}
    end = {"line": line + 2, "col": 40, "offset": line * 31 + 90}
    rule = f"python.lang.security.audit.{make.one(*WORDS)}-{make.number(0, 60)}"
    return {
        "check_id": rule,
        "path": make.path("py"),
        "start": start,
        "end": end,
        "extra": {
            "metavars": {"$X": {"start": start, "end": end, "abstract_content": "request.args"}},
            "message": make.text(40),
            "metadata": {
                "cwe": [f"CWE-{make.number(20, 900)}: {make.text(8)}"],
                "owasp": ["A03:2021 - Injection", "A01:2017 - Injection"],
                "category": "security",
                "technology": ["python", "flask"],
                "references": [make.link()],
                "subcategory": ["vuln"],
                "likelihood": "HIGH",
                "impact": "HIGH",
                "confidence": make.one("LOW", "MEDIUM", "HIGH"),
                "license": "Semgrep Rules License v1.0",
                "vulnerability_class": ["Code Injection"],
                "source": "https://rules.example/" + rule,
            },
            "severity": make.severity(("ERROR", "WARNING", "INFO"), (20, 60, 20)),
            "fingerprint": make.hex(128) + "_0",
            "lines": "    " + make.text(8).replace("\n", " ") + "\n    return x",
            "is_ignored": make.number(1, 20) == 1,
            "validation_state": "NO_VALIDATOR",
            "engine_kind": "OSS",
        },
    }


def bandit(out, make, count):
    high, low = count // 6, count // 2
    totals = {
        "CONFIDENCE.HIGH": count,
        "CONFIDENCE.LOW": 0,
        "CONFIDENCE.MEDIUM": 0,
        "CONFIDENCE.UNDEFINED": 0,
        "SEVERITY.HIGH": high,
        "SEVERITY.LOW": low,
        "SEVERITY.MEDIUM": count - high - low,
        "SEVERITY.UNDEFINED": 0,
        "loc": (count + 1) * 91,
        "nosec": 0,
        "skipped_tests": 0,
    }
    out.write('{\n  "errors": [],\n  "generated_at": "2026-11-01T10:00:00Z",\n  "metrics": {')
    files = ("_totals", *(f"./file_{number}.py" for number in range(max(30, count))))
    metrics = (f'"{name}": ' + indented(totals, 2, 2) for name in files)
    listed(out, metrics, "\n    ", ",\n    ", "\n  },\n")
    results = (indented(issue(make), 2, 2) for _ in range(count))
    listed(out, results, '  "results": [\n    ', ",\n    ", "\n  ]\n}")


def issue(make):
    line, cwe = make.number(2, 900), make.number(20, 900)
    code = (make.text(8).replace("\n", " ") for _ in range(3))
    return {
        "code": "".join(f"{line + nth} {text}\n" for nth, text in enumerate(code, -1)),
        "col_offset": 4,
        "end_col_offset": 44,
        "filename": "./" + make.path("py"),
        "issue_confidence": make.one("HIGH", "MEDIUM", "LOW"),
        "issue_cwe": {"id": cwe, "link": f"https://cwe.example/{cwe}.html"},
        "issue_severity": make.severity(("HIGH", "MEDIUM", "LOW"), (15, 35, 50)),
        "issue_text": make.text(8),
        "line_number": line,
        "line_range": [line, line + 1],
        "more_info": f"https://bandit.example/b{make.number(101, 703)}.html",
        "test_id": f"B{make.number(101, 703)}",
        "test_name": make.one(*WORDS),
    }


def gitleaks(out, make, count):
    leaks = (indented(leak(make), 1, 1) for _ in range(count))
    listed(out, leaks, "[\n " if count else "[", ",\n ", "\n]\n" if count else "]\n")


def leak(make):
    path, line, commit, secret = make.path("env"), make.number(1, 900), make.hex(40), make.hex(40)
    rule = make.one("aws-access-token", "generic-api-key", "github-pat", "jwt", "private-key")
    return {
        "RuleID": rule,
        "Description": make.text(40),
        "StartLine": line,
        "EndLine": line,
        "StartColumn": 5,
        "EndColumn": 60,
        "Match": f'api_key = "{secret}"',
        "Secret": secret,
        "File": path,
        "SymlinkFile": "",
        "Commit": commit,
        "Link": f"https://git.example/shop/blob/{commit}/{path}#L{line}",
        "Entropy": make.number(300, 500) / 100,
        "Author": "Developer",
        "Email": "developer@example.org",
        "Date": "2026-10-09T09:00:00Z",
        "Message": make.text(8),
        "Tags": [],
        "Fingerprint": f"{commit}:{path}:{rule}:{line}",
    }


def zap(out, make, count):
    out.write(
        '<?xml version="1.0"?>\n<OWASPZAPReport programName="ZAP" version="2.16.0" '
        'generated="Sun, 1 Nov 2026 10:00:00">\n<site name="https://staging.example" '
        'host="staging.example" port="443" ssl="true">\n<alerts>\n'
    )
    for number in range(count):
        alert(out, make, number)
    out.write("</alerts>\n</site>\n</OWASPZAPReport>\n")


def element(name, text):
    return f"  <{name}>{escape(str(text))}</{name}>\n"


def alert(out, make, number):
    """With about 12 places each."""
    risk = make.severity((0, 1, 2, 3), (25, 40, 27, 8))
    name = make.text(8).split(".")[0]
    out.write("<alertitem>\n")
    for key, text in (
        ("pluginid", 10000 + number % 200),
        ("alertRef", 10000 + number % 200),
        ("alert", name),
        ("name", name),
        ("riskcode", risk),
        ("confidence", make.number(1, 3)),
        ("riskdesc", ("Informational", "Low", "Medium", "High")[risk] + " (Medium)"),
        ("confidencedesc", "Medium"),
        ("desc", f"<p>{make.text(120)}</p>"),
    ):
        out.write(element(key, text))
    out.write("  <instances>\n")
    instances = make.number(4, 20)
    for _ in range(instances):
        out.write("  <instance>\n")
        url = f"https://staging.example/{make.path('html')}?a=1&b={make.hex(8)}"
        for key, text in (
            ("uri", url),
            ("method", "GET"),
            ("param", make.one(*WORDS)),
            ("attack", ""),
            ("evidence", f'<form action="/{make.hex(6)}" method="POST">'),
            ("otherinfo", make.text(8)),
        ):
            out.write(element(key, text))
        out.write("  </instance>\n")
    out.write("  </instances>\n")
    for key, text in (
        ("count", instances),
        ("solution", f"<p>{make.text(40)}</p>"),
        ("otherinfo", make.text(8)),
        ("reference", f"<p>{make.link()}</p>"),
        ("cweid", make.number(20, 900)),
        ("wascid", make.number(1, 49)),
        ("sourceid", number + 1),
    ):
        out.write(element(key, text))
    out.write("</alertitem>\n")


# Each report with its findings at scale 1.
REPORTS = {
    "trivy.json": (trivy, 220),
    "depcheck.json": (dependency_check, 110),
    "semgrep.json": (semgrep, 70),
    "bandit.json": (bandit, 60),
    "gitleaks.json": (gitleaks, 20),
    "zap.xml": (zap, 20),
}


def lean(out, count, length):
    """With short texts deciding is most of the work, and with long ones it is reading."""
    results = (lean_result(number, length) for number in range(count))
    listed(out, results, '{"version":"1.140.0","results":[', ",", "],")
    out.write('"errors":[],"paths":{"scanned":["src/a.py"]}}\n')


def lean_result(number, length):
    text = f"call {number}".ljust(length, ".")
    severity = ("ERROR", "WARNING", "WARNING", "INFO")[number % 4]
    return (
        f'{{"check_id":"rules.r{number % 50}","path":"src/m{number // 8}.py","start":{{"line":'
        f'{number % 900 + 1},"col":1}},"end":{{"line":{number % 900 + 1},"col":9}},"extra":'
        f'{{"message":"{text}","severity":"{severity}","metadata":{{}}}}}}'
    )


def main(arguments):
    match arguments:
        case ["--lean", file, count, length]:
            with open(file, "w", encoding="utf-8", newline="") as out:
                lean(out, int(count), int(length))
        case [folder, scale]:
            Path(folder).mkdir(parents=True, exist_ok=True)
            for name, (write, count) in REPORTS.items():
                with open(Path(folder, name), "w", encoding="utf-8", newline="") as out:
                    write(out, Maker(name), round(count * float(scale)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
