package main

import (
	"regexp"
	"slices"
	"strings"

	"oracle/differential"
)

// variants returns variants of a question, each with one part removed or simplified.
func (s *spec) variants() []*spec {
	var all []*spec
	add := func(change func(c *spec)) {
		c := s.clone()
		change(c)
		all = append(all, c)
	}
	if s.pattern != "" {
		return nil
	}
	if len(s.sources) > 1 {
		for n := range s.sources {
			add(func(c *spec) { c.sources = append(c.sources[:n:n], c.sources[n+1:]...) })
		}
	}
	for n, source := range s.sources {
		for at := range source.roles {
			add(func(c *spec) { c.sources[n].roles = append(c.sources[n].roles[:at:at], c.sources[n].roles[at+1:]...) })
		}
		for at := range source.users {
			add(func(c *spec) { c.sources[n].users = append(c.sources[n].users[:at:at], c.sources[n].users[at+1:]...) })
		}
		for at := range source.accounts {
			add(func(c *spec) {
				c.sources[n].accounts = append(c.sources[n].accounts[:at:at], c.sources[n].accounts[at+1:]...)
			})
		}
		if len(source.reserved) > 0 {
			add(func(c *spec) { c.sources[n].reserved = nil })
		}
		if len(source.broken) > 0 {
			add(func(c *spec) { c.sources[n].broken = nil })
		}
		if source.refused != "" {
			add(func(c *spec) { c.sources[n].refused = "" })
		}
		if source.misspelled {
			add(func(c *spec) { c.sources[n].misspelled = false })
		}
	}
	if len(s.reserved) > 0 {
		add(func(c *spec) { c.reserved = nil })
	}
	if len(s.scrubbed) > 0 {
		add(func(c *spec) { c.scrubbed = nil })
	}
	if s.ssoGateOff {
		add(func(c *spec) { c.ssoGateOff = false })
	}
	if s.dns != "" {
		add(func(c *spec) { c.dns = "" })
	}
	if at := strings.LastIndex(s.id.ARN, "/"); strings.Contains(s.id.ARN, ":assumed-role/") && s.id.ARN[at+1:] != "s" {
		add(func(c *spec) {
			c.id.ARN = c.id.ARN[:at] + "/s"
			c.id.UserID, _, _ = strings.Cut(c.id.UserID, ":")
			c.id.UserID += ":s"
		})
	}
	for n, source := range s.sources {
		for at, e := range source.roles {
			for _, small := range e.smaller() {
				add(func(c *spec) { c.sources[n].roles[at] = small })
			}
		}
		for at, e := range source.users {
			for _, small := range e.smaller() {
				add(func(c *spec) { c.sources[n].users[at] = small })
			}
		}
	}
	return all
}

func (e entry) smaller() []entry {
	var all []entry
	if !e.has("username") {
		all = append(all, entry{e.anchor, append(append([]pair(nil), e.pairs...), pair{"username", text("u")})})
	}
	for n, p := range e.pairs {
		// The name that is added above stays: with both steps, a question would be reduced in a circle.
		if p.key != "username" || p.value.raw != `"u"` {
			all = append(all, entry{e.anchor, append(append([]pair(nil), e.pairs[:n]...), e.pairs[n+1:]...)})
		}
		with := func(v value) {
			c := entry{e.anchor, append([]pair(nil), e.pairs...)}
			c.pairs[n].value = v
			all = append(all, c)
		}
		switch {
		case strings.EqualFold(p.key, "username") && p.value.raw != `"u"`:
			with(text("u"))
		case strings.EqualFold(p.key, "userid"):
		case strings.EqualFold(p.key, "groups") && p.value.is(isList):
			for at := range p.value.list {
				with(list(append(append([]value(nil), p.value.list[:at]...), p.value.list[at+1:]...)...))
				if p.value.list[at].raw != `"a"` {
					items := append([]value(nil), p.value.list...)
					items[at] = text("a")
					with(list(items...))
				}
			}
		case p.value.is(isMap):
			for at, part := range p.value.pairs {
				with(mapping(append(append([]pair(nil), p.value.pairs[:at]...), p.value.pairs[at+1:]...)...))
				if part.value.is(isScalar) && !strings.HasPrefix(part.value.raw, `"`) {
					pairs := append([]pair(nil), p.value.pairs...)
					pairs[at].value = text(part.value.raw)
					with(mapping(pairs...))
				}
			}
		}
	}
	if e.anchor != "" {
		all = append(all, entry{"", e.pairs})
	}
	if n := slices.IndexFunc(e.pairs, func(p pair) bool { return p.key == "<<" }); n > 0 {
		first := append([]pair{e.pairs[n]}, e.pairs[:n]...)
		all = append(all, entry{e.anchor, append(first, e.pairs[n+1:]...)})
	}
	return all
}

// rowsOf returns the rows of the divergence file that may explain a difference: those that the content of the question may show,
// if our answer is the one that they state.
func rowsOf(p *differential.Pair) []string {
	isStated := isAsWeRead
	if p.Case.(*spec).pattern != "" {
		isStated = isOneCharacter
	}
	switch {
	case !isStated(p):
		return nil
	case differential.Code(p.Theirs) == "stops":
		return []string{"mounted-file-stops"}
	}
	return rowsOfContent(p)
}

