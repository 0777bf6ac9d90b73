//go:build kubernetes_1_37

package main

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/authorization/union"
	"k8s.io/apiserver/pkg/endpoints/filters/impersonation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// release is the linked version of Kubernetes.
const release = "1.37"

// chain builds the authorizers of kube-apiserver with --authorization-mode=RBAC, with the names from
// pkg/kubeapiserver/authorizer.
func chain(rbac authorizer.Authorizer) authorizer.Authorizer {
	privileged := authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup)
	authorizers, err := union.New(
		union.NamedAuthorizer{AuthorizerName: "kubernetes.io/system-privileged-group", Authorizer: privileged},
		union.NamedAuthorizer{AuthorizerName: "rbac", Authorizer: rbac},
	)
	check(err)
	return authorizers
}

// sendForbidden writes the response of the API server to a request that is not authorized.
func sendForbidden(w http.ResponseWriter, attributes authorizer.Attributes, req *http.Request, reason string) {
	responsewriters.Forbidden(attributes, w, req, reason, legacyscheme.Codecs)
}

// withImpersonation is the filter of the API server without the feature gate ConstrainedImpersonation.
func withImpersonation(handler http.Handler, a authorizer.Authorizer) http.Handler {
	return impersonation.WithImpersonation(handler, a, legacyscheme.Codecs)
}

// validateCreate validates a new object as BeforeCreate does, with the declarative validation of its version.
func validateCreate(ctx context.Context, strategy rest.RESTCreateStrategy, object runtime.Object) field.ErrorList {
	return rest.ValidateCreate(ctx, object, strategy)
}
