package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"oracle/differential"
)

// tokenRow is a row of a divergence file: the codes of our refusals, and what the login must have.
type tokenRow struct {
	name  string
	codes []string
	has   func(*login) bool
}

// always is for rows whose code is theirs alone.
func always(*login) bool { return true }

// lacks returns whether a parameter is missing or empty.
func lacks(name string) func(*login) bool {
	return func(l *login) bool { return l.query().Get(name) == "" }
}

// refusedByUs has the rows of tokens that upstream sends to STS and we refuse.
var refusedByUs = []tokenRow{
	{"line-break-at-the-end", []string{"whitespace"}, func(l *login) bool { return strings.TrimRight(l.token(), "\r\n") != l.token() }},
	{"line-break-inside", []string{"whitespace"}, func(l *login) bool { return strings.ContainsAny(strings.TrimRight(l.token(), "\r\n"), "\r\n") }},
	{"trailing-bits", []string{"base64-trailing-bits"}, always},
	{"not-ascii", []string{"not-ascii"}, always},
	{"userinfo", []string{"forbidden-byte"}, func(l *login) bool { return strings.Contains(l.host(), "@") }},
	{"fragment", []string{"forbidden-byte"}, func(l *login) bool { return strings.Contains(l.url, "#") }},
	{"raw-plus", []string{"forbidden-byte"}, func(l *login) bool { return strings.Contains(l.url, "+") }},
	{"raw-character", []string{"forbidden-byte"}, func(l *login) bool { return strings.ContainsAny(l.url, " \"<>\\^`{|}") }},
	{"no-equals-sign", []string{"pair"}, func(l *login) bool {
		return l.hasPair(func(pair string) bool { return pair != "" && !strings.Contains(pair, "=") })
	}},
	{"raw-equals-sign", []string{"pair"}, func(l *login) bool {
		return l.hasPair(func(pair string) bool { return strings.Count(pair, "=") > 1 })
	}},
	{"empty-pair", []string{"pair"}, func(l *login) bool { return slices.Contains(l.pairs(), "") }},
	{"scheme-case", []string{"not-https"}, func(l *login) bool { return !strings.HasPrefix(l.url, "https") }},
	{"unknown-region", []string{"host"}, always},
	{"govcloud-host-for-aws", []string{"host-partition"}, always},
	{"version", []string{"version"}, always},
	{"version", []string{"missing-parameter", "empty-parameter"}, lacks("Version")},
	{"algorithm", []string{"algorithm"}, always},
	{"algorithm", []string{"missing-parameter", "empty-parameter"}, lacks("X-Amz-Algorithm")},
	{"credential-scope", []string{"credential-scope"}, always},
	{"credential-scope", []string{"missing-parameter", "empty-parameter"}, lacks("X-Amz-Credential")},
	{"access-key-id", []string{"access-key-id"}, always},
	{"scope-region", []string{"scope-region"}, always},
	{"scope-date", []string{"scope-date"}, always},
	{"no-signature", []string{"missing-parameter", "empty-parameter"}, lacks("X-Amz-Signature")},
	{"empty-session-token", []string{"empty-parameter"}, func(l *login) bool {
		return l.query().Has("X-Amz-Security-Token") && l.query().Get("X-Amz-Security-Token") == ""
	}},
	{"signature-shape", []string{"signature"}, always},
	{"signed-headers-order", []string{"signed-headers"}, func(l *login) bool {
		names := strings.Split(l.query().Get("X-Amz-SignedHeaders"), ";")
		return !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names)
	}},
	{"signed-header-case", []string{"signed-headers", "value"}, func(l *login) bool {
		names := l.query().Get("X-Amz-SignedHeaders")
		return strings.ToLower(names) != names || strings.ContainsFunc(names, func(r rune) bool { return r > 127 })
	}},
	{"host-not-signed", []string{"host-not-signed"}, always},
	{"foreign-signed-header", []string{"unsuppliable-header"}, always},
	{"expires-spelling", []string{"expires"}, always},
	{"future-date", []string{"not-yet-valid"}, always},
	{"fractional-second", []string{"date"}, func(l *login) bool { return strings.ContainsAny(l.query().Get("X-Amz-Date"), ".,") }},
	{"parameter-spelling", []string{"parameter-spelling"}, always},
	{"parameter-unicode-case", []string{"unknown-parameter"}, func(l *login) bool {
		for name := range l.query() {
			if strings.ContainsFunc(name, func(r rune) bool { return r > 127 }) {
				return true
			}
		}
		return false
	}},
	{"control-character-in-value", []string{"value"}, func(l *login) bool {
		for _, values := range l.query() {
			if strings.ContainsFunc(strings.Join(values, ""), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				return true
			}
		}
		return false
	}},
}

