package main

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"oracle/differential"
)

// TestMain runs the tests where the program runs: the API resources are below the root of the repository.
func TestMain(m *testing.M) {
	quiet()
	check(os.Chdir("../../.."))
	os.Exit(m.Run())
}

// explained is a question, our answer, and the row that explains the difference from upstream's.
type explained struct {
	row  string
	q    question
	ours answer
}

func answerTo(q question) answer {
	return differential.AnswerOf(func() any { return ask(&q) })
}

func (e explained) rows(ours answer) []string {
	return rowsOf(&differential.Pair{Case: differential.JSON(raw(e.q)), Theirs: answerTo(e.q), Ours: ours})
}

func fromJSON(text string) answer {
	var a answer
	check(json.Unmarshal([]byte(text), &a))
	return a
}

func urlOf(op, url string) question {
	return question{Op: op, Method: "GET", URL: url, User: "alice", World: &world{}}
}

// urls has differences about URLs.
func urls() []explained {
	invalid := refusal("invalid-url", "")
	return []explained{
		{"absolute-url", urlOf("rbac.request_info", "http://h/api/v1/pods"), invalid},
		{"absolute-url", urlOf("rbac.serve", "http://h/api/v1/pods"), invalid},
		{"path-not-utf8", urlOf("rbac.request_info", "/api/v1/namespaces/ns1/pods/%e9"), invalid},
		{"path-not-utf8", urlOf("rbac.serve", "/api/v1/namespaces/ns1/pods/%e9"), invalid},
		{
			"path-not-utf8", urlOf("rbac.request_info", "/api/v1/pods?labelSelector=%ff&fieldSelector=metadata.name%3Dx"),
			answerTo(urlOf("rbac.request_info", "/api/v1/pods?fieldSelector=metadata.name%3Dx")),
		},
		{"pretty-body", urlOf("rbac.serve", "/api/v1/pods?pretty=true"), answerTo(urlOf("rbac.serve", "/api/v1/pods"))},
	}
}

// canIs has differences about arguments.
func canIs() []explained {
	refused := func(message string) answer { return refusal("not-a-question", message) }
	of := func(row, namespace string, ours answer, words ...string) explained {
		return explained{row, question{Op: "rbac.can_i", Namespace: namespace, Words: words}, ours}
	}
	return []explained{
		of("can-i-both-namespaces", "here", refused("a namespace and all namespaces exclude each other"), "get", "pods", "-n", "dev", "-A"),
		of("can-i-empty-resource", "here", refused("the resource is empty"), "get", ".apps"),
		of("can-i-flag-for-value", "here", refused("the flag at word 3 needs a value"), "get", "pods", "-n", "-A"),
		of("can-i-other-flags", "here", refused("the flag at word 3 is not known"), "get", "pods", "--as", "bob"),
		of("can-i-other-flags", "here", refused("the flag at word 3 is not known"), "get", "pods", "-An", "dev"),
		of("can-i-slash-in-name", "here", refused("an object's name has no `/`"), "get", "pods/web/log"),
		of("can-i-list-kind", "here", fromJSON(`{"request":{"verb":"get","resource":"podlist","namespace":"here"},
			"warnings":["the server doesn't have a resource type 'podlist'"]}`), "get", "podlist"),
		of("can-i-unknown-with-group", "here", fromJSON(`{"request":{"verb":"get","group":"example.com","resource":"widgets","namespace":"here"},
			"warnings":["the server doesn't have a resource type 'widgets' in group 'v1.example.com'"]}`), "get", "Widgets.v1.example.com"),
		of("can-i-unknown-with-group", "here", fromJSON(`{"request":{"verb":"get","group":"apps","resource":"deployments","namespace":"here","name":"web"},
			"warnings":["the server doesn't have a resource type 'deployments' in group 'v9.apps'"]}`), "get", "deployments.v9.apps/web"),
		of("can-i-unknown-with-group", "here", fromJSON(`{"request":{"verb":"get","group":"apps","resource":"*","namespace":"here"}}`), "get", "*.apps"),
		of("can-i-cluster-scoped", "here", fromJSON(`{"request":{"verb":"get","resource":"nodes","namespace":"here"},"warnings":[
			"resource 'nodes' is not namespace scoped",
			"asked in the namespace 'here', but the real request is at the cluster scope, where no RoleBinding counts"]}`), "get", "nodes"),
		of("can-i-cluster-scoped", "here", fromJSON(`{"request":{"verb":"get","resource":"namespaces","namespace":"here","name":"team"},"warnings":[
			"resource 'namespaces' is not namespace scoped",
			"asked in the namespace 'here', but the real request is in the namespace 'team'"]}`), "get", "ns/team"),
		of("can-i-without-context", "", fromJSON(`{"request":{"verb":"get","resource":"nodes","name":"n"}}`), "get", "nodes/n"),
		of("can-i-without-context", "", fromJSON(`{"request":{"verb":"impersonate","resource":"users"}}`), "impersonate", "users"),
		of("can-i-namespace-by-name", "", fromJSON(`{"request":{"verb":"get","resource":"namespaces","namespace":"team","name":"team"}}`), "get", "ns/team"),
		of("can-i-subresource-as-name", "here", fromJSON(`{"request":{"verb":"create","resource":"pods","namespace":"here","name":"exec"},"warnings":[
			"asked about the object of 'pods' named 'exec'; the subresource is asked for with --subresource=exec"]}`), "create", "pods/exec"),
		of("can-i-name-in-create", "here", fromJSON(`{"request":{"verb":"create","resource":"secrets","namespace":"here","name":"mine"},"warnings":[
			"a create names no object: a real one asks about 'secrets' without 'mine'"]}`), "create", "secrets/mine"),
	}
}

