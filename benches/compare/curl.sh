#!/usr/bin/env bash
# Uploads the reports of a folder, each into an engagement of its own, as a pipeline does
# with curl. The server is told by DEFECTDOJO_URL and DEFECTDOJO_TOKEN.
#
# usage: curl.sh FOLDER
set -euo pipefail

for file in "$1"/*.json; do
  curl --silent --show-error --fail --output /dev/null \
    --header "Authorization: Token $DEFECTDOJO_TOKEN" \
    --form "file=@$file" --form "scan_type=Semgrep JSON Report" --form auto_create_context=true \
    --form product_type_name=Shop --form product_name=shop \
    --form "engagement_name=curl-$(basename "$file")" \
    "$DEFECTDOJO_URL/api/v2/reimport-scan/"
done
