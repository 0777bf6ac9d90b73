package main

import (
	"fmt"
	"strings"

	"oracle/differential"
)

type generator struct{ differential.Generator }

var (
	accounts   = []string{"111122223333", "012345678901"}
	partitions = []string{"aws", "aws", "aws", "aws-cn", "aws-us-gov"}
	names      = []string{
		"dev", "Dev", "kops-admin", "nodes", "a+b=c,d.e@f_g", "AWSReservedSSO_A_0123456789abcdef",
		"AWSReservedSSO_A_B_0123456789abcdef", "AWSReservedSSO_A_nothex", "AWSReservedSSO_A_FEDCBA9876543210",
	}
	paths    = []string{"", "", "", "team/", "team/sub/"}
	sessions = []string{
		"s", "alice@example.com", "i-0123456789abcdef0", "i-01234567", "i-0123", "system", "Masters",
		"{{SessionNameRaw}}", "{{AccessKeyID}}", "{{SessionName", "Raw}}", "{{AccountID}}",
	}
	usernames = []string{
		"u", "dev:{{SessionName}}", "{{AccountID}}-{{SessionNameRaw}}", "{{EC2PrivateDNSName}}",
		"system:node:{{EC2PrivateDNSName}}", "x{{{SessionName}}}", "k:{{AccessKeyID}}", "{{Nope}}",
		"{{ SessionName }}", "{{sessionname}}", "{{SessionName}}{{SessionNameRaw}}", "ünïcode:{{SessionName}}",
		"{{SessionName}}Raw}}", "{{Session{{SessionName}}", "a b", "{{{{AccountID}}}}",
	}
	groups = []string{"a", "g-{{SessionName}}", "system:masters", "t:{{AccountID}}", "n-{{EC2PrivateDNSName}}", "{{AccessKeyID}}", ""}
)

// identity generates a caller as STS describes it.
func (g generator) identity() identity {
	account, partition := g.Pick(accounts...), g.Pick(partitions...)
	switch g.IntN(8) {
	case 0, 1:
		arn := fmt.Sprintf("arn:%s:iam::%s:user/%s%s", partition, account, g.Pick(paths...), g.Pick(names...))
		return identity{arn, account, "AIDAEXAMPLE", "AKIAEXAMPLE"}
	case 2:
		if g.One(2) {
			return identity{fmt.Sprintf("arn:%s:iam::%s:root", partition, account), account, account, "AKIAEXAMPLE"}
		}
		arn := fmt.Sprintf("arn:%s:sts::%s:federated-user/dev", partition, account)
		return identity{arn, account, account + ":dev", "ASIAEXAMPLE"}
	}
	return g.session(partition, account, g.Pick(names...), g.Pick(sessions...))
}

func (g generator) session(partition, account, role, session string) identity {
	arn := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", partition, account, role, session)
	return identity{arn, account, "AROAEXAMPLE:" + session, "ASIAEXAMPLE"}
}

// canonical returns the ARN that a rule for the caller has.
func canonical(id identity) string {
	if !strings.Contains(id.ARN, ":assumed-role/") {
		return id.ARN
	}
	id.ARN = strings.Replace(id.ARN, ":sts:", ":iam:", 1)
	id.ARN = strings.Replace(id.ARN, ":assumed-role/", ":role/", 1)
	return id.ARN[:strings.LastIndex(id.ARN, "/")]
}

