package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/ec2provider"
)

// roleQuestion asks for the requests that look up an instance with the credentials of a role.
type roleQuestion struct {
	Op     string  `json:"op"`
	Role   string  `json:"role"`
	Source *string `json:"source,omitempty"`
}

// awsRequest is a request to STS or EC2. Of its headers it has those that name the source of the request, and which of
// them the signature covers.
type awsRequest struct {
	stsRequest
	Headers map[string]string `json:"headers,omitempty"`
	Signed  []string          `json:"signed,omitempty"`
}

// nodeServer is an STS and an EC2 that know every role and instance.
type nodeServer struct {
	url      string
	requests []awsRequest
}

var nodeAWS = sync.OnceValue(func() *nodeServer {
	s := &nodeServer{}
	s.url = httptest.NewServer(http.HandlerFunc(s.answer)).URL
	return s
})

const node = "i-0c6f21bf1f24f9708"

func (s *nodeServer) answer(w http.ResponseWriter, r *http.Request) {
	request := awsRequest{stsRequest: readRequest(r), Headers: map[string]string{}}
	_, signed, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	for _, name := range []string{"x-amz-source-account", "x-amz-source-arn"} {
		if values := r.Header.Values(name); len(values) > 0 {
			request.Headers[name] = strings.Join(values, ", ")
		}
		if strings.Contains(";"+signed+";", ";"+name+";") {
			request.Signed = append(request.Signed, name)
		}
	}
	s.requests = append(s.requests, request)
	w.Header().Set("Content-Type", "text/xml")
	// Each question has clients of its own, whose connections would stay open.
	w.Header().Set("Connection", "close")
	if request.Action == "AssumeRole" {
		fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>`+
			`<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>T</SessionToken>`+
			`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		return
	}
	fmt.Fprintf(w, `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item><instancesSet>`+
		`<item><instanceId>%s</instanceId><privateDnsName>ip-10-0-0-8.ec2.internal</privateDnsName></item></instancesSet></item>`+
		`</reservationSet></DescribeInstancesResponse>`, node)
}

// lookUpAsRole builds upstream's provider, as its server does.
func lookUpAsRole(q *roleQuestion) (answer differential.Answer) {
	defer func() {
		// The server ends so if an ARN is none.
		if why := recover(); why != nil {
			answer = differential.Refusal("refused", fmt.Sprint(why))
		}
	}()
	server := nodeAWS()
	server.requests = nil
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1",
	} {
		differential.Check(os.Setenv(name, value))
		defer os.Unsetenv(name)
	}
	if _, err := arn.Parse(q.Role); err != nil {
		// pkg/server/server.go, getHandler.
		panic(err)
	}
	source := ""
	if q.Source != nil {
		source = *q.Source
	}
	const qps, burst = 15, 5
	ctx := context.Background()
	name, err := ec2provider.New(ctx, q.Role, source, "eu-west-1", qps, burst).GetPrivateDNSName(ctx, node)
	if err != nil {
		return differential.Refusal("not-found", err.Error())
	}
	return differential.Answer{"name": name, "requests": server.requests}
}

var ec2RoleArea = differential.Area{
	Name:   "ec2_role",
	Ask:    func(g differential.Generator) differential.Case { return asJSON(generator{g}.lookUpAsRole()) },
	Answer: func(c differential.Case) any { return lookUpAsRole(parse[roleQuestion](c.Question())) },
	IsSame: func(p *differential.Pair) bool { return isSameLookUp(p, func(theirs, _ *awsRequest) {}) },
	Rows:   rowsOfEC2Role,
	IsLike: func(from, to *differential.Pair) bool {
		return differential.Code(from.Theirs) == differential.Code(to.Theirs) && differential.Code(from.Ours) == differential.Code(to.Ours)
	},
	Classes: func(p *differential.Pair) []string {
		return []string{differential.Choose(differential.Code(p.Theirs) == "", "looked up", "refused")}
	},
}

