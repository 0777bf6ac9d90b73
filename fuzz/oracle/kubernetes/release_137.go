//go:build kubernetes_1_37

package main

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/union"
	"k8s.io/apiserver/pkg/endpoints/filters/impersonation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// release is the linked version of Kubernetes.
const release = "1.37"

// unite gives the authorizers their names from pkg/kubeapiserver/authorizer.
func unite(privileged, rbac authorizer.Authorizer) authorizer.Authorizer {
	authorizers, err := union.New(
		union.NamedAuthorizer{AuthorizerName: "kubernetes.io/system-privileged-group", Authorizer: privileged},
		union.NamedAuthorizer{AuthorizerName: "rbac", Authorizer: rbac},
	)
	check(err)
	return authorizers
}

func sendForbidden(w http.ResponseWriter, attributes authorizer.Attributes, req *http.Request, reason string) {
	responsewriters.Forbidden(attributes, w, req, reason, legacyscheme.Codecs)
}

// withImpersonation is as with the feature gate ConstrainedImpersonation, which is on by default. Each handler has
// caches of its own.
func withImpersonation(handler http.Handler, a authorizer.Authorizer) http.Handler {
	return impersonation.WithConstrainedImpersonation(handler, a, legacyscheme.Codecs)
}

// validateCreate includes the declarative validation of the object's version.
func validateCreate(ctx context.Context, strategy rest.RESTCreateStrategy, object runtime.Object) field.ErrorList {
	return rest.ValidateCreate(ctx, object, strategy)
}
