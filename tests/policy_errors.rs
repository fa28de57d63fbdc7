//! What a mistake in a policy looks like to whoever made it: every message that
//! reading a policy can give, in a transcript.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::fmt::Write as _;

use insta::assert_snapshot;

#[path = "policy_errors/sources.rs"]
mod sources;
#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Workplace};

/// What is said of each policy: mistakes only, exit code 2, and no decision.
fn transcript(cases: &[(&str, String)]) -> String {
    let mut said = String::new();
    for (name, text) in cases {
        let files = [("p.toml", text.as_str())];
        write!(said, "# {name}\n{}\n", refused(&files)).unwrap();
    }
    said
}

/// What is said of the policy `p.toml` among these files.
fn refused(files: &[(&str, &str)]) -> String {
    let files = [files, &[("semgrep.json", CLEAN)]].concat();
    let workplace = Workplace::new(&files);
    let run = workplace.check(&["--policy", "p.toml", "semgrep.json"]);
    let context = format!("{files:?}\n{}{}", run.stdout, run.stderr);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{context}");
    assert!(run.summary.is_none() && run.markdown.is_none(), "{context}");
    run.stderr
}

/// Policies as they are.
fn texts<'a>(cases: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let text = |(name, text): &(&'a str, &str)| (*name, (*text).to_owned());
    cases.iter().map(text).collect()
}

/// Policies with one rule, that has this `where`.
fn rules<'a>(cases: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let rule = |(name, selector): &(&'a str, &str)| {
        let text = format!("[[rule]]\nid = \"a\"\nwhere = {{ {selector} }}\n");
        (*name, text)
    };
    cases.iter().map(rule).collect()
}

/// Policies with one rule, that has this expression.
fn expressions(cases: &[&'static str]) -> Vec<(&'static str, String)> {
    let rule = |text: &&'static str| {
        let quoted = format!("'''{text}'''");
        (
            *text,
            format!("[[rule]]\nid = \"a\"\nwhere.when = {quoted}\n"),
        )
    };
    cases.iter().map(rule).collect()
}

/// Policies with one finding in an example.
fn findings<'a>(cases: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let example = |(name, finding): &(&'a str, &str)| {
        let text = format!(
            "[[rule]]\nid = \"a\"\n[[example]]\nid = \"e\"\nverdict = \"fail\"\nfindings = [{{ {finding} }}]\n"
        );
        (*name, text)
    };
    cases.iter().map(example).collect()
}

const EXCEPTION: &str =
    "[[exception]]\nid = \"e\"\nreason = \"r\"\nwhere.rule = \"x\"\nexpires = 2027-01-01\n";

#[test]
fn syntax() {
    let cases = texts(&[
        ("a value without quotes", "[[rule]]\nid = a\n"),
        ("a text that does not end", "[[rule]]\nid = \"a\n"),
        ("a bracket too few", "[[rule]\nid = \"a\"\n"),
        (
            "a key twice",
            "[gate]\nmode = \"observe\"\nmode = \"enforce\"\n",
        ),
        ("a table twice", "[gate]\n[gate]\n"),
        ("cut off", "[[rule]]\nid ="),
        (
            "an inline table with a comma too few",
            "sla = { high = 1 low = 2 }",
        ),
        ("two mistakes", "a = b\nc = 0 0\n"),
        ("JSON", "{\"rule\": []}"),
        ("a later schema", "schema = 2\n"),
        ("nothing that can fail", ""),
        (
            "only a warning",
            "[[rule]]\nid = \"a\"\naction = \"warn\"\n",
        ),
    ]);
    assert_snapshot!(transcript(&cases));
}

