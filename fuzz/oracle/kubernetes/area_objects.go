package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

type object = map[string]any

// metadata generates a name and a namespace.
func (g generator) metadata(kind string) object {
	m := object{"name": g.Pick("x", "new", "r0", "c0", "System:a b")}
	if isNamespaced(kind) {
		m["namespace"] = g.Pick("ns1", "ns1", "ns2")
	}
	if g.One(4) {
		m["labels"] = g.matchLabels()
	}
	return m
}

// badMetadata generates metadata that is often invalid.
func (g generator) badMetadata(kind string) object {
	m := g.metadata(kind)
	if _, is := m["labels"]; is {
		m["labels"] = g.badLabels()
	}
	if g.One(2) {
		m["name"] = g.Pick("", ".", "..", "...", "a/b", "a%", "%/", "ü", strings.Repeat("n", 300))
	}
	if g.One(2) {
		m["namespace"] = g.Pick("", "A", "a.b", "a..b", "-a", "ns1", "a/b", strings.Repeat("n", 64), strings.Repeat("n", 63))
	}
	return m
}

func (g generator) badRule() rbacv1.PolicyRule {
	rule := g.rule(wide)
	if g.One(3) {
		rule.Verbs = nil
	}
	if g.One(3) {
		rule.APIGroups = nil
	}
	if g.One(3) {
		rule.Resources = nil
	}
	if g.One(3) {
		rule.NonResourceURLs = g.AtLeastOne(2, append(wide.urls, "<&>\u2028", "\x01\x7f"))
	}
	return rule
}

func (g generator) goodRule(kind string) rbacv1.PolicyRule {
	if kind == "ClusterRole" && g.One(4) {
		return rbacv1.PolicyRule{Verbs: g.AtLeastOne(3, wide.verbs), NonResourceURLs: g.AtLeastOne(3, wide.urls)}
	}
	return rbacv1.PolicyRule{
		Verbs: g.AtLeastOne(3, wide.verbs), APIGroups: g.AtLeastOne(2, wide.groups),
		Resources: g.AtLeastOne(2, wide.resources), ResourceNames: g.Some(2, wide.names),
	}
}

// object generates a valid object of one of the four kinds.
func (g generator) object(kind string) object {
	o := object{"metadata": g.metadata(kind)}
	switch kind {
	case "Role", "ClusterRole":
		var rules []rbacv1.PolicyRule
		for range g.IntN(4) {
			rules = append(rules, g.goodRule(kind))
		}
		o["rules"] = rules
		if kind == "ClusterRole" && g.One(2) {
			o["aggregationRule"] = object{"clusterRoleSelectors": append(g.someSelectors(), g.labelSelectorOf())}
		}
	default:
		ref := object{"apiGroup": rbacv1.GroupName, "kind": "ClusterRole", "name": g.Pick("view", "a b", "c0")}
		if kind == "RoleBinding" && g.One(2) {
			ref["kind"] = "Role"
		}
		o["roleRef"] = ref
		var subjects []object
		for range g.IntN(4) {
			subjects = append(subjects, g.subject())
		}
		o["subjects"] = subjects
	}
	return o
}

// badObject generates an object that may be invalid in several places.
func (g generator) badObject(kind string) object {
	o := g.object(kind)
	if g.One(2) {
		o["metadata"] = g.badMetadata(kind)
	}
	if rules, is := o["rules"].([]rbacv1.PolicyRule); is {
		for n := range rules {
			if g.One(2) {
				rules[n] = g.badRule()
			}
		}
	}
	if rule, is := o["aggregationRule"].(object); is {
		var selectors []object
		for range g.IntN(4) {
			if g.One(2) {
				selectors = append(selectors, g.badLabelSelector())
			} else {
				selectors = append(selectors, g.labelSelectorOf())
			}
		}
		rule["clusterRoleSelectors"] = selectors
	}
	if ref, is := o["roleRef"].(object); is && g.One(2) {
		ref[g.Pick("apiGroup", "kind", "name")] = g.Pick("", "Role", "role", "apps", "a/b%", "..", "q\"<\u2028", "a%")
	}
	if subjects, is := o["subjects"].([]object); is {
		for n := range subjects {
			if g.One(2) {
				subjects[n] = g.badSubject()
			}
		}
	}
	return o
}

// anyObject generates an object that is valid once in so many calls.
func (g generator) anyObject(kind string, valid int) object {
	if g.One(valid) {
		return g.object(kind)
	}
	return g.badObject(kind)
}

func (g generator) subject() object {
	if g.One(2) {
		return object{"kind": "ServiceAccount", "name": g.Pick("sa", "a.b-c", "1"), "namespace": g.Pick("ns1", "A b")}
	}
	return object{"kind": g.Pick("User", "Group"), "apiGroup": rbacv1.GroupName, "name": g.Pick(users[0], "a b", "ü", "*")}
}

