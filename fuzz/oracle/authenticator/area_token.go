package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"oracle/differential"
)

var tokenArea = differential.Area{
	Name:    "token",
	Ask:     func(g differential.Generator) differential.Case { return generator{g}.login() },
	Answer:  func(c differential.Case) any { return identify(c.(*login).question()) },
	IsSame:  isSameLogin,
	IsLike:  isLikeLogin,
	Rows:    rowsOfToken,
	Classes: classesOfToken,
}

// login is a token and the answer of STS to it.
type login struct {
	// The URL, before it is encoded, and the changes of the token afterwards.
	url                 string
	prefix, end, middle string
	partition           string
	now                 time.Time
	sts                 sts
}

func (l *login) token() string {
	text := base64.RawURLEncoding.EncodeToString([]byte(l.url))
	half := len(text) / 2
	return l.prefix + text[:half] + l.middle + text[half:] + l.end
}

func (l *login) question() *tokenQuestion {
	return &tokenQuestion{
		Op: "auth.identify", Token: l.token(), ClusterID: clusterID, Partition: l.partition,
		Now: l.now.Format(time.RFC3339), STS: l.sts,
	}
}

// Question returns the question.
func (l *login) Question() []byte { return differential.Raw(l.question()) }

// Smaller undoes one change: each variant is nearer to a genuine login.
func (l *login) Smaller() []differential.Case {
	var all []differential.Case
	add := func(change func(*login)) {
		smaller := *l
		change(&smaller)
		if smaller != *l {
			all = append(all, &smaller)
		}
	}
	good := genuine(l.now)
	add(func(s *login) { s.sts = good.sts })
	add(func(s *login) { s.sts.Status, s.sts.ContentType = good.sts.Status, good.sts.ContentType })
	add(func(s *login) { s.prefix, s.middle, s.end = good.prefix, "", "" })
	add(func(s *login) { s.url, s.partition = good.url, good.partition })
	front, query, _ := strings.Cut(l.url, "?")
	query, fragment, isWithFragment := strings.Cut(query, "#")
	with := func(front string, pairs []string, end string) {
		add(func(s *login) { s.url = front + "?" + strings.Join(pairs, "&") + end })
	}
	end := ""
	if isWithFragment {
		end = "#" + fragment
	}
	pairs := strings.Split(query, "&")
	with(front, pairs, "")
	goodFront, goodQuery, _ := strings.Cut(good.url, "?")
	// The scope has the region of the host.
	undone := slices.Clone(pairs)
	for n := range undone {
		if strings.HasPrefix(undone[n], "X-Amz-Credential=") {
			undone[n] = strings.Split(goodQuery, "&")[3]
		}
	}
	if front != goodFront {
		add(func(s *login) { s.url, s.partition = goodFront+"?"+strings.Join(undone, "&")+end, good.partition })
	}
	for _, pair := range strings.Split(goodQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		at := slices.IndexFunc(pairs, func(own string) bool { return strings.HasPrefix(own, name+"=") })
		switch {
		case at < 0:
			with(front, append(slices.Clone(pairs), pair), end)
		case pairs[at] != pair && (front == goodFront || name != "X-Amz-Credential"):
			replaced := slices.Clone(pairs)
			replaced[at] = pair
			with(front, replaced, end)
		}
	}
	for n := range pairs {
		name, _, _ := strings.Cut(pairs[n], "=")
		if !slices.Contains(parameterNames[:8], name) || slices.ContainsFunc(pairs[:n], func(other string) bool { return strings.HasPrefix(other, name+"=") }) {
			with(front, slices.Delete(slices.Clone(pairs), n, n+1), end)
		}
	}
	return all
}

const (
	clusterID = "test-cluster"
	tokenForm = "20060102T150405Z"
)

// parameter is a parameter of a URL as written.
type parameter struct{ name, value string }

