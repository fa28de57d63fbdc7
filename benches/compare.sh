#!/usr/bin/env bash
# What the program costs as a whole, held against what would be used in its place, on
# generated reports: CPU, time and memory, medians of interleaved rounds.
#
# usage: benches/compare.sh [WHAT...]
#
#   small, medium, large   six reports with 500, 17,000 and 350,000 findings (1.5 MB,
#                          50 MB, 1 GB), against the floor of all reading, a gate in
#                          Python, and one of jq
#   startup                what is spent before anything is read, and on clean reports
#   growth                 one report with 1,000 to 1,024,000 findings, doubled each time
#   hashing                against openssl
#   upload                 `evidence upload` against curl, to the DefectDojo of the tests
#
# Without any, all but `large` and `growth`. What is missing is said and left out.
#
# Variables: SECURITY_GATE is the program, FLOOR and DOJO the examples of these names (all
# three are built when they are not told); PYTHON_GATE and JQ_GATE are other opponents,
# called with a folder of reports and one for outputs; DATA is where reports are, or will
# be; ROUNDS how often each command runs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
data=${DATA:-$target/compare}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

say() {
  printf '\n%s\n' "$*"
}

has() {
  command -v "$1" > /dev/null || { say "There is no $1: left out." && return 1; }
}

measure() {
  "$here/compare/measure.py" "$@"
}

rounds() {
  echo "${ROUNDS:-$1}"
}

# The six reports of a folder, as the program is told them.
reports() {
  local name
  for name in trivy.json depcheck.json semgrep.json bandit.json zap.xml; do
    printf '%q ' "$1/$name"
  done
  printf 'gitleaks=%q' "$1/gitleaks.json"
}

# The same as files.
files() {
  reports "$1" | sed 's/gitleaks=//'
}

# Generates a set once: a folder is complete when it has its name.
generate() {
  [ -d "$data/$1" ] && return
  say "generating $data/$1 …"
  rm -rf "$data/$1.part"
  "$here/compare/generate.py" "$data/$1.part" "$2"
  mv "$data/$1.part" "$data/$1"
}

# A report with so many findings of so many bytes, generated once.
lean() {
  lean=$data/lean-$1-$2.json
  [ -f "$lean" ] && return
  mkdir -p "$data"
  "$here/compare/generate.py" --lean "$lean.part" "$1" "$2"
  mv "$lean.part" "$lean"
}

# The gates, on a set.
gates() {
  local set=$data/$1
  gates=("security-gate=$gate check $(reports "$set") --policy builtin:baseline --out $out")
  gates+=("python=${PYTHON_GATE:-$python $here/compare/gate.py} $set $out")
  if has "${JQ:-jq}"; then
    gates+=("jq=${JQ_GATE:-$here/compare/gate_jq.sh} $set $out")
  fi
}

of_set() {
  generate "$1" "$2"
  gates "$1"
  gates+=("floor=$floor $(files "$data/$1")")
  if has openssl; then
    gates+=("hashing=openssl dgst -sha256 $(files "$data/$1")")
  fi
  say "$1: $(du -ch "$data/$1"/{bandit,depcheck,gitleaks,semgrep,trivy}.json "$data/$1/zap.xml" | tail -n 1 | cut -f 1)"
  measure "$(rounds "$3")" "${gates[@]}"
}

startup() {
  generate clean 0
  say "the version"
  measure "$(rounds 25)" "security-gate=$gate --version" "true=$(command -v true)" \
    "python3=$python -c pass"
  gates clean
  say "six clean reports"
  measure "$(rounds 25)" "${gates[@]}"
}

growth() {
  local count=1000 commands=()
  while [ "$count" -le 1024000 ]; do
    lean "$count" 10
    commands=("$count=$gate check $lean --policy builtin:baseline --out $out" "${commands[@]}")
    count=$((count * 2))
  done
  say "findings"
  measure "$(rounds 3)" "${commands[@]}"
}

# A file that is nothing known is hashed to its end, and not read.
hashing() {
  has openssl || return 0
  mkdir -p "$data"
  [ -f "$data/nothing" ] || head -c 500000000 /dev/zero > "$data/nothing"
  say "hashing 500 MB"
  # It ends with 3, because there is no report.
  local ours
  ours=$(printf '%q ' sh -c '"$@" || test $? = 3' sh "$gate" inspect "$data/nothing")
  measure "$(rounds 5)" "security-gate=$ours" \
    "openssl=openssl dgst -sha256 $data/nothing"
}

# The reports of a folder, where its configuration says what is uploaded.
uploads() {
  local ours
  ours=$(printf '%q ' sh -c 'cd "$0" && exec "$@"' "$2" "$gate" evidence upload --again --set branch=main)
  measure "$(rounds "$1")" "security-gate=$ours" "curl=$here/compare/curl.sh $2"
}

upload() {
  has curl || return 0
  local work=$out/upload name
  mkdir -p "$work/six" "$work/one"
  printf 'schema = 1\nextends = ["builtin:baseline"]\n[evidence]\nproduct_type = "Shop"\nproduct = "shop"\n' |
    tee "$work/six/security-gate.toml" > "$work/one/security-gate.toml"
  lean 20 50000
  for name in a b c d e f; do
    cp "$lean" "$work/six/$name.json"
    printf '[lane.%s]\nreports = ["%s.json"]\n' "$name" "$name" >> "$work/six/security-gate.toml"
  done
  lean 2000 50000
  cp "$lean" "$work/one/a.json"
  printf '[lane.a]\nreports = ["a.json"]\n' >> "$work/one/security-gate.toml"
  coproc SERVER { exec "$dojo"; }
  local url token
  read -r url token <&"${SERVER[0]}"
  export DEFECTDOJO_URL=$url DEFECTDOJO_TOKEN=$token
  say "six uploads of $(du -h "$work/six/a.json" | cut -f 1)"
  uploads 5 "$work/six"
  say "one upload of $(du -h "$work/one/a.json" | cut -f 1)"
  uploads 3 "$work/one"
  exec {SERVER[1]}>&-
  wait "$SERVER_PID" || true
}

has python3 || exit 2
# What is found first may be a script that looks for it.
python=$(python3 -c 'import sys; print(sys.executable)')
if [ $# -eq 0 ]; then
  set -- small medium startup hashing upload
fi
gate=${SECURITY_GATE:-}
floor=${FLOOR:-}
dojo=${DOJO:-}
if [ -z "$gate" ]; then
  (cd "$root" && cargo build --release --locked)
  gate=$target/release/security-gate
fi
if [ -z "$floor" ] || [ -z "$dojo" ]; then
  (cd "$root" && cargo build --release --locked --example floor --example dojo)
  floor=${floor:-$target/release/examples/floor}
  dojo=${dojo:-$target/release/examples/dojo}
fi

for what in "$@"; do
  case $what in
    small) of_set small 1 15 ;;
    medium) of_set medium 34 7 ;;
    large) of_set large 700 3 ;;
    startup | growth | hashing | upload) "$what" ;;
    *) say "There is nothing to compare called $what." && exit 2 ;;
  esac
done
