package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/ec2provider"
	"sigs.k8s.io/aws-iam-authenticator/pkg/metrics"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

// webhookQuestion is a request to the webhook, with what it finds: STS, the rules, EC2.
type webhookQuestion struct {
	Op               string    `json:"op"`
	Method           string    `json:"method"`
	Body             string    `json:"body"`
	ClusterID        string    `json:"cluster_id"`
	Partition        string    `json:"partition"`
	Now              string    `json:"now"`
	STS              *sts      `json:"sts,omitempty"`
	Backends         []backend `json:"backends,omitempty"`
	ScrubbedAccounts []string  `json:"scrubbed_accounts,omitempty"`
	// Without it, EC2 does not know the instance.
	PrivateDNSName string `json:"private_dns_name,omitempty"`
	// Makes the driver answer with upstream's statuses, and accept reviews without a version.
	LikeUpstream bool `json:"like_upstream,omitempty"`
}

// unreachable fails as a client without a connection.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

// noInstance is an EC2 that does not know the instance.
type noInstance struct{ ec2 }

func (noInstance) GetPrivateDNSName(context.Context, string) (string, error) {
	return "", errors.New("failed to find node")
}

// serve sends a request to the server's own endpoint.
func serve(q *webhookQuestion) differential.Answer {
	mappers, err := chain(&question{Backends: q.Backends})
	differential.Check(err)
	var transport http.RoundTripper = unreachable{}
	if q.STS != nil {
		transport = &recorder{sts: *q.STS}
	}
	var provider ec2provider.EC2Provider = noInstance{}
	if q.PrivateDNSName != "" {
		provider = ec2(q.PrivateDNSName)
	}
	request := httptest.NewRequest(q.Method, "/authenticate", strings.NewReader(q.Body))
	counts := prometheus.NewRegistry()
	metrics.InitMetrics(counts)
	got := server.OracleServe(token.NewOracle(q.ClusterID, q.Partition, transport), mappers, provider, q.ScrubbedAccounts, request)
	return differential.Answer{
		"status": got.Code, "content_type": got.Header().Get("Content-Type"), "body": bodyOf(got.Body.Bytes()), "metrics": counted(counts),
	}
}

// counted returns what a request left in the counters and histograms, by name and labels as Prometheus prints them.
func counted(registry *prometheus.Registry) differential.Answer {
	families, err := registry.Gather()
	differential.Check(err)
	counts := differential.Answer{}
	for _, family := range families {
		name := strings.TrimPrefix(family.GetName(), metrics.Namespace+"_")
		for _, metric := range family.GetMetric() {
			count := metric.GetCounter().GetValue()
			if metric.GetHistogram() != nil {
				count = float64(metric.GetHistogram().GetSampleCount())
				name += "_count"
			}
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
			}
			if count > 0 {
				counts[name+"{"+strings.Join(labels, ",")+"}"] = count
			}
		}
	}
	return counts
}

// bodyOf returns a JSON object as such, and any other body as text.
func bodyOf(body []byte) any {
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		return object
	}
	return strings.TrimSpace(string(body))
}
