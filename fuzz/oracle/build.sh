#!/bin/sh
# Builds the oracle into the file named; needs Go and its module proxy. Upstream's source is copied
# aside, with the two files of `added/`, which export what the oracle calls.
set -eu
to=$(realpath -m "$1")
cd "$(dirname "$0")"
go mod download sigs.k8s.io/aws-iam-authenticator
upstream=$(go list -m -f '{{.Dir}}' sigs.k8s.io/aws-iam-authenticator)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$upstream" "$copy/upstream"
chmod -R u+w "$copy/upstream"
cp added/server.go.txt "$copy/upstream/pkg/server/oracle.go"
cp added/configmap.go.txt "$copy/upstream/pkg/mapper/configmap/oracle.go"
cp go.mod go.sum "$copy/"
go mod edit -replace "sigs.k8s.io/aws-iam-authenticator=$copy/upstream" "$copy/go.mod"
go build -modfile "$copy/go.mod" -o "$to" .
