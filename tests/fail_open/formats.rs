//! A clean and a guilty report of every scanner, in every format.

use std::io::Write as _;

use crate::Case;
use crate::workplace::CLEAN as SEMGREP;

/// What a scanner leaves.
pub(crate) struct Format {
    pub(crate) scanner: &'static str,
    pub(crate) file: &'static str,
    /// A report of a scan that found nothing.
    pub(crate) clean: &'static str,
    /// What makes a report with a grave finding of it, in place of what.
    guilt: (&'static str, &'static str),
}

pub(crate) const FORMATS: [Format; 9] = [
    Format {
        scanner: "semgrep",
        file: "semgrep.json",
        clean: SEMGREP,
        guilt: (
            r#""results":[]"#,
            r#""results":[{"check_id":"conf.no-eval","path":"src/a.py","start":{"line":1,"col":5},"end":{"line":1,"col":9},"extra":{"message":"eval of input","severity":"ERROR","metadata":{}}}]"#,
        ),
    },
    Format {
        scanner: "bandit",
        file: "bandit.json",
        clean: r#"{"errors":[],"generated_at":"2026-11-21T11:30:00Z","metrics":{"_totals":{"SEVERITY.HIGH":0,"loc":7,"nosec":0},"a.py":{"SEVERITY.HIGH":0,"loc":7,"nosec":0}},"results":[]}"#,
        guilt: (
            r#""results":[]"#,
            r#""results":[{"code":"5 call(c, shell=True)\n","filename":"a.py","issue_confidence":"MEDIUM","issue_cwe":{"id":78},"issue_severity":"HIGH","issue_text":"subprocess call with shell=True","line_number":5,"line_range":[5],"more_info":"https://bandit.example/b602.html","test_id":"B602","test_name":"subprocess_popen_with_shell_equals_true"}]"#,
        ),
    },
    Format {
        scanner: "gitleaks",
        file: "gitleaks.json",
        clean: "[]\n",
        guilt: (
            "[]",
            r#"[{"RuleID":"aws","Description":"AWS key","StartLine":1,"EndLine":1,"StartColumn":1,"EndColumn":9,"File":"a","Secret":"AKIA0123","Match":"x","Commit":"c","Entropy":3.1,"Author":"","Email":"","Date":"","Message":"","Tags":[],"Fingerprint":"c:a:aws:1"}]"#,
        ),
    },
    Format {
        scanner: "gitleaks",
        file: "gitleaks.csv",
        clean: "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,Author,Message,Date,Email,Fingerprint\n",
        guilt: (
            "Fingerprint\n",
            "Fingerprint\naws,c,a,,AKIA0123,x,1,1,1,9,me,first,2026-11-20T10:00:00Z,me@example.org,c:a:aws:1\n",
        ),
    },
    Format {
        scanner: "dependency-check",
        file: "dependency-check.json",
        clean: r#"{"reportSchema":"1.1","scanInfo":{"engineVersion":"12.1.0","dataSource":[]},"projectInfo":{"name":"shop","reportDate":"2026-11-21T11:30:00Z"},"dependencies":[{"isVirtual":false,"fileName":"a.jar"}]}"#,
        guilt: (
            r#""fileName":"a.jar""#,
            r#""fileName":"a.jar","vulnerabilities":[{"source":"NVD","name":"CVE-2021-44228","severity":"CRITICAL","description":"a lookup","references":[]}]"#,
        ),
    },
    Format {
        scanner: "dependency-check",
        file: "dependency-check.xml",
        clean: r#"<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd"><scanInfo><engineVersion>12.1.0</engineVersion></scanInfo><projectInfo><name>shop</name><reportDate>2026-11-21T11:30:00Z</reportDate></projectInfo><dependencies><dependency isVirtual="false"><fileName>a.jar</fileName></dependency></dependencies></analysis>"#,
        guilt: (
            "<fileName>a.jar</fileName>",
            r#"<fileName>a.jar</fileName><vulnerabilities><vulnerability source="NVD"><name>CVE-2021-44228</name><severity>CRITICAL</severity><description>a lookup</description></vulnerability></vulnerabilities>"#,
        ),
    },
    Format {
        scanner: "trivy",
        file: "trivy.json",
        clean: r#"{"SchemaVersion":2,"Trivy":{"Version":"0.70.0"},"ArtifactName":"reg.example/app:1.2","ArtifactType":"container_image","CreatedAt":"2026-11-21T11:30:00Z","Metadata":{"OS":{"Family":"alpine","Name":"3.20"},"ImageID":"sha256:aa","RepoDigests":["reg.example/app@sha256:bb"]},"Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]}"#,
        guilt: (
            r#""Type":"alpine"}"#,
            r#""Type":"alpine","Vulnerabilities":[{"VulnerabilityID":"CVE-2024-1","PkgName":"p","InstalledVersion":"1","Severity":"CRITICAL","Title":"t","References":["https://r.example/1"]}]}"#,
        ),
    },
    Format {
        scanner: "zap",
        file: "zap.json",
        clean: r#"{"@programName":"ZAP","@version":"2.17.0","created":"2026-11-21T11:30:00Z","site":[{"@name":"https://staging.example","alerts":[]}]}"#,
        guilt: (
            r#""alerts":[]"#,
            r#""alerts":[{"pluginid":"40018","alertRef":"40018","alert":"SQL Injection","name":"SQL Injection","riskcode":"3","confidence":"2","riskdesc":"High (Medium)","desc":"x","instances":[{"uri":"https://staging.example/q","method":"GET","param":"q"}],"count":"1","cweid":"89"}]"#,
        ),
    },
    Format {
        scanner: "zap",
        file: "zap.xml",
        clean: r#"<?xml version="1.0"?><OWASPZAPReport programName="ZAP" version="2.17.0" generated="Sat, 21 Nov 2026 11:30:00" created="2026-11-21T11:30:00Z"><site name="https://staging.example" host="staging.example" port="443" ssl="true"><alerts></alerts></site></OWASPZAPReport>"#,
        guilt: (
            "<alerts></alerts>",
            "<alerts><alertitem><pluginid>40018</pluginid><alertRef>40018</alertRef><alert>SQL Injection</alert><name>SQL Injection</name><riskcode>3</riskcode><confidence>2</confidence><riskdesc>High (Medium)</riskdesc><desc>x</desc><instances><instance><uri>https://staging.example/q</uri><method>GET</method><param>q</param></instance></instances><count>1</count><cweid>89</cweid></alertitem></alerts>",
        ),
    },
];

pub(crate) fn format(file: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.file == file).unwrap()
}

impl Format {
    pub(crate) fn guilty(&self) -> String {
        replaced(self.clean, self.guilt.0, self.guilt.1)
    }

    pub(crate) fn case(&self, name: &str, report: impl Into<Vec<u8>>) -> Case {
        Case {
            name: format!("{}: {name}", self.file),
            scanner: self.scanner,
            files: vec![(self.file.to_owned(), report.into())],
            demands: "",
        }
    }

    /// The clean report with some other text in it.
    pub(crate) fn with(&self, name: &str, from: &str, to: &str) -> Case {
        self.case(name, replaced(self.clean, from, to))
    }
}

/// As `str::replace`, of what is there.
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in {text}");
    text.replace(from, to)
}

pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}
