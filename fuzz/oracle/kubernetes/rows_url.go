package main

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"oracle/differential"
)

// rowsOfURL returns the rows of a request. We refuse a URL with a host, which upstream ignores, and a path that is not
// UTF-8. Else we read the URL as upstream reads it without the parameters that are not UTF-8, and never indent a body.
func (p *pairing) rowsOfURL() []string {
	refuses := differential.Code(p.ours) == "invalid-url"
	path, _, _ := strings.Cut(p.q.URL, "?")
	decoded, err := url.PathUnescape(path)
	switch u, wrong := url.ParseRequestURI(p.q.URL); {
	case wrong != nil:
		return nil
	case u.Host != "":
		byPath := *p.q
		byPath.URL = u.RequestURI()
		if !refuses || !isAnswer(byPath, p.theirs) {
			return nil
		}
		return []string{"absolute-url"}
	case err == nil && !utf8.ValidString(decoded):
		if !refuses {
			return nil
		}
		return []string{"path-not-utf8"}
	}
	return p.byChanges(
		change{"path-not-utf8", withoutParameters(func(name, value string) bool {
			return !utf8.ValidString(name) || !utf8.ValidString(value)
		})},
		change{"pretty-body", withoutParameters(func(name, _ string) bool {
			return name == "pretty" && p.q.Op == "rbac.serve"
		})},
	)
}

// withoutParameters returns a function that removes parameters from the URL of a question.
func withoutParameters(isRemoved func(name, value string) bool) func(question) question {
	return func(q question) question {
		path, query, is := strings.Cut(q.URL, "?")
		if !is {
			return q
		}
		kept := slices.DeleteFunc(strings.Split(query, "&"), func(parameter string) bool {
			written, value, _ := strings.Cut(parameter, "=")
			name, wrongName := url.QueryUnescape(written)
			value, wrongValue := url.QueryUnescape(value)
			return wrongName == nil && wrongValue == nil && isRemoved(name, value)
		})
		q.URL = path + "?" + strings.Join(kept, "&")
		return q
	}
}