// arn generates the ARN of a rule. Half of them are variants of the caller's.
func (g generator) arn(id identity, mode string) string {
	if g.One(2) {
		return g.otherARN()
	}
	arn := canonical(id)
	switch g.IntN(16) {
	case 0:
		return strings.ToUpper(arn)
	case 1:
		return strings.ToLower(arn)
	case 2:
		return strings.Replace(arn, ":role/", ":Role/", 1)
	case 3:
		return strings.Replace(arn, ":role/", ":role/team/", 1)
	case 4:
		return strings.NewReplacer("k", "\u212a").Replace(arn)
	case 5:
		at := strings.Index(arn, "/") + 1
		return arn[:at] + strings.ReplaceAll(arn[at:], "s", "\u017f")
	case 6:
		return id.ARN
	case 7:
		return strings.Replace(id.ARN, ":sts::", ":sts:us-east-1:", 1)
	case 8:
		return arn[:len(arn)-1] + g.Pick("*", "?", "")
	case 9:
		if strings.Contains(id.ARN, ":assumed-role/") {
			return id.ARN[:strings.LastIndex(id.ARN, "/")+1]
		}
	}
	return arn
}

func (g generator) otherARN() string {
	partition, account := g.Pick(partitions...), g.Pick(accounts...)
	name := g.Pick(paths...) + g.Pick(names...)
	switch g.IntN(12) {
	case 0, 1, 2:
		return fmt.Sprintf("arn:%s:iam::%s:user/%s", partition, account, name)
	case 3:
		return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", partition, account, name, g.Pick("s", "system"))
	case 4:
		return g.Pick("arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:federated-user/dev")
	case 5:
		return g.Pick("", "x", "arn:aws:s3:::bucket", "arn:nowhere:iam::111122223333:role/dev",
			"arn:aws:iam::111122223333:group/dev", "arn:aws:iam::1234:role/dev", " arn:aws:iam::111122223333:role/dev")
	}
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition, account, name)
}

// entry generates an entry of a section. key is the key of its ARN.
func (g generator) entry(key string, id identity, mode string) entry {
	var e entry
	add := func(key string, v value) { e.pairs = append(e.pairs, pair{key, v}) }
	cased := func(key string) string {
		if mode == "CRD" || !g.One(8) {
			return key
		}
		return g.Pick(strings.ToUpper(key), strings.ToUpper(key[:1])+key[1:], strings.Replace(key, "arn", "ARN", 1))
	}
	isYAML := mode == "EKSConfigMap" || mode == "MountedFile"
	isRole := key == "rolearn" && mode != "CRD"
	arn := g.arn(id, mode)
	switch {
	case isRole && isYAML && g.One(5):
		if g.One(12) {
			add(key, text(g.Pick("", arn)))
		}
		add("sso", g.sso(mode))
	case isYAML && g.One(60):
		add(key+"Like", text(arn[:len(arn)/2]+"*"))
	case g.One(80):
		// Without a principal.
	case isYAML && g.One(60):
		add(cased(key), scalar(g.Pick("123", "~", "[x]", "{a: b}", "true")))
	default:
		add(cased(key), text(arn))
	}
	g.username(&e, cased("username"), mode)
	g.groups(&e, cased("groups"), mode)
	if g.One(6) {
		add(cased("userid"), text(g.Pick("AROAEXAMPLE", "AIDAEXAMPLE", "AROAOTHER", "aroaexample", "")))
	}
	if g.One(50) {
		add("comment", text("x"))
	}
	if mode != "CRD" && g.One(50) && len(e.pairs) > 0 {
		// A duplicate key, in the same case or in another.
		again := e.pairs[g.IntN(len(e.pairs))]
		if again.key != "<<" {
			again.key = g.Pick(again.key, strings.ToUpper(again.key))
			if strings.EqualFold(again.key, "username") {
				again.value = text("again")
			}
			e.pairs = append(e.pairs, again)
		}
	}
	g.Shuffle(len(e.pairs), func(a, b int) { e.pairs[a], e.pairs[b] = e.pairs[b], e.pairs[a] })
	return e
}

