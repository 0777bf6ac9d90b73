package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"oracle/differential"
)

// refusedToken is a refusal of ours, and a change of a genuine login that gives it a reason, if it has a row.
type refusedToken struct {
	code, message string
	change        func(*login)
	row           string
}

// refusals has the codes of our refusals of a token.
var refusals = []refusedToken{
	{"whitespace", "", func(l *login) { l.end = "\n" }, "line-break-at-the-end"},
	{"whitespace", "", func(l *login) { l.middle = "\n" }, "line-break-inside"},
	{"base64-trailing-bits", "", func(l *login) { l.url, l.end = l.url[:len(l.url)-len(l.url)%3], "MB" }, "trailing-bits"},
	{"not-ascii", "", func(l *login) { l.url += "é" }, "not-ascii"},
	{"forbidden-byte", "an `@`", replaced("https://", "https://u@"), "userinfo"},
	{"forbidden-byte", "a raw `;`", replaced("https://", "https://;@"), "userinfo"},
	{"forbidden-byte", "an `@`", replaced("AKIA", "@"), "raw-character"},
	{"forbidden-byte", "a raw space", replaced("AKIA", " "), "raw-character"},
	{"forbidden-byte", "a character that must be percent-encoded", replaced("AKIA", "<"), "raw-character"},
	{"forbidden-byte", "a `#`", func(l *login) { l.url += "#" }, "fragment"},
	{"forbidden-byte", "a raw `+`", replaced("AKIA", "+"), "raw-plus"},
	{"forbidden-byte", "a control character", nil, ""},
	{"forbidden-byte", "a byte outside ASCII", nil, ""},
	{"pair", "", replaced("Version=2011-06-15", "Version"), "no-equals-sign"},
	{"pair", "", replaced("2011-06-15", "="), "raw-equals-sign"},
	{"pair", "", func(l *login) { l.url += "&" }, "empty-pair"},
	{"not-https", "", replaced("https", "HTTPS"), "scheme-case"},
	{"host", "", replaced("us-west-2.", "moon."), "unknown-region"},
	{"host-partition", "", replaced("us-west-2.", "us-gov-west-1."), "govcloud-host-for-aws"},
	{"host-partition", "", func(l *login) { l.partition = "aws-us-gov" }, "govcloud-host-for-aws"},
	{"version", "", replaced("2011", "2012"), "version"},
	{"missing-parameter", "`Version` is missing", replaced("&Version=2011-06-15", ""), "version"},
	{"empty-parameter", "`Version` has no value", replaced("2011-06-15", ""), "version"},
	{"algorithm", "", replaced("SHA256", "SHA1"), "algorithm"},
	{"missing-parameter", "`X-Amz-Algorithm` is missing", replaced("&X-Amz-Algorithm=AWS4-HMAC-SHA256", ""), "algorithm"},
	{"credential-scope", "", replaced("sts%2F", "iam%2F"), "credential-scope"},
	{"empty-parameter", "`X-Amz-Credential` has no value", func(l *login) { set(&l.url, "X-Amz-Credential", "") }, "credential-scope"},
	{"access-key-id", "", replaced("AKIA", "-"), "access-key-id"},
	{"scope-region", "", replaced("2Fus-west-2", "2Fus-west-1"), "scope-region"},
	{"scope-date", "", replaced("EXAMPLE%2F2", "EXAMPLE%2F1"), "scope-date"},
	{"empty-parameter", "`X-Amz-Signature` has no value", func(l *login) { set(&l.url, "X-Amz-Signature", "") }, "no-signature"},
	{"missing-parameter", "`X-Amz-Signature` is missing", replaced("X-Amz-Signature", "x"), "no-signature"},
	{"empty-parameter", "`X-Amz-Security-Token` has no value", func(l *login) { l.url += "&X-Amz-Security-Token=" }, "empty-session-token"},
	{"signature", "", replaced("abcdef", "ABCDEF"), "signature-shape"},
	{"signed-headers", "", replaced("host%3Bx-k8s-aws-id", "x-k8s-aws-id%3Bhost"), "signed-headers-order"},
	{"signed-headers", "", replaced("x-k8s", "X-k8s"), "signed-header-case"},
	{"value", "the value of `X-Amz-SignedHeaders`", replaced("x-k8s", "x-%E2%84%AA8s"), "signed-header-case"},
	{"value", "the value of `X-Amz-Security-Token`", func(l *login) { l.url += "&X-Amz-Security-Token=%00" }, "control-character-in-value"},
	{"value", "the value of `Version`", replaced("2011", "%20"), "control-character-in-value"},
	{"host-not-signed", "", replaced("host%3B", ""), "host-not-signed"},
	{"unsupplied-header", "", replaced("host%3B", "host%3Bx%3B"), "foreign-signed-header"},
	{"expires", "", replaced("=60", "=060"), "expires-spelling"},
	{"not-yet-valid", "", func(l *login) { set(&l.url, "X-Amz-Date", l.now.Add(6*time.Minute).Format(tokenForm)) }, "future-date"},
	{"date", "", func(l *login) { set(&l.url, "X-Amz-Date", l.now.Format("20060102T150405")+".5Z") }, "fractional-second"},
	{"parameter-spelling", "", replaced("Version", "version"), "parameter-spelling"},
	{"parameter-spelling", "", replaced("Version", "%56ersion"), "parameter-spelling"},
	{"unknown-parameter", "", replaced("Signature", "S%C4%B0gnature"), "parameter-unicode-case"},
	{"action", "", nil, ""},
	{"binding-header-as-parameter", "", nil, ""},
	{"binding-header-not-signed", "", nil, ""},
	{"duplicate-parameter", "", nil, ""},
	{"expired", "", nil, ""},
	{"path", "", nil, ""},
	{"percent-encoding", "", nil, ""},
	{"port", "", nil, ""},
	{"readers-disagree", "", nil, ""},
	{"region-not-allowed", "", nil, ""},
	{"too-long", "", nil, ""},
	{"no-such-code", "", nil, ""},
}

