//go:build !kubernetes_1_37

package main

import (
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/authorization/union"
)

// release is the version of Kubernetes that is linked.
const release = "1.34"

// chain builds the authorizers of kube-apiserver with --authorization-mode=RBAC.
func chain(rbac authorizer.Authorizer) authorizer.Authorizer {
	return union.New(authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup), rbac)
}
