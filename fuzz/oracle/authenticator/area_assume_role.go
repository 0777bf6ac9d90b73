package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"oracle/differential"
)

// signerQuestion asks for what the token command does in several runs.
type signerQuestion struct {
	Op          string      `json:"op"`
	Config      string      `json:"config,omitempty"`
	Credentials string      `json:"credentials,omitempty"`
	Runs        []signerRun `json:"runs"`
}

// signerRun is one run. Its clock is that of the question in the driver, and for upstream that of the machine.
type signerRun struct {
	Variables map[string]string `json:"variables,omitempty"`
	Arguments []string          `json:"arguments"`
	Now       string            `json:"now"`
	// How long the credentials of STS last, in seconds.
	Life int `json:"life"`
	// What becomes of the files of the cache before the run: kept, broken, emptied, removed, shared, or blocked by a file
	// in the place of their directory.
	Cache string `json:"cache,omitempty"`
	// How long another process holds the lock of the cache, from the start of the run on, in milliseconds.
	HeldMS int `json:"held_ms,omitempty"`
	// Makes the run begin while the one before waits for STS.
	Beside bool `json:"beside,omitempty"`
	// What the user answers when asked for the code of an MFA device: on standard input, and on the terminal if there is one.
	Typed      string `json:"typed,omitempty"`
	NoTerminal bool   `json:"no_terminal,omitempty"`
}

// stsRequest is a request to STS or EC2, and the key that signed it.
type stsRequest struct {
	Action     string            `json:"action"`
	Key        string            `json:"key"`
	Parameters map[string]string `json:"parameters,omitempty"`
}

// roleServer is an STS that knows every role, and gives it a key with its name.
type roleServer struct {
	url      string
	requests []stsRequest
}

var roleSTS = sync.OnceValue(func() *roleServer {
	s := &roleServer{}
	s.url = httptest.NewServer(http.HandlerFunc(s.answer)).URL
	return s
})

// readRequest reads a request in form encoding.
func readRequest(r *http.Request) stsRequest {
	differential.Check(r.ParseForm())
	request := stsRequest{Action: r.PostForm.Get("Action"), Parameters: map[string]string{}}
	if match := credentialOf.FindStringSubmatch(r.Header.Get("Authorization")); match != nil {
		request.Key = match[1]
	}
	for name := range r.PostForm {
		if name != "Action" && name != "Version" {
			request.Parameters[name] = r.PostForm.Get(name)
		}
	}
	return request
}

var credentialOf = regexp.MustCompile(`Credential=([^/]*)/`)

func (s *roleServer) answer(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/latest/") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	request := readRequest(r)
	s.requests = append(s.requests, request)
	result := "<Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>"
	if strings.HasPrefix(request.Key, "ASIA") {
		result = strings.Replace(result, "AIDAEXAMPLE", "AROAEXAMPLE:alice@example.com", 1)
	}
	if request.Action == "AssumeRole" {
		role := request.Parameters["RoleArn"]
		result = fmt.Sprintf("<Credentials><AccessKeyId>ASIA%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"+
			"<SessionToken>T</SessionToken><Expiration>%s</Expiration></Credentials><AssumedRoleUser>"+
			"<Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>",
			strings.ToUpper(role[strings.LastIndex(role, "/")+1:]), time.Now().UTC().Add(time.Hour).Format(time.RFC3339))
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, request.Action, result)
}

// assume runs upstream's generator, as its token command does.
func assume(q *signerQuestion) differential.Answer {
	directory, err := os.MkdirTemp("", "signer")
	differential.Check(err)
	defer os.RemoveAll(directory)
	differential.Check(os.WriteFile(filepath.Join(directory, "config"), []byte(q.Config), 0o600))
	differential.Check(os.WriteFile(filepath.Join(directory, "credentials"), []byte(q.Credentials), 0o600))
	var runs []differential.Answer
	for _, run := range q.Runs {
		runs = append(runs, assumeOnce(directory, run))
	}
	return differential.Answer{"runs": runs}
}

