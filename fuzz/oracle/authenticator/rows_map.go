package main

import (
	"regexp"
	"slices"
	"strings"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/arn"
)

// asWeRead has the rows of aws-auth-map as changes of a question, in their order: each writes what we read in another way than
// upstream in the way in which upstream reads as we do. Where we refuse a caller, a rule gives the caller a name of refusals.
var asWeRead = []func(*spec){
	withUnreadAsRules, withMergesAsWeRead, withoutEmptyARNs, withTexts, withStoppingAsRules, withUnreadableAsRules,
	withoutForeignARNs, withoutOddSessions, withoutLongKeys, withBraces,
	withStrictARNsInLowerCase, withLastObjects, withExactARNs, withUsersInLowerCase,
	withContradictionsAsRules, withNewModes, withReservedAccountsAsRules, withoutBracesInValues,
}

// refusalCodes has our codes of refusals by the username that stands for them.
var refusalCodes = map[string]string{
	"=rule": "unreadable-rule", "=section": "unreadable-section", "=source": "unreadable-source",
	"=other-arn": "user-id-mismatch", "=reserved": "reserved-username",
}

// refusals returns our codes of the refusals that both may have for a question.
func (s *spec) refusals() []string {
	var codes []string
	if len(s.reserved) > 0 || s.hasReserved() {
		codes = append(codes, "reserved-username")
	}
	isForInstances := func(e entry) bool { return strings.Contains(e.flow(), "{{EC2PrivateDNSName}}") }
	for _, from := range s.sources {
		if slices.ContainsFunc(slices.Concat(from.roles, from.users), isForInstances) {
			codes = append(codes, "not-an-instance")
		}
	}
	return codes
}

// isAsWeRead returns whether our answer is upstream's to the question as we read it. It is not if the rows of the question do
// not explain all of a difference.
func isAsWeRead(p *differential.Pair) bool {
	c := p.Case.(*spec).clone()
	for _, change := range asWeRead {
		change(c)
	}
	answer := string(differential.Raw(askOften(c.write(), c.tries())))
	theirs := *parse[differential.Answer]([]byte(shownBraces.Replace(answer)))
	name, _ := theirs["username"].(string)
	if code, is := refusalCodes[name]; is {
		return differential.Code(p.Ours) == code
	}
	if differential.Code(theirs) == "*" {
		return slices.Contains(c.refusals(), differential.Code(p.Ours))
	}
	return isSame(&differential.Pair{Case: c, Theirs: theirs, Ours: p.Ours})
}

// explainTogether returns a row of a difference that several rows explain only together: the merge, if it is one of them, or
// the first. Our answer is then the one that all of them together foresee.
func explainTogether(p *differential.Pair, ask func(differential.Case) *differential.Pair) string {
	if row := explainMerge(p, ask); row != "" {
		return row
	}
	if of := rowsOf(p); len(of) > 1 {
		return of[0]
	}
	return ""
}

// isOneCharacter returns whether a pattern matches only if a `?` matches no character.
func isOneCharacter(p *differential.Pair) bool {
	s := p.Case.(*spec)
	return p.Theirs["match"] == true && p.Ours["match"] == false && !isGlobOf(s.pattern, s.arn)
}

// refusing returns a source with a rule that gives the caller the name of a refusal.
func (s *spec) refusing(name string) source {
	return source{mode: "DynamicFile", roles: []entry{{pairs: []pair{{"rolearn", text(canonical(s.id))}, {"username", text(name)}}}}}
}

// withUnreadAsRules ends a question before the first section or source that cannot be read.
func withUnreadAsRules(s *spec) {
	for n := range s.sources {
		if name := s.sources[n].cut(); name != "" {
			s.sources = append(s.sources[:n+1:n+1], s.refusing(name))
			return
		}
	}
}