// rowsOfContent returns the rows that the content of a question may show.
func rowsOfContent(p *differential.Pair) []string {
	ours := differential.Code(p.Ours)
	isRandom := p.Theirs["random"] == true
	features := p.Case.(*spec).features()
	var of []string
	for _, feature := range features {
		code, has := codes[feature]
		// Of two keys that differ in case, the YAML reader takes either.
		isOfAny := feature == "duplicate-key"
		if (isOfAny || chance[feature] == isRandom) && (!has || ours == code) {
			of = append(of, feature)
		}
	}
	// ARNs that fold alike are two keys of a map, and upstream may find either.
	for _, feature := range []string{"kelvin-sign", "long-s-in-a-key"} {
		if len(of) == 0 && isRandom && slices.Contains(features, feature) {
			of = []string{feature}
		}
	}
	return of
}

// chance has the rows in which upstream's answer depends on the order of a Go map.
var chance = map[string]bool{
	"exact-beside-sso":          true,
	"objects-for-one-arn":       true,
	"users-that-differ-in-case": true,
}

// codes has the rows whose refusals have a code of their own.
var codes = map[string]string{
	"misspelled-section":      "unreadable-section",
	"unreadable-section":      "unreadable-section",
	"unreadable-source":       "unreadable-source",
	"user-id-contradicts-arn": "user-id-mismatch",
}

var (
	hex        = regexp.MustCompile(`(?i)/AWSReservedSSO_[^/]*_[0-9a-f]{16}$`)
	capitals   = regexp.MustCompile(`^"(arn:[^:]*[A-Z]|[A-Za-z]*[A-Z][A-Za-z]*:)`)
	oddSession = regexp.MustCompile(`:sts:[^:]+:|/"$`)
	isText     = regexp.MustCompile(`^(["'].*|plain|admin:.*|2020-.*|\.5\.|-|0o|comment)$`)
	isNumber   = regexp.MustCompile(`^(\d|true|yes|Off)`)
	leadsZero  = regexp.MustCompile(`^0\d+$`)
)

// features returns the rows that the content of a question may show, whatever the answers are.
func (s *spec) features() []string {
	var of []string
	seen := map[string]bool{}
	add := func(row string, is bool) {
		if is && !seen[row] {
			seen[row] = true
			of = append(of, row)
		}
	}
	if s.pattern != "" {
		add("question-mark-in-a-pattern", strings.Contains(s.pattern, "?"))
		return of
	}
	values := s.id.ARN + s.dns + s.id.AccessKeyID
	hasBraces := strings.Contains(values, "{{") || strings.Contains(values, "}}")
	hasTemplate := false
	for _, source := range s.sources {
		isMounted, isStrict := source.mode == "MountedFile", source.strict
		isYAML := isMounted || source.mode == "EKSConfigMap"
		add("misspelled-section", source.misspelled)
		b := source.write()
		for _, section := range b.Data {
			add("unreadable-section", isUnreadable(section))
		}
		add("unreadable-source", source.mode == "DynamicFile" && isRefused(b))
		add("account-with-a-reserved-name", len(source.accounts) > 0 && (len(s.reserved) > 0 || s.hasReserved()))
		add("deprecated-mode-reserves", len(source.reserved) > 0 && (source.reservedMode == "File" || source.reservedMode == "ConfigMap"))
		for _, account := range source.accounts {
			add("number-as-account", isMounted && leadsZero.MatchString(account))
		}
		sets, exact := 0, 0
		for n, entries := range [][]entry{source.roles, source.users} {
			var arns []string
			for _, e := range entries {
				arn, sso := e.arn(), e.get("sso")
				add("two-principals", n == 0 && isYAML && sso != nil && sso.raw != "null" && arn != "")
				if sso != nil && isYAML {
					sets++
					s.ssoFeatures(source, sso, add)
				} else if n == 0 && arn != "" {
					exact++
				}
				arns = append(arns, arn)
				e.features(source, add)
				for _, merged := range entries {
					// After the keys, the merge itself differs.
					isFirst := e.has("<<") && e.pairs[0].key == "<<"
					add("duplicate-key", isFirst && merged.anchor != "" && e.repeats(merged))
				}
				hasTemplate = hasTemplate || strings.Contains(e.flow(), "{{")
				isOther := isStrict && arn != "" && isContradicted(arn, canonical(s.id), strings.ToLower)
				add("user-id-contradicts-arn", isOther)
				add("arn-beside-user-id-in-capitals", isStrict && !isOther && capitals.MatchString(arn))
				add("odd-session-arn", source.mode != "EKSConfigMap" && !isStrict && isOddSession(arn))
			}
			add("users-that-differ-in-case", n == 1 && source.mode == "EKSConfigMap" && haveTwins(arns))
			add("objects-for-one-arn", source.mode == "CRD" && len(entries) > 1)
		}
		add("exact-beside-sso", isYAML && (sets > 0 && exact > 0 || sets > 1))
	}
	add("value-completes-a-placeholder", hasBraces && hasTemplate)
	return of
}

