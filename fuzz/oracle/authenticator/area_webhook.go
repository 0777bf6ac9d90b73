package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"oracle/differential"
)

var webhookArea = differential.Area{
	Name:   "webhook",
	Ask:    func(g differential.Generator) differential.Case { return asJSON(generator{g}.webhook()) },
	Answer: func(c differential.Case) any { return serve(parse[webhookQuestion](c.Question())) },
	IsSame: isSameReview,
	IsLike: func(from, to *differential.Pair) bool {
		return from.Theirs["status"] == to.Theirs["status"] && from.Ours["status"] == to.Ours["status"]
	},
	Rows:    rowsOfWebhook,
	Classes: classesOfWebhook,
}

// webhook generates a request to the webhook.
func (g generator) webhook() *webhookQuestion {
	now := time.Now().UTC().Truncate(time.Second)
	l := genuine(now)
	at := now.Add(-time.Duration(g.IntN(13*60)) * time.Second)
	if g.One(12) {
		at = now.Add(-20 * time.Minute)
	}
	l.url = writeURL("sts.us-west-2.amazonaws.com", parametersAt(at, "us-west-2"))
	text := l.token()
	if g.One(12) {
		text = g.Pick("", "x", "k8s-aws-v1.", "k8s-aws-v1.!", text[:len(text)-1])
	}
	id := g.session("aws", g.Pick(accounts...), g.Pick("dev", "nodes", "kops-admin"), g.Pick("s", "alice@example.com", "i-0123456789abcdef0"))
	answer := &sts{200, "application/json", result{id.Account, id.ARN, id.UserID}.json()}
	switch g.IntN(10) {
	case 0:
		answer.Status, answer.Body = g.failure()
	case 1:
		answer = nil
	}
	q := &webhookQuestion{
		Op: "auth.review", Method: "POST", Body: g.review(text), ClusterID: clusterID, Partition: "aws",
		Now: now.Format(time.RFC3339), STS: answer, LikeUpstream: g.One(2),
		Backends: []backend{g.tameMap(id)},
	}
	if g.One(15) {
		q.Method = g.Pick("GET", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS")
	}
	if !g.One(3) {
		q.PrivateDNSName = "ip-10-0-0-7.ec2.internal"
	}
	if g.One(6) {
		q.ScrubbedAccounts = []string{g.Pick(accounts...)}
	}
	return q
}

// failure generates the status and body of an answer of STS that names no caller.
func (g generator) failure() (int, string) {
	switch g.IntN(4) {
	case 0:
		return []int{400, 429}[g.IntN(2)], `{"Error":{"Code":"Throttling","Message":"Rate exceeded","Type":"Sender"},"RequestId":"x"}`
	case 1:
		return []int{302, 403, 500, 503}[g.IntN(4)], "<html>no</html>"
	case 2:
		return 500, `{"Error":{"Code":"InternalFailure","Message":"m","Type":"Receiver"},"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}`
	}
	return 403, fmt.Sprintf(`{"Error":{"Code":%q,"Message":"m","Type":"Sender"},"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}`,
		g.Pick("SignatureDoesNotMatch", "ExpiredToken", "InvalidClientTokenId", "AccessDenied"))
}

// review generates the body of a request: a review of the token in most cases.
func (g generator) review(token string) string {
	review := map[string]any{
		"apiVersion": g.Pick("authentication.k8s.io/v1beta1", "authentication.k8s.io/v1"), "kind": "TokenReview",
		"metadata": map[string]any{"creationTimestamp": nil}, "spec": map[string]any{"token": token},
	}
	spec := review["spec"].(map[string]any)
	switch g.IntN(16) {
	case 0:
		delete(review, "apiVersion")
		delete(review, "kind")
	case 1:
		review["apiVersion"] = g.Pick("", "v1", "authentication.k8s.io/v1alpha1")
	case 2:
		review["kind"] = g.Pick("", "tokenreview", "SubjectAccessReview")
	case 3:
		spec["audiences"] = g.Some(2, []string{"https://kubernetes.default.svc", "x"})
	case 4:
		review["spec"] = []any{nil, map[string]any{}, "x", []any{}, map[string]any{"Token": token}, map[string]any{"token": nil}, map[string]any{"token": 1}}[g.IntN(7)]
	case 5:
		review["status"] = map[string]any{"authenticated": true, "user": map[string]any{"username": "admin"}}
	case 6:
		return g.Pick("", "{}", "null", "[]", "x", "{", `{"spec":{"token":"`+token+`"}} x`, "\n"+string(differential.Raw(review))+"\n\n", string(differential.Raw(review))+"{}")
	case 7:
		delete(review, "metadata")
		review["unknown"] = 1
	}
	return string(differential.Raw(review))
}

// tameMap generates rules that both read alike.
func (g generator) tameMap(id identity) backend {
	rules := source{mode: "EKSConfigMap"}
	for range g.IntN(3) {
		arn := canonical(id)
		if g.One(3) {
			arn = "arn:aws:iam::111122223333:role/other"
		}
		rules.roles = append(rules.roles, entry{pairs: []pair{
			{"rolearn", text(arn)}, {"username", text(g.Pick("dev:{{SessionName}}", "u", "system:node:{{EC2PrivateDNSName}}", "{{AccountID}}", "{{SessionNameRaw}}"))},
			{"groups", list(text(g.Pick("devs", "system:masters", "g-{{SessionName}}")), text("<b>&"))},
		}})
	}
	if g.One(8) {
		rules.accounts = append(rules.accounts, quote(id.Account))
	}
	return rules.write()
}

// verdict is what kube-apiserver makes of an answer.
func verdict(a differential.Answer) string {
	body, _ := a["body"].(map[string]any)
	status, _ := body["status"].(map[string]any)
	switch code := a["status"]; {
	case code == 200.0 && status["authenticated"] == true:
		return "authenticated"
	case code == 200.0:
		return "refused"
	default:
		return "failed"
	}
}

// isSameReview compares the status, the counts of the metrics, and the body of an answer that kube-apiserver
// reads. Any other body is for people.
func isSameReview(p *differential.Pair) bool {
	theirs, ours := p.Theirs, p.Ours
	if theirs["status"] != ours["status"] || !sameJSON(theirs["metrics"], ours["metrics"]) {
		return false
	}
	return theirs["status"] != 200.0 && theirs["status"] != 403.0 || sameJSON(reviewOf(theirs), reviewOf(ours))
}

// reviewOf returns the body of an answer without what upstream leaves out or leaves empty.
func reviewOf(a differential.Answer) differential.Answer {
	body, _ := a["body"].(differential.Answer)
	review := differential.Answer{}
	for _, key := range []string{"apiVersion", "kind"} {
		if body[key] != nil {
			review[key] = body[key]
		}
	}
	status, _ := body["status"].(differential.Answer)
	if status["authenticated"] == true {
		review["status"] = status
	}
	return review
}

// rowsOfWebhook returns the rows that may explain a difference.
func rowsOfWebhook(p *differential.Pair) []string {
	q := parse[webhookQuestion](p.Case.Question())
	var review struct {
		APIVersion, Kind string
		Spec             struct{ Token string }
	}
	// As upstream reads it: the first value of the body.
	_ = json.NewDecoder(strings.NewReader(q.Body)).Decode(&review)
	isTyped := review.Kind == "TokenReview" && slices.Contains([]string{"authentication.k8s.io/v1beta1", "authentication.k8s.io/v1"}, review.APIVersion)
	isUntyped := review.Kind == "" && review.APIVersion == ""
	message, _ := p.Ours["body"].(string)
	theirs, ours := p.Theirs["status"], p.Ours["status"]
	isCountedAlike := sameJSON(p.Theirs["metrics"], p.Ours["metrics"])
	isOfReading := strings.Contains(message, "is not a TokenReview in JSON") || strings.Contains(message, "spec.token") && review.Spec.Token != ""
	switch {
	case ours == 400.0 && isOfReading:
		if hasOtherForm(q.Body) {
			return []string{"review-form"}
		}
	case ours == 400.0 && strings.Contains(message, "spec.token"):
		return []string{"review-without-token"}
	case ours == 400.0 && !isTyped && !(isUntyped && q.LikeUpstream):
		return []string{"review-kind"}
	case !isCountedAlike:
		return nil
	case theirs == 403.0 && ours == 200.0 && verdict(p.Ours) == "refused" && !q.LikeUpstream:
		return []string{"refusal-status"}
	case theirs == 403.0 && ours == 500.0 && !q.LikeUpstream:
		return rowsOfFailure(q)
	case theirs == ours:
		one, other := reviewOf(p.Theirs), reviewOf(p.Ours)
		if sameJSON(one["status"], other["status"]) && other["kind"] == review.Kind && other["apiVersion"] == review.APIVersion {
			return []string{"review-version"}
		}
	}
	return nil
}

// hasOtherForm returns whether a body is not one JSON object with the keys of a review in their letter case, and with a spec and
// a token that are not null.
func hasOtherForm(body string) bool {
	decoder := json.NewDecoder(strings.NewReader(body))
	var review map[string]json.RawMessage
	if decoder.Decode(&review) != nil || review == nil || decoder.More() {
		return true
	}
	var spec map[string]json.RawMessage
	if review["spec"] != nil && json.Unmarshal(review["spec"], &spec) != nil {
		return true
	}
	if string(review["spec"]) == "null" || string(spec["token"]) == "null" {
		return true
	}
	isOther := func(key string) bool {
		return slices.ContainsFunc(reviewKeys, func(known string) bool { return key != known && strings.EqualFold(key, known) })
	}
	return slices.ContainsFunc(slices.Concat(slices.Collect(maps.Keys(review)), slices.Collect(maps.Keys(spec))), isOther)
}

var reviewKeys = []string{"apiVersion", "kind", "metadata", "spec", "status", "token", "audiences"}

func rowsOfFailure(q *webhookQuestion) []string {
	switch {
	case q.STS == nil || q.STS.Status >= 500:
		return []string{"sts-unavailable"}
	case q.STS.Status != 200 && !q.STS.isRefusal():
		return []string{"proxy-403"}
	case q.STS.Status == 200 && q.PrivateDNSName == "" && strings.Contains(string(differential.Raw(q.Backends)), "{{EC2PrivateDNSName}}"):
		return []string{"private-dns-name"}
	}
	return nil
}

// refusalsOfSTS are the error codes of STS that say that the caller is not one.
var refusalsOfSTS = []string{
	"AccessDenied", "ExpiredToken", "IncompleteSignature", "InvalidClientTokenId", "MissingAuthenticationToken", "RequestExpired", "SignatureDoesNotMatch",
}

// isRefusal returns whether an answer is a document of STS that refuses the caller.
func (s sts) isRefusal() bool {
	var document struct{ Error struct{ Code, Type string } }
	err := json.Unmarshal([]byte(s.Body), &document)
	return err == nil && (s.Status == 400 || s.Status == 403) && document.Error.Type == "Sender" && slices.Contains(refusalsOfSTS, document.Error.Code)
}

func classesOfWebhook(p *differential.Pair) []string {
	return []string{fmt.Sprint(p.Theirs["status"], " ", verdict(p.Theirs))}
}