func (g generator) username(e *entry, key, mode string) {
	add := func(v value) { e.pairs = append(e.pairs, pair{key, v}) }
	name := g.Pick(usernames...)
	isYAML := mode == "EKSConfigMap" || mode == "MountedFile"
	switch g.IntN(30) {
	case 0:
		add(text("<<SessionName>>"))
	case 1:
		if mode != "CRD" {
			return
		}
		add(text("u"))
	case 2:
		if isYAML {
			add(scalar(g.Pick("123", "0x1F", "012", "1.5", "1e3", "true", "yes", "Off", "1_000")))
			return
		}
		add(text(name))
	case 3:
		if isYAML {
			add(scalar(g.Pick("~", "null", "[a]", "{a: b}", `""`)))
			return
		}
		add(text(""))
	case 4:
		if isYAML {
			add(scalar(g.Pick("plain", "admin:{{SessionName}}", "2020-01-01", "'single'", ".5.", "-", "0o")))
			return
		}
		add(text(name))
	case 5:
		if mode == "DynamicFile" {
			add(scalar(g.Pick(`"x\ud800y"`, `"x\u0041"`, "null", "123")))
			return
		}
		if isYAML && g.One(2) {
			e.pairs = append(e.pairs, pair{"u\u017fername", text(name)})
			return
		}
		add(text(name))
	default:
		add(text(name))
	}
}

func (g generator) groups(e *entry, key, mode string) {
	add := func(v value) { e.pairs = append(e.pairs, pair{key, v}) }
	isYAML := mode == "EKSConfigMap" || mode == "MountedFile"
	if isYAML {
		switch g.IntN(30) {
		case 0:
			add(scalar(g.Pick("a", `"a,b"`, "7", "true")))
			return
		case 1:
			add(list(text("a"), scalar(g.Pick("7", "true", "1.5", "yes"))))
			return
		case 2:
			add(list(text("a"), scalar(g.Pick("~", "[x]", "{a: b}"))))
			return
		case 3:
			add(mapping(pair{"a", text("b")}))
			return
		}
	}
	switch g.IntN(8) {
	case 0:
		return
	case 1:
		add(scalar(g.Pick("[]", "null")))
	default:
		v := list()
		for range 1 + g.IntN(3) {
			v.list = append(v.list, text(g.Pick(groups...)))
		}
		add(v)
	}
}

func (g generator) sso(mode string) value {
	set := g.Pick("A", "A", "A_B", "a", "Bad*", "")
	pairs := []pair{{g.Pick("permissionSetName", "PERMISSIONSETNAME"), text(set)}}
	account := text(g.Pick(accounts...))
	if g.One(6) {
		account = scalar(g.Pick("111122223333", "012345678901", "11112222333", `"x"`))
	}
	pairs = append(pairs, pair{"accountID", account})
	if g.One(4) {
		pairs = append(pairs, pair{"partition", text(g.Pick("aws", "aws-cn", "aws-us-gov", "nowhere", ""))})
	}
	return mapping(pairs...)
}