func replaced(from, to string) func(*login) {
	return func(l *login) { l.url = strings.Replace(l.url, from, to, 1) }
}

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// A refusal has a row only if the token has what the row says.
func TestARefusalNeedsItsReason(t *testing.T) {
	asked := differential.Answer{"request": differential.Answer{"method": "GET"}}
	for _, test := range refusals {
		ours := differential.Refusal(test.code, test.message)
		good := genuine(now)
		if rows := rowsOfToken(&differential.Pair{Case: good, Theirs: asked, Ours: ours}); len(rows) > 0 {
			t.Errorf("a genuine token that is refused with %s %s has the rows %v", test.code, test.message, rows)
		}
		if test.change == nil {
			continue
		}
		changed := genuine(now)
		test.change(changed)
		if rows := rowsOfToken(&differential.Pair{Case: changed, Theirs: asked, Ours: ours}); !slices.Equal(rows, []string{test.row}) {
			t.Errorf("%s, %s: got %v, not %s", test.code, changed.url, rows, test.row)
		}
	}
}

// Each row about a refusal is among the codes above.
func TestEachRowOfARefusalIsTested(t *testing.T) {
	for _, row := range refusedByUs {
		if !slices.ContainsFunc(refusals, func(r refusedToken) bool { return r.row == row.name }) {
			t.Errorf("no test of %s", row.name)
		}
	}
}

// A host of every partition is one for rows too, so a refusal of it has none.
func TestAHostOfAWSHasAPartition(t *testing.T) {
	for partition, names := range regions {
		for _, region := range names {
			for _, domain := range domains[partition] {
				if got := partitionOf("sts." + region + "." + domain); got != partition {
					t.Errorf("sts.%s.%s is of %q", region, domain, got)
				}
			}
		}
	}
	for _, host := range []string{"sts.moon.amazonaws.com", "iam.us-west-2.amazonaws.com", "sts.us-west-2.amazonaws.com.cn", "sts.us-west-2.amazonaws.com:443"} {
		if got := partitionOf(host); got != "" {
			t.Errorf("%s is of %s", host, got)
		}
	}
}