// cut leaves out what a source has from its first part on that cannot be read, and returns the name of the refusal.
func (s *source) cut() string {
	if s.mode == "DynamicFile" {
		b := s.write()
		if !isRefused(b) && !strings.Contains(b.Content, `\ud800`) {
			return ""
		}
		s.roles, s.users, s.accounts, s.refused = nil, nil, nil, ""
		return "=source"
	}
	if s.mode == "MountedFile" {
		// An entry that repeats a key is a problem of that entry.
		if _, err := load(s.write().Config); err == nil || strings.Contains(err.Error(), "already defined") {
			return ""
		}
		s.roles, s.users, s.accounts = nil, nil, nil
		return "=source"
	}
	data := s.write().Data
	isBad := func(section string) bool { return isUnreadable(data[section]) }
	switch {
	case s.misspelled || isBad("mapRoles"):
		s.roles, s.users, s.accounts = nil, nil, nil
	case isBad("mapUsers"):
		s.users, s.accounts = nil, nil
	case isBad("mapAccounts"):
		s.accounts = nil
	default:
		return ""
	}
	s.broken, s.misspelled = nil, false
	return "=section"
}

func withMergesAsWeRead(s *spec) { *s = *s.withMerges(yielding) }

// eachEntry changes the entries of a question. Those for which the result is nil are left out.
func (s *spec) eachEntry(change func(from source, key string, e entry) []entry) {
	for n, from := range s.sources {
		all := func(entries []entry, key string) []entry {
			var changed []entry
			for _, e := range entries {
				changed = append(changed, change(from, key, e)...)
			}
			return changed
		}
		s.sources[n].roles, s.sources[n].users = all(from.roles, "rolearn"), all(from.users, "userarn")
	}
}

// withoutEntries leaves out entries.
func (s *spec) withoutEntries(is func(source, entry) bool) {
	s.eachEntry(func(from source, _ string, e entry) []entry {
		if is(from, e) {
			return nil
		}
		return []entry{e}
	})
}

// eachValue changes the values of entries.
func (s *spec) eachValue(change func(from source, key string, v value) value) {
	s.eachEntry(func(from source, _ string, e entry) []entry {
		e.pairs = slices.Clone(e.pairs)
		for n, p := range e.pairs {
			e.pairs[n].value = change(from, asciiLower(p.key), p.value)
		}
		return []entry{e}
	})
}

// ofPrincipals returns an entry with the name of a refusal for each principal of an entry. By user id, several are none.
func (e entry) ofPrincipals(from source) []entry {
	ids := []pair{{"username", text("=rule")}}
	var principals []pair
	for _, p := range e.pairs {
		switch key := asciiLower(p.key); {
		case key == "userid":
			ids = append(ids, p)
		case isARNKey(key), strings.HasSuffix(key, "like"), key == "sso":
			principals = append(principals, p)
		}
	}
	if principals == nil || from.strict && len(principals) > 1 {
		return []entry{{pairs: ids}}
	}
	var all []entry
	for _, p := range principals {
		all = append(all, entry{pairs: append([]pair{p}, ids...)})
	}
	return all
}

// withStoppingAsRules replaces the entries of a mounted file that keep upstream from starting. The case of an ARN does not
// matter to us. Another one that cannot be read is refused, if its principal can be.
func withStoppingAsRules(s *spec) {
	s.eachEntry(func(from source, key string, e entry) []entry {
		// We read a pattern, which is no principal to upstream.
		if from.mode != "MountedFile" || !stops(from.mode, key, e) || slices.ContainsFunc(e.pairs, isPattern) {
			return []entry{e}
		}
		if lower := e.inLowerCase(); !stops(from.mode, key, lower) {
			return []entry{lower}
		}
		var all []entry
		for _, one := range e.ofPrincipals(from) {
			if lower := one.inLowerCase(); !stops(from.mode, key, lower) {
				all = append(all, lower)
			}
		}
		return all
	})
}

// inLowerCase returns an entry with its ARNs in lower case.
func (e entry) inLowerCase() entry {
	pairs := slices.Clone(e.pairs)
	for n := range pairs {
		if isARNKey(pairs[n].key) {
			pairs[n].value.raw = asciiLower(pairs[n].value.raw)
		}
	}
	return entry{e.anchor, pairs}
}