func (g generator) source(id identity) source {
	s := source{
		mode:  g.Pick("EKSConfigMap", "EKSConfigMap", "EKSConfigMap", "MountedFile", "MountedFile", "DynamicFile", "DynamicFile", "CRD"),
		empty: g.Pick("", "", "''", `""`, "``", "[]", " \n", "~", "# nothing\n"),
	}
	// Most mounted files have no entry that stops upstream, so that their mappings are compared.
	isTame := s.mode == "MountedFile" && !g.One(8)
	fill := func(key string, most int) []entry {
		var entries []entry
		for range g.IntN(most) {
			e := g.entry(key, id, s.mode)
			for tries := 0; isTame && stops(s.mode, key, e) && tries < 20; tries++ {
				e = g.entry(key, id, s.mode)
			}
			entries = append(entries, e)
		}
		return entries
	}
	if s.mode == "CRD" {
		s.roles = fill("arn", 4)
		return s
	}
	s.roles, s.users = fill("rolearn", 5), fill("userarn", 4)
	if s.mode == "EKSConfigMap" && len(s.roles) > 1 && g.One(12) {
		s.roles[0].anchor = "first"
		s.roles[1].pairs = append(s.roles[1].pairs, pair{"<<", scalar("*first")})
	}
	if g.One(3) {
		for range 1 + g.IntN(2) {
			s.accounts = append(s.accounts, quote(g.Pick(accounts...)))
		}
		if s.mode != "DynamicFile" && g.One(4) {
			s.accounts = append(s.accounts, g.Pick("111122223333", "012345678901", "~", "x", "true"))
		}
	}
	switch s.mode {
	case "EKSConfigMap":
		if g.One(25) {
			section := g.Pick("mapRoles", "mapUsers", "mapAccounts")
			s.broken = map[string]string{section: g.Pick("{a: b}", "x", "- {", "a: [", "- a\nb", "7")}
			switch section {
			case "mapRoles":
				s.roles = nil
			case "mapUsers":
				s.users = nil
			default:
				s.accounts = nil
			}
		}
		s.misspelled = g.One(40)
	case "DynamicFile":
		if g.One(30) {
			s.roles, s.users, s.accounts = nil, nil, nil
			s.refused = g.Pick("{", "x", "[1]", `{"mapRoles": {}}`, `{"mapAccounts": "x"}`)
		}
		s.strict = g.One(3)
		if s.strict {
			for _, entries := range [][]entry{s.roles, s.users} {
				for n := range entries {
					g.known(&entries[n])
				}
			}
		}
	case "MountedFile":
		if g.One(10) {
			s.reservedMode = g.Pick("MountedFile", "EKSConfigMap", "ConfigMap", "File", "CRD", "DynamicFile")
			s.reserved = []string{g.Pick(`"u"`, `"dev:"`, `""`, "system")}
		}
	}
	return s
}

// stops returns whether upstream refuses to start with this entry in the mounted file.
func stops(mode, key string, e entry) bool {
	s := &spec{sources: []source{{mode: mode, roles: []entry{e}}}}
	if key == "userarn" {
		s.sources[0].users, s.sources[0].roles = s.sources[0].roles, nil
	}
	_, err := chain(s.write())
	return err != nil
}

// known gives an entry a user id, and sometimes removes its ARN.
func (g generator) known(e *entry) {
	if !e.has("userid") && !g.One(30) {
		e.pairs = append(e.pairs, pair{"userid", text(g.Pick("AROAEXAMPLE", "AROAEXAMPLE", "AIDAEXAMPLE", "AROAOTHER"))})
	}
	if g.One(3) {
		kept := e.pairs[:0]
		for _, p := range e.pairs {
			if !strings.HasSuffix(strings.ToLower(p.key), "arn") {
				kept = append(kept, p)
			}
		}
		e.pairs = kept
	}
}

func (g generator) spec() *spec {
	s := &spec{id: g.identity(), dns: g.Pick("ip-10-0-0-7.ec2.internal", "", "{{AccountID}}.internal")}
	for range 1 + g.IntN(3) {
		s.sources = append(s.sources, g.source(s.id))
	}
	if g.One(6) {
		s.reserved = []string{g.Pick("dev:", "system:", "arn:", "", "u", "k8s-"), "aws:"}
	}
	if g.One(8) {
		s.scrubbed = []string{g.Pick(accounts...)}
	}
	s.ssoGateOff = g.One(12)
	return s
}

// arnLike generates a question about a pattern.
func (g generator) arnLike() *spec {
	arn := canonical(g.identity())
	pattern := []byte(arn)
	for range 1 + g.IntN(3) {
		at := 4 + g.IntN(len(pattern)-4)
		switch g.IntN(5) {
		case 0:
			pattern[at] = '?'
		case 1:
			pattern[at] = '*'
		case 2:
			pattern = append(pattern[:at], append([]byte{'*'}, pattern[at:]...)...)
		case 3:
			pattern = append(pattern[:at], append([]byte{'?'}, pattern[at:]...)...)
		default:
			end := at + g.IntN(len(pattern)-at)
			pattern = append(pattern[:at], append([]byte{'*'}, pattern[end:]...)...)
		}
	}
	return &spec{arn: arn, pattern: string(pattern)}
}