func parametersAt(at time.Time, region string) []parameter {
	scope := at.Format("20060102") + "%2F" + region + "%2Fsts%2Faws4_request"
	return []parameter{
		{"Action", "GetCallerIdentity"}, {"Version", "2011-06-15"}, {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
		{"X-Amz-Credential", "AKIAEXAMPLE%2F" + scope}, {"X-Amz-Date", at.Format(tokenForm)}, {"X-Amz-Expires", "60"},
		{"X-Amz-SignedHeaders", "host%3Bx-k8s-aws-id"}, {"X-Amz-Signature", strings.Repeat("0123456789abcdef", 4)},
	}
}

func writeURL(host string, parameters []parameter) string {
	var pairs []string
	for _, p := range parameters {
		pairs = append(pairs, p.name+"="+p.value)
	}
	return "https://" + host + "/?" + strings.Join(pairs, "&")
}

const userAnswer = `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/dev","UserId":"AIDAEXAMPLE"},"ResponseMetadata":{"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}}}`

// genuine is a login that both accept.
func genuine(now time.Time) *login {
	return &login{
		url:    writeURL("sts.us-west-2.amazonaws.com", parametersAt(now.Add(-time.Minute), "us-west-2")),
		prefix: "k8s-aws-v1.", partition: "aws", now: now,
		sts: sts{200, "application/json", userAnswer},
	}
}

// login generates a token with up to two changes, and an answer of STS that may have some too.
func (g generator) login() *login {
	now := time.Now().UTC().Truncate(time.Second)
	l := genuine(now)
	l.url = g.url(now, &l.partition)
	for range g.IntN(3) {
		g.editURL(l)
	}
	if g.One(12) {
		g.editToken(l)
	}
	l.sts = g.answerOfSTS(l.partition)
	return l
}

var regions = map[string][]string{
	"aws":        {"us-west-2", "eu-central-1", "us-east-1", "ap-southeast-7"},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-us-gov": {"us-gov-west-1", "us-gov-east-1"},
	"aws-iso":    {"us-iso-east-1"},
	"aws-iso-b":  {"us-isob-east-1"},
	"aws-iso-e":  {"eu-isoe-west-1"},
	"aws-iso-f":  {"us-isof-south-1"},
	"aws-eusc":   {"eusc-de-east-1"},
}

// domains has the domains of the hosts of a partition: the ordinary one and the one for dual-stack.
var domains = map[string][2]string{
	"aws": {"amazonaws.com", "api.aws"}, "aws-cn": {"amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	"aws-us-gov": {"amazonaws.com", "api.aws"}, "aws-iso": {"c2s.ic.gov", "api.aws.ic.gov"},
	"aws-iso-b": {"sc2s.sgov.gov", "api.aws.scloud"}, "aws-iso-e": {"cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	"aws-iso-f": {"csp.hci.ic.gov", "api.aws.hci.ic.gov"}, "aws-eusc": {"amazonaws.eu", "api.amazonwebservices.eu"},
}

// url generates a genuine URL, of `aws` in most cases.
func (g generator) url(now time.Time, partition *string) string {
	if g.One(3) {
		*partition = g.Pick("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
	}
	region := g.Pick(regions[*partition]...)
	service, domain := "sts", domains[*partition][0]
	if g.One(4) {
		domain = domains[*partition][1]
	}
	if g.One(8) {
		service = "sts-fips"
	}
	host := service + "." + region + "." + domain
	if *partition == "aws" && g.One(6) {
		host, region = "sts.amazonaws.com", "us-east-1"
	}
	at := now.Add(-time.Duration(g.IntN(13*60)) * time.Second)
	parameters := parametersAt(at, region)
	if g.One(2) {
		parameters = append(parameters, parameter{"X-Amz-Security-Token", g.Pick("abc", "a%2Bb%2F%3D%3D", "IQoJb3JpZ2luX2Vj")})
	}
	if g.One(2) {
		g.Shuffle(len(parameters), func(a, b int) { parameters[a], parameters[b] = parameters[b], parameters[a] })
	}
	return writeURL(host, parameters)
}

// set replaces the value of a parameter as written.
func set(of *string, name, value string) {
	at := strings.Index(*of, name+"=")
	if at < 0 {
		return
	}
	rest := (*of)[at+len(name)+1:]
	end := strings.IndexAny(rest, "&#")
	if end < 0 {
		end = len(rest)
	}
	*of = (*of)[:at] + name + "=" + value + rest[end:]
}

var parameterNames = []string{
	"Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
	"X-Amz-Signature", "X-Amz-Security-Token",
}

// editURL changes one thing in the URL.
func (g generator) editURL(l *login) {
	u := &l.url
	name := g.Pick(parameterNames...)
	replace := func(from, to string) { *u = strings.Replace(*u, from, to, 1) }
	at := func(offset time.Duration, form string) string { return l.now.Add(offset).Format(form) }
	scope := func(key, date, region, service, end string) {
		set(u, "X-Amz-Credential", strings.Join([]string{key, date, region, service, end}, "%2F"))
	}
	today := l.now.Format("20060102")
	switch g.IntN(26) {
	case 0:
		replace("https://", g.Pick("HTTPS://", "Https://", "http://", "https:/", "https://u@", "https://u:p@", "https://@", "//", ""))
	case 1:
		*u += g.Pick("#", "#x", "&", "&&", "&x", "&x=", "&x=y", ";", "\n", " ", "%", "é", "&Action=GetCallerIdentity", "\"", "<", "\\", "|", "^", "`", "{}")
	case 2:
		*u = "https://" + g.Pick(
			"sts.moon.amazonaws.com", "sts.us-west-2.amazonaws.com", "sts.us-gov-west-1.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn",
			"sts.us-west-2.amazonaws.com:443", "sts.us-west-2.amazonaws.com.", "STS.us-west-2.amazonaws.com", "sts.US-WEST-2.amazonaws.com",
			"iam.us-west-2.amazonaws.com", "sts.us-west-2.evil.com", "stsus-west-2.amazonaws.com", "sts.us-west-2.amazonaws.com.evil.com",
			"sts..amazonaws.com", "sts.us-west-2..amazonaws.com", "[::1]", "sts.amazonaws.com", "sts.us-west-2.api.aws",
			"sts.aws-global.amazonaws.com", "sts.us-isob-west-1.sc2s.sgov.gov", "sts.us-iso-west-1.api.aws.ic.gov",
		) + (*u)[strings.Index(*u+"/?", "/?"):]
	case 3:
		replace("/?", g.Pick("?", "//?", "/x?", "/%2F?", "/??", "/;?", "/.?", "/#?"))
	case 4:
		// A parameter less.
		set(u, name, "")
		replace(name+"=", "")
		*u = strings.NewReplacer("&&", "&", "?&", "?").Replace(strings.TrimSuffix(*u, "&"))
	case 5:
		set(u, name, "")
		if g.One(2) {
			// Without its equals sign.
			replace(name+"=", name)
		}
	case 6:
		replace(name+"=", strings.ToLower(name)+"=")
	case 7:
		replace(name+"=", g.Pick("%41", "%58")+name[1:]+"=")
	case 8:
		replace("X-Amz-Signature=", g.Pick("X-Amz-S\u0131gnature=", "X-Amz-S%C4%B0gnature=", "X-Amz-%E2%84%AAey=", "Key="))
	case 9:
		set(u, "X-Amz-Security-Token", g.Pick("a+b", "a=b", "a==", "%00", "%0d%0a", "%e9", "%ff", "%", "%zz", "a%26b", "a%20b", "%41", strings.Repeat("a", 3500)))
	case 10:
		set(u, "Version", g.Pick("2011-06-16", "2011-06-15%00", "latest"))
	case 11:
		set(u, "X-Amz-Algorithm", g.Pick("AWS4-ECDSA-P256-SHA256", "aws4-hmac-sha256", "AWS4-HMAC-SHA256%20"))
	case 12:
		scope(g.Pick("AKIAEXAMPLE", "AKIA<script>", "%0aAKIA", "", strings.Repeat("A", 129), "A-B"), today, g.Pick("us-west-2", "moon", "us-east-1", "aws-global"),
			g.Pick("sts", "iam", "STS"), g.Pick("aws4_request", "aws5_request"))
	case 13:
		scope("AKIAEXAMPLE", g.Pick("20200101", today, "x"), g.Pick("us-west-2", "us-east-1"), "sts", g.Pick("aws4_request", "aws4_request%2Fx"))
	case 14:
		set(u, "X-Amz-Credential", g.Pick("AKIAEXAMPLE", "AKIAEXAMPLE/"+today+"/us-west-2/sts/aws4_request", "AKIAEXAMPLE%2F"+today+"%2fus-west-2%2fsts%2faws4_request"))
	case 15:
		set(u, "X-Amz-Signature", g.Pick("", "x", strings.Repeat("A", 64), strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("g", 64)))
	case 16:
		set(u, "X-Amz-SignedHeaders", g.Pick(
			"x-k8s-aws-id%3Bhost", "host%3Bhost%3Bx-k8s-aws-id", "host%3BX-K8s-Aws-Id", "Host%3Bx-k8s-aws-id", "x-k8s-aws-id", "host",
			"accept%3Bhost%3Bx-k8s-aws-id", "date%3Bhost%3Bx-k8s-aws-id", "host%3Bx-amz-user-agent%3Bx-k8s-aws-id",
			"host%3Bx-%E2%84%AA8s-aws-id", "host%3Bx-k8s-aw%C5%BF-id", "host%3B%3Bx-k8s-aws-id", "host;x-k8s-aws-id", "host%3bx-k8s-aws-id", "host%2Cx-k8s-aws-id"))
	case 17:
		set(u, "X-Amz-Expires", g.Pick("0", "900", "901", "-1", "%2B60", "060", "00", "60.0", "1e1", "x", "%2060", "9999999999999999999", "61", "-0", "1_0"))
	case 18:
		set(u, "X-Amz-Date", g.Pick(at(-20*time.Minute, tokenForm), at(20*time.Minute, tokenForm), at(2*time.Minute, tokenForm), at(72*365*24*time.Hour, tokenForm),
			at(-time.Minute, "20060102T150405")+".5Z", at(-time.Minute, "20060102T150405")+",123Z", at(0, time.RFC3339), at(0, "20060102"),
			at(0, "20060102t150405z"), at(0, "20060102T150405%5A"), "20230230T000000Z", "00000000T000000Z", "99991231T235959Z"))
	case 19:
		*u = strings.ReplaceAll(*u, "%2F", "%2f")
	case 20:
		replace("GetCallerIdentity", g.Pick("getcalleridentity", "GetCallerIdentity%20", "AssumeRole", "GetCallerIdentity%00", "GetCaller%49dentity"))
	case 21:
		replace("&", g.Pick("&&", ";", "&amp;", "&&&", "%26", "?"))
	case 22:
		replace("=", g.Pick("==", "=%20", "%3D", ""))
	default:
		g.edit(u)
	}
}

// edit changes a random byte of a text.
func (g generator) edit(text *string) {
	if *text == "" {
		return
	}
	at := g.IntN(len(*text))
	alphabet := "aA0%&=/?#;:@+. \"<\\-_~\n\x00\x7f\xe9"
	with := string(alphabet[g.IntN(len(alphabet))])
	switch g.IntN(4) {
	case 0:
		*text = (*text)[:at] + with + (*text)[at:]
	case 1:
		*text = (*text)[:at] + (*text)[at+1:]
	case 2:
		end := at + g.IntN(len(*text)-at)
		*text = (*text)[:at] + (*text)[at:end] + (*text)[at:end] + (*text)[end:]
	default:
		*text = (*text)[:at] + with + (*text)[at+1:]
	}
}

// editToken changes the token after the URL is encoded.
func (g generator) editToken(l *login) {
	switch g.IntN(8) {
	case 0:
		l.prefix = g.Pick("", "k8s-aws-v2.", "K8S-AWS-V1.", "k8s-aws-v1.k8s-aws-v1.", " k8s-aws-v1.", "k8s-aws-v1", "Bearer k8s-aws-v1.", "k8s-aws-v1..")
	case 1, 2:
		l.end = g.Pick("\n", "\r\n", "=", "==", " ", "\x00", "+", "A", "AA", "AAA", "\n\n", "\t")
	case 3, 4:
		l.middle = g.Pick("\n", "\r", " ", "=", "+", "/", ".", "\xe9", "é", "\n\n")
	case 5:
		// A length whose last character has bits left over, and such a character.
		for len(l.url)%3 == 0 {
			l.url += "0"
		}
		text := base64.RawURLEncoding.EncodeToString([]byte(l.url))
		l.url = l.url[:len(l.url)-len(l.url)%3]
		l.end = text[len(text)-len(text)%4:len(text)-1] + string(nextInAlphabet(text[len(text)-1]))
	case 6:
		l.url += "&X-Amz-Security-Token=" + strings.Repeat("a", 2800+g.IntN(100))
	default:
		g.edit(&l.prefix)
	}
}

// nextInAlphabet returns the character whose value is one more.
func nextInAlphabet(of byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[(strings.IndexByte(alphabet, of)+1)%len(alphabet)]
}

// answerOfSTS generates an answer: that of a caller of the partition in most cases.
func (g generator) answerOfSTS(partition string) sts {
	body := g.callerOf(partition)
	answer := sts{200, "application/json", body}
	switch g.IntN(12) {
	case 0:
		answer.ContentType = g.Pick("", "text/xml", "text/html", "application/json; charset=utf-8", "Application/JSON", "application/x-amz-json-1.1", "text/plain", "json")
	case 1:
		answer.Status = []int{201, 204, 206, 302, 400, 403, 404, 429, 500, 503}[g.IntN(10)]
		answer.Body = g.Pick("", "<html>Forbidden</html>", g.refusalOfSTS(), g.refusalOfSTS(), `{"Error":{"Code":"Throttling","Message":"Rate exceeded","Type":"Sender"},"RequestId":"x"}`,
			"Throttling", body, `{"message":"Throttling"}`, `{"Error":{"Code":"ThrottlingException"}}`)
	case 2:
		answer.Body = g.editedCaller(body)
	case 3:
		answer.ContentType = "text/xml"
		answer.Body = inXML(body)
	case 4:
		g.edit(&answer.Body)
	}
	return answer
}

func (g generator) refusalOfSTS() string {
	code := g.Pick("SignatureDoesNotMatch", "ExpiredToken", "InvalidClientTokenId", "AccessDenied", "RequestExpired", "RegionDisabledException", "InternalFailure",
		"ServiceUnavailable", "IncompleteSignature", "MissingAuthenticationToken", "Throttling")
	return fmt.Sprintf(`{"Error":{"Code":%q,"Message":"m","Type":"Sender"},"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}`, code)
}

// result is what STS says of a caller.
type result struct{ Account, Arn, UserId string }

func (r result) json() string {
	inner := differential.Raw(r)
	return fmt.Sprintf(`{"GetCallerIdentityResponse":{"GetCallerIdentityResult":%s,"ResponseMetadata":{"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}}}`, inner)
}

func (g generator) callerOf(partition string) string {
	id := g.identity()
	arn := strings.SplitN(id.ARN, ":", 3)
	id.ARN = "arn:" + partition + ":" + arn[2]
	if g.One(20) {
		id.ARN = fmt.Sprintf("arn:%s:sts::%s:assumed-role/aws:ec2-instance/i-0123456789abcdef0", partition, id.Account)
		id.UserID = id.Account + ":aws:ec2-instance:i-0123456789abcdef0"
	}
	return result{id.Account, id.ARN, id.UserID}.json()
}

// editedCaller changes one thing of what STS says.
func (g generator) editedCaller(body string) string {
	var parsed struct {
		GetCallerIdentityResponse struct{ GetCallerIdentityResult result }
	}
	differential.Check(json.Unmarshal([]byte(body), &parsed))
	r := parsed.GetCallerIdentityResponse.GetCallerIdentityResult
	field := g.Pick("Account", "Arn", "UserId")
	switch g.IntN(10) {
	case 0:
		return strings.Replace(r.json(), `"`+field+`":`, `"`+field+`":"x","`+field+`":`, 1)
	case 1:
		return strings.Replace(r.json(), `"`+field+`":`, g.Pick(`"Other":"x","`+field+`":`, `"`+strings.ToLower(field)+`":`, `"Other":{},"`+field+`":`), 1)
	case 2:
		return strings.Replace(r.json(), `"`+field+`":`, `"Other":`, 1)
	case 3:
		r.Account = g.Pick("", "1234", "999999999999", "11112222333a", "aws")
	case 4:
		r.UserId = g.Pick("", "AIDAEXAMPLE", "AROAEXAMPLE:other", "AROAEXAMPLE", "AROA:a:b", "111122223333", ":s", "x y:s", "AGPAEXAMPLE")
	case 5:
		r.Arn = g.Pick("", "x", "arn:aws:s3:::bucket", "arn:aws:iam:us-east-1:111122223333:user/dev", "arn:aws:iam::111122223333:user/",
			"arn:aws:sts::111122223333:assumed-role//s", "arn:aws:iam::1:user/dev", "arn:aws:iam::111122223333:user/d\u212av",
			"arn:aws:iam::111122223333:role/dev", "arn:aws-cn:iam::111122223333:user/dev", "arn:aws:iam::111122223333:group/dev",
			"arn:aws:sts::111122223333:assumed-role/dev", "arn:aws:sts::111122223333:assumed-role/dev/s/x", "ARN:aws:iam::111122223333:user/dev")
	case 6:
		return strings.Replace(r.json(), "GetCallerIdentityResult", g.Pick("getcalleridentityresult", "Result", "GetCallerIdentityResult2"), 1)
	case 7:
		return r.json() + g.Pick(" ", "\n", "x", "{}", "\x00")
	case 8:
		return strings.Replace(r.json(), `"ResponseMetadata":{"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}`, g.Pick(`"ResponseMetadata":null`, `"ResponseMetadata":{}`, `"x":1`), 1)
	default:
		return g.Pick("", "null", "{}", "[]", `"x"`, `{"GetCallerIdentityResponse":null}`, "{", strings.Repeat("[", 200))
	}
	return r.json()
}

// inXML returns the answer in STS's default format.
func inXML(body string) string {
	var parsed struct {
		GetCallerIdentityResponse struct{ GetCallerIdentityResult result }
	}
	differential.Check(json.Unmarshal([]byte(body), &parsed))
	r := parsed.GetCallerIdentityResponse.GetCallerIdentityResult
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace
	return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>` + escape(r.Arn) +
		`</Arn><UserId>` + escape(r.UserId) + `</UserId><Account>` + escape(r.Account) +
		`</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
}

// isSameLogin compares the answers. Upstream has no codes: of a refusal only the step is compared.
func isSameLogin(p *differential.Pair) bool {
	if !isSameRequest(p.Theirs["request"], p.Ours["request"]) {
		return false
	}
	theirs, ours := differential.Code(p.Theirs), differential.Code(p.Ours)
	if theirs != "" {
		return ours != "" && (theirs == "throttled") == (ours == "throttled")
	}
	for _, field := range []string{"arn", "account", "canonical_arn", "session_name", "user_id", "access_key_id"} {
		if p.Theirs[field] != p.Ours[field] {
			return false
		}
	}
	return ours == ""
}

// isLikeLogin returns whether a smaller question is refused in the same steps, and by us for the same reason.
func isLikeLogin(from, to *differential.Pair) bool {
	return differential.Code(from.Theirs) == differential.Code(to.Theirs) && differential.Code(from.Ours) == differential.Code(to.Ours)
}

func classesOfToken(p *differential.Pair) []string {
	if code := differential.Code(p.Theirs); code != "" {
		return []string{"refused: " + code}
	}
	return []string{"identified"}
}
