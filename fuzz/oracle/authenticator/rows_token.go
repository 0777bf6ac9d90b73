package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"oracle/differential"
)

// tokenRow is a row of a divergence file: the codes of our refusals, a part of their message, and what the login
// must have.
type tokenRow struct {
	name    string
	codes   []string
	message string
	has     func(*login) bool
}

// always is for rows whose code is theirs alone.
func always(*login) bool { return true }

// isOddInHeaderNames returns whether a character has no place in a list of lower-case header names.
func isOddInHeaderNames(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_.;", r)
}

// visible drops characters outside visible ASCII.
func visible(r rune) rune {
	if r <= ' ' || r >= 0x7f {
		return -1
	}
	return r
}

// refusedByUs has the rows of tokens that upstream sends to STS and we refuse.
var refusedByUs = []tokenRow{
	{"line-break-at-the-end", []string{"whitespace"}, "", func(l *login) bool { return strings.TrimRight(l.token(), "\r\n") != l.token() }},
	{"line-break-inside", []string{"whitespace"}, "", func(l *login) bool { return strings.ContainsAny(strings.TrimRight(l.token(), "\r\n"), "\r\n") }},
	{"trailing-bits", []string{"base64-trailing-bits"}, "", always},
	{"not-ascii", []string{"not-ascii"}, "", always},
	{"userinfo", []string{"forbidden-byte"}, "an `@`", func(l *login) bool { return strings.Contains(l.host(), "@") }},
	{"userinfo", []string{"forbidden-byte"}, "a raw `;`", func(l *login) bool { return strings.Contains(l.host(), "@") }},
	{"fragment", []string{"forbidden-byte"}, "a `#`", always},
	{"raw-plus", []string{"forbidden-byte"}, "a raw `+`", always},
	{"raw-character", []string{"forbidden-byte"}, "must be percent-encoded", always},
	{"raw-character", []string{"forbidden-byte"}, "a raw space", always},
	{"raw-character", []string{"forbidden-byte"}, "an `@`", func(l *login) bool { return !strings.Contains(l.host(), "@") }},
	{"no-equals-sign", []string{"pair"}, "", func(l *login) bool { return l.oddPair() != "" && !strings.Contains(l.oddPair(), "=") }},
	{"raw-equals-sign", []string{"pair"}, "", func(l *login) bool { return strings.Count(l.oddPair(), "=") > 1 }},
	{"empty-pair", []string{"pair"}, "", func(l *login) bool { return l.oddPair() == "" }},
	{"scheme-case", []string{"not-https"}, "", func(l *login) bool { return !strings.HasPrefix(l.url, "https") }},
	{"unknown-region", []string{"host"}, "", always},
	{"govcloud-host-for-aws", []string{"host-partition"}, "", always},
	{"version", []string{"version"}, "", always},
	{"version", []string{"missing-parameter", "empty-parameter"}, "`Version`", always},
	{"algorithm", []string{"algorithm"}, "", always},
	{"algorithm", []string{"missing-parameter", "empty-parameter"}, "`X-Amz-Algorithm`", always},
	{"credential-scope", []string{"credential-scope"}, "", always},
	{"credential-scope", []string{"missing-parameter", "empty-parameter"}, "`X-Amz-Credential`", always},
	{"access-key-id", []string{"access-key-id"}, "", always},
	{"scope-region", []string{"scope-region"}, "", always},
	{"scope-date", []string{"scope-date"}, "", always},
	{"no-signature", []string{"missing-parameter", "empty-parameter"}, "`X-Amz-Signature`", always},
	{"empty-session-token", []string{"empty-parameter"}, "`X-Amz-Security-Token`", always},
	{"signature-shape", []string{"signature"}, "", always},
	{"signed-headers-order", []string{"signed-headers"}, "", func(l *login) bool {
		text := l.query().Get("X-Amz-SignedHeaders")
		names := strings.Split(text, ";")
		isDistinctAndSorted := slices.IsSorted(names) && len(slices.Compact(slices.Clone(names))) == len(names)
		return !isDistinctAndSorted && !strings.ContainsFunc(text, isOddInHeaderNames)
	}},
	{"signed-header-case", []string{"signed-headers", "value"}, "", func(l *login) bool {
		return strings.ContainsFunc(l.query().Get("X-Amz-SignedHeaders"), isOddInHeaderNames)
	}},
	{"host-not-signed", []string{"host-not-signed"}, "", always},
	{"foreign-signed-header", []string{"unsupplied-header"}, "", always},
	{"expires-spelling", []string{"expires"}, "", always},
	{"future-date", []string{"not-yet-valid"}, "", always},
	{"fractional-second", []string{"date"}, "", func(l *login) bool { return strings.ContainsAny(l.query().Get("X-Amz-Date"), ".,") }},
	{"parameter-spelling", []string{"parameter-spelling"}, "", always},
	{"parameter-unicode-case", []string{"unknown-parameter"}, "", func(l *login) bool {
		for name := range l.query() {
			if strings.ContainsFunc(name, func(r rune) bool { return r > 127 }) {
				return true
			}
		}
		return false
	}},
	{"control-character-in-value", []string{"value"}, "", func(l *login) bool {
		return l.query().Get("X-Amz-SignedHeaders") == strings.Map(visible, l.query().Get("X-Amz-SignedHeaders"))
	}},
}

