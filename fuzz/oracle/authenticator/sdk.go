package main

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	stsclient "github.com/aws/aws-sdk-go-v2/service/sts"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

// signQuestion asks for a presigned URL.
type signQuestion struct {
	Op           string `json:"op"`
	ClusterID    string `json:"cluster_id"`
	Region       string `json:"region"`
	Host         string `json:"host"`
	AccessKeyID  string `json:"access_key_id"`
	Secret       string `json:"secret_access_key"`
	SessionToken string `json:"session_token,omitempty"`
	SignedAt     string `json:"signed_at"`
}

// sign has the SDK sign a URL, in the way of the authenticator's generator.
func sign(q *signQuestion) differential.Answer {
	at, err := time.Parse(time.RFC3339, q.SignedAt)
	differential.Check(err)
	client := stsclient.New(stsclient.Options{
		Region: q.Region, BaseEndpoint: aws.String("https://" + q.Host),
		Credentials: credentials.NewStaticCredentialsProvider(q.AccessKeyID, q.Secret, q.SessionToken),
	})
	signed, err := token.NewOracleGenerator(at).GetWithSTS(q.ClusterID, client)
	if err != nil {
		return differential.Refusal("refused", err.Error())
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(signed.Token, "k8s-aws-v1."))
	differential.Check(err)
	return differential.Answer{"url": string(text), "expires_at": signed.Expiration.UTC().Format(time.RFC3339)}
}

var presignArea = differential.Area{
	Name:   "presign",
	Ask:    func(g differential.Generator) differential.Case { return asJSON(generator{g}.toSign()) },
	Answer: func(c differential.Case) any { return sign(parse[signQuestion](c.Question())) },
	IsSame: func(p *differential.Pair) bool {
		if differential.Code(p.Theirs) != "" || differential.Code(p.Ours) != "" {
			return differential.Code(p.Theirs) != "" && differential.Code(p.Ours) != ""
		}
		return sameJSON(target(p.Theirs), target(p.Ours)) && p.Theirs["expires_at"] == p.Ours["expires_at"]
	},
	Classes: func(p *differential.Pair) []string {
		return []string{differential.Choose(differential.Code(p.Theirs) == "", "signed", "refused")}
	},
}

func (g generator) toSign() *signQuestion {
	partition := g.Pick("aws", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-eusc")
	region := g.Pick(regions[partition]...)
	host := g.Pick("sts", "sts", "sts-fips") + "." + region + "." + domains[partition][g.IntN(2)]
	if partition == "aws" && g.One(4) {
		host, region = "sts.amazonaws.com", "us-east-1"
	}
	of := func(alphabet string, least, most int) string {
		var text strings.Builder
		for range least + g.IntN(most-least+1) {
			text.WriteByte(alphabet[g.IntN(len(alphabet))])
		}
		return text.String()
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	q := &signQuestion{
		Op: "sts.sign", ClusterID: of(letters+"-_.~!$&'()*+,;=:@/?%", 1, 40), Region: region, Host: host,
		AccessKeyID: g.Pick("AKIA", "ASIA") + of(letters[:26]+"234567", 16, 16), Secret: of(letters+"+/=", 1, 60),
		SignedAt: time.Unix(g.Int64N(4_000_000_000), 0).UTC().Format(time.RFC3339),
	}
	if g.One(2) {
		q.SessionToken = of(letters+"+/=", 1, 900)
	}
	return q
}

// hostQuestion asks for what a host says. The driver reads the host only.
type hostQuestion struct {
	Op        string `json:"op"`
	Host      string `json:"host"`
	Region    string `json:"region"`
	FIPS      bool   `json:"use_fips,omitempty"`
	DualStack bool   `json:"use_dual_stack,omitempty"`
}

// resolve returns the host that the SDK resolves.
func resolve(q *hostQuestion) (string, error) {
	endpoint, err := stsclient.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), stsclient.EndpointParameters{
		Region: aws.String(q.Region), UseFIPS: aws.Bool(q.FIPS), UseDualStack: aws.Bool(q.DualStack), UseGlobalEndpoint: aws.Bool(false),
	})
	return endpoint.URI.Host, err
}

var endpointArea = differential.Area{
	Name: "endpoint",
	Ask:  func(g differential.Generator) differential.Case { return asJSON(generator{g}.host()) },
	// The host must be read as the region and variant that it was resolved for. In GovCloud one host has both
	// variants.
	Answer: func(c differential.Case) any {
		q := parse[hostQuestion](c.Question())
		host, err := resolve(q)
		if err != nil || host != q.Host {
			panic("not the SDK's host")
		}
		answer := differential.Answer{"region": q.Region, "dual_stack": q.DualStack}
		other := *q
		other.FIPS = !q.FIPS
		if same, _ := resolve(&other); same != host {
			answer["fips"] = q.FIPS
		}
		return answer
	},
	IsSame: func(p *differential.Pair) bool {
		for field, value := range p.Theirs {
			if value != p.Ours[field] {
				return false
			}
		}
		return true
	},
	Rows: func(p *differential.Pair) []string {
		host := parse[hostQuestion](p.Case.Question()).Host
		if differential.Code(p.Ours) == "host" && partitionOf(host) == "" {
			return []string{"unknown-region"}
		}
		return nil
	},
	Classes: func(p *differential.Pair) []string {
		return []string{differential.Choose(differential.Code(p.Ours) == "", "known", "unknown")}
	},
}

func (g generator) host() *hostQuestion {
	for {
		partition := g.Pick("aws", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
		q := &hostQuestion{Op: "sts.endpoint", Region: g.Pick(regions[partition]...), FIPS: g.One(3), DualStack: g.One(3)}
		switch g.IntN(4) {
		case 0:
			q.Region = g.Pick("us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "cn", "us-gov", "us-iso", "us-isob", "eu-isoe", "us-isof", "eusc-de", "xx") +
				"-" + g.Pick("east", "west", "central", "north", "south", "southeast", "northeast", "moon") + "-" + g.Pick("1", "2", "3", "9", "10", "x")
		case 1:
			q.Region = g.Pick("moon", "us-east-1a", "us-east", "x")
		}
		host, err := resolve(q)
		if u, bad := url.Parse("https://" + host); err == nil && bad == nil && u.Host == host {
			q.Host = host
			return q
		}
	}
}