// unread has our refusals of answers of STS, and what gives each its row.
var unread = []struct {
	code, message string
	change        func(*result)
	row           string
}{
	{"inconsistent-response", "an account id is twelve digits", func(r *result) { r.Account = "1" }, "account-not-twelve-digits"},
	{"inconsistent-response", "the ARN of a principal has no region", func(r *result) { r.Arn = "arn:aws:iam:x:111122223333:user/dev" }, "region-in-principal"},
	{"inconsistent-response", "the name is empty", func(r *result) { r.Arn = "arn:aws:iam::111122223333:user/" }, "empty-name"},
	{"inconsistent-response", "the path is empty", func(r *result) { r.Arn = "arn:aws:sts::111122223333:assumed-role//dev/s" }, "empty-name"},
	{"inconsistent-response", "the user id does not fit the kind of principal", func(r *result) {
		r.Arn, r.UserId = "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0", "AROAEXAMPLE:other"
	}, "user-id-of-another-kind"},
	{"inconsistent-response", "the ARN has a space, a control character or a character outside ASCII", func(r *result) { r.Arn += "é" }, "non-ascii-arn"},
	{"inconsistent-response", "the user id does not fit the kind of principal", func(r *result) { r.UserId = "AROAEXAMPLE" }, "user-id-of-another-kind"},
	{"inconsistent-response", "the account is not the one in the ARN", func(r *result) { r.Account = "444455556666" }, "answer-contradicts-itself"},
	{"inconsistent-response", "the session name in the user id is not the one in the ARN", func(r *result) {
		r.Arn, r.UserId = "arn:aws:sts::111122223333:assumed-role/dev/s", "AROAEXAMPLE:t"
	}, "answer-contradicts-itself"},
	{"inconsistent-response", "the session name in the user id is not the one in the ARN", func(r *result) {
		r.Arn, r.UserId = "arn:aws:sts::111122223333:federated-user/a/b", "111122223333:b"
	}, "answer-contradicts-itself"},
	{"inconsistent-response", "the user id has a space, a control character or a character outside ASCII", func(r *result) { r.UserId += " " }, "answer-contradicts-itself"},
	{"inconsistent-response", "a role is not a caller", func(r *result) { r.Arn = "arn:aws:iam::111122223333:role/dev" }, "answer-contradicts-itself"},
	{"partition", "", func(r *result) { r.Arn = "arn:aws-cn:iam::111122223333:user/dev" }, "answer-contradicts-itself"},
	{"malformed-response", "", func(r *result) { r.UserId = "" }, "answer-fact-missing"},
	{"throttled", "", nil, ""},
	{"sts-error", "", nil, ""},
	{"redirected", "", nil, ""},
	{"response-too-long", "", nil, ""},
	{"signature-mismatch", "", nil, ""},
	{"no-such-code", "", nil, ""},
}

// A refusal of an answer of STS has a row only if the answer has what the row says.
func TestARefusedAnswerNeedsItsReason(t *testing.T) {
	asked := differential.Answer{"request": differential.Answer{"method": "GET"}}
	rows := func(body string, code, message string) []string {
		l := genuine(now)
		l.sts.Body = body
		ours := differential.Refusal(code, message)
		ours["request"] = asked["request"]
		return rowsOfToken(&differential.Pair{Case: l, Theirs: asked, Ours: ours})
	}
	for _, test := range unread {
		facts := readFacts(userAnswer)
		if got := rows(userAnswer, test.code, test.message); len(got) > 0 {
			t.Errorf("a genuine answer that is refused with %s, %s has the rows %v", test.code, test.message, got)
		}
		if test.change == nil {
			continue
		}
		test.change(&facts)
		if got := rows(facts.json(), test.code, test.message); !slices.Equal(got, []string{test.row}) {
			t.Errorf("%s, %s: got %v, not %s", test.code, test.message, got, test.row)
		}
	}
}

// An identity that only we get has a row only if it is that of the answer.
func TestAnIdentityMustBeThatOfTheAnswer(t *testing.T) {
	request := differential.Answer{"method": "GET"}
	theirs := differential.Refusal("sts", "")
	theirs["request"] = request
	l := genuine(now)
	l.sts = sts{200, "text/xml", inXML(userAnswer)}
	for _, test := range []struct {
		arn  string
		rows []string
	}{
		{"arn:aws:iam::111122223333:user/dev", []string{"answer-in-xml"}},
		{"arn:aws:iam::111122223333:user/admin", nil},
	} {
		ours := differential.Answer{"request": request, "arn": test.arn, "account": "111122223333", "user_id": "AIDAEXAMPLE"}
		if rows := rowsOfToken(&differential.Pair{Case: l, Theirs: theirs, Ours: ours}); !reflect.DeepEqual(rows, test.rows) {
			t.Errorf("%s: %v", test.arn, rows)
		}
	}
}

// A host that only the driver resolves has a row only if AWS has no region of its name.
func TestAKnownHostHasNoRow(t *testing.T) {
	for host, rows := range map[string][]string{"sts.us-east-1.amazonaws.com": nil, "sts.moon.amazonaws.com": {"unknown-region"}} {
		p := &differential.Pair{Case: asJSON(hostQuestion{Host: host}), Theirs: differential.Answer{}, Ours: differential.Refusal("host", "")}
		if got := endpointArea.Rows(p); !reflect.DeepEqual(got, rows) {
			t.Errorf("%s: %v", host, got)
		}
	}
}
