package main

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"unsafe"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	rbacv1apply "k8s.io/client-go/applyconfigurations/rbac/v1"
	informers "k8s.io/client-go/informers"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	rbacclient "k8s.io/client-go/kubernetes/typed/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubectl/pkg/cmd/auth"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

// applied is a client that records the rules that the aggregation controller writes.
type applied struct {
	rbacclient.ClusterRoleInterface
	rules []rbacv1.PolicyRule
	is    bool
}

func (a *applied) ClusterRoles() rbacclient.ClusterRoleInterface { return a }

func (a *applied) Apply(_ context.Context, role *rbacv1apply.ClusterRoleApplyConfiguration, _ metav1.ApplyOptions) (*rbacv1.ClusterRole, error) {
	a.is = true
	for _, rule := range role.Rules {
		a.rules = append(a.rules, rbacv1.PolicyRule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources,
			ResourceNames: rule.ResourceNames, NonResourceURLs: rule.NonResourceURLs,
		})
	}
	return nil, nil
}

// aggregator is the controller with its unexported syncHandler, which its queue calls for each role. There
// is only one, because it starts goroutines that never end.
var aggregator = func() (a struct {
	roles  cache.Indexer
	client *applied
	sync   func(context.Context, string) error
}) {
	informer := informers.NewSharedInformerFactory(nil, 0).Rbac().V1().ClusterRoles()
	a.roles, a.client = informer.Informer().GetIndexer(), &applied{}
	controller := clusterroleaggregation.NewClusterRoleAggregation(informer, a.client)
	field := reflect.ValueOf(controller).Elem().FieldByName("syncHandler")
	a.sync = *(*func(context.Context, string) error)(unsafe.Pointer(field.UnsafeAddr()))
	return a
}()

// aggregate runs one sync of the controller for one role.
func aggregate(q *question) answer {
	var roles []any
	var before []rbacv1.PolicyRule
	for n := range q.ClusterRoles {
		roles = append(roles, &q.ClusterRoles[n])
		if q.ClusterRoles[n].Name == q.Target {
			before = q.ClusterRoles[n].Rules
		}
	}
	check(aggregator.roles.Replace(roles, ""))
	*aggregator.client = applied{}
	if err := aggregator.sync(context.Background(), q.Target); err != nil {
		return refusal("invalid-selector", text(err))
	}
	if !aggregator.client.is {
		return answer{"rules": before, "changed": false}
	}
	return answer{"rules": aggregator.client.rules, "changed": true}
}

// reviews is a client that answers each SelfSubjectRulesReview with this status.
type reviews struct {
	authorizationclient.AuthorizationV1Interface
	authorizationclient.SelfSubjectRulesReviewInterface
	status authorizationv1.SubjectRulesReviewStatus
}

func (r reviews) SelfSubjectRulesReviews() authorizationclient.SelfSubjectRulesReviewInterface {
	return r
}

func (r reviews) Create(context.Context, *authorizationv1.SelfSubjectRulesReview, metav1.CreateOptions) (*authorizationv1.SelfSubjectRulesReview, error) {
	return &authorizationv1.SelfSubjectRulesReview{Status: r.status}, nil
}

func canIList(q *question) answer {
	var client reviews
	for _, rule := range q.Rules {
		if len(rule.Resources) > 0 {
			client.status.ResourceRules = append(client.status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
			})
		}
		if len(rule.NonResourceURLs) > 0 {
			client.status.NonResourceRules = append(client.status.NonResourceRules, authorizationv1.NonResourceRule{
				Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs,
			})
		}
	}
	var out bytes.Buffer
	options := auth.CanIOptions{
		AuthClient: client, List: true,
		IOStreams: genericiooptions.IOStreams{Out: &out, ErrOut: io.Discard},
	}
	check(options.RunAccessList())
	return answer{"output": out.String()}
}
