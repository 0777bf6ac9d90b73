// Package peers times the RBAC authorizer and the decoder of Kubernetes, unmodified, on the inputs of our benches.
package peers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/kubernetes/scheme"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

const users = 16384

func rule(verb string) []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{{Verbs: []string{verb}, APIGroups: []string{"apps"}, Resources: []string{"deployments"}}}
}

func subject(kind, name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: kind, Name: name, APIGroup: rbacv1.GroupName}
}

// authorizerOf returns the authorizer over the policy of k8s_rbac_oracle::sized_policy with this many
// ClusterRoleBindings.
func authorizerOf(bindings int) authorizer.Authorizer {
	byNamespace := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	clusterRoles := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	clusterBindings := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	add := func(name, verb string, subjects ...rbacv1.Subject) {
		meta := metav1.ObjectMeta{Name: name}
		_ = clusterRoles.Add(&rbacv1.ClusterRole{ObjectMeta: meta, Rules: rule(verb)})
		_ = clusterBindings.Add(&rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}})
	}
	for _, role := range bootstrappolicy.ClusterRoles() {
		_ = clusterRoles.Add(&role)
	}
	for _, binding := range bootstrappolicy.ClusterRoleBindings() {
		_ = clusterBindings.Add(&binding)
	}
	for n := range bindings {
		add(fmt.Sprintf("role-%d", n), "list", subject("User", fmt.Sprintf("user-%d", n)), subject("Group", fmt.Sprintf("group-%d", n)))
	}
	add("last", "patch", subject("Group", "last"))
	empty := func() cache.Indexer { return cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace) }
	return rbac.New(
		&rbac.RoleGetter{Lister: rbaclisters.NewRoleLister(empty())},
		&rbac.RoleBindingLister{Lister: rbaclisters.NewRoleBindingLister(empty())},
		&rbac.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(clusterRoles)},
		&rbac.ClusterRoleBindingLister{Lister: rbaclisters.NewClusterRoleBindingLister(clusterBindings)})
}

// caller is k8s_rbac_oracle::sized_policy::user.
func caller(number, groups, bindings int) *user.DefaultInfo {
	of := func(n int) int {
		if bindings == 0 {
			return 0
		}
		return n * 7919 % bindings
	}
	all := []string{}
	for other := range groups - 2 {
		all = append(all, fmt.Sprintf("group-%d", of(number*61+other)))
	}
	all = append(all, "system:authenticated", "last")
	return &user.DefaultInfo{Name: fmt.Sprintf("user-%d", of(number)), Groups: all}
}

// BenchmarkDecide asks for users in turn, and for one user again and again.
func BenchmarkDecide(b *testing.B) {
	for _, bindings := range []int{0, 1000, 10000, 100000} {
		asked := authorizerOf(bindings)
		for _, groups := range []int{3, 50} {
			callers := make([]*user.DefaultInfo, users)
			for n := range callers {
				callers[n] = caller(n, groups, bindings)
			}
			for _, which := range []struct{ name, verb string }{{"allow", "list"}, {"deny", "create"}} {
				allowed := which.name == "allow" && bindings > 0
				for _, asking := range []struct {
					name  string
					users int
				}{{"rotating", users}, {"hot", 1}} {
					b.Run(fmt.Sprintf("%d-bindings/%d-groups/%s-%s", bindings, groups, which.name, asking.name), func(b *testing.B) {
						n := 0
						for b.Loop() {
							record := authorizer.AttributesRecord{User: callers[n%asking.users], Verb: which.verb, APIGroup: "apps",
								Resource: "deployments", ResourceRequest: true}
							decision, _, _ := asked.Authorize(context.Background(), record)
							if (decision == authorizer.DecisionAllow) != allowed {
								b.Fatal(decision)
							}
							n++
						}
					})
				}
			}
		}
	}
}

// BenchmarkRead decodes the dump that the variable DUMP names, as kubectl reads the documents of a file.
func BenchmarkRead(b *testing.B) {
	name := os.Getenv("DUMP")
	if name == "" {
		b.Skip("DUMP names no file")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	decoder := scheme.Codecs.UniversalDeserializer()
	for b.Loop() {
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
		for {
			document, err := documents.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := decoder.Decode(document, nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
