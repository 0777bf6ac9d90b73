package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"oracle/differential"
)

// tokenRow is a row of a divergence file: the codes of our refusals, a part of their message, and what the login
// must have. The latter is read from the token here, so that a refusal for a reason that is not there has no row.
type tokenRow struct {
	name    string
	codes   []string
	message string
	has     func(*login) bool
}

// isOddInHeaderNames returns whether a character has no place in a list of lower-case header names.
func isOddInHeaderNames(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_.;", r)
}

// isInvisible returns whether a character is outside visible ASCII.
func isInvisible(r rune) bool { return r <= ' ' || r >= 0x7f }

var (
	absent = []string{"missing-parameter", "empty-parameter"}

	foreignBytes  = regexp.MustCompile(`[^A-Za-z0-9._~:/?&=%-]`)
	otherBytes    = "!\"$'()*,<>[\\]^`{|}"
	otherScheme   = regexp.MustCompile(`^(?i:https):`)
	ofScope       = regexp.MustCompile(`^([^/]*)/([^/]*)/([^/]*)/sts/aws4_request$`)
	ofKey         = regexp.MustCompile(`^[A-Za-z0-9_]{1,128}$`)
	ofSignature   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	ofExpires     = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	fractionalEnd = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}[.,][0-9]+Z$`)
)

// refusedByUs has the rows of tokens that upstream sends to STS and we refuse.
var refusedByUs = []tokenRow{
	{"line-break-at-the-end", []string{"whitespace"}, "", func(l *login) bool { return strings.TrimRight(l.token(), "\r\n") != l.token() }},
	{"line-break-inside", []string{"whitespace"}, "", func(l *login) bool { return strings.ContainsAny(strings.TrimRight(l.token(), "\r\n"), "\r\n") }},
	{"trailing-bits", []string{"base64-trailing-bits"}, "", func(l *login) bool {
		_, err := base64.RawURLEncoding.Strict().DecodeString(l.encoded())
		return err != nil
	}},
	{"not-ascii", []string{"not-ascii"}, "", func(l *login) bool {
		return strings.ContainsFunc(l.decoded(), func(r rune) bool { return r >= 0x80 })
	}},
	{"userinfo", []string{"forbidden-byte"}, "an `@`", func(l *login) bool { return l.isForeign("@") && l.hasUserinfo() }},
	{"userinfo", []string{"forbidden-byte"}, "a raw `;`", func(l *login) bool { return l.isForeign(";") && l.hasUserinfo() }},
	{"fragment", []string{"forbidden-byte"}, "a `#`", func(l *login) bool { return l.isForeign("#") }},
	{"raw-plus", []string{"forbidden-byte"}, "a raw `+`", func(l *login) bool { return l.isForeign("+") }},
	{"raw-character", []string{"forbidden-byte"}, "must be percent-encoded", func(l *login) bool { return l.isForeign(otherBytes) }},
	{"raw-character", []string{"forbidden-byte"}, "a raw space", func(l *login) bool { return l.isForeign(" ") }},
	{"raw-character", []string{"forbidden-byte"}, "an `@`", func(l *login) bool { return l.isForeign("@") && !l.hasUserinfo() }},
	{"no-equals-sign", []string{"pair"}, "", func(l *login) bool { return l.oddPair() != "" && !strings.Contains(l.oddPair(), "=") }},
	{"raw-equals-sign", []string{"pair"}, "", func(l *login) bool { return strings.Count(l.oddPair(), "=") > 1 }},
	{"empty-pair", []string{"pair"}, "", func(l *login) bool { return l.oddPair() == "" }},
	{"scheme-case", []string{"not-https"}, "", func(l *login) bool {
		return otherScheme.MatchString(l.decoded()) && !strings.HasPrefix(l.decoded(), "https:")
	}},
	{"unknown-region", []string{"host"}, "", func(l *login) bool { return partitionOf(l.host()) == "" }},
	{"govcloud-host-for-aws", []string{"host-partition"}, "", func(l *login) bool {
		both := []string{l.partition, partitionOf(l.host())}
		return slices.Equal(both, []string{"aws", "aws-us-gov"}) || slices.Equal(both, []string{"aws-us-gov", "aws"})
	}},
	{"version", []string{"version"}, "", func(l *login) bool { return l.parameter("Version") != "2011-06-15" }},
	{"version", absent, "`Version`", func(l *login) bool { return l.parameter("Version") == "" }},
	{"algorithm", []string{"algorithm"}, "", func(l *login) bool { return l.parameter("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" }},
	{"algorithm", absent, "`X-Amz-Algorithm`", func(l *login) bool { return l.parameter("X-Amz-Algorithm") == "" }},
	{"credential-scope", []string{"credential-scope"}, "", func(l *login) bool { return l.scope() == nil }},
	{"credential-scope", absent, "`X-Amz-Credential`", func(l *login) bool { return l.parameter("X-Amz-Credential") == "" }},
	{"access-key-id", []string{"access-key-id"}, "", func(l *login) bool { return l.scope() != nil && !ofKey.MatchString(l.scope()[0]) }},
	{"scope-region", []string{"scope-region"}, "", func(l *login) bool { return l.scope() != nil && l.scope()[2] != regionOf(l.host()) }},
	{"scope-date", []string{"scope-date"}, "", func(l *login) bool {
		day, _, _ := strings.Cut(l.parameter("X-Amz-Date"), "T")
		return l.scope() != nil && l.scope()[1] != day
	}},
	{"no-signature", absent, "`X-Amz-Signature`", func(l *login) bool { return l.parameter("X-Amz-Signature") == "" }},
	{"empty-session-token", []string{"empty-parameter"}, "`X-Amz-Security-Token`", func(l *login) bool {
		return l.query().Has("X-Amz-Security-Token") && l.parameter("X-Amz-Security-Token") == ""
	}},
	{"signature-shape", []string{"signature"}, "", func(l *login) bool { return !ofSignature.MatchString(l.parameter("X-Amz-Signature")) }},
	{"signed-headers-order", []string{"signed-headers"}, "", func(l *login) bool {
		names := l.signedHeaders()
		isDistinctAndSorted := slices.IsSorted(names) && len(slices.Compact(slices.Clone(names))) == len(names)
		return !isDistinctAndSorted && !l.hasOddSignedHeader()
	}},
	{"signed-header-case", []string{"signed-headers"}, "", (*login).hasOddSignedHeader},
	{"signed-header-case", []string{"value"}, "`X-Amz-SignedHeaders`", (*login).hasOddSignedHeader},
	{"host-not-signed", []string{"host-not-signed"}, "", func(l *login) bool { return !slices.Contains(l.signedHeaders(), "host") }},
	{"foreign-signed-header", []string{"unsupplied-header"}, "", func(l *login) bool {
		return slices.ContainsFunc(l.signedHeaders(), func(name string) bool { return name != "host" && name != "x-k8s-aws-id" })
	}},
	{"expires-spelling", []string{"expires"}, "", func(l *login) bool { return !ofExpires.MatchString(l.parameter("X-Amz-Expires")) }},
	{"future-date", []string{"not-yet-valid"}, "", func(l *login) bool {
		at, err := time.Parse(tokenForm, l.parameter("X-Amz-Date"))
		return err == nil && at.After(l.now.Add(clockSkew))
	}},
	{"fractional-second", []string{"date"}, "", func(l *login) bool { return fractionalEnd.MatchString(l.parameter("X-Amz-Date")) }},
	{"parameter-spelling", []string{"parameter-spelling"}, "", func(l *login) bool { return slices.ContainsFunc(l.names(), isOtherSpelling) }},
	{"parameter-unicode-case", []string{"unknown-parameter"}, "", func(l *login) bool { return slices.ContainsFunc(l.names(), isSpeltInUnicode) }},
}

