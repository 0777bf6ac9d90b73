package main

import (
	"fmt"
	"net/url"
	"strings"
)

// requestInfo generates a method and a URL. Most are of the form that an API server serves.
func (g generator) requestInfo() *question {
	method := g.pick("GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "DELETE", "OPTIONS", "get", "FOO")
	return &question{Op: "rbac.request_info", Method: method, URL: g.path() + g.query()}
}

func (g generator) path() string {
	var parts []string
	add := func(of ...string) { parts = append(parts, g.pick(of...)) }
	switch g.IntN(10) {
	case 0:
		if g.one(4) {
			return g.pick("*", "/", "//", "foo", "http://h/api/v1/pods", "/api", "/apis/", "?watch=1", "/a b", "/a\x01b")
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
	if g.one(10) {
		add("watch", "proxy", "watch", "Watch", "%77atch")
	}
	if g.one(2) {
		add("namespaces", "namespaces", "namespaces", "Namespaces", "namespace%73")
		if !g.one(8) {
			add("ns1", "ns1", "", "..", "a%2Fb", "watch")
		}
	}
	if !g.one(8) {
		add("pods", "pods", "deployments", "status", "finalize", "", "pods%2Flog", "proxy", "nodes", "pöds", "namespaces")
		if g.one(2) {
			add("web", "web", "", "a%2Fb", "%e9", "a%20b", "%zz", "a+b", "%25", "ü", "a;b", "%C3%A9", "%", "%4", "\"", "<", "a:b", "a#b", "\\")
			if g.one(2) {
				add("log", "status", "exec", "proxy", "", "scale")
				for g.one(3) {
					add("a", "", "b", "proxy")
				}
			}
		}
	}
	path := "/" + strings.Join(parts, "/")
	if g.one(20) {
		path = "/" + path
	}
	if g.one(12) {
		path += "/"
	}
	return path
}

func (g generator) query() string {
	if g.one(3) {
		return g.pick("", "", "", "?", "?&", "?watch")
	}
	var parameters []string
	for range 1 + g.IntN(4) {
		var name, value string
		switch g.IntN(10) {
		case 0, 1, 2:
			name, value = "watch", g.pick("true", "false", "0", "1", "", "False", "FALSE", "no", "t", " ", "true")
		case 3, 4, 5:
			name, value = "fieldSelector", g.fieldSelector()
		case 6:
			name, value = "labelSelector", g.pick("a=b", "a in (b,c)", "a in", "", "!a", "a b", "a=b,c!=d", "-x", g.selectorText())
		case 7:
			name, value = g.pick("limit", "timeoutSeconds"), g.pick("1", "", "abc", "-1", "+5", "1_0", "0x10", "1.5", " 1", "9223372036854775807", "9223372036854775808", "007", "1e3")
		case 8:
			name = g.pick("resourceVersion", "resourceVersionMatch", "continue", "allowWatchBookmarks", "sendInitialEvents", "pretty", "includeUninitialized")
			value = g.pick("true", "false", "", "abc", "0", "Exact")
		default:
			name = g.pick("Watch", "watch ", "fieldselector", "limit[]", "%77atch", "fieldSelector%20", "kind", "apiVersion", "TypeMeta", "")
			value = g.pick("true", "metadata.name=x", "1")
		}
		switch g.IntN(8) {
		case 0:
			value = strings.ReplaceAll(value, " ", "+")
		case 1:
			if g.one(4) {
				value += g.pick("%zz", "%", ";x", "%ff", "&&")
			}
		default:
			value = url.QueryEscape(value)
		}
		if g.one(12) {
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
		field := g.pick("metadata.name", "metadata.name", "metadata.name", "metadata.namespace", "status.phase", "", "Metadata.name", "a=b")
		operator := g.pick("=", "=", "==", "!=", "", "=!", "!", "===")
		value := g.pick("web", "web", "", "a/b", "%", "..", ".", "a\\,b", "a\\=b", "a\\b", "a\\", "x y", "ü", "aa")
		terms = append(terms, field+operator+value)
	}
	return strings.Join(terms, g.pick(",", ",", ",,", ", "))
}

func classesOfRequestInfo(_ *question, a answer) []string {
	if refused, is := a["error"].(answer); is {
		return []string{"refused: " + refused["code"].(string)}
	}
	if a["resourceRequest"] != true {
		return []string{"path"}
	}
	verb := a["verb"].(string)
	switch {
	case (verb == "list" || verb == "watch") && a["name"] != "":
		return []string{verb + " of one object"}
	case verb == "":
		return []string{"no verb"}
	}
	return []string{verb}
}

// selectorText generates a text that resembles a selector. Many are invalid.
func (g generator) selectorText() string {
	if g.one(3) {
		return g.fieldSelector()
	}
	var b strings.Builder
	if g.one(2) {
		// Valid, or nearly so.
		for n := range 1 + g.IntN(3) {
			if n > 0 {
				b.WriteString(g.pick(",", ",", " , "))
			}
			key := g.pick("a", "b", "x.io/c", "in", "notin", "exists", "a", "A_b.c")
			value := g.pick("b", "1", "", "in", "x-y", "notin", "12")
			switch g.IntN(6) {
			case 0:
				fmt.Fprintf(&b, "%s%s", g.pick("!", "", "! "), key)
			case 1, 2:
				fmt.Fprintf(&b, "%s %s (%s)", key, g.pick("in", "notin"), strings.Join(append(g.some(3, []string{"a", "b", "", "c", "in"}), value), g.pick(",", ", ")))
			case 3:
				fmt.Fprintf(&b, "%s%s%s", key, g.pick(">", "<"), g.pick("1", "12", "-3", "a", ""))
			default:
				fmt.Fprintf(&b, "%s%s%s", key, g.pick("=", "==", "!=", " = "), value)
			}
		}
		return b.String()
	}
	for range g.IntN(9) {
		b.WriteString(g.pick(
			"a", "b", "in", "notin", "(", ")", ",", "=", "==", "!=", "!", "<", ">", " ", " ", "x.io/c", "1", "\\", "\t", "\n",
			"\x00", "ü", "\"", "metadata.name", "-", "/", "a=b", "in (", "IN", "\u00a0", strings.Repeat("z", 64)))
	}
	return b.String()
}

func (g generator) rawSelector() *question {
	return &question{Op: "rbac.raw_selector", Selector: raw(g.selectorText())}
}

func classesOfRawSelector(_ *question, a answer) []string {
	return []string{choose(a["fieldError"] == "", "valid for fields", "invalid for fields"), choose(a["labelError"] == "", "valid for labels", "invalid for labels")}
}

func (g generator) labelKey() string {
	if g.one(4) {
		return g.pick("", "/", "a/", "/a", "a/b/c", "-a", "a-", "é", "A.b/c", "a b", "a..b/c", "x.io/"+strings.Repeat("k", 64), strings.Repeat("p", 254)+"/a", strings.Repeat("k", 63))
	}
	return g.pick("a", "b", "x.io/c", "agg-a", "A_b.c", "1", "1/2")
}

func (g generator) labelValue() string {
	if g.one(4) {
		return g.pick("-", "a b", "é", "a/b", ".", strings.Repeat("v", 64), "a-", "<>&\u2028")
	}
	return g.pick("", "true", "1", "A.b_c-1", "false", strings.Repeat("v", 63))
}

// matchLabels generates labels; if bad, possibly invalid ones.
func (g generator) matchLabels(bad bool) map[string]string {
	labels := map[string]string{}
	for range g.IntN(3) {
		if bad {
			labels[g.labelKey()] = g.labelValue()
		} else {
			labels[g.pick("a", "b", "x.io/c", "agg-a")] = g.pick("", "true", "1", "12")
		}
	}
	return labels
}

// labelSelectorOf generates a LabelSelector as JSON, so that a list can be missing or empty.
func (g generator) labelSelectorOf(bad bool) map[string]any {
	selector := map[string]any{}
	if labels := g.matchLabels(bad); len(labels) > 0 {
		selector["matchLabels"] = labels
	}
	var expressions []map[string]any
	for range g.IntN(3) {
		expressions = append(expressions, g.requirement(bad))
	}
	if len(expressions) > 0 {
		selector["matchExpressions"] = expressions
	}
	return selector
}

func (g generator) requirement(bad bool) map[string]any {
	e := map[string]any{"key": g.pick("a", "b", "x.io/c", "agg-a"), "operator": g.pick("In", "NotIn", "Exists", "DoesNotExist")}
	operator := e["operator"].(string)
	if strings.HasSuffix(operator, "In") {
		e["values"] = g.atLeastOne(3, []string{"", "true", "1", "12"})
	}
	if !bad {
		return e
	}
	switch g.IntN(6) {
	case 0:
		e["key"] = g.labelKey()
	case 1:
		e["operator"] = g.pick("in", "", "Gt", "Lt", "Equals", "a\"b")
	case 2:
		e["values"] = []string{g.labelValue(), g.labelValue()}
	case 3:
		delete(e, "values")
	}
	return e
}

func (g generator) labelSelector() *question {
	q := &question{Op: "rbac.label_selector", Selector: raw(g.labelSelectorOf(g.one(2))), Labels: g.matchLabels(false)}
	if g.one(30) {
		q.Selector = raw(nil)
	}
	return q
}

func classesOfMatch(_ *question, a answer) []string {
	if a["error"] != nil {
		return []string{"refused"}
	}
	return []string{choose(a["match"] == true, "match", "no match")}
}
