#!/bin/sh
# Builds one of the two oracles into the file named, or runs another go command on it:
#
#   build.sh authenticator|kubernetes-1.34|kubernetes-1.37 FILE
#   build.sh authenticator -- test -bench .
#
# Needs Go and its module proxy; the first build of Kubernetes takes minutes. go.mod pins the modules of the
# authenticator, kubernetes-VERSION.mod those of Kubernetes, and the .sum beside each their checksums.
set -eu
oracle=$1
shift
if [ "$1" = "--" ]; then
    shift
else
    set -- build -o "$(realpath -m "$1")"
fi
command=$1
shift
cd "$(dirname "$0")"
case $oracle in
    authenticator)
        # Upstream's source is copied aside, with the files of added/, which export what the oracle calls. The
        # place is always the same, so that equal sources give equal programs.
        module=sigs.k8s.io/aws-iam-authenticator
        go mod download $module
        copy=$(realpath ../..)/target/oracle
        rm -rf "$copy"
        mkdir -p "$copy"
        cp -r "$(go list -m -f '{{.Dir}}' $module)" "$copy/upstream"
        chmod -R u+w "$copy/upstream"
        for added in authenticator/added/*.go.txt; do
            package=$(basename "$added" .go.txt | tr - /)
            cp "$added" "$copy/upstream/pkg/$package/oracle.go"
        done
        cp go.mod go.sum "$copy/"
        go mod edit -replace "$module=$copy/upstream" "$copy/go.mod"
        go "$command" -modfile "$copy/go.mod" "$@" ./authenticator
        ;;
    kubernetes-1.34) go "$command" -modfile kubernetes-1.34.mod "$@" ./kubernetes ;;
    kubernetes-1.37) go "$command" -modfile kubernetes-1.37.mod -tags kubernetes_1_37 "$@" ./kubernetes ;;
    *)
        echo "build.sh authenticator|kubernetes-1.34|kubernetes-1.37 FILE" >&2
        exit 2
        ;;
esac
