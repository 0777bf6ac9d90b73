#!/bin/sh
# Builds the oracle into the file named, or runs another go command on it: `build.sh -- vet .`. Needs Go
# and its module proxy; the first time it compiles much of Kubernetes, which takes minutes.
set -eu
if [ "$1" = "--" ]; then
    shift
else
    set -- build -o "$(realpath -m "$1")" .
fi
cd "$(dirname "$0")"
exec go "$@"
