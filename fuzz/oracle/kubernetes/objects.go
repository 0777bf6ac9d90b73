package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/rbac"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
)

// placeholder replaces the object's name in every answer, as the recorded answers have it.
const placeholder = "NAME"

type strategy interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
}

func strategyOf(kind string) strategy {
	switch kind {
	case "Role":
		return role.Strategy
	case "RoleBinding":
		return rolebinding.Strategy
	case "ClusterRole":
		return clusterrole.Strategy
	default:
		return clusterrolebinding.Strategy
	}
}

// internal reads an object without defaults, and converts it to the internal type.
func internal(kind string, from json.RawMessage) runtime.Object {
	read, err := legacyscheme.Scheme.New(rbacv1.SchemeGroupVersion.WithKind(kind))
	check(err)
	check(json.Unmarshal(from, read))
	object, err := legacyscheme.Scheme.ConvertToVersion(read, rbac.SchemeGroupVersion)
	check(err)
	return object
}

func validate(q *question) answer {
	strategy, object := strategyOf(q.Kind), internal(q.Kind, q.Object)
	if len(q.Before) > 0 {
		return validateUpdate(q, strategy, object)
	}
	errors := validateCreate(versioned(), strategy, object)
	if len(errors) == 0 {
		return answer{"errors": []answer{}}
	}
	return invalid(apierrors.NewInvalid(rbac.Kind(q.Kind), placeholder, errors))
}

// versioned returns a context with the API version of the request, which selects the declarative validation.
func versioned() context.Context {
	info := &request.RequestInfo{APIGroup: rbacv1.GroupName, APIVersion: rbacv1.SchemeGroupVersion.Version}
	return request.WithRequestInfo(context.Background(), info)
}

// validateUpdate validates as an update does: BeforeUpdate validates the metadata first, then calls the
// strategy.
func validateUpdate(q *question, strategy strategy, object runtime.Object) answer {
	before := internal(q.Kind, q.Before)
	metadata, err := meta.Accessor(object)
	check(err)
	of, err := meta.Accessor(before)
	check(err)
	metadata.SetResourceVersion("1")
	of.SetResourceVersion("1")
	ctx := request.WithNamespace(versioned(), metadata.GetNamespace())
	if err := rest.BeforeUpdate(strategy, ctx, object, before); err != nil {
		status := err.(*apierrors.StatusError)
		said := fmt.Sprintf("%s %q is", rbac.Kind(q.Kind), metadata.GetName())
		rest, is := strings.CutPrefix(status.ErrStatus.Message, said)
		if !is {
			return refusal("other", status.ErrStatus.Message)
		}
		status.ErrStatus.Message = fmt.Sprintf("%s %q is%s", rbac.Kind(q.Kind), placeholder, rest)
		status.ErrStatus.Details.Name = placeholder
		return invalid(status)
	}
	return answer{"errors": []answer{}}
}

func invalid(status *apierrors.StatusError) answer {
	list := []answer{}
	for _, cause := range status.ErrStatus.Details.Causes {
		list = append(list, answer{"field": cause.Field, "type": string(cause.Type), "body": cause.Message})
	}
	w := httptest.NewRecorder()
	responsewriters.ErrorNegotiated(status, legacyscheme.Codecs, rbacv1.SchemeGroupVersion, w, httptest.NewRequest("POST", "/", nil))
	return answer{"errors": list, "message": status.ErrStatus.Message, "body": w.Body.String()}
}

func fillIn(q *question) answer {
	object, err := legacyscheme.Scheme.New(rbacv1.SchemeGroupVersion.WithKind(q.Kind))
	check(err)
	check(json.Unmarshal(q.Object, object))
	legacyscheme.Scheme.Default(object)
	return answer{"object": object}
}

// readText reads an object as the API server does, and drops the fields that the crate does not read.
func readText(q *question) answer {
	object, _, err := legacyscheme.Codecs.UniversalDeserializer().Decode([]byte(q.Text), nil, nil)
	if err != nil {
		return answer{"lost": true}
	}
	legacyscheme.Scheme.Default(object)
	metadata, err := meta.Accessor(object)
	check(err)
	if metadata.GetName() == "" {
		// Validation would refuse it.
		return answer{"lost": true}
	}
	if !isNamespaced(q.Kind) {
		metadata.SetNamespace("")
	} else if metadata.GetNamespace() == "" {
		// As kubectl does.
		metadata.SetNamespace("default")
	}
	metadata.SetAnnotations(nil)
	object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	list := strings.ToLower(q.Kind[:1]) + q.Kind[1:] + "s"
	return answer{"lost": false, "objects": answer{list: []any{object}}}
}