// clockSkew is how far ahead of its clock the driver accepts a token.
const clockSkew = 5 * time.Minute

func init() {
	for _, name := range parameterNames {
		if name != "X-Amz-SignedHeaders" {
			refusedByUs = append(refusedByUs, tokenRow{"control-character-in-value", []string{"value"}, "`" + name + "`", func(l *login) bool {
				return strings.ContainsFunc(l.parameter(name), isInvisible)
			}})
		}
	}
}

// encoded returns the token without its prefix.
func (l *login) encoded() string { return strings.TrimPrefix(l.token(), "k8s-aws-v1.") }

// decoded returns the URL in the token as upstream decodes it.
func (l *login) decoded() string {
	text, err := base64.RawURLEncoding.DecodeString(l.encoded())
	if err != nil {
		return ""
	}
	return string(text)
}

// isForeign returns whether the first character that a genuine URL cannot have is one of these.
func (l *login) isForeign(characters string) bool {
	first := foreignBytes.FindString(l.decoded())
	return first != "" && strings.Contains(characters, first)
}

func (l *login) hasUserinfo() bool { return strings.Contains(l.host(), "@") }

// query returns the parameters of the URL as upstream reads them.
func (l *login) query() url.Values {
	u, err := url.Parse(l.decoded())
	if err != nil {
		return nil
	}
	return u.Query()
}

