package main

import (
	"slices"
	"testing"

	"oracle/differential"
)

const typedReview = `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"t"}}`

// A row about a review or a failure needs its reason in the request or in what the webhook finds.
func TestARowOfTheWebhookNeedsItsReason(t *testing.T) {
	refusal := func(code string) *sts {
		return &sts{403, "application/json", `{"Error":{"Code":"` + code + `","Message":"m","Type":"Sender"},"RequestId":"r"}`}
	}
	node := backend{Mode: "EKSConfigMap", Data: map[string]string{"mapRoles": "- {rolearn: x, username: 'system:node:{{EC2PrivateDNSName}}'}"}}
	for _, test := range []struct {
		name    string
		body    string
		sts     *sts
		dns     string
		rules   []backend
		status  float64
		message string
		rows    []string
	}{
		{"a good review", typedReview, nil, "", nil, 400, "is not a TokenReview in JSON", nil},
		{"two values", typedReview + "{}", nil, "", nil, 400, "is not a TokenReview in JSON", []string{"review-form"}},
		{"no spec", `{"kind":"TokenReview","spec":null}`, nil, "", nil, 400, "is not a TokenReview in JSON", []string{"review-form"}},
		{"a token", typedReview, nil, "", nil, 400, "spec.token is missing", nil},
		{"Token", `{"kind":"TokenReview","spec":{"Token":"t"}}`, nil, "", nil, 400, "spec.token is missing", []string{"review-form"}},
		{"no token", `{"kind":"TokenReview","spec":{}}`, nil, "", nil, 400, "spec.token is missing", []string{"review-without-token"}},
		{"the kind of a review", typedReview, nil, "", nil, 400, "the kind", nil},
		{"another kind", `{"kind":"x","spec":{"token":"t"}}`, nil, "", nil, 400, "the kind", []string{"review-kind"}},
		{"STS without an answer", typedReview, nil, "", nil, 500, "", []string{"sts-unavailable"}},
		{"a refusal of STS", typedReview, refusal("ExpiredToken"), "", nil, 500, "", nil},
		{"the 403 of a proxy", typedReview, &sts{403, "text/html", "<html>no</html>"}, "", nil, 500, "", []string{"proxy-403"}},
		{"a caller", typedReview, &sts{200, "application/json", userAnswer}, "", nil, 500, "", nil},
		{"a node without a name", typedReview, &sts{200, "application/json", userAnswer}, "", []backend{node}, 500, "", []string{"private-dns-name"}},
		{"a node with a name", typedReview, &sts{200, "application/json", userAnswer}, "ip-10-0-0-7.ec2.internal", []backend{node}, 500, "", nil},
	} {
		question := asJSON(webhookQuestion{Method: "POST", Body: test.body, STS: test.sts, PrivateDNSName: test.dns, Backends: test.rules})
		p := &differential.Pair{
			Case: question, Theirs: differential.Answer{"status": 403.0}, Ours: differential.Answer{"status": test.status, "body": test.message},
		}
		if rows := rowsOfWebhook(p); !slices.Equal(rows, test.rows) {
			t.Errorf("%s: got %v", test.name, rows)
		}
	}
}