var isoDualStack = regexp.MustCompile(`\.(api\.aws\.ic\.gov|api\.aws\.scloud|api\.cloud-aws\.adc-e\.uk|api\.aws\.hci\.ic\.gov)$`)

// rowsOfToken returns the rows that may explain a difference.
func rowsOfToken(p *differential.Pair) []string {
	l := p.Case.(*login)
	ours, message := differential.Code(p.Ours), differential.ErrorField(p.Ours, "message")
	_, isAskedByThem := p.Theirs["request"]
	_, isAskedByUs := p.Ours["request"]
	var of []string
	switch {
	case isAskedByThem && !isAskedByUs:
		for _, row := range refusedByUs {
			if slices.Contains(row.codes, ours) && strings.Contains(message, row.message) && row.has(l) {
				of = append(of, row.name)
			}
		}
	case !isAskedByThem && isAskedByUs:
		if isoDualStack.MatchString(l.host()) {
			of = append(of, "iso-dual-stack")
		}
	case !isSameRequest(p.Theirs["request"], p.Ours["request"]):
	default:
		of = rowsOfAnswer(l, p)
	}
	return of
}

// ofIdentity has the rows of iam-principal by our message about an identity that it refuses.
var ofIdentity = []struct{ message, row string }{
	{"an account id is twelve digits", "account-not-twelve-digits"},
	{"has no region", "region-in-principal"},
	{"name is empty", "empty-name"},
	{"outside printable ASCII", "non-ascii-arn"},
	{"does not fit the kind of principal", "user-id-of-another-kind"},
}

// rowsOfAnswer returns the row about an answer of STS that upstream and we read differently. Of several traits
// the first is the one that we refuse.
func rowsOfAnswer(l *login, p *differential.Pair) []string {
	theirs, ours := differential.Code(p.Theirs), differential.Code(p.Ours)
	a := readDocument(l.sts.Body)
	switch {
	case theirs != "" && ours != "":
		return []string{"answer-failure-is-no-refusal"}
	case theirs != "" && strings.HasPrefix(l.sts.Body, "<"):
		return []string{"answer-in-xml"}
	case theirs != "" && strings.Contains(l.sts.Body, "aws:ec2-instance"):
		return []string{"ec2-instance-session"}
	case theirs == "" && ours == "":
		if strings.Contains(strings.ReplaceAll(l.sts.Body, `\/`, "/"), ":federated-user/") {
			return []string{"federated-user-session"}
		}
		return nil
	case theirs != "":
		return nil
	case !strings.HasPrefix(strings.ToLower(l.sts.ContentType), "application/json"):
		return []string{"answer-content-type"}
	case a.isRepeated:
		return []string{"answer-key-twice"}
	case a.isUnknown:
		return []string{"answer-unknown-key"}
	case a.isIncomplete:
		return []string{"answer-fact-missing"}
	case ours == "malformed-response":
		return nil
	}
	for _, one := range ofIdentity {
		if strings.Contains(differential.ErrorField(p.Ours, "message"), one.message) {
			return []string{one.row}
		}
	}
	return []string{"answer-contradicts-itself"}
}

// document has the unusual traits of an answer of STS.
type document struct{ isRepeated, isUnknown, isIncomplete bool }

var answerKeys = []string{"GetCallerIdentityResponse", "GetCallerIdentityResult", "Account", "Arn", "UserId", "ResponseMetadata", "RequestId"}

// readDocument reads the keys of an answer.
func readDocument(body string) document {
	var d document
	var facts struct {
		GetCallerIdentityResponse struct {
			GetCallerIdentityResult result
			ResponseMetadata        *struct{ RequestId *string }
		}
	}
	_ = json.Unmarshal([]byte(body), &facts)
	r, metadata := facts.GetCallerIdentityResponse.GetCallerIdentityResult, facts.GetCallerIdentityResponse.ResponseMetadata
	d.isIncomplete = r.Account == "" || r.Arn == "" || r.UserId == "" || metadata != nil && metadata.RequestId == nil
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
