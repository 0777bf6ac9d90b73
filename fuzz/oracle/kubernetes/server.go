package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	restful "github.com/emicklei/go-restful/v3"

	authorizationv1 "k8s.io/api/authorization/v1"
	authorizationv1beta1 "k8s.io/api/authorization/v1beta1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/authorization/union"
	"k8s.io/apiserver/pkg/endpoints"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/server"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/authorization/install"
	authorizationrest "k8s.io/kubernetes/pkg/registry/authorization/rest"
	rbacrest "k8s.io/kubernetes/pkg/registry/rbac/rest"
)

// apiServer is the part of kube-apiserver that serves the two API groups. Each question sets its storage and
// its authorizer.
type apiServer struct {
	handler http.Handler
	memory  *memory
	rules   *authorizers
}

// authorizers delegates to the authorizer of the current question.
type authorizers struct {
	authorizer.Authorizer
	authorizer.RuleResolver
}

var theServer = newServer()

func newServer() *apiServer {
	s := &apiServer{memory: &memory{}, rules: &authorizers{}}
	resources := serverstorage.NewResourceConfig()
	resources.EnableVersions(rbacv1.SchemeGroupVersion, authorizationv1.SchemeGroupVersion)
	container := restful.NewContainer()
	container.Router(restful.CurlyRouter{})

	roles, err := rbacrest.RESTStorageProvider{Authorizer: s.rules}.NewRESTStorage(resources, s.memory)
	check(err)
	s.install(container, rbacv1.SchemeGroupVersion, &roles)
	asked, err := authorizationrest.RESTStorageProvider{Authorizer: s.rules, RuleResolver: s.rules}.NewRESTStorage(resources, s.memory)
	check(err)
	s.install(container, authorizationv1.SchemeGroupVersion, &asked)
	// The server knows v1beta1 but no longer serves it. Webhooks still use it.
	asked.VersionedResourcesStorageMap["v1beta1"] = asked.VersionedResourcesStorageMap["v1"]
	s.install(container, authorizationv1beta1.SchemeGroupVersion, &asked)
	s.handler = filters.WithRequestInfo(container, requestInfos)
	return s
}

// install installs the handlers of an API group as the generic API server does.
func (s *apiServer) install(container *restful.Container, version schema.GroupVersion, group *server.APIGroupInfo) {
	storages := map[string]rest.Storage{}
	for name, of := range group.VersionedResourcesStorageMap[version.Version] {
		storages[name] = of
	}
	v := endpoints.APIGroupVersion{
		Root: "/apis", GroupVersion: version, Storage: storages,
		ParameterCodec: group.ParameterCodec, Serializer: group.NegotiatedSerializer,
		Creater: group.Scheme, Convertor: group.Scheme, ConvertabilityChecker: group.Scheme,
		UnsafeConvertor: runtime.UnsafeObjectConvertor(group.Scheme), Defaulter: group.Scheme,
		Typer: group.Scheme, Namer: runtime.Namer(meta.NewAccessor()),
		TypeConverter:              managedfields.NewDeducedTypeConverter(),
		EquivalentResourceRegistry: runtime.NewEquivalentResourceRegistry(),
		Admit:                      admission.NewChainHandler(), Authorizer: s.rules,
	}
	_, _, err := v.InstallREST(container)
	check(err)
}

// chain builds the authorizers of kube-apiserver with --authorization-mode=RBAC.
func chain(rbac authorizer.Authorizer) authorizer.Authorizer {
	return unite(authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup), rbac)
}

// serve answers a request. The request itself is not authorized.
func (s *apiServer) serve(q *question, method, path string, body []byte) (int, []byte) {
	if q.World == nil {
		q.World = &world{}
	}
	s.memory.stored = q.World.stored()
	rbac := q.World.authorizer()
	s.rules.Authorizer = chain(rbac)
	s.rules.RuleResolver = union.NewRuleResolvers(rbac)
	ctx := request.WithUser(context.Background(), &user.DefaultInfo{Name: q.User, Groups: q.Groups})
	req := httptest.NewRequestWithContext(ctx, method, (&url.URL{Path: path}).String(), bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, req)
	return w.Code, w.Body.Bytes()
}

func reread(kind string, from json.RawMessage) runtime.Object {
	object, err := legacyscheme.Scheme.New(rbacv1.SchemeGroupVersion.WithKind(kind))
	check(err)
	check(json.Unmarshal(from, object))
	legacyscheme.Scheme.Default(object)
	return object
}

func isNamespaced(kind string) bool { return kind == "Role" || kind == "RoleBinding" }

// prefix returns the URL path of the kind's collection.
func prefix(kind, namespace string) string {
	path := "/apis/rbac.authorization.k8s.io/v1"
	if isNamespaced(kind) {
		path += "/namespaces/" + namespace
	}
	return path + "/" + strings.ToLower(kind) + "s"
}

// write creates an object, or replaces the stored one.
func write(q *question) answer {
	var object struct {
		Metadata struct{ Name, Namespace string } `json:"metadata"`
	}
	check(json.Unmarshal(q.Object, &object))
	q.Namespace = object.Metadata.Namespace
	method, path, version := "POST", prefix(q.Kind, q.Namespace), ""
	if len(q.Before) > 0 {
		// As `kubectl replace` does with an object it has read.
		version = "1"
	}
	if len(q.Before) > 0 || q.Put {
		method, path = "PUT", path+"/"+object.Metadata.Name
	}
	code, body := theServer.serve(q, method, path, sent(q.Object, q.Kind, version))
	var status metav1.Status
	check(json.Unmarshal(body, &status))
	switch {
	case code == 200 || code == 201 || code == 422 && !q.Validated:
		return answer{"allowed": true}
	case code == 409 && status.Reason == metav1.StatusReasonAlreadyExists:
		return answer{"allowed": true}
	default:
		return answer{"allowed": false, "status": code, "message": status.Message}
	}
}

// sent returns the request body: the object with its type and, for an update, the resourceVersion it
// replaces.
func sent(object json.RawMessage, kind, resourceVersion string) []byte {
	var fields map[string]any
	check(json.Unmarshal(object, &fields))
	fields["apiVersion"], fields["kind"] = rbacv1.SchemeGroupVersion.String(), kind
	if resourceVersion != "" {
		fields["metadata"].(map[string]any)["resourceVersion"] = resourceVersion
	}
	typed, err := json.Marshal(fields)
	check(err)
	return typed
}

// review posts a review to the endpoint of its apiVersion.
func review(q *question) answer {
	var kind struct{ APIVersion, Kind string }
	check(json.Unmarshal(q.Review, &kind))
	path := "/apis/" + kind.APIVersion + "/"
	if kind.Kind == "LocalSubjectAccessReview" {
		path += "namespaces/" + q.Namespace + "/"
	}
	code, body := theServer.serve(q, "POST", path+strings.ToLower(kind.Kind)+"s", q.Review)
	if code == 201 {
		var got map[string]any
		check(json.Unmarshal(body, &got))
		// They contain the time.
		if metadata, is := got["metadata"].(map[string]any); is {
			delete(metadata, "managedFields")
		}
		return answer{"review": got}
	}
	var status metav1.Status
	check(json.Unmarshal(body, &status))
	word := "bad-request"
	if code == 422 {
		word = "invalid"
	}
	return refusal(word, status.Message)
}