func (g generator) badSubject() object {
	s := g.subject()
	switch g.IntN(4) {
	case 0:
		s["kind"] = g.Pick("User", "Group", "ServiceAccount", "user", "", "k\"v")
	case 1:
		s["name"] = g.Pick("", "X:y", "a/b", "-", "a..b", "é", strings.Repeat("s", 254), strings.Repeat("s", 253))
	case 2:
		s["apiGroup"] = g.Pick("", "apps", "v1", rbacv1.GroupName)
	default:
		delete(s, "namespace")
	}
	return s
}

var kinds = []string{"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}

func (g generator) validate() *question {
	kind := g.Pick(kinds...)
	return &question{Op: "rbac.validate", Kind: kind, Object: raw(g.anyObject(kind, 3))}
}

// update generates an object and the stored version that it replaces. Both may be invalid.
func (g generator) update() *question {
	kind := g.Pick("Role", "ClusterRole", "ClusterRole", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
	before, after := g.anyObject(kind, 2), g.anyObject(kind, 2)
	metadata := after["metadata"].(object)
	of := before["metadata"].(object)
	if !isNamespaced(kind) {
		// The API server clears the namespace before validation.
		delete(metadata, "namespace")
		delete(of, "namespace")
	}
	if !g.One(10) {
		of["name"] = metadata["name"]
		if namespace, is := metadata["namespace"]; is {
			of["namespace"] = namespace
		}
	}
	if ref, is := after["roleRef"]; is && !g.One(4) {
		before["roleRef"] = ref
	}
	if rule, is := after["aggregationRule"]; is && g.One(2) {
		before["aggregationRule"] = rule
	}
	return &question{Op: "rbac.validate", Kind: kind, Object: raw(after), Before: raw(before)}
}

func classesOfErrors(q *question, a answer) []string {
	switch n := len(items(a["errors"])); {
	case n == 0:
		return []string{q.Kind + " valid"}
	case n == 1:
		return []string{q.Kind + " with one error"}
	default:
		return []string{q.Kind + " with several"}
	}
}

func (g generator) fillIn() *question {
	kind := g.Pick(kinds...)
	o := g.badObject(kind)
	if ref, is := o["roleRef"].(object); is && g.One(2) {
		delete(ref, "apiGroup")
	}
	if subjects, is := o["subjects"].([]object); is {
		for _, s := range subjects {
			if g.One(2) {
				delete(s, "apiGroup")
			}
		}
	}
	return &question{Op: "rbac.default", Kind: kind, Object: raw(o)}
}

// write generates a world in which the user holds some rules, and an object that grants a part of them.
func (g generator) write() *question {
	of := narrow
	if g.One(4) {
		of = wide
	}
	w := g.world(of)
	c := g.caller(w)
	q := &question{Op: "rbac.write", World: w, Kind: g.Pick(kinds...), User: c.user, Groups: c.groups, Validated: true}
	if g.One(30) {
		q.Groups = append(q.Groups, "system:masters")
	}
	give := func(name string) {
		w.ClusterRoleBindings = append(w.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1Name("given-" + name), Subjects: []rbacv1.Subject{{Kind: "User", Name: q.User}},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		})
	}
	for n := range w.ClusterRoles {
		if g.One(3) {
			give(w.ClusterRoles[n].Name)
		}
	}
	if g.One(6) {
		w.ClusterRoles = append(w.ClusterRoles, rbacv1.ClusterRole{ObjectMeta: metav1Name("all"), Rules: []rbacv1.PolicyRule{
			{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}},
			{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
		}})
		give("all")
	}
	metadata := g.metadata(q.Kind)
	if isNamespaced(q.Kind) && c.namespace != "" {
		metadata["namespace"] = c.namespace
	}
	o := object{"metadata": metadata}
	switch q.Kind {
	case "Role", "ClusterRole":
		o["rules"] = g.held(w, c, of)
		if q.Kind == "ClusterRole" && g.One(4) {
			o["aggregationRule"] = object{"clusterRoleSelectors": g.someSelectors()}
		}
	default:
		ref := g.roleRef(w)
		if g.One(3) {
			ref = c.role
		}
		o["roleRef"] = object{"apiGroup": ref.APIGroup, "kind": ref.Kind, "name": ref.Name}
		o["subjects"] = []object{g.subject()}
	}
	if g.One(2) {
		before := object{"metadata": o["metadata"]}
		switch {
		case g.One(6):
			before = o
		case q.Kind == "ClusterRole":
			before["rules"] = g.rules(2, of)
			if g.One(4) {
				before["aggregationRule"] = object{"clusterRoleSelectors": g.someSelectors()}
			}
		case q.Kind == "Role":
			before["rules"] = g.rules(2, of)
		default:
			before["roleRef"] = o["roleRef"]
		}
		q.Before = raw(before)
		w.put(q.Kind, q.Before)
	}
	q.Object = raw(o)
	return q
}

// put generates a write by PUT of an object that does not exist.
func (g generator) put() *question {
	q := g.write()
	var object struct {
		Metadata struct{ Name, Namespace string } `json:"metadata"`
	}
	check(json.Unmarshal(q.Object, &object))
	q.World.remove(q.Kind, object.Metadata.Namespace, object.Metadata.Name)
	q.Before, q.Put = nil, true
	// In most cases the user may create something of the kind.
	if !g.One(3) {
		rule := rbacv1.PolicyRule{
			Verbs: []string{g.Pick("create", "*", "update")}, APIGroups: []string{rbacv1.GroupName}, Resources: []string{strings.ToLower(q.Kind) + "s"},
		}
		if g.One(2) {
			rule.ResourceNames = []string{g.Pick("x", "new", "r0", "c0")}
		}
		q.World.ClusterRoles = append(q.World.ClusterRoles, rbacv1.ClusterRole{ObjectMeta: metav1Name("creates"), Rules: []rbacv1.PolicyRule{rule}})
		q.World.ClusterRoleBindings = append(q.World.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1Name("creates"), Subjects: []rbacv1.Subject{{Kind: "User", Name: q.User}},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "creates"},
		})
	}
	return q
}

