package main

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-helpers/auth/rbac/validation"
	rbacv1helpers "k8s.io/kubernetes/pkg/apis/rbac/v1"
	rbacregistryvalidation "k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

// ordered lists bindings in the order of the world. The order of upstream's listers is that of a map.
type ordered struct{ *world }

func (o ordered) ListClusterRoleBindings(context.Context) ([]*rbacv1.ClusterRoleBinding, error) {
	var list []*rbacv1.ClusterRoleBinding
	for n := range o.ClusterRoleBindings {
		list = append(list, &o.ClusterRoleBindings[n])
	}
	return list, nil
}

func (o ordered) ListRoleBindings(_ context.Context, namespace string) ([]*rbacv1.RoleBinding, error) {
	var list []*rbacv1.RoleBinding
	for n := range o.RoleBindings {
		if o.RoleBindings[n].Namespace == namespace {
			list = append(list, &o.RoleBindings[n])
		}
	}
	return list, nil
}

// getters returns upstream's own role getters, over indexers like those of the API server.
func (w *world) getters() (*rbac.RoleGetter, *rbac.ClusterRoleGetter) {
	byNamespace := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	roles := cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)
	for n := range w.Roles {
		check(roles.Add(&w.Roles[n]))
	}
	clusterRoles := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	for n := range w.ClusterRoles {
		check(clusterRoles.Add(&w.ClusterRoles[n]))
	}
	return &rbac.RoleGetter{Lister: rbaclisters.NewRoleLister(roles)},
		&rbac.ClusterRoleGetter{Lister: rbaclisters.NewClusterRoleLister(clusterRoles)}
}

func (w *world) authorizer() *rbac.RBACAuthorizer {
	roles, clusterRoles := w.getters()
	return rbac.New(roles, ordered{w}, clusterRoles, ordered{w})
}

func authorize(q *question) answer {
	a := q.World.authorizer()
	checks := []answer{}
	for n := range q.Checks {
		decision, reason, err := a.Authorize(context.Background(), q.Checks[n].record())
		check(err)
		word := "NoOpinion"
		if decision == authorizer.DecisionAllow {
			word = "Allow"
		}
		checks = append(checks, answer{"decision": word, "reason": reason})
	}
	return answer{"checks": checks}
}

func rulesFor(q *question) answer {
	caller := &user.DefaultInfo{Name: q.User, Groups: q.Groups}
	resources, paths, incomplete, err := q.World.authorizer().RulesFor(context.Background(), caller, q.Namespace)
	ofResources, ofPaths := []rbacv1.PolicyRule{}, []rbacv1.PolicyRule{}
	for _, r := range resources {
		ofResources = append(ofResources, rbacv1.PolicyRule{
			Verbs: r.GetVerbs(), APIGroups: r.GetAPIGroups(), Resources: r.GetResources(), ResourceNames: r.GetResourceNames(),
		})
	}
	for _, r := range paths {
		ofPaths = append(ofPaths, rbacv1.PolicyRule{Verbs: r.GetVerbs(), NonResourceURLs: r.GetNonResourceURLs()})
	}
	return answer{
		"resourceRules": ofResources, "nonResourceRules": ofPaths,
		"incomplete": incomplete, "evaluationError": text(err),
	}
}

func allowedSubjects(q *question) answer {
	roles, clusterRoles := q.World.getters()
	locator := rbac.NewSubjectAccessEvaluator(roles, ordered{q.World}, clusterRoles, ordered{q.World}, q.SuperUser)
	subjects, err := locator.AllowedSubjects(context.Background(), q.Attrs.record())
	return answer{"subjects": subjects, "evaluationError": text(err)}
}

func covers(q *question) answer {
	covers, missing := validation.Covers(q.Owner, q.Servant)
	compact, err := rbacregistryvalidation.CompactRules(missing)
	check(err)
	texts := sets.NewString()
	for _, rule := range compact {
		texts.Insert(rbacv1helpers.CompactString(rule))
	}
	return answer{"covers": covers, "missing": missing, "compactStrings": texts.List()}
}

func escalation(q *question) answer {
	roles, clusterRoles := q.World.getters()
	resolver := rbacregistryvalidation.NewDefaultRuleResolver(roles, ordered{q.World}, clusterRoles, ordered{q.World})
	ctx := request.WithUser(context.Background(), &user.DefaultInfo{Name: q.User, Groups: q.Groups})
	ctx = request.WithNamespace(ctx, q.Namespace)
	if err := rbacregistryvalidation.ConfirmNoEscalation(ctx, resolver, q.Rules); err != nil {
		return answer{"ok": false, "message": text(err)}
	}
	return answer{"ok": true}
}