func assumeOnce(directory string, run signerRun) differential.Answer {
	server := roleSTS()
	server.requests = nil
	variables := map[string]string{
		"AWS_CONFIG_FILE": filepath.Join(directory, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(directory, "credentials"),
		"AWS_ENDPOINT_URL_STS": server.url,
		// Upstream asks the instance even if it is told not to. Here there is none.
		"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
	}
	for name, value := range run.Variables {
		variables[name] = value
	}
	for name, value := range variables {
		differential.Check(os.Setenv(name, value))
		defer os.Unsetenv(name)
	}
	defer typing(run.Typed)()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	signed, err := parseRoleFlags(run.Arguments).sign(ctx)
	if err != nil {
		refused := differential.Refusal("refused", err.Error())
		refused["requests"] = server.requests
		return refused
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(signed.Token, "k8s-aws-v1."))
	differential.Check(err)
	target, err := url.Parse(string(text))
	differential.Check(err)
	key, _, _ := strings.Cut(target.Query().Get("X-Amz-Credential"), "/")
	return differential.Answer{"requests": server.requests, "key": key}
}

// typing answers upstream's questions on standard input, and hides them. Returns what ends that.
func typing(text string) func() {
	// Each question has the same answer.
	if strings.HasSuffix(text, "\n") {
		text = strings.Repeat(text, 8)
	}
	read, write, err := os.Pipe()
	differential.Check(err)
	_, err = write.WriteString(text)
	differential.Check(err)
	differential.Check(write.Close())
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	differential.Check(err)
	in, screen := os.Stdin, os.Stderr
	os.Stdin, os.Stderr = read, null
	return func() {
		os.Stdin, os.Stderr = in, screen
		differential.Check(read.Close())
		differential.Check(null.Close())
	}
}

var assumeRoleArea = differential.Area{
	Name:   "assume_role",
	Driver: "-signer",
	Ask:    func(g differential.Generator) differential.Case { return asJSON(generator{g}.assume()) },
	Answer: func(c differential.Case) any { return assume(parse[signerQuestion](c.Question())) },
	IsSame: func(p *differential.Pair) bool {
		return isSameRun(onlyRun(p.Theirs), onlyRun(p.Ours))
	},
	Rows: rowsOfAssumeRole,
	IsLike: func(from, to *differential.Pair) bool {
		isSame := func(from, to differential.Answer) bool {
			return (onlyRun(from).Error == nil) == (onlyRun(to).Error == nil)
		}
		return isSame(from.Theirs, to.Theirs) && isSame(from.Ours, to.Ours)
	},
	Classes: func(p *differential.Pair) []string {
		run := onlyRun(p.Theirs)
		return []string{differential.Choose(run.Error == nil, fmt.Sprint("signed after ", len(run.Requests), " requests"), "refused")}
	},
}

// signed is the answer about a run.
type signed struct {
	Key      string
	Requests []stsRequest
	Error    *refusal
}

// onlyRun returns the answer about the only run. Without it, or beside another one, the key says so.
func onlyRun(a differential.Answer) signed {
	runs := parse[struct{ Runs []signed }](differential.Raw(a)).Runs
	if len(runs) != 1 {
		return signed{Key: fmt.Sprint(len(runs), " runs of ", string(differential.Raw(a)))}
	}
	return runs[0]
}

// isSameRun compares two answers about a run.
func isSameRun(theirs, ours signed) bool {
	if theirs.Error != nil || ours.Error != nil {
		return theirs.Error != nil && ours.Error != nil
	}
	return theirs.Key == ours.Key && sameJSON(theirs.Requests, ours.Requests)
}

// assume generates profiles, variables and flags.
func (g generator) assume() *signerQuestion {
	q := &signerQuestion{Op: "signer.sign"}
	run := signerRun{Variables: map[string]string{}, Now: "2026-11-23T09:00:00Z", Life: 3600, Arguments: []string{"-i", "dev", "--region", "eu-west-1"}}
	keys := func(id string) string {
		text := fmt.Sprintf("aws_access_key_id = %s\naws_secret_access_key = s\n", id)
		if strings.HasPrefix(id, "ASIA") {
			text += "aws_session_token = T\n"
		}
		return text
	}
	if g.One(2) {
		run.Variables["AWS_ACCESS_KEY_ID"], run.Variables["AWS_SECRET_ACCESS_KEY"] = g.Pick("AKIAENV", "ASIAENV"), "s"
		if strings.HasPrefix(run.Variables["AWS_ACCESS_KEY_ID"], "ASIA") {
			run.Variables["AWS_SESSION_TOKEN"] = "T"
		}
	}
	profiles := []string{"one", "two", "three"}
	for n, name := range profiles {
		section := fmt.Sprintf("[profile %s]\nrole_arn = arn:aws:iam::111122223333:role/%s\n", name, name)
		switch {
		case g.One(4):
			section += "credential_source = Environment\n"
		case n+1 < len(profiles) && g.One(2):
			section += "source_profile = " + profiles[n+1] + "\n"
		default:
			section += "source_profile = " + g.Pick("base", "base", "default") + "\n"
		}
		for _, option := range []string{"external_id = x", "duration_seconds = 1800", "role_session_name = mine", "region = us-east-1", "mfa_serial = arn:aws:iam::111122223333:mfa/" + name} {
			if g.One(4) {
				section += option + "\n"
			}
		}
		q.Config += section
	}
	if strings.Contains(q.Config, "mfa_serial") {
		run.Typed = g.Pick("123456\n", "123456\n", "123456\n", "000000\n", " 123456 \n", "123456\r\n", "secret\n", "12 34\n", "\n", "", strings.Repeat("1", 70)+"\n")
		run.NoTerminal = g.One(8)
	}
	q.Credentials = "[base]\n" + keys(g.Pick("AKIABASE", "ASIABASE"))
	if _, has := run.Variables["AWS_ACCESS_KEY_ID"]; !has || g.One(2) {
		q.Credentials += "[default]\n" + keys("AKIADEFAULT")
	}
	if g.One(2) {
		run.Variables["AWS_PROFILE"] = g.Pick("one", "one", "two", "three", "base")
	}
	if g.One(3) {
		run.Arguments = append(run.Arguments, g.chain()...)
	} else if g.One(2) {
		run.Arguments = append(run.Arguments, "-r", "arn:aws:iam::444455556666:role/"+g.Pick("last", "team/last"))
		if g.One(3) {
			run.Arguments = append(run.Arguments, "-e", g.Pick("id", "a b+c/=&"))
		}
		switch g.IntN(3) {
		case 0:
			run.Arguments = append(run.Arguments, "--forward-session-name")
		case 1:
			run.Arguments = append(run.Arguments, "-s", g.Pick("bob", "bob@example.com"))
		}
	}
	q.Runs = []signerRun{run}
	return q
}
