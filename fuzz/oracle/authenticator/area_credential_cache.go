package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/afero"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/filecache"
)

// keySource gives credentials, and counts how often it is asked.
type keySource struct{ life, asked int }

func (s *keySource) Retrieve(context.Context) (aws.Credentials, error) {
	s.asked++
	end := time.Now().Add(time.Duration(s.life) * time.Second)
	return aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "s", SessionToken: "T", CanExpire: true, Expires: end}, nil
}

// unlocked is a lock that no other process holds.
type unlocked struct{}

func (unlocked) Unlock() error                                                { return nil }
func (unlocked) TryLockContext(context.Context, time.Duration) (bool, error)  { return true, nil }
func (unlocked) TryRLockContext(context.Context, time.Duration) (bool, error) { return true, nil }

const cacheName = "/home/credentials.yaml"

// cached runs upstream's cache over files in memory, with a clock of its own.
func cached(q *signerQuestion) differential.Answer {
	files := afero.NewMemMapFs()
	var runs []differential.Answer
	synctest.Test(new(testing.T), func(*testing.T) {
		begin, first := time.Now(), timeOf(q.Runs[0].Now)
		for _, run := range q.Runs {
			time.Sleep(timeOf(run.Now).Sub(first) - time.Since(begin))
			runs = append(runs, cachedOnce(files, run))
		}
	})
	return differential.Answer{"runs": runs}
}

func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	differential.Check(err)
	return at
}

func cachedOnce(files afero.Fs, run signerRun) differential.Answer {
	if exists, _ := afero.Exists(files, cacheName); exists {
		switch run.Cache {
		case "broken":
			differential.Check(afero.WriteFile(files, cacheName, []byte("{"), 0o600))
		case "removed":
			differential.Check(files.Remove(cacheName))
		case "shared":
			differential.Check(files.Chmod(cacheName, 0o644))
		}
	}
	from := &keySource{life: run.Life}
	var provider aws.CredentialsProvider = from
	profile := run.Variables["AWS_PROFILE"]
	withCache, err := filecache.NewFileCacheProvider(run.Arguments[1], profile, "", from, filecache.WithFs(files), filecache.WithFilename(cacheName),
		filecache.WithFileLockerCreator(func(string) filecache.FileLocker { return unlocked{} }))
	if err == nil {
		// As the generator, which goes on without the cache.
		provider = withCache
	}
	_, err = provider.Retrieve(context.Background())
	differential.Check(err)
	return differential.Answer{"asks": from.asked > 0}
}

var credentialCacheArea = differential.Area{
	Name:    "credential_cache",
	Driver:  "-signer",
	Ask:     func(g differential.Generator) differential.Case { return asJSON(generator{g}.cacheRuns()) },
	Answer:  func(c differential.Case) any { return cached(parse[signerQuestion](c.Question())) },
	IsSame:  func(p *differential.Pair) bool { return firstOtherRun(p) < 0 },
	Rows:    rowsOfCredentialCache,
	Classes: classesOfCredentialCache,
}

// asks returns for each run whether it asked for credentials.
func asks(p *differential.Pair) (theirs, ours []bool) {
	for _, run := range parse[struct{ Runs []struct{ Asks bool } }](differential.Raw(p.Theirs)).Runs {
		theirs = append(theirs, run.Asks)
	}
	for _, run := range parse[struct{ Runs []signed }](differential.Raw(p.Ours)).Runs {
		ours = append(ours, len(run.Requests) > 0)
	}
	return theirs, ours
}

// firstOtherRun returns the number of the first run that differs, or -1.
func firstOtherRun(p *differential.Pair) int {
	theirs, ours := asks(p)
	for n := range max(len(theirs), len(ours)) {
		if n >= len(theirs) || n >= len(ours) || theirs[n] != ours[n] {
			return n
		}
	}
	return -1
}

// tokenLife is how long the driver keeps a token: one is used for at least a minute of its 14.
const tokenLife = 13 * time.Minute

func rowsOfCredentialCache(p *differential.Pair) []string {
	q := parse[signerQuestion](p.Case.Question())
	theirs, ours := asks(p)
	at := firstOtherRun(p)
	if len(theirs) != len(q.Runs) || len(ours) != len(q.Runs) {
		return nil
	}
	// The last run of the same cluster and profile that asked.
	isAlike := func(n int) bool {
		return q.Runs[n].Arguments[1] == q.Runs[at].Arguments[1] && q.Runs[n].Variables["AWS_PROFILE"] == q.Runs[at].Variables["AWS_PROFILE"]
	}
	last := at - 1
	for last >= 0 && !(isAlike(last) && ours[last]) {
		last--
	}
	isSpoilt := false
	for n := 1; n <= at; n++ {
		isSpoilt = isSpoilt || q.Runs[n].Cache == "broken" || q.Runs[n].Cache == "shared"
	}
	age := time.Duration(-1)
	if last >= 0 {
		age = timeOf(q.Runs[at].Now).Sub(timeOf(q.Runs[last].Now))
	}
	switch {
	case theirs[at] && isSpoilt && last >= 0 && age <= tokenLife:
		return []string{"cache-repaired"}
	case last >= 0 && (ours[at] && age > tokenLife || theirs[at] && age <= tokenLife):
		return []string{"cache"}
	}
	return nil
}

func classesOfCredentialCache(p *differential.Pair) []string {
	theirs, _ := asks(p)
	var classes []string
	for _, isAsking := range theirs {
		classes = append(classes, differential.Choose(isAsking, "asks", "from the cache"))
	}
	return classes
}

// cacheRuns generates runs of two profiles and clusters.
func (g generator) cacheRuns() *signerQuestion {
	q := &signerQuestion{Op: "signer.runs", Credentials: "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n"}
	for _, name := range []string{"one", "two"} {
		q.Config += fmt.Sprintf("[profile %[1]s]\nrole_arn = arn:aws:iam::111122223333:role/%[1]s\nsource_profile = base\n", name)
	}
	now := timeOf("2026-11-23T09:00:00Z")
	for range 1 + g.IntN(6) {
		now = now.Add(time.Duration(g.IntN(600)) * time.Second)
		q.Runs = append(q.Runs, signerRun{
			Variables: map[string]string{"AWS_PROFILE": g.Pick("one", "one", "two")},
			Arguments: strings.Fields("-i " + g.Pick("dev", "dev", "prod") + " --region eu-west-1 --cache"),
			Now:       now.Format(time.RFC3339), Life: 900 * (1 + g.IntN(4)),
			Cache: g.Pick("kept", "kept", "kept", "kept", "kept", "kept", "broken", "removed", "shared"),
		})
	}
	return q
}
