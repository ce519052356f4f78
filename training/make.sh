#!/bin/sh
# Makes the model from nothing: make.sh FOLDER [options of picoserve_tiny.train]
set -eu
run=$1
shift
mkdir -p "$run"
[ -f "$run/tokenizer.json" ] || python -m picoserve_tiny.tokenizer "$run/tokenizer.json"
python -m picoserve_tiny.train --run "$run" --tokenizer "$run/tokenizer.json" "$@"
python -m picoserve_tiny.export --checkpoint "$run/checkpoint.pt" \
    --tokenizer "$run/tokenizer.json" --output "$run/picoserve-tiny.gguf"
python -m picoserve_tiny.evaluate "$run/picoserve-tiny.gguf"