// isSameLookUp compares the requests, after upstream's have been changed. The form of the question to EC2 is another:
// see the row instance-missing-in-a-batch.
func isSameLookUp(p *differential.Pair, change func(theirs, ours *awsRequest)) bool {
	if differential.Code(p.Theirs) != "" || differential.Code(p.Ours) != "" {
		return differential.Code(p.Theirs) == differential.Code(p.Ours)
	}
	type answered struct {
		Name     string
		Requests []awsRequest
	}
	theirs, ours := parse[answered](differential.Raw(p.Theirs)), parse[answered](differential.Raw(p.Ours))
	if theirs.Name != ours.Name || len(theirs.Requests) != len(ours.Requests) {
		return false
	}
	for n := range theirs.Requests {
		one, other := &theirs.Requests[n], &ours.Requests[n]
		if one.Action == "DescribeInstances" {
			one.Parameters, other.Parameters = nil, nil
		}
		change(one, other)
		if !sameJSON(one, other) {
			return false
		}
	}
	return true
}

var (
	// The ARN of an IAM role, in a partition that there is.
	ofRole = regexp.MustCompile(`^arn:aws(|-cn|-us-gov|-iso(|-[bef])|-eusc):iam::[0-9]{12}:role/([!-.0-~]+/)*[!-.0-~]+$`)
	// An ARN with an account, which a header can have.
	ofSource = regexp.MustCompile(`^arn:[!-9;-~]*:[!-9;-~]*:[!-9;-~]*:[0-9]{12}:[!-~]+$`)
)

// rowsOfEC2Role returns the row about the name of the session, or about an ARN that only upstream takes. Only an ARN that is
// none of a role, or no source, has a row.
func rowsOfEC2Role(p *differential.Pair) []string {
	q := parse[roleQuestion](p.Case.Question())
	isRefused := differential.Code(p.Ours) == "refused" && differential.Code(p.Theirs) != "refused"
	named := func(theirs, ours *awsRequest) {
		if timed.MatchString(theirs.Parameters["RoleSessionName"]) && ours.Parameters["RoleSessionName"] == "aws-iam-authenticator" {
			theirs.Parameters["RoleSessionName"] = "aws-iam-authenticator"
		}
	}
	switch {
	case isSameLookUp(p, named):
		return []string{"role-session"}
	case isRefused && !ofRole.MatchString(q.Role):
		return []string{"role-arn"}
	case isRefused && q.Source != nil && !ofSource.MatchString(*q.Source):
		return []string{"source-arn"}
	}
	return nil
}

// lookUpAsRole generates a role, and mostly what it is assumed for. Half of them are those that both programs take.
func (g generator) lookUpAsRole() *roleQuestion {
	odd := func(usual string, others ...string) string {
		if g.One(12) {
			return g.Pick(others...)
		}
		return usual
	}
	account := func() string {
		return odd(g.Pick("444455556666", "012345678901"), "", "1", "4444555566667", "44445555666x")
	}
	partition := odd(g.Pick("aws", "aws", "aws-cn", "aws-us-gov", "aws-iso"), "", "AWS", "a b", "x")
	q := &roleQuestion{Op: "ec2.assume_role"}
	q.Role = "arn:" + partition + ":" + odd("iam", "sts", "") + ":" + odd("", "eu-west-1") + ":" + account() + ":" +
		odd(g.Pick("role/", "role/team/", "role/a/b/"), "user/", "assumed-role/r/", "Role/", "role//", "role", "") +
		odd(g.Pick("describe", "Describe_+=,.@-", "d"), "", "a b", "é", "a:b", "*")
	if g.One(30) {
		q.Role = g.Pick("describe", "arn:aws:iam::444455556666", "arn:aws:iam::444455556666:root", ":::::")
	}
	if g.One(4) {
		return q
	}
	source := "arn:" + partition + ":" + odd(g.Pick("eks:us-west-2", "eks:eu-west-1", "s3:"), "eks", ":", "é:") + ":" + account() + ":" +
		odd(g.Pick("cluster/demo", "cluster/a-b_C9", "bucket", "cluster/demo:x"), "cluster/é", "cluster/a b", "")
	if g.One(20) {
		const cluster = "arn:aws:eks:us-west-2:111122223333:cluster/demo"
		source = g.Pick("", "demo", "arn:aws:eks", "arn:aws:eks:us-west-2:111122223333", " "+cluster, cluster+" ", "arn:::::")
	}
	q.Source = &source
	return q
}
