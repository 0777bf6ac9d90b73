package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

// tokenQuestion is a question about a token: what STS is asked, and what its answer is read as.
type tokenQuestion struct {
	Op        string `json:"op"`
	Token     string `json:"token"`
	ClusterID string `json:"cluster_id"`
	Partition string `json:"partition"`
	// The time of the question. Upstream's clock is that of the machine.
	Now string `json:"now"`
	STS sts    `json:"sts"`
}

// sts is the answer of STS.
type sts struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type,omitempty"`
	Body        string `json:"body,omitempty"`
}

// recorder answers a request as STS, and keeps it.
type recorder struct {
	sts
	asked *http.Request
}

// RoundTrip keeps the request.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.asked = request
	return &http.Response{
		StatusCode: r.Status, Header: http.Header{"Content-Type": {r.ContentType}},
		Body: io.NopCloser(strings.NewReader(r.Body)), Request: request,
	}, nil
}

// identify checks a token. The codes of upstream's refusals are `before-sts`, `throttled` and `sts`.
func identify(q *tokenQuestion) differential.Answer {
	transport := &recorder{sts: q.STS}
	identity, err := token.NewOracle(q.ClusterID, q.Partition, transport).Verify(q.Token)
	answer := differential.Answer{}
	if transport.asked != nil {
		answer["request"] = request(transport.asked)
	}
	switch err.(type) {
	case nil:
		answer["arn"], answer["account"] = identity.ARN, identity.AccountID
		answer["canonical_arn"], answer["session_name"] = identity.CanonicalARN, identity.SessionName
		answer["user_id"], answer["access_key_id"] = identity.UserID, identity.AccessKeyID
	case token.STSThrottling:
		answer["error"] = differential.Answer{"code": "throttled"}
	default:
		code := differential.Choose(transport.asked == nil, "before-sts", "sts")
		answer["error"] = differential.Answer{"code": code, "message": err.Error()}
	}
	return answer
}

func request(asked *http.Request) differential.Answer {
	headers := differential.Answer{}
	for name, values := range asked.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return differential.Answer{"method": asked.Method, "url": asked.URL.String(), "headers": headers}
}

// isSameRequest compares what STS is asked. The encoding of the URL and the order of its parameters may differ.
func isSameRequest(theirs, ours any) bool {
	one, isOne := theirs.(differential.Answer)
	other, isOther := ours.(differential.Answer)
	if !isOne || !isOther {
		return isOne == isOther
	}
	return one["method"] == other["method"] && sameJSON(headersOf(one), headersOf(other)) && sameJSON(target(one), target(other))
}

// headersOf returns the headers, without the one that net/http adds when it sends the request.
func headersOf(request differential.Answer) any {
	headers, _ := request["headers"].(differential.Answer)
	delete(headers, "host")
	return headers
}

func target(request differential.Answer) any {
	text, _ := request["url"].(string)
	u, err := url.Parse(text)
	if err != nil {
		return err.Error()
	}
	return []any{u.Scheme, u.Host, u.Path, u.Query()}
}

func sameJSON(one, other any) bool {
	a, err := json.Marshal(one)
	differential.Check(err)
	b, err := json.Marshal(other)
	differential.Check(err)
	return string(a) == string(b)
}
