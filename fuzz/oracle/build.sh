#!/bin/sh
# Builds the oracle into the file named, or runs another go command on it: `build.sh -- vet .`,
# `build.sh -- test -bench . .`. Needs Go and its module proxy. Upstream's source is copied aside, with the
# files of `added/`, which export what the oracle calls.
set -eu
if [ "$1" = "--" ]; then
    shift
else
    set -- build -o "$(realpath -m "$1")" .
fi
cd "$(dirname "$0")"
go mod download sigs.k8s.io/aws-iam-authenticator
upstream=$(go list -m -f '{{.Dir}}' sigs.k8s.io/aws-iam-authenticator)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$upstream" "$copy/upstream"
chmod -R u+w "$copy/upstream"
cp added/server.go.txt "$copy/upstream/pkg/server/oracle.go"
cp added/configmap.go.txt "$copy/upstream/pkg/mapper/configmap/oracle.go"
cp added/crd.go.txt "$copy/upstream/pkg/mapper/crd/oracle.go"
cp go.mod go.sum "$copy/"
go mod edit -replace "sigs.k8s.io/aws-iam-authenticator=$copy/upstream" "$copy/go.mod"
command=$1
shift
go "$command" -modfile "$copy/go.mod" "$@"
