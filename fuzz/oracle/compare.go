package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"sort"
	"strings"
)

// compare makes questions, asks upstream and a conformance driver, and tells where they part. A
// question knows which rows of the divergence file it may show; a difference that no row accounts
// for makes the exit status 1.
func compare(driver string, count, seed uint64) {
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	command := exec.Command(driver)
	in, err := command.StdinPipe()
	check(err)
	out, err := command.StdoutPipe()
	check(err)
	command.Stderr = os.Stderr
	check(command.Start())
	answers := bufio.NewReaderSize(out, 1<<20)
	rows := map[string]int{}
	agreed, mapped, unexplained := 0, 0, 0
	questions := make([]*question, count)
	mays := make([][]string, count)
	for n := range questions {
		questions[n], mays[n] = g.question()
	}
	// The driver may answer only once it has read them all.
	go func() {
		for _, q := range questions {
			check(json.NewEncoder(in).Encode(q))
		}
		check(in.Close())
	}()
	for n, q := range questions {
		may := mays[n]
		text, err := answers.ReadString('\n')
		check(err)
		ours := read1(text)
		theirs := ask(q)
		if theirs.Error == "" {
			mapped++
		}
		if same(ours, theirs) {
			agreed++
			continue
		}
		if isRandom(q, theirs) {
			may = append(may, "exact-beside-sso or users-that-differ-in-case or objects-for-one-arn")
		}
		if len(may) == 0 {
			unexplained++
			if unexplained <= 5 {
				line, _ := json.Marshal(q)
				fmt.Printf("%s\n  upstream %+v\n  ours     %+v\n", line, theirs, ours)
			}
			continue
		}
		sort.Strings(may)
		rows[strings.Join(may, " + ")]++
	}
	_, _ = io.Copy(io.Discard, answers)
	check(command.Wait())
	fmt.Printf("%d questions, %d mapped by upstream, %d answered alike, %d unexplained\n", count, mapped, agreed, unexplained)
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("%7d %s\n", rows[name], name)
	}
	if unexplained > 0 {
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// read1 reads a driver's answer.
func read1(text string) answer {
	var got struct {
		Username string   `json:"username"`
		Groups   []string `json:"groups"`
		UID      string   `json:"uid"`
		Error    *struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	check(json.Unmarshal([]byte(text), &got))
	if got.Error != nil {
		return answer{Error: got.Error.Code}
	}
	return answer{Username: got.Username, Groups: got.Groups, UID: got.UID}
}

func same(ours, theirs answer) bool {
	if theirs.Error != "" {
		return ours.Error == theirs.Error || (theirs.Error == "*" && ours.Error != "" && ours.Error != "not-mapped")
	}
	return ours.Error == "" && ours.Username == theirs.Username && ours.UID == theirs.UID &&
		(len(ours.Groups) == 0 && len(theirs.Groups) == 0 || reflect.DeepEqual(ours.Groups, theirs.Groups))
}

func isRandom(q *question, first answer) bool {
	for range 40 {
		if !reflect.DeepEqual(first, ask(q)) {
			return true
		}
	}
	return false
}

type generator struct{ *rand.Rand }

func (g generator) pick(of ...string) string { return of[g.IntN(len(of))] }
func (g generator) one(in int) bool          { return g.IntN(in) == 0 }

var (
	accounts = []string{"111122223333", "012345678901"}
	names    = []string{"dev", "Dev", "ops", "team/dev", "AWSReservedSSO_A_0123456789abcdef", "AWSReservedSSO_A_B_0123456789abcdef", "nodes"}
)

func (g generator) arn() string {
	partition := g.pick("aws", "aws", "aws", "aws-cn")
	account := g.pick(accounts...)
	name := g.pick(names...)
	switch g.IntN(10) {
	case 0, 1:
		return fmt.Sprintf("arn:%s:iam::%s:user/%s", partition, account, name)
	case 2:
		return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/s", partition, account, strings.TrimPrefix(name, "team/"))
	case 3:
		return g.pick("arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:federated-user/dev")
	}
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition, account, name)
}

// entry makes an entry of a list of roles or users, and tells which rows it may show.
func (g generator) entry(key string, mode string) (map[string]any, []string) {
	e := map[string]any{
		key:        g.arn(),
		"username": g.pick("u", "dev:{{SessionName}}", "{{AccountID}}-{{SessionNameRaw}}", "{{EC2PrivateDNSName}}", "x{{{SessionName}}}", "k:{{AccessKeyID}}", "{{Nope}}"),
		"groups":   []any{g.pick("a", "g-{{SessionName}}", "system:masters"), "b"},
	}
	var may []string
	switch g.IntN(24) {
	case 0:
		e["username"] = 123
		may = append(may, "number-as-username")
	case 1:
		delete(e, "username")
		may = append(may, "no-username")
	case 2:
		e["groups"] = "a"
		may = append(may, "groups-as-text")
	case 3:
		e["groups"] = []any{"a", 7}
		may = append(may, "number-as-group")
	case 4:
		e["username"] = "<<SessionName>>"
		may = append(may, "angle-brackets")
	case 5, 6:
		if key == "rolearn" {
			delete(e, key)
			sso := map[string]any{"permissionSetName": g.pick("A", "A_B"), "accountID": g.pick(accounts...)}
			if g.one(4) {
				sso["partition"] = g.pick("aws", "aws-cn")
				may = append(may, "sso-partition")
			}
			e["sso"] = sso
			may = append(may, "sso-suffix")
		}
	}
	if mode != "EKSConfigMap" && len(may) > 0 && may[0] != "angle-brackets" && may[0] != "no-username" && may[0] != "sso-suffix" && may[0] != "sso-partition" {
		// Upstream refuses the file, or guesses (the mounted file); not what these rows are of.
		return g.entry(key, mode)
	}
	return e, may
}

func (g generator) list(key, mode string) ([]map[string]any, []string) {
	var list []map[string]any
	var may []string
	for range g.IntN(5) {
		e, m := g.entry(key, mode)
		list = append(list, e)
		may = append(may, m...)
	}
	return list, may
}

func (g generator) backend() (backend, []string) {
	mode := g.pick("EKSConfigMap", "EKSConfigMap", "MountedFile", "DynamicFile", "CRD")
	b := backend{Mode: mode}
	if mode == "CRD" {
		var may []string
		for n := range g.IntN(4) {
			e, m := g.entry("arn", mode)
			may = append(may, m...)
			object := map[string]any{
				"kind": "IAMIdentityMapping", "metadata": map[string]any{"name": fmt.Sprint("o", n)}, "spec": e,
			}
			text, err := json.Marshal(object)
			check(err)
			b.Objects = append(b.Objects, text)
		}
		return b, may
	}
	roles, may := g.list("rolearn", mode)
	users, more := g.list("userarn", mode)
	may = append(may, more...)
	var in []string
	if g.one(3) {
		in = append(in, g.pick(accounts...))
	}
	// JSON is YAML.
	text := func(of any) string {
		text, err := json.Marshal(of)
		check(err)
		return string(text)
	}
	all := map[string]any{"mapRoles": roles, "mapUsers": users, "mapAccounts": in}
	switch mode {
	case "EKSConfigMap":
		b.Data = map[string]string{"mapRoles": text(roles), "mapUsers": text(users), "mapAccounts": text(in)}
	case "MountedFile":
		b.Config = text(map[string]any{"clusterID": "c", "server": all})
	case "DynamicFile":
		if g.one(3) {
			b.UserIDStrict = true
			for _, e := range append(roles, users...) {
				e["userid"] = g.pick("AROAEXAMPLE", "AROAOTHER", "AIDAEXAMPLE")
				if g.one(3) {
					delete(e, "rolearn")
					delete(e, "userarn")
				}
			}
			may = append(may, "user-id-contradicts-arn")
		}
		b.Content = text(all)
	}
	return b, may
}

func (g generator) question() (*question, []string) {
	q := &question{Op: "map.resolve", PrivateDNSName: "ip-10-0-0-7.ec2.internal"}
	account := g.pick(accounts...)
	session := g.pick("s", "alice@example.com", "i-0123456789abcdef0", "system")
	id := identity{Account: account, AccessKeyID: "ASIAEXAMPLE"}
	partition := g.pick("aws", "aws", "aws", "aws-cn")
	name := strings.TrimPrefix(g.pick(names...), "team/")
	switch g.IntN(5) {
	case 0:
		id.ARN = fmt.Sprintf("arn:%s:iam::%s:user/%s", partition, account, g.pick(names...))
		id.UserID = "AIDAEXAMPLE"
	case 1:
		id.Account = "111122223333"
		id.ARN, id.UserID = "arn:aws:sts::111122223333:federated-user/dev", "111122223333:dev"
	default:
		id.ARN = fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", partition, account, name, session)
		id.UserID = "AROAEXAMPLE:" + session
	}
	q.Identity = id
	var may []string
	for range 1 + g.IntN(3) {
		b, m := g.backend()
		q.Backends = append(q.Backends, b)
		may = append(may, m...)
	}
	if g.one(6) {
		q.ReservedPrefixes = []string{g.pick("dev:", "system:", "arn:", "")}
		may = append(may, "account-with-a-reserved-name")
	}
	seen := map[string]bool{}
	unique := may[:0]
	for _, m := range may {
		if !seen[m] {
			seen[m] = true
			unique = append(unique, m)
		}
	}
	return q, unique
}
