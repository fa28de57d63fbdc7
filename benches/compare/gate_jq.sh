#!/usr/bin/env bash
# A gate of one `jq` for each report, in its careful form: an error in any of them
# stops it. `jq` reads no XML, so ZAP's report is left out.
#
# usage: gate_jq.sh FOLDER OUT
set -euo pipefail

jq=${JQ:-jq}
folder=$1
out=$2

# Counts of severities; a word that is not known is an error.
counts='map(ascii_downcase | if IN("critical", "high", "medium", "low", "info", "secret")
  then . else error("a severity that is not known: " + .) end)
  | group_by(.) | map({key: .[0], value: length}) | from_entries'

count() {
  "$jq" --compact-output "[$2] | $counts" "$folder/$1"
}

trivy=$(count trivy.json '.Results[] | (.Vulnerabilities // [])[].Severity,
  ((.Misconfigurations // [])[] | select(.Status == "FAIL").Severity), ((.Secrets // [])[] | "secret")')
depcheck=$(count depcheck.json '.dependencies[] | (.vulnerabilities // [])[].severity')
semgrep=$(count semgrep.json '.results[] | select(.extra.is_ignored | not) | .extra.severity
  | {ERROR: "high", WARNING: "medium", INFO: "low"}[.] // .')
bandit=$(count bandit.json '.results[].issue_severity')
gitleaks=$(count gitleaks.json '.[] | "secret"')

"$jq" --null-input \
  --argjson trivy "$trivy" --argjson depcheck "$depcheck" --argjson semgrep "$semgrep" \
  --argjson bandit "$bandit" --argjson gitleaks "$gitleaks" \
  '{$trivy, $depcheck, $semgrep, $bandit, $gitleaks}' > "$out/summary.json"
"$jq" --exit-status '[.[] | (.critical // 0) + (.high // 0) + (.secret // 0)] | add == 0' \
  "$out/summary.json" > /dev/null
