//go:build !kubernetes_1_37

package main

import (
	"context"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/union"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// release is the linked version of Kubernetes.
const release = "1.34"

func unite(privileged, rbac authorizer.Authorizer) authorizer.Authorizer {
	return union.New(privileged, rbac)
}

func sendForbidden(w http.ResponseWriter, attributes authorizer.Attributes, req *http.Request, reason string) {
	responsewriters.Forbidden(req.Context(), attributes, w, req, reason, legacyscheme.Codecs)
}

func withImpersonation(handler http.Handler, a authorizer.Authorizer) http.Handler {
	return filters.WithImpersonation(handler, a, legacyscheme.Codecs)
}

func validateCreate(ctx context.Context, strategy rest.RESTCreateStrategy, object runtime.Object) field.ErrorList {
	return strategy.Validate(ctx, object)
}