// remove removes an object from the world.
func (w *world) remove(kind, namespace, name string) {
	switch kind {
	case "Role":
		w.Roles = slices.DeleteFunc(w.Roles, func(r rbacv1.Role) bool { return r.Name == name && r.Namespace == namespace })
	case "ClusterRole":
		w.ClusterRoles = slices.DeleteFunc(w.ClusterRoles, func(r rbacv1.ClusterRole) bool { return r.Name == name })
	case "RoleBinding":
		w.RoleBindings = slices.DeleteFunc(w.RoleBindings, func(r rbacv1.RoleBinding) bool { return r.Name == name && r.Namespace == namespace })
	case "ClusterRoleBinding":
		w.ClusterRoleBindings = slices.DeleteFunc(w.ClusterRoleBindings, func(r rbacv1.ClusterRoleBinding) bool { return r.Name == name })
	}
}

// put adds an object to the world, and removes an object of the same name.
func (w *world) put(kind string, from json.RawMessage) {
	switch o := reread(kind, from).(type) {
	case *rbacv1.Role:
		w.Roles = put(w.Roles, *o, func(r rbacv1.Role) bool { return r.Name == o.Name && r.Namespace == o.Namespace })
	case *rbacv1.ClusterRole:
		w.ClusterRoles = put(w.ClusterRoles, *o, func(r rbacv1.ClusterRole) bool { return r.Name == o.Name })
	case *rbacv1.RoleBinding:
		w.RoleBindings = put(w.RoleBindings, *o, func(r rbacv1.RoleBinding) bool { return r.Name == o.Name && r.Namespace == o.Namespace })
	case *rbacv1.ClusterRoleBinding:
		w.ClusterRoleBindings = put(w.ClusterRoleBindings, *o, func(r rbacv1.ClusterRoleBinding) bool { return r.Name == o.Name })
	}
}

func put[T any](list []T, one T, isOne func(T) bool) []T {
	return append(slices.DeleteFunc(list, isOne), one)
}

func (g generator) someSelectors() []object {
	var selectors []object
	for range g.IntN(3) {
		selectors = append(selectors, g.labelSelectorOf())
	}
	return selectors
}

func classesOfWrite(q *question, a answer) []string {
	of := choose(len(q.Before) > 0, "replace ", choose(q.Put, "put ", "create ")) + q.Kind
	if a["allowed"] == true {
		return []string{of + ": allowed"}
	}
	return []string{of + ": refused"}
}

// read generates the JSON of an object in which some fields have the wrong type, are null or are missing.
func (g generator) read() *question {
	kind := g.Pick(kinds...)
	o := g.object(kind)
	if g.One(3) {
		o["metadata"].(object)["annotations"] = object{"a": "b"}
	}
	var tree any
	check(json.Unmarshal(raw(o), &tree))
	for range g.IntN(3) {
		tree = g.bend(tree)
	}
	root, is := tree.(map[string]any)
	if !is {
		root = object{"metadata": tree}
	}
	root["apiVersion"], root["kind"] = rbacv1.SchemeGroupVersion.String(), kind
	return &question{Op: "rbac.read", Kind: kind, Text: string(raw(root))}
}

// bend changes one random place in a tree.
func (g generator) bend(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		if len(tree) == 0 || g.One(12) {
			break
		}
		keys := slices.Sorted(maps.Keys(tree))
		key := g.Pick(keys...)
		switch {
		case g.One(12):
			tree[strings.ToUpper(key)] = tree[key]
		case g.One(12):
			delete(tree, key)
		case g.One(12):
			tree["unknown"] = 1
		default:
			tree[key] = g.bend(tree[key])
		}
		return tree
	case []any:
		switch {
		case len(tree) == 0 || g.One(6):
		case g.One(4):
			return append(tree, g.oddity())
		default:
			n := g.IntN(len(tree))
			tree[n] = g.bend(tree[n])
			return tree
		}
	}
	return g.oddity()
}

func (g generator) oddity() any {
	return []any{nil, nil, 1, 1.5, true, "", "x", "true", []any{}, object{}, []any{nil}, object{"a": nil}, []any{"x"}}[g.IntN(13)]
}

func classesOfRead(q *question, a answer) []string {
	return []string{q.Kind + choose(a["lost"] == true, " refused", " read")}
}