// withUnreadableAsRules replaces the entries that we refuse.
func withUnreadableAsRules(s *spec) {
	s.eachEntry(func(from source, _ string, e entry) []entry {
		if e.lacksUsername() || e.hasOtherGroups(from) || e.hasKeyTwice() || e.arn() != "" && slices.ContainsFunc(e.pairs, isWide) {
			return e.ofPrincipals(from)
		}
		return []entry{e}
	})
}

// lacksUsername returns whether an entry has no username that is a text, a number or a boolean.
func (e entry) lacksUsername() bool {
	name := e.get("username")
	isName := func(raw string) bool { return raw != `""` && (isText.MatchString(raw) || isNumber.MatchString(raw)) }
	return name == nil || !name.is(isScalar) || !isName(name.raw)
}

// hasOtherGroups returns whether the groups of an entry in YAML are not a list of texts, numbers and booleans.
func (e entry) hasOtherGroups(from source) bool {
	groups := e.get("groups")
	isYAML := from.mode == "EKSConfigMap" || from.mode == "MountedFile"
	if groups == nil || groups.raw == "null" || groups.raw == "[]" || !isYAML {
		return false
	}
	isOther := func(item value) bool { return !isNumber.MatchString(item.raw) && !strings.HasPrefix(item.raw, `"`) }
	return !groups.is(isList) || slices.ContainsFunc(groups.list, isOther)
}

// hasKeyTwice returns whether an entry, or its permission set, repeats a key that has a meaning, in any case.
func (e entry) hasKeyTwice() bool {
	isTwice := func(pairs []pair) bool {
		seen := map[string]bool{}
		return slices.ContainsFunc(pairs, func(p pair) bool {
			key := strings.ToLower(p.key)
			was := seen[key]
			seen[key] = key != comment
			return was
		})
	}
	sso := e.get("sso")
	return isTwice(e.pairs) || sso != nil && isTwice(sso.pairs)
}

// comment is a key without a meaning.
const comment = "comment"

func isARNKey(key string) bool { return strings.HasSuffix(asciiLower(key), "arn") }

// withoutForeignARNs leaves out entries whose ARN is outside ASCII. By user id, they are contradictions.
func withoutForeignARNs(s *spec) {
	isForeign := func(p pair) bool {
		return isARNKey(p.key) && strings.ContainsFunc(p.value.raw, func(r rune) bool { return r >= 0x80 })
	}
	s.withoutEntries(func(from source, e entry) bool { return !from.strict && slices.ContainsFunc(e.pairs, isForeign) })
}

// withoutOddSessions leaves out entries with an ARN of a session that has a region or no name.
func withoutOddSessions(s *spec) {
	s.withoutEntries(func(from source, e entry) bool { return !from.strict && isOddSession(e.arn()) })
}

func isOddSession(arn string) bool {
	lower := strings.ToLower(arn)
	return strings.Contains(lower, ":assumed-role/") && oddSession.MatchString(lower)
}

// withoutLongKeys leaves out keys with a long s.
func withoutLongKeys(s *spec) {
	s.eachEntry(func(_ source, _ string, e entry) []entry {
		isLong := func(p pair) bool { return strings.Contains(p.key, "\u017f") }
		return []entry{{e.anchor, slices.DeleteFunc(slices.Clone(e.pairs), isLong)}}
	})
}

// withoutEmptyARNs leaves out empty ARNs beside permission sets and patterns. They are none, and would be a second principal.
func withoutEmptyARNs(s *spec) {
	s.eachEntry(func(_ source, _ string, e entry) []entry {
		isEmpty := func(p pair) bool { return isARNKey(p.key) && p.value.raw == `""` }
		if slices.ContainsFunc(e.pairs, isWide) {
			e.pairs = slices.DeleteFunc(slices.Clone(e.pairs), isEmpty)
		}
		return []entry{e}
	})
}

// withTexts writes numbers, booleans and dates as texts: those that are names, groups or accounts.
func withTexts(s *spec) {
	s.eachValue(func(_ source, key string, v value) value {
		switch key {
		case "username":
			return v.asText()
		case "groups":
			v.list = slices.Clone(v.list)
			for n := range v.list {
				v.list[n] = v.list[n].asText()
			}
		}
		return v
	})
	for n := range s.sources {
		for at, account := range s.sources[n].accounts {
			if isNumber.MatchString(account) {
				s.sources[n].accounts[at] = quote(account)
			}
		}
	}
}

