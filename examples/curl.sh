#!/bin/sh
# Asks once for a whole answer and once for a stream. `picoserve serve` must be running.
set -eu
base="${OPENAI_BASE_URL:-http://127.0.0.1:8080/v1}"

curl --fail-with-body -sS "$base/chat/completions" \
  -H 'content-type: application/json' -H "authorization: Bearer ${OPENAI_API_KEY:-any}" \
  -d '{"model": "picoserve-tiny", "messages": [{"role": "user", "content": "Hello!"}]}'
echo

curl --fail-with-body -sSN "$base/chat/completions" \
  -H 'content-type: application/json' -H "authorization: Bearer ${OPENAI_API_KEY:-any}" \
  -d '{"model": "picoserve-tiny", "stream": true,
       "messages": [{"role": "user", "content": "Hello!"}]}'