// manifests has differences about manifests.
func manifests() []explained {
	of := func(labels string) question {
		return question{Op: "rbac.read", Kind: "ClusterRole", Text: `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: r
  labels:
` + labels + `
rules:
- verbs: [get]
  apiGroups: [""]
  resources: [pods]
`}
	}
	return []explained{
		{"yaml-1-1-words", of("    a: yes"), answerTo(of(`    a: "yes"`))},
		{"key-text", of("    0x1F: a\n    1.10: b"), answerTo(of("    \"0x1F\": a\n    \"1.10\": b"))},
		{"duplicate-key", of("    a: x\n    a: x"), answer{"lost": true}},
	}
}

// objects has differences about objects and reviews.
func objects() []explained {
	labels := question{Op: "rbac.label_selector", Selector: json.RawMessage(`{"matchLabels":{"b":"- ","a":"x y"}}`)}
	first := question{Op: "rbac.label_selector", Selector: json.RawMessage(`{"matchLabels":{"a":"x y"}}`)}
	sorted := question{Op: "rbac.validate", Kind: "ClusterRole", Object: json.RawMessage(`{"metadata":{"name":"..","labels":{"a":"- ","é":"","b":"- "}}}`)}
	review := question{Op: "rbac.review", User: "alice", World: &world{}, Review: json.RawMessage(
		`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{"name":"x"},"spec":{"nonResourceAttributes":{"verb":"get","path":"/"}}}`)}
	shown := differential.ErrorField(answerTo(review), "message")
	role := json.RawMessage(`{"metadata":{"name":"r0","namespace":"ns1"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}`)
	write := question{Op: "rbac.write", User: "alice", World: &world{}, Kind: "Role", Object: role, Before: role, Validated: true}
	write.World.put("Role", role)
	changed := write
	changed.Before = json.RawMessage(`{"metadata":{"name":"r0","namespace":"ns1"}}`)
	changed.World = &world{}
	changed.World.put("Role", changed.Before)
	subjects := question{Op: "rbac.allowed_subjects", World: &world{}, Attrs: &attrs{ResourceRequest: true, Verb: "get", Resource: "pods"}}
	subjects.World.put("ClusterRole", json.RawMessage(`{"metadata":{"name":"c0"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}`))
	for _, name := range []string{"one", "two"} {
		subjects.World.ClusterRoleBindings = append(subjects.World.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1Name(name), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "c0"},
			Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: "bob"}, {Kind: "User", APIGroup: rbacv1.GroupName, Name: name}},
		})
	}
	repeated := answerTo(subjects)
	list := items(repeated["subjects"])
	at := slices.IndexFunc(list, func(s any) bool { return s.(answer)["name"] == "two" })
	once := without(repeated, "subjects")
	once["subjects"] = slices.Concat(list[:at-1], list[at:])
	return []explained{
		{"selector-first-error", labels, answerTo(first)},
		{"field-error-order", sorted, inOrder(sorted)},
		{"review-metadata", review, refusal(differential.Code(answerTo(review)), managedFields.ReplaceAllString(shown, "}"))},
		{"write-of-unread-fields", write, answerTo(changed)},
		{"who-can-repeats", subjects, once},
	}
}

// inOrder returns upstream's answer when its map has the order of the keys: the é is the last one.
func inOrder(q question) answer {
	for {
		a := answerTo(q)
		causes := items(a["errors"])
		if last := causes[len(causes)-1].(answer); last["body"].(string)[:len(`Invalid value: "é"`)] == `Invalid value: "é"` {
			return a
		}
	}
}

func TestADifferenceFindsItsRow(t *testing.T) {
	for _, e := range slices.Concat(urls(), canIs(), manifests(), objects()) {
		if rows := e.rows(e.ours); !slices.Equal(rows, []string{e.row}) {
			t.Errorf("%s, not %v: %s\n  upstream %s\n  ours     %s", e.row, rows, raw(e.q), raw(answerTo(e.q)), raw(e.ours))
		}
	}
}