func (v value) asText() value {
	isPlain := v.raw != "" && !strings.ContainsAny(v.raw[:1], `"'`)
	if v.is(isScalar) && isPlain && (isNumber.MatchString(v.raw) || isText.MatchString(v.raw)) {
		return text(v.raw)
	}
	return v
}

// withBraces writes placeholders in angle brackets as upstream does.
func withBraces(s *spec) {
	s.eachValue(func(_ source, _ string, v value) value { return v.replaced("<<", "{{").replaced(">>", "}}") })
}

func (v value) replaced(from, to string) value {
	v.raw = strings.ReplaceAll(v.raw, from, to)
	v.list = slices.Clone(v.list)
	for n := range v.list {
		v.list[n] = v.list[n].replaced(from, to)
	}
	return v
}

func withUsersInLowerCase(s *spec) {
	s.eachValue(func(from source, key string, v value) value {
		if from.mode == "EKSConfigMap" && key == "userarn" {
			v.raw = asciiLower(v.raw)
		}
		return v
	})
}

func withStrictARNsInLowerCase(s *spec) {
	s.eachValue(func(from source, key string, v value) value {
		if from.strict && isARNKey(key) {
			v.raw = asciiLower(v.raw)
		}
		return v
	})
}

// withLastObjects leaves out objects with the ARN of a later one.
func withLastObjects(s *spec) {
	for n := range s.sources {
		if s.sources[n].mode != "CRD" {
			continue
		}
		objects := s.sources[n].roles
		var kept []entry
		for at, e := range objects {
			isOfTheSame := func(later entry) bool { return later.principal() != "" && later.principal() == e.principal() }
			if !slices.ContainsFunc(objects[at+1:], isOfTheSame) {
				kept = append(kept, e)
			}
		}
		s.sources[n].roles = kept
	}
}

// principal returns the ARN that an entry is found by, or "".
func (e entry) principal() string {
	_, canonical, err := arn.Canonicalize(asciiLower(strings.Trim(e.arn(), `"`)))
	if err != nil {
		return ""
	}
	return canonical
}

// withExactARNs replaces permission sets and patterns that match the caller by the caller's ARN, and leaves out the others. An
// exact ARN wins over them, so they go first; of those that match the first wins, and of equal permission sets the last.
func withExactARNs(s *spec) {
	for n, from := range s.sources {
		if from.mode == "EKSConfigMap" || from.mode == "MountedFile" {
			s.sources[n].roles = s.exact(from.roles, "rolearn")
			s.sources[n].users = s.exact(from.users, "userarn")
		}
	}
}

func isPattern(p pair) bool { return strings.HasSuffix(asciiLower(p.key), "like") }

// isWide returns whether a key is that of a permission set or a pattern.
func isWide(p pair) bool {
	return asciiLower(p.key) == "sso" || isPattern(p)
}

func (s *spec) exact(entries []entry, key string) []entry {
	var winner, others []entry
	set := ""
	for _, e := range entries {
		at := slices.IndexFunc(e.pairs, isWide)
		if at < 0 {
			others = append(others, e)
			continue
		}
		wide := e.pairs[at].value
		if s.isMatch(wide) && (winner == nil || set != "" && set == nameOfSet(wide)) {
			pairs := slices.Clone(e.pairs)
			pairs[at] = pair{key, text(canonical(s.id))}
			winner, set = []entry{{e.anchor, pairs}}, nameOfSet(wide)
		}
	}
	return append(winner, others...)
}

// isMatch returns whether a permission set or a pattern matches the caller. The name of a role of the set ends with sixteen
// hexadecimal digits.
func (s *spec) isMatch(wide value) bool {
	if !wide.is(isMap) {
		return isGlobOf(strings.Trim(wide.raw, `"`), canonical(s.id))
	}
	name := nameOfSet(wide)
	suffix, is := strings.CutPrefix(strings.ToLower(canonical(s.id)), name)
	return name != "" && is && hexadecimal.MatchString(suffix)
}