#[test]
fn keys_and_types() {
    let cases = texts(&[
        ("a key of a policy", "rules = []\n"),
        ("a key unlike any", "whatever = 1\n"),
        ("a key of `[gate]`", "[gate]\nmoed = \"observe\"\n"),
        ("a key of `[severity]`", "[severity]\nunkown = \"high\"\n"),
        ("a key of `[sla]`", "[sla]\nhihg = 3\n"),
        ("a key of a rule", "[[rule]]\nid = \"a\"\nmaximum = 1\n"),
        (
            "a key of the policy below a table",
            "[lane.a]\nexpect = [\"trivy\"]\nfirst_run = \"all-new\"\n",
        ),
        ("a key of an exception", &format!("{EXCEPTION}expire = 1\n")),
        ("a text for a table", "gate = \"observe\"\n"),
        (
            "a text for a selector",
            "[[rule]]\nid = \"a\"\nwhere = \"severity\"\n",
        ),
        ("a table for a list of tables", "[rule]\nid = \"a\"\n"),
        ("texts for a list of tables", "rule = [\"a\"]\n"),
        ("a number for a text", "[[rule]]\nid = 1\n"),
        ("a date for a text", "[[rule]]\nid = 2026-01-01\n"),
        ("a list for a text", "[[rule]]\nid = [\"a\"]\n"),
        ("a table for a text", "[[rule]]\nid = { a = 1 }\n"),
        ("a truth for a text", "[[rule]]\nid = true\n"),
        ("a number in quotes", "[[rule]]\nid = \"a\"\nmax = \"3\"\n"),
        ("a number below 0", "[[rule]]\nid = \"a\"\nmax = -1\n"),
        (
            "a number that is not whole",
            "[[rule]]\nid = \"a\"\nmax = 1.5\n",
        ),
        (
            "a truth in quotes",
            "[[rule]]\nid = \"a\"\nwhere.kev = \"true\"\n",
        ),
        (
            "a word for a truth",
            "[[rule]]\nid = \"a\"\nwhere.kev = \"yes\"\n",
        ),
        (
            "a day that is none",
            "[[rule]]\nid = \"a\"\neffective = \"2026-02-30\"\n",
        ),
        (
            "a time for a day",
            "[[rule]]\nid = \"a\"\neffective = 2026-02-03T01:00:00Z\n",
        ),
        (
            "a number for a day",
            "[[rule]]\nid = \"a\"\neffective = 2026\n",
        ),
        ("an empty list", "[[rule]]\nid = \"a\"\nwhere.rule = []\n"),
        ("a number in a list of texts", "extends = [1]\n"),
    ]);
    assert_snapshot!(transcript(&cases));
}

