package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

var requestInfos = &request.RequestInfoFactory{
	APIPrefixes:          sets.NewString("api", "apis"),
	GrouplessAPIPrefixes: sets.NewString("api"),
}

func requestInfo(q *question) answer {
	// As net/http parses the request target. Recorded questions without a URL exist as well.
	u, err := &url.URL{}, error(nil)
	if q.URL != "" {
		u, err = url.ParseRequestURI(q.URL)
	}
	if err != nil {
		return refusal("invalid-url", text(err))
	}
	info, err := requestInfos.NewRequestInfo(&http.Request{Method: q.Method, URL: u})
	if err != nil {
		return refusal("missing-kind", text(err))
	}
	return answer{
		"resourceRequest": info.IsResourceRequest, "path": info.Path, "verb": info.Verb,
		"apiPrefix": info.APIPrefix, "apiGroup": info.APIGroup, "apiVersion": info.APIVersion,
		"namespace": info.Namespace, "resource": info.Resource, "subresource": info.Subresource,
		"name": info.Name, "parts": info.Parts,
		"fieldSelector": info.FieldSelector, "labelSelector": info.LabelSelector,
	}
}

func rawSelector(q *question) answer {
	var selector string
	check(json.Unmarshal(q.Selector, &selector))
	var got = answer{}
	ofFields, err := fields.ParseSelector(selector)
	got["fieldError"] = text(err)
	if err == nil {
		list := []answer{}
		for _, r := range ofFields.Requirements() {
			list = append(list, answer{"field": r.Field, "op": string(r.Operator), "value": r.Value})
		}
		got["field"] = list
	}
	ofLabels, err := labels.Parse(selector)
	got["labelError"] = text(err)
	if err == nil {
		list := []answer{}
		requirements, _ := ofLabels.Requirements()
		for _, r := range requirements {
			list = append(list, answer{"key": r.Key(), "op": string(r.Operator()), "values": r.Values().List()})
		}
		got["label"] = list
	}
	return got
}

func labelSelector(q *question) answer {
	var selector *metav1.LabelSelector
	check(json.Unmarshal(q.Selector, &selector))
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return refusal("invalid-selector", text(err))
	}
	return answer{"match": compiled.Matches(labels.Set(q.Labels))}
}

// serve sends a request through the filters that read and authorize it.
func serve(q *question) answer {
	u, err := url.ParseRequestURI(q.URL)
	if err != nil {
		return refusal("invalid-url", text(err))
	}
	rbac := q.World.authorizer()
	served := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	handler := filters.WithAuthorization(served, chain(rbac), legacyscheme.Codecs)
	handler = filters.WithRequestInfo(handler, requestInfos)
	ctx := request.WithUser(context.Background(), &user.DefaultInfo{Name: q.User, Groups: q.Groups})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, (&http.Request{Method: q.Method, URL: u, RequestURI: q.URL, Header: http.Header{}}).WithContext(ctx))
	if w.Code == 500 {
		// The message comes from another layer.
		return answer{"status": w.Code}
	}
	return answer{"status": w.Code, "body": w.Body.String()}
}

func forbidden(q *question) answer {
	record := q.Attrs.record()
	status := responsewriters.ForbiddenStatusError(record, q.Reason).ErrStatus
	w := httptest.NewRecorder()
	sendForbidden(w, record, httptest.NewRequest("GET", "/", nil), q.Reason)
	return answer{
		"message": status.Message, "body": w.Body.String(),
		"details": answer{"name": status.Details.Name, "group": status.Details.Group, "kind": status.Details.Kind},
	}
}