// isGlobOf returns whether a pattern matches an ARN part by part: `?` one character, `*` any number of them.
func isGlobOf(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for n := range parts {
		form := strings.NewReplacer(`\?`, ".", `\*`, ".*").Replace(regexp.QuoteMeta(patterns[n]))
		if !regexp.MustCompile(`^(?s:` + form + `)$`).MatchString(parts[n]) {
			return false
		}
	}
	return true
}

var (
	ofSet        = regexp.MustCompile(`^[\w+=,.@-]{1,32}$`)
	hexadecimal  = regexp.MustCompile(`^[0-9a-f]{16}$`)
	ofPartitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}
)

// nameOfSet returns the beginning of the ARNs of the roles of a permission set in lower case, or "" for one that there cannot
// be.
func nameOfSet(sso value) string {
	of := func(key string) string {
		if v := get(sso.pairs, key); v != nil {
			return strings.Trim(v.raw, `"`)
		}
		return ""
	}
	set, account, partition := of("permissionSetName"), of("accountID"), of("partition")
	if partition == "" {
		partition = "aws"
	}
	if !ofSet.MatchString(set) || !twelveDigits.MatchString(account) || !slices.Contains(ofPartitions, partition) {
		return ""
	}
	return strings.ToLower("arn:" + partition + ":iam::" + account + ":role/AWSReservedSSO_" + set + "_")
}

// withContradictionsAsRules replaces the entries for the caller's user id that have another ARN.
func withContradictionsAsRules(s *spec) {
	id, _, _ := strings.Cut(s.id.UserID, ":")
	s.eachEntry(func(from source, key string, e entry) []entry {
		own := e.get("userid")
		if !from.strict || own == nil || own.raw != quote(id) || e.arn() == "" || !isContradicted(e.arn(), canonical(s.id), asciiLower) {
			return []entry{e}
		}
		return []entry{{pairs: []pair{{key, text(canonical(s.id))}, {"userid", *own}, {"username", text("=other-arn")}}}}
	})
}

// withNewModes writes the new names of the modes whose prefixes are reserved.
func withNewModes(s *spec) {
	for n := range s.sources {
		switch s.sources[n].reservedMode {
		case "File":
			s.sources[n].reservedMode = "MountedFile"
		case "ConfigMap":
			s.sources[n].reservedMode = "EKSConfigMap"
		}
	}
}

// withReservedAccountsAsRules replaces the accounts of the first source that would give the caller a reserved name.
func withReservedAccountsAsRules(s *spec) {
	for n, from := range s.sources {
		isOwn := func(account string) bool { return strings.Trim(account, `"`) == s.id.Account }
		begins := func(prefix string) bool {
			prefix = strings.Trim(prefix, `"`)
			// Neither reads an empty prefix.
			return prefix != "" && strings.HasPrefix(canonical(s.id), prefix)
		}
		if slices.ContainsFunc(from.accounts, isOwn) && slices.ContainsFunc(s.reservedFor(from.mode), begins) {
			s.sources[n].accounts = nil
			s.sources = append(s.sources[:n+1:n+1], s.refusing("=reserved"))
			return
		}
	}
}

// reservedFor returns the prefixes that are reserved in the backends of a mode.
func (s *spec) reservedFor(mode string) []string {
	var own []string
	for _, from := range s.sources {
		if from.mode == "MountedFile" && len(from.reserved) > 0 && from.reservedMode == mode {
			own = from.reserved
		}
	}
	return slices.Concat(own, s.reserved)
}

// What the braces in the caller's values are replaced by, so that a value does not look like a part of a template.
var (
	hiddenBraces = strings.NewReplacer("{{", "LEFT-BRACES", "}}", "RIGHT-BRACES")
	shownBraces  = strings.NewReplacer("LEFT-BRACES", "{{", "RIGHT-BRACES", "}}")
)

func withoutBracesInValues(s *spec) {
	hide := hiddenBraces.Replace
	s.id = identity{hide(s.id.ARN), s.id.Account, hide(s.id.UserID), hide(s.id.AccessKeyID)}
	s.dns = hide(s.dns)
}