var isoDualStack = regexp.MustCompile(`\.(api\.aws\.ic\.gov|api\.aws\.scloud|api\.cloud-aws\.adc-e\.uk|api\.aws\.hci\.ic\.gov)$`)

// rowsOfToken returns the rows that may explain a difference.
func rowsOfToken(p *differential.Pair) []string {
	l := p.Case.(*login)
	theirs, ours := differential.Code(p.Theirs), differential.Code(p.Ours)
	_, isAskedByThem := p.Theirs["request"]
	_, isAskedByUs := p.Ours["request"]
	var of []string
	switch {
	case isAskedByThem && !isAskedByUs:
		for _, row := range refusedByUs {
			if slices.Contains(row.codes, ours) && row.has(l) {
				of = append(of, row.name)
			}
		}
	case !isAskedByThem && isAskedByUs:
		if isoDualStack.MatchString(l.host()) {
			of = append(of, "iso-dual-stack")
		}
	case !isSameRequest(p.Theirs["request"], p.Ours["request"]):
	default:
		of = rowsOfAnswer(l, theirs, ours)
	}
	return of
}

// rowsOfAnswer returns the rows about an answer of STS that upstream and we read differently.
func rowsOfAnswer(l *login, theirs, ours string) []string {
	a := readDocument(l.sts.Body)
	switch {
	case theirs != "" && ours != "":
		return []string{"answer-failure-is-no-refusal"}
	case theirs != "" && strings.HasPrefix(l.sts.Body, "<"):
		return []string{"answer-in-xml"}
	case theirs != "" && strings.Contains(l.sts.Body, "aws:ec2-instance"):
		return []string{"ec2-instance-session"}
	case theirs != "":
		return nil
	}
	var of []string
	add := func(row string, is bool) {
		if is {
			of = append(of, row)
		}
	}
	add("answer-content-type", !strings.HasPrefix(strings.ToLower(l.sts.ContentType), "application/json"))
	add("answer-key-twice", a.isRepeated)
	add("answer-unknown-key", a.isUnknown)
	add("answer-fact-missing", a.isIncomplete && !a.isUnknown && !a.isRepeated)
	if len(of) == 0 && ours != "malformed-response" {
		of = append(of, "answer-contradicts-itself")
	}
	return of
}

// document has the unusual traits of an answer of STS.
type document struct{ isRepeated, isUnknown, isIncomplete bool }

var answerKeys = []string{"GetCallerIdentityResponse", "GetCallerIdentityResult", "Account", "Arn", "UserId", "ResponseMetadata", "RequestId"}

// readDocument reads the keys of an answer.
func readDocument(body string) document {
	var d document
	var facts struct {
		GetCallerIdentityResponse struct{ GetCallerIdentityResult result }
	}
	_ = json.Unmarshal([]byte(body), &facts)
	r := facts.GetCallerIdentityResponse.GetCallerIdentityResult
	d.isIncomplete = r.Account == "" || r.Arn == "" || r.UserId == ""
	d.read(json.NewDecoder(strings.NewReader(body)))
	return d
}

// read reads a value and what follows its keys.
func (d *document) read(tokens *json.Decoder) {
	token, err := tokens.Token()
	if _, is := token.(json.Delim); err != nil || !is {
		return
	}
	seen := map[string]bool{}
	for tokens.More() {
		if token == json.Delim('{') {
			key, _ := tokens.Token()
			name, _ := key.(string)
			d.isRepeated = d.isRepeated || seen[name]
			d.isUnknown = d.isUnknown || !slices.Contains(answerKeys, name)
			seen[name] = true
		}
		before := tokens.InputOffset()
		d.read(tokens)
		if tokens.InputOffset() == before {
			return
		}
	}
	_, _ = tokens.Token()
}