func (s *spec) hasReserved() bool {
	for _, source := range s.sources {
		if len(source.reserved) > 0 {
			return true
		}
	}
	return false
}

func (s *spec) ssoFeatures(source source, sso *value, add func(string, bool)) {
	add("sso-without-a-feature-gate", s.ssoGateOff)
	if !sso.is(isMap) {
		return
	}
	partition, account := get(sso.pairs, "partition"), get(sso.pairs, "accountID")
	add("sso-partition", partition != nil && partition.raw != `""`)
	// viper converts a number to text after a leading zero is lost.
	isNumber := account != nil && account.raw != "" && account.raw[0] != '"'
	add("number-as-account", isNumber && (source.mode == "EKSConfigMap" || leadsZero.MatchString(account.raw)))
	name := canonical(s.id)
	set, isOneOfTheSet := get(sso.pairs, "permissionSetName"), false
	if set != nil {
		want := "/awsreservedsso_" + strings.ToLower(strings.Trim(set.raw, `"`)) + "_"
		lower := strings.ToLower(name)
		at := strings.Index(lower, want)
		isOneOfTheSet = at >= 0 && hex.MatchString(name) && len(lower)-at-len(want) == 16
	}
	add("sso-suffix", set != nil && strings.Contains(strings.ToLower(name), "/awsreservedsso_") && !isOneOfTheSet)
}

// repeats returns whether an entry has a key of a merged one in another case, so that the result has both.
func (e entry) repeats(merged entry) bool {
	for _, p := range e.pairs {
		for _, q := range merged.pairs {
			if p.key != q.key && strings.ToLower(p.key) == strings.ToLower(q.key) {
				return true
			}
		}
	}
	return false
}

// features adds the rows for the parts of an entry that upstream reads differently.
func (e entry) features(source source, add func(string, bool)) {
	isMounted, isConfigMap := source.mode == "MountedFile", source.mode == "EKSConfigMap"
	keys := map[string]int{}
	for _, p := range e.pairs {
		keys[strings.ToLower(p.key)]++
		add("duplicate-key", keys[strings.ToLower(p.key)] > 1 && strings.ToLower(p.key) != comment)
		// strings.EqualFold folds the long s, strings.ToLower does not. The dynamic file and objects use
		// only the latter.
		isARN := strings.HasSuffix(strings.ToLower(p.key), "arn")
		add("kelvin-sign", isARN && (strings.Contains(p.value.raw, "\u212a") ||
			strings.Contains(p.value.raw, "\u017f") && (isMounted || isConfigMap)))
		add("long-s-in-a-key", strings.Contains(p.key, "\u017f"))
		add("patterns", strings.HasSuffix(p.key, "Like"))
		add("angle-brackets", strings.Contains(p.value.flow(), "<<"))
		add("lone-surrogate-in-a-dynamic-file", strings.Contains(p.value.raw, `\ud800`))
	}
	if e.has("<<") {
		// The merged entry may have the username.
		keys["username"]++
		add("merge-after-the-key", e.pairs[0].key != "<<")
	}
	name, group := e.get("username"), e.get("groups")
	isOfText := name != nil && name.is(isScalar) && isText.MatchString(name.raw)
	isOfNumber := name != nil && name.is(isScalar) && isNumber.MatchString(name.raw) && !isOfText
	add("no-username", keys["username"] == 0 || name != nil && (name.raw == `""` || !isOfText && !isOfNumber))
	add("number-as-username", isConfigMap && isOfNumber)
	add("mounted-file-types", isMounted && isOfNumber)
	if group == nil || group.raw == "null" || group.raw == "[]" {
		return
	}
	isListOfText := group.is(isList)
	for _, item := range group.list {
		isItemNumber := isNumber.MatchString(item.raw)
		add("number-as-group", isConfigMap && isItemNumber)
		add("mounted-file-types", isMounted && isItemNumber)
		isListOfText = isListOfText && (isItemNumber || item.raw != "" && item.raw[0] == '"')
	}
	add("groups-not-a-list-of-text", isConfigMap && !isListOfText)
	add("mounted-file-types", isMounted && !isListOfText)
}

// arn returns the ARN of an entry as written, with its quotes.
func (e entry) arn() string {
	for _, key := range []string{"rolearn", "userarn", "arn"} {
		if v := e.get(key); v != nil && v.raw != `""` {
			return v.raw
		}
	}
	return ""
}

var rolePath = regexp.MustCompile(`:role/.*/`)

// isContradicted returns whether an ARN as written is not the caller's in lower case.
func isContradicted(written, canonical string, lower func(string) string) bool {
	arn := lower(strings.Trim(written, `"`))
	return rolePath.ReplaceAllString(arn, ":role/") != lower(canonical)
}

// haveTwins returns whether two ARNs differ in case only.
func haveTwins(arns []string) bool {
	for n, one := range arns {
		for _, other := range arns[:n] {
			if one != other && strings.EqualFold(one, other) {
				return true
			}
		}
	}
	return false
}
