package main

import (
	"fmt"
	"net/url"
	"strings"
)

// requestInfo generates a method and a URL. Most are of the form that an API server serves.
func (g generator) requestInfo() *question {
	method := g.Pick("GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "DELETE", "OPTIONS", "get", "FOO")
	return &question{Op: "rbac.request_info", Method: method, URL: g.path() + g.query()}
}

func (g generator) path() string {
	var parts []string
	add := func(of ...string) { parts = append(parts, g.Pick(of...)) }
	switch g.IntN(10) {
	case 0:
		if g.One(4) {
			return g.Pick("*", "/", "//", "foo", "http://h/api/v1/pods", "/api", "/apis/", "?watch=1", "/a b", "/a\x01b")
		}
		add("", "API", "healthz", "openapi", "apix", "%61pi", "version", "ä")
	case 1, 2, 3, 4:
		add("api")
		add("v1", "v1", "v1", "", "v1beta1")
	default:
		add("apis")
		add("apps", "apps", "rbac.authorization.k8s.io", "", "x")
		add("v1", "v1", "v1beta1", "")
	}
	if g.One(10) {
		add("watch", "proxy", "watch", "Watch", "%77atch")
	}
	if g.One(2) {
		add("namespaces", "namespaces", "namespaces", "Namespaces", "namespace%73")
		if !g.One(8) {
			add("ns1", "ns1", "", "..", "a%2Fb", "watch")
		}
	}
	if !g.One(8) {
		add("pods", "pods", "deployments", "status", "finalize", "", "pods%2Flog", "proxy", "nodes", "pöds", "namespaces")
		if g.One(2) {
			add("web", "web", "", "a%2Fb", "%e9", "a%20b", "%zz", "a+b", "%25", "ü", "a;b", "%C3%A9", "%", "%4", "\"", "<", "a:b", "a#b", "\\")
			if g.One(2) {
				add("log", "status", "exec", "proxy", "", "scale")
				for g.One(3) {
					add("a", "", "b", "proxy")
				}
			}
		}
	}
	path := "/" + strings.Join(parts, "/")
	if g.One(20) {
		path = "/" + path
	}
	if g.One(12) {
		path += "/"
	}
	return path
}

func (g generator) query() string {
	if g.One(3) {
		return g.Pick("", "", "", "?", "?&", "?watch")
	}
	var parameters []string
	for range 1 + g.IntN(4) {
		var name, value string
		switch g.IntN(10) {
		case 0, 1, 2:
			name, value = "watch", g.Pick("true", "false", "0", "1", "", "False", "FALSE", "no", "t", " ", "true")
		case 3, 4, 5:
			name, value = "fieldSelector", g.fieldSelector()
		case 6:
			name, value = "labelSelector", g.Pick("a=b", "a in (b,c)", "a in", "", "!a", "a b", "a=b,c!=d", "-x", g.selectorText())
		case 7:
			name, value = g.Pick("limit", "timeoutSeconds"), g.Pick("1", "", "abc", "-1", "+5", "1_0", "0x10", "1.5", " 1", "9223372036854775807", "9223372036854775808", "007", "1e3")
		case 8:
			name = g.Pick("resourceVersion", "resourceVersionMatch", "continue", "allowWatchBookmarks", "sendInitialEvents", "pretty", "includeUninitialized")
			value = g.Pick("true", "false", "", "abc", "0", "Exact")
		default:
			name = g.Pick("Watch", "watch ", "fieldselector", "limit[]", "%77atch", "fieldSelector%20", "kind", "apiVersion", "TypeMeta", "")
			value = g.Pick("true", "metadata.name=x", "1")
		}
		switch g.IntN(8) {
		case 0:
			value = strings.ReplaceAll(value, " ", "+")
		case 1:
			if g.One(4) {
				value += g.Pick("%zz", "%", ";x", "%ff", "&&")
			}
		default:
			value = url.QueryEscape(value)
		}
		if g.One(12) {
			parameters = append(parameters, name)
			continue
		}
		parameters = append(parameters, name+"="+value)
	}
	return "?" + strings.Join(parameters, "&")
}

func (g generator) fieldSelector() string {
	var terms []string
	for range 1 + g.IntN(2) {
		field := g.Pick("metadata.name", "metadata.name", "metadata.name", "metadata.namespace", "status.phase", "", "Metadata.name", "a=b")
		operator := g.Pick("=", "=", "==", "!=", "", "=!", "!", "===")
		value := g.Pick("web", "web", "", "a/b", "%", "..", ".", "a\\,b", "a\\=b", "a\\b", "a\\", "x y", "ü", "aa")
		terms = append(terms, field+operator+value)
	}
	return strings.Join(terms, g.Pick(",", ",", ",,", ", "))
}

func classesOfRequestInfo(_ *question, a answer) []string {
	if refused, is := a["error"].(answer); is {
		return []string{"refused: " + refused["code"].(string)}
	}
	if a["resourceRequest"] != true {
		return []string{"path"}
	}
	verb, _ := a["verb"].(string)
	switch {
	case (verb == "list" || verb == "watch") && a["name"] != nil:
		return []string{verb + " of one object"}
	case verb == "":
		return []string{"no verb"}
	}
	return []string{verb}
}

// selectorText generates a text that resembles a selector. Many are invalid.
func (g generator) selectorText() string {
	if g.One(3) {
		return g.fieldSelector()
	}
	var b strings.Builder
	if g.One(2) {
		// Valid, or nearly so.
		for n := range 1 + g.IntN(3) {
			if n > 0 {
				b.WriteString(g.Pick(",", ",", " , "))
			}
			key := g.Pick("a", "b", "x.io/c", "in", "notin", "exists", "a", "A_b.c")
			value := g.Pick("b", "1", "", "in", "x-y", "notin", "12")
			switch g.IntN(6) {
			case 0:
				fmt.Fprintf(&b, "%s%s", g.Pick("!", "", "! "), key)
			case 1, 2:
				fmt.Fprintf(&b, "%s %s (%s)", key, g.Pick("in", "notin"), strings.Join(append(g.Some(3, []string{"a", "b", "", "c", "in"}), value), g.Pick(",", ", ")))
			case 3:
				fmt.Fprintf(&b, "%s%s%s", key, g.Pick(">", "<"), g.Pick("1", "12", "-3", "a", ""))
			default:
				fmt.Fprintf(&b, "%s%s%s", key, g.Pick("=", "==", "!=", " = "), value)
			}
		}
		return b.String()
	}
	for range g.IntN(9) {
		b.WriteString(g.Pick(
			"a", "b", "in", "notin", "(", ")", ",", "=", "==", "!=", "!", "<", ">", " ", " ", "x.io/c", "1", "\\", "\t", "\n",
			"\x00", "ü", "\"", "metadata.name", "-", "/", "a=b", "in (", "IN", "\u00a0", strings.Repeat("z", 64)))
	}
	return b.String()
}

func (g generator) rawSelector() *question {
	return &question{Op: "rbac.raw_selector", Selector: raw(g.selectorText())}
}

func classesOfRawSelector(_ *question, a answer) []string {
	return []string{choose(a["fieldError"] == nil, "valid for fields", "invalid for fields"), choose(a["labelError"] == nil, "valid for labels", "invalid for labels")}
}

func (g generator) labelKey() string {
	if g.One(4) {
		return g.Pick("", "/", "a/", "/a", "a/b/c", "-a", "a-", "é", "A.b/c", "a b", "a..b/c", "x.io/"+strings.Repeat("k", 64), strings.Repeat("p", 254)+"/a", strings.Repeat("k", 63))
	}
	return g.Pick("a", "b", "x.io/c", "agg-a", "A_b.c", "1", "1/2")
}

func (g generator) labelValue() string {
	if g.One(4) {
		return g.Pick("-", "a b", "é", "a/b", ".", strings.Repeat("v", 64), "a-", "<>&\u2028")
	}
	return g.Pick("", "true", "1", "A.b_c-1", "false", strings.Repeat("v", 63))
}

// matchLabels generates valid labels.
func (g generator) matchLabels() map[string]string {
	labels := map[string]string{}
	for range g.IntN(3) {
		labels[g.Pick("a", "b", "x.io/c", "agg-a")] = g.Pick("", "true", "1", "12")
	}
	return labels
}

// badLabels generates labels that are often invalid.
func (g generator) badLabels() map[string]string {
	labels := map[string]string{}
	for range g.IntN(3) {
		labels[g.labelKey()] = g.labelValue()
	}
	return labels
}

// labelSelectorOf generates a valid LabelSelector as JSON, so that a list can be missing or empty.
func (g generator) labelSelectorOf() map[string]any {
	return g.selectorOf(g.matchLabels(), g.requirement)
}

// badLabelSelector generates a LabelSelector that is often invalid.
func (g generator) badLabelSelector() map[string]any {
	return g.selectorOf(g.badLabels(), g.badRequirement)
}

func (g generator) selectorOf(labels map[string]string, requirement func() map[string]any) map[string]any {
	selector := map[string]any{}
	if len(labels) > 0 {
		selector["matchLabels"] = labels
	}
	var expressions []map[string]any
	for range g.IntN(3) {
		expressions = append(expressions, requirement())
	}
	if len(expressions) > 0 {
		selector["matchExpressions"] = expressions
	}
	return selector
}

func (g generator) requirement() map[string]any {
	e := map[string]any{"key": g.Pick("a", "b", "x.io/c", "agg-a"), "operator": g.Pick("In", "NotIn", "Exists", "DoesNotExist")}
	if strings.HasSuffix(e["operator"].(string), "In") {
		e["values"] = g.AtLeastOne(3, []string{"", "true", "1", "12"})
	}
	return e
}

func (g generator) badRequirement() map[string]any {
	e := g.requirement()
	switch g.IntN(6) {
	case 0:
		e["key"] = g.labelKey()
	case 1:
		e["operator"] = g.Pick("in", "", "Gt", "Lt", "Equals", "a\"b")
	case 2:
		e["values"] = []string{g.labelValue(), g.labelValue()}
	case 3:
		delete(e, "values")
	}
	return e
}

func (g generator) labelSelector() *question {
	q := &question{Op: "rbac.label_selector", Selector: raw(g.labelSelectorOf()), Labels: g.matchLabels()}
	switch {
	case g.One(30):
		q.Selector = raw(nil)
	case g.One(2):
		q.Selector = raw(g.badLabelSelector())
	}
	return q
}

func classesOfMatch(_ *question, a answer) []string {
	if a["error"] != nil {
		return []string{"refused"}
	}
	return []string{choose(a["match"] == true, "match", "no match")}
}