// Whatever of our answer is changed, the row explains it no longer.
func TestARowExplainsNoWrongAnswer(t *testing.T) {
	for _, e := range slices.Concat(urls(), canIs(), manifests(), objects()) {
		for _, wrong := range changed(e.ours) {
			wrong := wrong.(answer)
			if differential.Code(wrong) == "invalid-url" {
				// The message is not compared.
				continue
			}
			if rows := e.rows(wrong); len(rows) > 0 {
				t.Errorf("%v explains a wrong answer to %s\n  upstream %s\n  ours     %s", rows, raw(e.q), raw(answerTo(e.q)), raw(wrong))
			}
		}
	}
}

// A refusal, which has one answer only, is explained only for its own question.
func TestARowNeedsItsQuestion(t *testing.T) {
	invalid := refusal("invalid-url", "")
	for _, e := range []explained{
		{"absolute-url", urlOf("rbac.request_info", "/api/v1/pods"), invalid},
		{"path-not-utf8", urlOf("rbac.serve", "/api/v1/namespaces/ns1/pods/%C3%A9"), invalid},
		{"path-not-utf8", urlOf("rbac.serve", "/api/v1/pods?labelSelector=%ff"), invalid},
	} {
		if rows := e.rows(e.ours); len(rows) > 0 {
			t.Errorf("%v: %s", rows, raw(e.q))
		}
	}
	for _, e := range canIs() {
		if differential.Code(e.ours) == "" {
			continue
		}
		e.q.Words = []string{"get", "pods", "-n", "dev"}
		if rows := e.rows(e.ours); len(rows) > 0 {
			t.Errorf("%v: %s", rows, raw(e.ours))
		}
	}
	e := manifests()[0]
	if rows := (explained{e.row, manifests()[1].q, answer{"lost": true}}).rows(answer{"lost": true}); len(rows) > 0 {
		t.Error(rows)
	}
}

// changed returns variants of a JSON value, each with one part changed, removed or repeated.
func changed(of any) []any {
	switch of := of.(type) {
	case string:
		return []any{"wrong"}
	case bool:
		return []any{!of}
	case float64:
		return []any{of + 1}
	case int:
		return []any{of + 1}
	case []any:
		var all []any
		for n := range of {
			all = append(all, slices.Concat(of[:n], of[n+1:]), slices.Concat(of[:n+1], of[n:]))
			for _, value := range changed(of[n]) {
				all = append(all, slices.Concat(of[:n], []any{value}, of[n+1:]))
			}
		}
		return all
	case answer:
		var all []any
		for _, key := range slices.Sorted(maps.Keys(of)) {
			all = append(all, without(of, key))
			for _, value := range changed(of[key]) {
				with := maps.Clone(of)
				with[key] = value
				all = append(all, with)
			}
		}
		return all
	}
	return nil
}

// A word of YAML 1.1 as a key and as its value is a difference by two rows, and neither of them alone.
func TestAWordMayBeAKeyAndItsValue(t *testing.T) {
	of := func(label string) question {
		return question{Op: "rbac.read", Kind: "ClusterRole", Text: "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: r\n  labels:\n    " + label + "\n"}
	}
	pair := func(q question, ours answer) *differential.Pair {
		return &differential.Pair{Case: differential.JSON(raw(q)), Theirs: answerTo(q), Ours: ours}
	}
	for ours, row := range map[string]string{`"y": "y"`: "yaml-1-1-words", `"y": "n"`: "", `"n": "y"`: ""} {
		ask := func(c differential.Case) *differential.Pair { return pair(*parse(c.Question()), answerTo(of(ours))) }
		if got := explainTogether(pair(of("y: y"), answerTo(of(ours))), ask); got != row {
			t.Errorf("%s: got %q and not %q", ours, got, row)
		}
	}
}

func TestOnlyAnObjectOfAnotherKindIsSilentlyLeftOut(t *testing.T) {
	for text, is := range map[string]bool{
		"apiVersion: v1\nkind: ConfigMap\n":                                     true,
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: Robot\n":               true,
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n":         false,
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nrules: 1": false,
	} {
		q := question{Op: "rbac.read", Kind: "ClusterRole", Text: text}
		p := &differential.Pair{Case: differential.JSON(raw(q)), Theirs: answer{"lost": true}, Ours: answer{"lost": false}}
		if isSame(p) != is {
			t.Error(text)
		}
	}
}

func TestAChangeIsAChange(t *testing.T) {
	for _, e := range slices.Concat(urls(), canIs(), manifests(), objects()) {
		all := changed(e.ours)
		if len(all) == 0 || slices.ContainsFunc(all, func(one any) bool { return reflect.DeepEqual(one, e.ours) }) {
			t.Error(string(raw(e.ours)))
		}
	}
}