func (l *login) parameter(name string) string { return l.query().Get(name) }

// names returns the names of the parameters as written.
func (l *login) names() []string {
	var names []string
	for _, pair := range l.pairs() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	return names
}

// isOtherSpelling returns whether a name as written is that of a parameter in another letter case or percent-encoded.
func isOtherSpelling(written string) bool {
	name, err := url.PathUnescape(written)
	isKnown := func(known string) bool { return asciiLower(known) == asciiLower(name) }
	return err == nil && !slices.Contains(parameterNames, written) && slices.ContainsFunc(parameterNames, isKnown)
}

// isSpeltInUnicode returns whether a name as written becomes that of a parameter only by Unicode's rules for lower case.
func isSpeltInUnicode(written string) bool {
	name, err := url.PathUnescape(written)
	isKnown := func(known string) bool { return strings.ToLower(known) == strings.ToLower(name) }
	return err == nil && strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }) && slices.ContainsFunc(parameterNames, isKnown)
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// scope returns the key id, the date and the region of the credential, or nil if it does not have the five parts.
func (l *login) scope() []string {
	parts := ofScope.FindStringSubmatch(l.parameter("X-Amz-Credential"))
	if parts == nil {
		return nil
	}
	return parts[1:]
}

func (l *login) signedHeaders() []string {
	return strings.Split(l.parameter("X-Amz-SignedHeaders"), ";")
}

func (l *login) hasOddSignedHeader() bool {
	return strings.ContainsFunc(l.parameter("X-Amz-SignedHeaders"), isOddInHeaderNames)
}

// pairs returns the parts of the query as written.
func (l *login) pairs() []string {
	_, query, _ := strings.Cut(l.decoded(), "?")
	query, _, _ = strings.Cut(query, "#")
	return strings.Split(query, "&")
}

// oddPair returns the first part of the query that is not a name, one equals sign and a value. Without one it
// returns "x=y".
func (l *login) oddPair() string {
	for _, pair := range l.pairs() {
		if strings.Count(pair, "=") != 1 {
			return pair
		}
	}
	return "x=y"
}

// host returns the authority as written.
func (l *login) host() string {
	_, rest, _ := strings.Cut(l.decoded(), "//")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return rest
	}
	return rest[:end]
}

