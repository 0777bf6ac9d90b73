#!/bin/sh
# Builds the oracle with a version of Kubernetes, 1.34 (1.34.1) or 1.37 (1.37.2), into the file named:
# `build.sh 1.37 FILE`. Or runs another go command on it: `build.sh 1.37 -- vet`. Needs Go and its module
# proxy; the first time it compiles much of Kubernetes, which takes minutes.
set -eu
version=$1
shift
case $version in
    1.34) flags= ;;
    1.37) flags="-modfile=go-1.37.mod -tags=kubernetes_1_37" ;;
    *) echo "build.sh 1.34|1.37 FILE" >&2; exit 2 ;;
esac
if [ "$1" = "--" ]; then
    command=$2
    shift 2
else
    command=build
    set -- -o "$(realpath -m "$1")"
fi
cd "$(dirname "$0")"
# shellcheck disable=SC2086 # flags are words
exec go "$command" $flags "$@" .
