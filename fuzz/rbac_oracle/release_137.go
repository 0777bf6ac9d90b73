//go:build kubernetes_1_37

package main

import (
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/authorization/union"
)

// release is the version of Kubernetes that is linked.
const release = "1.37"

// chain builds the authorizers of kube-apiserver with --authorization-mode=RBAC, under the names that
// pkg/kubeapiserver/authorizer gives them.
func chain(rbac authorizer.Authorizer) authorizer.Authorizer {
	privileged := authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup)
	authorizers, err := union.New(
		union.NamedAuthorizer{AuthorizerName: "kubernetes.io/system-privileged-group", Authorizer: privileged},
		union.NamedAuthorizer{AuthorizerName: "rbac", Authorizer: rbac},
	)
	check(err)
	return authorizers
}