// regionNames has the names of the regions of a partition: botocore's regionRegex in lower-case ASCII, with up to twenty
// letters and two digits, as sts-presign says.
var regionNames = map[string]*regexp.Regexp{
	"aws":        regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-cn":     regexp.MustCompile(`^cn-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-us-gov": regexp.MustCompile(`^us-gov-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-iso":    regexp.MustCompile(`^us-iso-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-iso-b":  regexp.MustCompile(`^us-isob-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-iso-e":  regexp.MustCompile(`^eu-isoe-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-iso-f":  regexp.MustCompile(`^us-isof-[a-z0-9]{1,20}-[0-9]{1,2}$`),
	"aws-eusc":   regexp.MustCompile(`^eusc-de-[a-z0-9]{1,20}-[0-9]{1,2}$`),
}

const globalHost = "sts.amazonaws.com"

// regionOf returns the region that requests to a host are signed for.
func regionOf(host string) string {
	if host == globalHost {
		return "us-east-1"
	}
	return strings.Split(host+".", ".")[1]
}

// partitionOf returns the partition whose STS has a host, or "".
func partitionOf(host string) string {
	if host == globalHost {
		return "aws"
	}
	parts := strings.SplitN(host, ".", 3)
	if len(parts) < 3 || parts[0] != "sts" && parts[0] != "sts-fips" {
		return ""
	}
	for partition, names := range regionNames {
		own := domains[partition]
		if names.MatchString(parts[1]) && slices.Contains(own[:], parts[2]) {
			return partition
		}
	}
	return ""
}

var isoDualStack = regexp.MustCompile(`^aws-iso(|-[bef])$`)

// rowsOfToken returns the rows that may explain a difference.
func rowsOfToken(p *differential.Pair) []string {
	l := p.Case.(*login)
	_, isAskedByThem := p.Theirs["request"]
	_, isAskedByUs := p.Ours["request"]
	switch {
	case isAskedByThem && !isAskedByUs:
		return rowsOfRefusal(l, p.Ours)
	case !isAskedByThem && isAskedByUs:
		isRefusedForHost := strings.Contains(differential.ErrorField(p.Theirs, "message"), "does not support hostname "+l.host())
		partition := partitionOf(l.host())
		if isRefusedForHost && partition == l.partition && isoDualStack.MatchString(partition) && strings.HasSuffix(l.host(), domains[partition][1]) {
			return []string{"iso-dual-stack"}
		}
	case isSameRequest(p.Theirs["request"], p.Ours["request"]):
		return rowsOfAnswer(l, p)
	}
	return nil
}

// rowsOfRefusal returns the rows that may explain why only we refuse a token before STS is asked.
func rowsOfRefusal(l *login, ours differential.Answer) []string {
	code, message := differential.Code(ours), differential.ErrorField(ours, "message")
	var of []string
	for _, row := range refusedByUs {
		if slices.Contains(row.codes, code) && strings.Contains(message, row.message) && row.has(l) {
			of = append(of, row.name)
		}
	}
	return of
}

// identityRow is a row about an identity that only we refuse: a part of our message, and what the answer of STS must
// have.
type identityRow struct {
	message, row string
	has          func(result) bool
}

var (
	twelveDigits = regexp.MustCompile(`^[0-9]{12}$`)
	ofInstance   = regexp.MustCompile(`^assumed-role/(.*/)?aws:ec2-instance/[^/]*$`)
	emptyName    = regexp.MustCompile(`/(/|$)`)
)

// ofIdentity has the rows of iam-principal by our message, and those of answers that contradict themselves.
var ofIdentity = []identityRow{
	{"an account id is twelve digits", "account-not-twelve-digits", func(r result) bool {
		return !twelveDigits.MatchString(r.Account) || !twelveDigits.MatchString(r.part(4))
	}},
	{"has no region", "region-in-principal", func(r result) bool { return r.part(3) != "" }},
	{"name is empty", "empty-name", func(r result) bool { return emptyName.MatchString(r.part(5)) }},
	{"path is empty", "empty-name", func(r result) bool { return strings.Contains(r.part(5), "//") }},
	{"the ARN has a space, a control character or a character outside ASCII", "non-ascii-arn", func(r result) bool { return strings.ContainsFunc(r.Arn, isInvisible) }},
	{"the user id does not fit the kind of principal", "user-id-of-another-kind", func(r result) bool { return !r.isOfItsKind() }},
	{"the account is not the one in the ARN", "answer-contradicts-itself", func(r result) bool { return r.Account != r.part(4) }},
	{"the session name in the user id is not the one in the ARN", "answer-contradicts-itself", func(r result) bool {
		_, session, _ := strings.Cut(r.UserId, ":")
		return session != r.session()
	}},
	{"the user id has a space, a control character or a character outside ASCII", "answer-contradicts-itself", func(r result) bool { return strings.ContainsFunc(r.UserId, isInvisible) }},
	{"a role is not a caller", "answer-contradicts-itself", func(r result) bool { return strings.HasPrefix(r.part(5), "role/") }},
}

// part returns a part of the ARN, from 0 to 5.
func (r result) part(number int) string {
	parts := strings.SplitN(r.Arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[number]
}

// session returns the session name in the ARN, which is the whole name of a federated user. Other kinds have none.
func (r result) session() string {
	kind, name, _ := strings.Cut(r.part(5), "/")
	switch kind {
	case "federated-user":
		return name
	case "assumed-role":
		return name[strings.LastIndex(name, "/")+1:]
	}
	return ""
}

// ofKinds has the user ids of the kinds of principals, without the session: those of users and roles begin with what the
// others' do not.
var ofKinds = map[string]*regexp.Regexp{
	"root":           regexp.MustCompile(`^[0-9]{12}$`),
	"user":           regexp.MustCompile(`^[0-9A-Za-z]+$`),
	"federated-user": regexp.MustCompile(`^[0-9]{12}:`),
	"assumed-role":   regexp.MustCompile(`^[0-9A-Za-z]+:`),
}

// ofInstances is the form of the user id of an instance that EC2 manages.
var ofInstances = regexp.MustCompile(`^[0-9A-Za-z]+:aws:ec2-instance:`)

// isOfItsKind returns whether the user id may be that of such a principal.
func (r result) isOfItsKind() bool {
	kind, _, _ := strings.Cut(r.part(5), "/")
	other := map[string]string{"user": "AROA", "assumed-role": "AIDA"}[kind]
	form := ofKinds[kind]
	if ofInstance.MatchString(r.part(5)) {
		form = ofInstances
	}
	return form != nil && form.MatchString(r.UserId) && (other == "" || !strings.HasPrefix(r.UserId, other)) &&
		(kind != "root" && kind != "federated-user" || strings.HasPrefix(r.UserId, r.part(4)))
}

// rowsOfAnswer returns the row about an answer of STS that upstream and we read differently. Of several traits
// the first is the one that we refuse.
func rowsOfAnswer(l *login, p *differential.Pair) []string {
	theirs, ours := differential.Code(p.Theirs), differential.Code(p.Ours)
	switch {
	case theirs != "" && ours != "":
		isThrottled := l.sts.Status != 200 && strings.Contains(l.sts.Body, "Throttling")
		if (theirs == "throttled") == isThrottled && (ours == "throttled") == l.sts.isThrottling() {
			return []string{"answer-failure-is-no-refusal"}
		}
	case theirs != "":
		return rowsOfAccepted(l, p.Ours)
	case ours != "":
		return rowsOfUnreadAnswer(l, p.Ours)
	default:
		return rowsOfIdentified(l, p)
	}
	return nil
}

// isThrottling returns whether an answer means that STS or a proxy wants fewer requests: by its status, or by the code in a
// document of STS.
func (s sts) isThrottling() bool {
	var document struct{ Error struct{ Code string } }
	err := json.Unmarshal([]byte(s.Body), &document)
	return s.Status == 429 || s.Status != 200 && err == nil && strings.HasPrefix(document.Error.Code, "Throttling")
}

// rowsOfAccepted returns the row about an answer of which only we get an identity, which must be that of the answer.
func rowsOfAccepted(l *login, ours differential.Answer) []string {
	isXML := strings.HasPrefix(l.sts.ContentType, "text/xml")
	facts := readFacts(l.sts.Body)
	if isXML {
		facts = readFactsInXML(l.sts.Body)
	}
	id, _, _ := strings.Cut(facts.UserId, ":")
	isInstance := ofInstance.MatchString(facts.part(5)) && strings.Contains(facts.UserId, ":aws:ec2-instance:")
	switch {
	case l.sts.Status != 200 || facts.Arn == "" || ours["arn"] != facts.Arn || ours["account"] != facts.Account || ours["user_id"] != id:
		return nil
	case isXML:
		return []string{"answer-in-xml"}
	case isInstance && ours["session_name"] == facts.session():
		return []string{"ec2-instance-session"}
	}
	return nil
}

// rowsOfIdentified returns the row about a caller that both identify: the session of a federated user.
func rowsOfIdentified(l *login, p *differential.Pair) []string {
	facts := readFacts(l.sts.Body)
	account, name, _ := strings.Cut(facts.UserId, ":")
	theirs, ours := p.Theirs, p.Ours
	for _, field := range []string{"arn", "account", "canonical_arn", "access_key_id"} {
		if theirs[field] != ours[field] {
			return nil
		}
	}
	if strings.HasPrefix(facts.part(5), "federated-user/") && theirs["user_id"] == facts.UserId && theirs["session_name"] == nil &&
		ours["user_id"] == account && ours["session_name"] == name {
		return []string{"federated-user-session"}
	}
	return nil
}

// rowsOfUnreadAnswer returns the row about an answer of which only upstream gets an identity.
func rowsOfUnreadAnswer(l *login, ours differential.Answer) []string {
	code, message := differential.Code(ours), differential.ErrorField(ours, "message")
	facts, a := readFacts(l.sts.Body), readDocument(l.sts.Body)
	isMalformed := code == "malformed-response"
	switch {
	case isMalformed && !strings.HasPrefix(strings.ToLower(l.sts.ContentType), "application/json"):
		return []string{"answer-content-type"}
	case isMalformed && a.isRepeated:
		return []string{"answer-key-twice"}
	case isMalformed && a.isUnknown:
		return []string{"answer-unknown-key"}
	case (isMalformed || code == "inconsistent-response") && a.isIncomplete:
		return []string{"answer-fact-missing"}
	case code == "partition" && facts.part(1) != l.partition:
		return []string{"answer-contradicts-itself"}
	case code != "inconsistent-response":
		return nil
	}
	for _, one := range ofIdentity {
		if strings.Contains(message, one.message) && one.has(facts) {
			return []string{one.row}
		}
	}
	return nil
}

// readFacts returns what an answer in JSON says of the caller, as upstream reads it.
func readFacts(body string) result {
	var document struct {
		GetCallerIdentityResponse struct{ GetCallerIdentityResult result }
	}
	_ = json.Unmarshal([]byte(body), &document)
	return document.GetCallerIdentityResponse.GetCallerIdentityResult
}

// readFactsInXML returns what an answer in XML says of the caller.
func readFactsInXML(body string) result {
	var document struct{ GetCallerIdentityResult result }
	_ = xml.Unmarshal([]byte(body), &document)
	return document.GetCallerIdentityResult
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
