package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/filecache"
)

// stsLatency is how long it takes to get credentials, so that another run can begin meanwhile.
const stsLatency = 500 * time.Millisecond

// keySource gives credentials, and counts how often it is asked.
type keySource struct{ life, asked int }

func (s *keySource) Retrieve(context.Context) (aws.Credentials, error) {
	s.asked++
	end := time.Now().Add(time.Duration(s.life) * time.Second)
	time.Sleep(stsLatency)
	return aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "s", SessionToken: "T", CanExpire: true, Expires: end}, nil
}

// cached runs upstream's cache over files, with a clock of its own.
func cached(q *signerQuestion) differential.Answer {
	// A panic in the bubble would end the oracle.
	first := timeOf(q.Runs[0].Now)
	for _, run := range q.Runs {
		_, _ = timeOf(run.Now), run.Arguments[1]
	}
	directory, err := os.MkdirTemp("", "cache")
	differential.Check(err)
	defer os.RemoveAll(directory)
	name := filepath.Join(directory, "cache", "credentials.yaml")
	runs := make([]differential.Answer, len(q.Runs))
	synctest.Test(new(testing.T), func(*testing.T) {
		begin := time.Now()
		for n := 0; n < len(q.Runs); n++ {
			time.Sleep(timeOf(q.Runs[n].Now).Sub(first) - time.Since(begin))
			before := n
			var group sync.WaitGroup
			group.Go(func() { runs[before] = cachedOnce(name, q.Runs[before]) })
			if n+1 < len(q.Runs) && q.Runs[n+1].Beside {
				n++
				time.Sleep(stsLatency / 5)
				runs[n] = cachedOnce(name, q.Runs[n])
			}
			group.Wait()
		}
		// Every lock is released.
		time.Sleep(time.Minute)
	})
	return differential.Answer{"runs": runs}
}

func timeOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	differential.Check(err)
	return at
}

func cachedOnce(name string, run signerRun) differential.Answer {
	changeCache(name, run.Cache)
	if run.HeldMS > 0 {
		differential.Check(os.MkdirAll(filepath.Dir(name), 0o700))
		other := filecache.NewFileLocker(name)
		_, err := other.TryLockContext(context.Background(), time.Millisecond)
		differential.Check(err)
		time.AfterFunc(time.Duration(run.HeldMS)*time.Millisecond, func() { differential.Check(other.Unlock()) })
	}
	from := &keySource{life: run.Life}
	var provider aws.CredentialsProvider = from
	profile := run.Variables["AWS_PROFILE"]
	withCache, err := filecache.NewFileCacheProvider(run.Arguments[1], profile, "", from, filecache.WithFilename(name))
	if err == nil {
		// As the generator, which goes on without the cache.
		provider = withCache
	}
	_, err = provider.Retrieve(context.Background())
	differential.Check(err)
	return differential.Answer{"asks": from.asked > 0}
}

// changeCache changes the file of the cache, if there is one, or blocks its directory.
func changeCache(name, how string) {
	directory := filepath.Dir(name)
	if info, err := os.Stat(directory); err == nil && !info.IsDir() {
		differential.Check(os.Remove(directory))
	}
	if how == "blocked" {
		differential.Check(os.RemoveAll(directory))
		differential.Check(os.WriteFile(directory, nil, 0o600))
		return
	}
	if _, err := os.Stat(name); err != nil {
		return
	}
	switch how {
	case "broken":
		differential.Check(os.WriteFile(name, []byte("{"), 0o600))
	case "emptied":
		differential.Check(os.WriteFile(name, nil, 0o600))
	case "removed":
		differential.Check(os.Remove(name))
	case "shared":
		differential.Check(os.Chmod(name, 0o644))
	}
}

var credentialCacheArea = differential.Area{
	Name:   "credential_cache",
	Driver: "-signer",
	Ask:    func(g differential.Generator) differential.Case { return asJSON(generator{g}.cacheRuns()) },
	Answer: func(c differential.Case) any { return cached(parse[signerQuestion](c.Question())) },
	IsSame: isSameCache,
	Rows:   rowsOfCredentialCache,
	IsLike: func(_, to *differential.Pair) bool {
		isRefused := func(one signed) bool { return one.Error != nil }
		return !slices.ContainsFunc(parse[struct{ Runs []signed }](differential.Raw(to.Ours)).Runs, isRefused)
	},
	Classes: classesOfCredentialCache,
}

func classesOfCredentialCache(p *differential.Pair) []string {
	var classes []string
	for _, isAsking := range theirAsks(p) {
		classes = append(classes, differential.Choose(isAsking, "asks", "from the cache"))
	}
	return classes
}

// isPlain returns whether another run can begin beside the run.
func (r signerRun) isPlain() bool { return !r.Beside && r.HeldMS == 0 && r.Cache == "kept" }

// cacheRuns generates runs of two profiles and clusters.
func (g generator) cacheRuns() *signerQuestion {
	q := &signerQuestion{Op: "signer.runs", Credentials: "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n"}
	for _, name := range []string{"one", "two"} {
		q.Config += fmt.Sprintf("[profile %[1]s]\nrole_arn = arn:aws:iam::111122223333:role/%[1]s\nsource_profile = base\n", name)
	}
	now := timeOf("2026-11-23T09:00:00Z")
	for range 1 + g.IntN(6) {
		// A run waits for up to a minute for the lock.
		now = now.Add(time.Duration(60+g.IntN(600)) * time.Second)
		run := signerRun{
			Variables: map[string]string{"AWS_PROFILE": g.Pick("one", "one", "two")},
			Arguments: strings.Fields("-i " + g.Pick("dev", "dev", "prod") + " --region eu-west-1 --cache"),
			Now:       now.Format(time.RFC3339), Life: 900 * (1 + g.IntN(4)),
			Cache: g.Pick("kept", "kept", "kept", "kept", "kept", "kept", "broken", "emptied", "removed", "shared", "blocked"),
		}
		switch {
		case run.Cache != "kept":
		case g.One(6):
			run.HeldMS = []int{310, 710, 1510, 29_010, 31_010}[g.IntN(5)]
		case len(q.Runs) > 0 && g.One(4) && q.Runs[len(q.Runs)-1].isPlain():
			run.Beside, run.Now = true, q.Runs[len(q.Runs)-1].Now
		}
		q.Runs = append(q.Runs, run)
	}
	return q
}
