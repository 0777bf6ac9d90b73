package main

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	stsclient "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/spf13/pflag"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

// roleFlags are the flags about roles: upstream's, and those of the driver that the SDK has options for.
type roleFlags struct {
	cluster, region, externalID, sessionName, sourceIdentity string
	roles, tags                                              []string
	seconds                                                  int
	isForwarded                                              bool
}

func parseRoleFlags(arguments []string) *roleFlags {
	f := &roleFlags{}
	flags := pflag.NewFlagSet("token", pflag.ContinueOnError)
	flags.StringVarP(&f.cluster, "cluster-id", "i", "", "")
	flags.StringVar(&f.region, "region", "", "")
	flags.StringArrayVarP(&f.roles, "role", "r", nil, "")
	flags.StringVarP(&f.externalID, "external-id", "e", "", "")
	flags.StringVarP(&f.sessionName, "session-name", "s", "", "")
	flags.StringVar(&f.sourceIdentity, "source-identity", "", "")
	flags.StringArrayVar(&f.tags, "session-tag", nil, "")
	flags.IntVar(&f.seconds, "duration-seconds", 0, "")
	flags.BoolVar(&f.isForwarded, "forward-session-name", false, "")
	differential.Check(flags.Parse(arguments))
	return f
}

// isOfUpstream returns whether upstream's command has all of the flags.
func (f *roleFlags) isOfUpstream() bool {
	return len(f.roles) < 2 && f.sourceIdentity == "" && len(f.tags) == 0 && f.seconds == 0
}

// sign signs a token: with upstream's generator, or else with the SDK's provider for each of the roles.
func (f *roleFlags) sign(ctx context.Context) (token.Token, error) {
	if !f.isOfUpstream() {
		return f.signAsLast(ctx)
	}
	generator, err := token.NewGenerator(f.isForwarded, false)
	differential.Check(err)
	options := &token.GetTokenOptions{
		ClusterID: f.cluster, Region: f.region, AssumeRoleExternalID: f.externalID, SessionName: f.sessionName,
	}
	if len(f.roles) == 1 {
		options.AssumeRoleARN = f.roles[0]
	}
	return generator.GetWithOptions(ctx, options)
}

func (f *roleFlags) signAsLast(ctx context.Context) (token.Token, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(f.region), config.WithAssumeRoleCredentialOptions(
		// As upstream's generator.
		func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = token.StdinStderrTokenProvider }))
	if err != nil {
		return token.Token{}, err
	}
	for n, role := range f.roles {
		provider := stscreds.NewAssumeRoleProvider(stsclient.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = f.sessionName
			if n == 0 && f.sourceIdentity != "" {
				o.SourceIdentity = &f.sourceIdentity
			}
			if n == len(f.roles)-1 {
				f.last(o)
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	return token.NewOracleGenerator(time.Now()).GetWithSTS(f.cluster, stsclient.NewFromConfig(cfg))
}

// last sets the options that the driver has for the last role.
func (f *roleFlags) last(o *stscreds.AssumeRoleOptions) {
	if f.externalID != "" {
		o.ExternalID = &f.externalID
	}
	if f.seconds != 0 {
		o.Duration = time.Duration(f.seconds) * time.Second
	}
	for _, tag := range f.tags {
		for at := range tag {
			if tag[at] == '=' {
				o.Tags = append(o.Tags, types.Tag{Key: aws.String(tag[:at]), Value: aws.String(tag[at+1:])})
				break
			}
		}
	}
}

// chain generates the flags of one to three roles, with a session name.
func (g generator) chain() []string {
	arguments := []string{"-s", g.Pick("bob", "bob@example.com")}
	for n := range 1 + g.IntN(3) {
		arguments = append(arguments, "-r", "arn:aws:iam::444455556666:role/"+[]string{"first", "team/second", "third"}[n])
	}
	if g.One(2) {
		arguments = append(arguments, "--source-identity", g.Pick("alice", "a+b=c,d.e@f-g"))
	}
	for range g.IntN(3) {
		arguments = append(arguments, "--session-tag", g.Pick("team=a", "cost center=b/c+d", "empty=", "a=b=c", "ü=é"))
	}
	if g.One(2) {
		arguments = append(arguments, "--duration-seconds", g.Pick("900", "3600", "43200"))
	}
	if g.One(3) {
		arguments = append(arguments, "-e", g.Pick("id", "a b+c/=&"))
	}
	return arguments
}