#[test]
fn rules_and_selectors() {
    let mut cases = texts(&[
        ("no id", "[[rule]]\nmax = 1\n"),
        ("an empty id", "[[rule]]\nid = \" \"\n"),
        (
            "two rules of one id",
            "[[rule]]\nid = \"a\"\n[[rule]]\nid = \"a\"\n",
        ),
        ("an action", "[[rule]]\nid = \"a\"\naction = \"wran\"\n"),
        (
            "a day for what only warns",
            "[[rule]]\nid = \"a\"\naction = \"warn\"\neffective = 2027-01-01\n",
        ),
    ]);
    cases.extend(rules(&[
        ("a key", r#"severty = "high""#),
        ("an empty pattern", r#"rule = """#),
        ("a path with a detour", r#"path = "./src/**""#),
        ("a path from the root", r#"path = "/src/**""#),
        ("what is known", "new = false"),
        ("a severity", r#"severity = "hihg""#),
        ("a severity in capitals", r#"severity = "HIGH""#),
        ("one severity of several", r#"severity = ["high", "crit"]"#),
        ("a severity in a bound", r#"severity = ">=hgih""#),
        ("a sign", r#"severity = "=>high""#),
        (
            "a bound at what is on no scale",
            r#"severity = ">=unknown""#,
        ),
        ("a severity above all", r#"severity = ">critical""#),
        ("a confidence", r#"confidence = "hgih""#),
        ("a bound at no confidence", r#"confidence = ">=none""#),
        ("a confidence above all", r#"confidence = ">confirmed""#),
        ("a category", r#"category = "scaa""#),
        ("a fix", r#"fix = "avialable""#),
        ("a score without a sign", r#"cvss = "7""#),
        ("a score without quotes", "cvss = 7"),
        ("a score above all", r#"cvss = ">10""#),
        ("a probability in percent", r#"epss = ">50%""#),
        ("a probability above all", r#"epss = ">=50""#),
        ("an age without a unit", r#"age = ">30""#),
        ("an age without quotes", "age = 30"),
        ("an age below all", r#"age = "<0d""#),
        ("a CWE that is none", r#"cwe = "CWE-x""#),
        ("a CWE below 0", "cwe = [79, -1]"),
        ("a fingerprint", r#"fingerprint = "sg1:0""#),
        ("too many scanners", "seen_by = 99"),
        ("a number and a name of scanners", r#"seen_by = [2, "zap"]"#),
        ("neither a number nor a name", "seen_by = true"),
        ("a scanner in `seen_by`", r#"seen_by = "smegrep""#),
        ("a scanner", r#"scanner = "trviy""#),
        ("a pattern of scanners", r#"scanner = "owasp-*""#),
        ("a lane", r#"lane = "mainlin-sast""#),
        ("a lane unlike any", r#"lane = "production""#),
        ("a pattern of paths", r#"path = "src/[""#),
        ("a pattern of rules", r#"rule = "{a,b""#),
        ("a pattern of titles", r#"title = ["a", "[z-a]"]"#),
        ("overdue without days", "overdue = true"),
    ]));
    assert_snapshot!(transcript(&cases));
}

#[test]
fn expressions_in_rules() {
    let mut cases = expressions(&[
        "",
        "kev &&",
        "kev & fix",
        "new || kev",
        "kev or fix",
        "kev and fix",
        "not kev",
        "cvss => 7.0",
        "kev | fix",
        "kev = true",
        "kev @ fix",
        "kev fix",
        "(kev",
        "package == 'a'",
        "has(cvss)",
        "sevrity == 'high'",
        "nosuch",
        "severity == 'hihg'",
        "category in ['sast', 'sats']",
        "scanner == 'smgrep'",
        "lane == 'mainline-sats'",
        "finding.severity == 'high'",
        "finding.nosuch == 'high'",
        "severity > 'high'",
        "version >= '2.0'",
        "title < rule",
        "severity == 3",
        "cwe == 79",
        "'CWE-79' in cwe",
        "79 in references",
        "'a' in title",
        "1 in instances",
        "[1, 'a'] == cwe",
        "path.matches('a')",
        "path.re('a')",
        "glob(path)",
        "re(path, title)",
        "re(path, '(')",
        "glob(path, '[')",
        "path.startswith('a')",
        "startsWith(path, 'a')",
        "endsWith(path, 'a')",
        "cwe.contains(79)",
        "size(line) == 1",
        "references.exists(r)",
        "references.exists_one(r)",
        "references.all(r)",
        "references.filter(r)",
        "references.map(r)",
        "int(path) == 1",
        "title.exists(t, t == 'a')",
        "cvss + 1 > 8.0",
        "title + 'a' == 'b'",
        "(kev ? 1 : 'a') == 1",
        "(kev ? cwe : true) == cwe",
        "kev && title",
        "line",
        "cvss",
        "cwe",
        "null",
        "{'a': 1} == title",
        "b'a' == title",
        "-title == 1",
        "true",
        "kev && 1 / (instances - instances) == 1",
        "cwe[99] == 1",
        "instances * 9223372036854775807 * 9 > 0",
        "cvss - 1.0 > 6.0",
    ]);
    let deep = format!("{}kev", "!(".repeat(70)) + &")".repeat(70);
    let deeper = format!("{}kev", "(".repeat(400)) + &")".repeat(400);
    let long = format!("title != '{}'", "a".repeat(5000));
    for (name, text) in [
        ("nested too deep", deep),
        ("nested too deep for the parser", deeper),
        ("too long", long),
    ] {
        cases.push((
            name,
            format!("[[rule]]\nid = \"a\"\n[rule.where]\nwhen = '''\n{text}'''\n"),
        ));
    }
    cases.extend(texts(&[(
        "several at once, in lines",
        "[[rule]]\nid = \"a\"\n[rule.where]\nwhen = \"\"\"\nkve\n  && sevrity == 'high'\n\"\"\"\n",
    )]));
    assert_snapshot!(transcript(&cases));
}

#[test]
fn exceptions() {
    let exception = |rest: &str| format!("[[exception]]\nid = \"e\"\n{rest}");
    let sound = "reason = \"r\"\nexpires = 2027-01-01\n";
    let accepting = |selector: &str| exception(&format!("{sound}where = {{ {selector} }}\n"));
    let cases = [
        ("nothing but an id", exception("")),
        ("no `where`", exception(sound)),
        ("a `where` that asks nothing", accepting("")),
        ("any rule", accepting("rule = \"*\"")),
        ("any severity", accepting("severity = \">=info\"")),
        ("a key that is misspelt", accepting("rlue = \"a\"")),
        (
            "what other scanners see",
            accepting("rule = \"a\", seen_by = 2"),
        ),
        ("what is new", accepting("new = true")),
        ("an empty reason", EXCEPTION.replace("\"r\"", "\"\"")),
        (
            "an empty name",
            EXCEPTION.to_owned() + "approved_by = \" \"\n",
        ),
        ("an empty ticket", EXCEPTION.to_owned() + "ticket = \"\"\n"),
        (
            "an end that is no day",
            EXCEPTION.replace("2027-01-01", "\"never\""),
        ),
        (
            "an end before the beginning",
            EXCEPTION.to_owned() + "decided = 2027-01-02\n",
        ),
        ("two of one id", EXCEPTION.repeat(2)),
    ];
    assert_snapshot!(transcript(&cases));
}

#[test]
fn bounds() {
    let mut cases = texts(&[
        ("a key", "[exceptions]\nmaxdays = 3\n"),
        ("no days", "[exceptions]\nmax_days = 0\n"),
        ("too many days", "[exceptions]\nwarn_days = 65536\n"),
        (
            "what cannot be required",
            "[exceptions]\nrequire = [\"tickets\"]\n",
        ),
        (
            "a word for a truth",
            "[exceptions]\nauthor_may_approve = \"no\"\n",
        ),
        ("never anything", "[exceptions]\nnever = {}\n"),
        ("never a text", "[exceptions]\nnever = \"secret\"\n"),
        ("never texts", "[exceptions]\nnever = [\"secret\"]\n"),
        (
            "never a severity",
            "[exceptions]\nnever = { severity = \"hihg\" }\n",
        ),
    ]);
    for (name, bounds, rest) in [
        (
            "what is required",
            "require = [\"approved_by\", \"ticket\", \"decided\"]",
            "",
        ),
        ("too long", "max_days = 30", "decided = 2026-11-01\n"),
        ("since when", "max_days = 30", ""),
    ] {
        cases.push((name, format!("[exceptions]\n{bounds}\n{EXCEPTION}{rest}")));
    }
    assert_snapshot!(transcript(&cases));
}

#[test]
fn lanes() {
    let cases = texts(&[
        ("a text for a lane", "lane.a = \"b\"\n"),
        ("a list of lanes", "[[lane]]\nname = \"a\"\n"),
        ("a key", "[lane.a]\nreport = [\"a.json\"]\n"),
        (
            "a scanner that is expected",
            "[lane.a]\nexpect = [\"semgrpe\"]\n",
        ),
        (
            "a scanner unlike any",
            "[lane.a]\nexpect = [\"sonarqube\"]\n",
        ),
        (
            "a scanner of a report",
            "[lane.a]\nreports = [\"smgrep=*.json\"]\n",
        ),
        (
            "a pattern of reports",
            "[lane.a]\nreports = [\"out/[.json\"]\n",
        ),
        ("no reports", "[lane.a]\nreports = []\n"),
        (
            "a word for what is degraded",
            "[lane.a]\ndegraded = \"ignored\"\n",
        ),
        ("no reason", "[lane.a]\ndegraded = \"ignore\"\n"),
        (
            "a reason for nothing",
            "[lane.a]\ndegraded = \"warn\"\ndegraded_reason = \"why not\"\n",
        ),
        ("a product", "[lane.a]\nproduct = \"shop\"\n"),
        (
            "a product without a name",
            "[lane.a]\nproduct = \"pkg:npm\"\n",
        ),
        ("a word for proof", "[lane.a]\nproof = \"records\"\n"),
        ("proof of another type", "[lane.a]\nproof = true\n"),
        ("an age", "[lane.a]\nmax_age = \"1 day\"\n"),
        ("an age of nothing", "[lane.a]\nmax_age = \"0h\"\n"),
        ("a number for an age", "[lane.a]\nmax_age = 24\n"),
        ("a word for the age", "[lane.a]\nage = \"mtimes\"\n"),
        ("a commit by name", "[lane.a]\ncommit = \"main\"\n"),
        ("no target", "[lane.a]\ntarget = []\n"),
        ("an empty target", "[lane.a]\ntarget = \" \"\n"),
        ("a pattern of targets", "[lane.a]\ntarget = \"app:[1\"\n"),
        (
            "a target that no scanner tells",
            "[lane.a]\nexpect = [\"semgrep\", \"bandit\"]\ntarget = \"app\"\n",
        ),
    ]);
    assert_snapshot!(transcript(&cases));
}

#[test]
fn extends() {
    let rule = "[[rule]]\nid = \"a\"\n";
    let cases: [(&str, &[(&str, &str)]); 11] = [
        (
            "no such file",
            &[("p.toml", "extends = \"nowhere.toml\"\n")],
        ),
        (
            "no built-in policy",
            &[("p.toml", "extends = \"builtin:basline\"\n")],
        ),
        (
            "a name unlike any",
            &[("p.toml", "extends = \"builtin:relaxed\"\n")],
        ),
        (
            "a name without `builtin:`",
            &[("p.toml", "extends = \"strict\"\n")],
        ),
        ("itself", &[("p.toml", "extends = [\"./p.toml\"]\n")]),
        (
            "a circle",
            &[
                ("p.toml", "extends = [\"b/b.toml\"]\n"),
                ("b/b.toml", "extends = [\"../p.toml\"]\n"),
            ],
        ),
        (
            "mistakes in both",
            &[
                ("p.toml", "extends = \"base.toml\"\nmaximum = 1\n"),
                ("base.toml", "[gaet]\n"),
            ],
        ),
        ("not a text", &[("p.toml", "extends = { file = \"a\" }\n")]),
        (
            "a rule among the exceptions",
            &[("p.toml", rule), ("security-exceptions.toml", rule)],
        ),
        (
            "an exception in two files",
            &[
                ("p.toml", EXCEPTION),
                ("security-exceptions.toml", EXCEPTION),
            ],
        ),
        (
            "exceptions that are no TOML",
            &[("p.toml", rule), ("security-exceptions.toml", "id = \n")],
        ),
    ];
    let mut said = String::new();
    for (name, files) in cases {
        write!(said, "# {name}\n{}\n", refused(files)).unwrap();
    }
    // The policy itself, and where it is named.
    write!(said, "# no policy\n{}\n", refused(&[])).unwrap();
    let folder = [("p.toml/a", "")];
    write!(said, "# a folder\n{}\n", refused(&folder)).unwrap();
    let files = [("p.toml", rule), ("security-exceptions.toml/a", "")];
    write!(said, "# a folder of exceptions\n{}\n", refused(&files)).unwrap();
    for name in ["builtin:basline", "builtin:relaxed", "strict"] {
        let run = Workplace::new(&[]).check(&["--policy", name]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        write!(said, "# --policy {name}\n{}\n", run.stderr).unwrap();
    }
    assert_snapshot!(said);
}

#[test]
fn evidence() {
    let cases = [
        ("a key", "prodct = \"shop\""),
        ("a text for the table", ""),
        ("a number for a text", "product = 7"),
        ("an empty text", "product = \" \""),
        ("a variable", "test_title = \"{{ brnch }}\""),
        ("a variable unlike any", "product = \"{{ whatever }}\""),
        ("a place that does not end", "product = \"{{ project\""),
        ("a filter", "product = \"{{ project | shorten }}\""),
        (
            "a long loop",
            "product = \"{% for i in range(99999) %}a{% endfor %}\"",
        ),
        (
            "a variable of the shell",
            "test_title = \"semgrep-$CI_PIPELINE_ID\"",
        ),
        ("another one", "engagement = \"${CI_JOB_NAME}-x\""),
        ("a build number", "test_title = \"semgrep-{{ pipeline }}\""),
        ("a commit", "service = \"{{ commit }}\""),
        ("a truth in quotes", "push_to_jira = \"true\""),
        ("a tag", "tags = [\"a b\", \"c\"]"),
        ("a tag with a mistake", "tags = [\"{{ brnch }}\"]"),
        ("a word for what is tagged", "apply_tags = [\"finding\"]"),
        ("a severity", "minimum_severity = \"moderate\""),
        ("a severity that is none", "minimum_severity = \"unknown\""),
        ("a group", "group_by = \"component\""),
        ("no number", "test_id = \"17\""),
        ("the number 0", "engagement_id = 0"),
        ("a share", "max_close = 101"),
        ("a share in quotes", "max_close = \"50%\""),
        ("a number below 0", "max_close_count = -1"),
        (
            "an address without a scheme",
            "url = \"defectdojo.example\"",
        ),
        (
            "an address with a query",
            "url = \"https://defectdojo.example/?a=b\"",
        ),
        (
            "an address with a password",
            "url = \"https://me:hunter2@defectdojo.example\"",
        ),
        (
            "an address of a repository",
            "source_code_uri = \"git@forge.example:acme/shop.git\"",
        ),
        ("a token", "token = \"hunter2\""),
        (
            "a token beside a mistake",
            "prodct = 1\napi_key = \"hunter2\"",
        ),
        (
            "a token of another type",
            "password = { value = \"hunter2\" }",
        ),
    ];
    let mut policies: Vec<_> = cases
        .iter()
        .map(|(name, keys)| match *keys {
            "" => (*name, "evidence = \"shop\"\n".to_owned()),
            keys => (*name, format!("[evidence]\n{keys}\n")),
        })
        .collect();
    let lanes = texts(&[
        ("a key of a lane", "[lane.a.evidence]\nlane = \"b\"\n"),
        (
            "a server of a lane",
            "[lane.a.evidence]\nurl = \"https://defectdojo.example\"\n",
        ),
        (
            "a text for the table of a lane",
            "[lane.a]\nevidence = true\n",
        ),
        ("a token without quotes", "[evidence]\ntoken = hunter2\n"),
        (
            "a token in what is no TOML",
            "evidence = { \"api_key\" = \"hunter2\" product = }\r\n",
        ),
        (
            "a token on a line with a mistake",
            "evidence = { token = \"hunter2\", prodct = \"x\" }\n",
        ),
    ]);
    policies.extend(lanes);
    let said = transcript(&policies);
    assert!(!said.contains("hunter2"), "{said}");
    assert_snapshot!(said);
}

#[test]
fn examples() {
    let cases = texts(&[
        ("a key", "[[example]]\nidd = \"e\"\n"),
        ("nothing", "[[example]]\nid = \"e\"\nverdict = \"pass\"\n"),
        (
            "findings and a report",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = []\nreport = \"a.json\"\n",
        ),
        (
            "a table of findings",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = {}\n",
        ),
        (
            "texts as findings",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = [\"a\"]\n",
        ),
        (
            "a verdict",
            "[[example]]\nid = \"e\"\nverdict = \"failed\"\nfindings = []\n",
        ),
        ("no verdict", "[[example]]\nid = \"e\"\nfindings = []\n"),
        (
            "two of one id",
            &"[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = []\n".repeat(2),
        ),
        (
            "rules of what passes",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = []\nrules = [\"a\"]\n",
        ),
        (
            "no such rule",
            "[[rule]]\nid = \"no-high\"\n[[example]]\nid = \"e\"\nverdict = \"fail\"\nfindings = []\nrules = [\"no-hihg\"]\n",
        ),
        (
            "no rule at all",
            "[[example]]\nid = \"e\"\nverdict = \"fail\"\nfindings = []\nrules = [\"a\"]\n",
        ),
        (
            "a day that is none",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = []\nnow = \"2026-13-01\"\n",
        ),
        (
            "the last day of all",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = []\nnow = 9999-12-31\n",
        ),
        (
            "a lane of findings",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = []\nlane = \"mainline-sast\"\n",
        ),
        (
            "a scanner of a report",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nreport = \"smgrep=a.json\"\n",
        ),
        (
            "a lane of a report",
            "[[example]]\nid = \"e\"\nverdict = \"pass\"\nreport = \"a.json\"\nlane = \"mainlin-sast\"\n",
        ),
    ]);
    assert_snapshot!(transcript(&cases));
}

#[test]
fn findings_of_examples() {
    let cases = findings(&[
        ("a key of a finding", r#"scanner = "zap", severty = "high""#),
        ("no scanner", r#"severity = "high""#),
        ("a scanner", r#"scanner = "zpa", severity = "high""#),
        ("no severity", r#"scanner = "zap""#),
        ("a severity", r#"scanner = "zap", severity = "hihg""#),
        (
            "a severity of other scanners",
            r#"scanner = "zap", severity = "critical""#,
        ),
        (
            "a category",
            r#"scanner = "zap", severity = "high", category = "dats""#,
        ),
        (
            "a category of other scanners",
            r#"scanner = "zap", severity = "high", category = "sca""#,
        ),
        (
            "a score of other scanners",
            r#"scanner = "zap", severity = "high", cvss = 7.5"#,
        ),
        (
            "all that other scanners say",
            r#"scanner = "bandit", severity = "high", package = "a", kev = true, fixed_in = "1""#,
        ),
        (
            "one of several categories",
            r#"scanner = "trivy", severity = "high", path = "a""#,
        ),
        (
            "a score above all",
            r#"scanner = "trivy", severity = "high", cvss = 11"#,
        ),
        (
            "a probability above all",
            r#"scanner = "trivy", severity = "high", epss = 1.5"#,
        ),
        (
            "a number in quotes",
            r#"scanner = "trivy", severity = "high", epss = "0.5""#,
        ),
        (
            "a CWE",
            r#"scanner = "bandit", severity = "high", cwe = [true]"#,
        ),
        (
            "an age that is none",
            r#"scanner = "bandit", severity = "high", age = "-1d""#,
        ),
        (
            "an age without quotes",
            r#"scanner = "bandit", severity = "high", age = 3"#,
        ),
        (
            "new and old",
            r#"scanner = "bandit", severity = "high", new = true, age = "4d""#,
        ),
        (
            "two places",
            r#"scanner = "zap", severity = "high", url = "https://a", path = "b""#,
        ),
        (
            "a line of nothing",
            r#"scanner = "bandit", severity = "high", line = 1"#,
        ),
        (
            "a line that no file has",
            r#"scanner = "bandit", severity = "high", path = "a.py", line = 5_000_000_000"#,
        ),
        (
            "a version of nothing",
            r#"scanner = "trivy", severity = "high", version = "1""#,
        ),
        (
            "a lane",
            r#"scanner = "zap", severity = "high", lane = "stagin-dast""#,
        ),
        (
            "lanes",
            r#"scanner = "zap", severity = "high", lane = "staging-*""#,
        ),
    ]);
    assert_snapshot!(transcript(&cases));
}

#[test]
fn knowledge() {
    let cases = texts(&[
        ("a mode", "[gate]\nmode = \"observed\"\n"),
        ("a mode unlike any", "[gate]\nmode = \"audit\"\n"),
        ("a first run", "first_run = \"all_new\"\n"),
        ("an unknown severity", "[severity]\nunknown = \"hihg\"\n"),
        ("a key of `[kev]`", "[kev]\nrequire = true\n"),
        ("a key of `[epss]`", "[epss]\nmaxage = \"7d\"\n"),
        ("a key of `[vex]`", "[vex]\nmax-age = \"7d\"\n"),
        ("a word for a truth", "[kev]\nrequired = \"yes\"\n"),
        ("an age without quotes", "[kev]\nmax_age = 7\n"),
        ("an age without a unit", "[epss]\nmax_age = \"7\"\n"),
        ("an age of nothing", "[vex]\nmax_age = \"0d\"\n"),
        ("days of `[sla]`", "[sla]\nhigh = 0\nlow = \"90d\"\n"),
        ("whom to trust", "trust_suppressions = [\"smgrep\"]\n"),
        ("nobody to trust", "trust_suppressions = []\n"),
        (
            "all and one to trust",
            "trust_suppressions = [true, \"zap\"]\n",
        ),
        (
            "neither a truth nor a name to trust",
            "trust_suppressions = 1\n",
        ),
    ]);
    assert_snapshot!(transcript(&cases));
}
