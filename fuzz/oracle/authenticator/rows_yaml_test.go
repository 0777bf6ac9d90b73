package main

import (
	"slices"
	"strings"
	"testing"

	"oracle/differential"
)

// readOrRefused builds an answer: JSON, or `!` and the message of a refusal.
func readOrRefused(text string) differential.Answer {
	if message, is := strings.CutPrefix(text, "!"); is {
		return differential.Refusal(differential.Choose(strings.Contains(message, "defined twice"), "yaml-shape", "yaml"), message)
	}
	return differential.Answer{"json": text}
}

var yamlCases = []struct{ row, text, theirs, ours string }{
	{"yaml-1-1-scalars", "- yes", "[true]", `["yes"]`},
	{"yaml-1-1-scalars", "- 012", "[10]", `["012"]`},
	{"yaml-1-1-scalars", "a: 0X1F\nb: [x, null]", `{"a":31,"b":["x",null]}`, `{"a":"0X1F","b":["x",null]}`},
	{"yaml-1-1-scalars", "- 18446744073709551616", "[18446744073709552000]", `["18446744073709551616"]`},
	{"key-text", "0x1F: a", `{"31":"a"}`, `{"0x1F":"a"}`},
	{"key-text", "True: a", `{"true":"a"}`, `{"True":"a"}`},
	{"key-text", "9223372036854775808: a", "!unsupported map key of type: uint64", `{"9223372036854775808":"a"}`},
	{"duplicate-key", "a: 1\na: 2", `{"a":2}`, "!`a`: the key is defined twice"},
	{"duplicate-key", "<<: {a: 1, a: 2}", `{"a":2}`, "!`a`: the key is defined twice"},
	{"yaml-1-1-scalars", "a: {x\u20280} # c\nb: 1__0", `{"a":{"x\u20280":null},"b":10}`, `{"a":{"x\u20280":null},"b":"1__0"}`},
	{"null-key", "a: {~: 1}\na: 2", `{"a":2}`, "!a key that is a list, a mapping or null at line 1, column 4"},
	{"merge-after-the-key", "a: 1\n<<: {a: 2, b: 3}", `{"a":2,"b":3}`, `{"a":1,"b":3}`},
	{"merge-of-an-alias-to-a-list", "a: &a [{b: 1}]\n<<: *a", "!yaml: map merge requires map or sequence of maps as the value", `{"a":[{"b":1}],"b":1}`},
	{"infinite-number", "- .inf", "!json: unsupported value: +Inf", "[null]"},
	{"explicit-tag", "- !x 1.5", `["1.5"]`, "[1.5]"},
	{"explicit-tag", "- !!bool yes", "[true]", "!not YAML at line 1, column 3"},
	{"explicit-tag", "- !!timestamp yes", "!yaml: cannot decode !!bool `yes` as a !!timestamp", `["yes"]`},
	{"explicit-tag", "- !!binary aGk=", `["hi"]`, "!the tag `!!binary` at line 1, column 3; write the text that is meant, without it"},
	{"explicit-tag", "a: 1 # !!binary", `{"a":1}`, "!the tag `!!binary` at line 1, column 8; write the text that is meant, without it"},
	{"explicit-tag", "! <<: {a: 1}", `{"a":1}`, `{"<<":{"a":1}}`},
	{"explicit-tag", "[!x,a]", "!yaml: line 1: did not find expected ',' or ']'", `[null,"a"]`},
	{"explicit-tag", "[!x, a]", `["a"]`, `[null,"a"]`},
	{"anchor-redefined", "[&a 1, *a, &a 2, *a]", "[1,1,2,2]", "!an anchor is defined a second time at line 1, column 12"},
	{"anchor-redefined", "[&a 1, {b:&a x}, *a]", `[1,{"b:&a x":null},1]`, "!an anchor is defined a second time at line 1, column 11"},
	{"question-mark-in-flow", "{a?}", "!yaml: did not find expected ',' or '}'", `{"a?":null}`},
	{"fault-after-the-document", `"" {c:[`, `""`, "!a colon is missing after a key at line 1, column 6"},
	{"yaml-1-1-scalars", "?: n", `{"?":false}`, `{"?":"n"}`},
	{"explicit-tag", "? a\n: ! : ! yes", `{"a":{"":"yes"}}`, "!a key that is a list, a mapping or null at line 2, column 3"},
	{"explicit-tag", "- ! # c", `[""]`, "[null]"},
	{"explicit-tag", "[x, ! ,a]", `["x","","a"]`, `["x",null,"a"]`},
	{"colon-before-a-bracket", "[a:]", `["a:"]`, "!a colon is missing after a key at line 1, column 3"},
	{"null-document", "~\n---\na", "null", `"a"`},
	{"null-document", "null\n---\n\"\\/\"", "null", `"/"`},
	{"null-document", "~\n---\n{a: 1, a: 2}", "null", "!`a`: the key is defined twice"},
	{"null-key", "yes: {~: 1}\nTrue: 2", `{"true":2}`, "!a key that is a list, a mapping or null at line 1, column 7"},
	{"null-key", "<<: {a: {~: 1}}\na: 2", `{"a":2}`, "!a key that is a list, a mapping or null at line 1, column 10"},
	{"infinite-number", " .inf # c\n---\na: 1", "!json: unsupported value: +Inf", "null"},
	{"question-mark-in-flow", "{a? ? b}", "!yaml: did not find expected ',' or '}'", `{"a? ? b":null}`},
	{"escaped-slash", " \"\\/\"\n- |\n  \ttab\n", "!yaml: found unknown escape character", `"/"`},
	{"question-mark-in-flow", `{a?"\}`, "!yaml: found unknown escape character", `{"a?\"\\":null}`},
	{"explicit-tag", "- [!,]\n- -!,", "!yaml: line 1: did not find expected ',' or ']'", `[[null],"-!,"]`},
	{"explicit-tag", `["",!] ]`, `["",""]`, "!not YAML at line 1, column 6"},
	{"key-text", " .5:\n- `", `{"0.5":null}`, `{".5":null}`},
	{"fault-after-the-document", "&b\na\n:\t&b *b", `"a"`, "!an anchor is defined a second time at line 3, column 3"},
	{"percent-line", "a\n%", `"a %"`, "!a directive at line 2, column 1; only one `%YAML` is read"},
	{"explicit-tag", "&a\n!", `""`, "null"},
	{"explicit-tag", "a: ! &b\nc: d", `{"a":"","c":"d"}`, `{"a":null,"c":"d"}`},
	{"escaped-slash", "- [\"\\/\\/\"]\n- <\"\\/\"", "!yaml: found unknown escape character", `[["//"],"<\"\\/\""]`},
	{"fault-after-the-document", "'a b': &b\n- [*a", `"a b"`, "!an anchor is defined a second time at line 2, column 1"},
	{"escaped-slash", `- "\/"`, "!yaml: found unknown escape character", `["/"]`},
	{"surrogate-pair", `["\ud83d\ude00"]`, "!yaml: found invalid Unicode character escape code", `["😀"]`},
}

// others returns answers that a row about these answers does not state.
func others(text string) []string {
	if strings.HasPrefix(text, "!") {
		return []string{"!`a`: the key is defined twice", "null", `"another"`, "[]"}
	}
	all := []string{"!another reason", "!not YAML at line 1, column 1", "!`a`: the key is defined twice", "[]", "{}", `"another"`}
	for _, value := range alteredValues(parseJSON(text)) {
		all = append(all, string(rawJSON(value)))
	}
	return all
}

// Each row has its text and both answers, and no row explains another answer to it.
func TestARowOfYAMLNeedsBothAnswers(t *testing.T) {
	rows := func(text, theirs, ours string) []string {
		return rowsOfYAML(&differential.Pair{Case: asJSON(yamlQuestion{"yaml.read", text}), Theirs: readOrRefused(theirs), Ours: readOrRefused(ours)})
	}
	for _, test := range yamlCases {
		if got := rows(test.text, test.theirs, test.ours); !slices.Equal(got, []string{test.row}) {
			t.Errorf("%q: got %v and not %s", test.text, got, test.row)
		}
		for _, theirs := range others(test.theirs) {
			if got := rows(test.text, theirs, test.ours); len(got) > 0 {
				t.Errorf("%q: got %v for %s from upstream", test.text, got, theirs)
			}
		}
		for _, ours := range others(test.ours) {
			if ours == "!`a`: the key is defined twice" && test.ours == ours {
				continue
			}
			if got := rows(test.text, test.theirs, ours); len(got) > 0 {
				t.Errorf("%q: got %v for %s from the driver", test.text, got, ours)
			}
		}
		for _, other := range yamlCases {
			isSame := other.theirs == test.theirs && other.ours == test.ours
			if !isSame && other.row != test.row && len(rows(test.text, other.theirs, other.ours)) > 0 {
				t.Errorf("%q has a row with the answers to %q", test.text, other.text)
			}
		}
	}
}

// Behind a first scalar, upstream does not look, and the driver may.
func TestAFirstScalarMayBeTheDocument(t *testing.T) {
	const withComment, beforeBracket = "! 1.5 # c\n: x\nb: '", "!]"
	for _, test := range []struct{ text, theirs, ours, row string }{
		{withComment, `"1.5"`, "!not YAML at line 2, column 1", "fault-after-the-document"},
		{withComment, `"1.5"`, "1.5", "explicit-tag"},
		{withComment, `"1.5"`, `"1"`, ""},
		{withComment, `"1.5"`, "!`a`: the key is defined twice", ""},
		{withComment, `"1"`, "1.5", ""},
		{withComment, "{}", "1.5", ""},
		{withComment, "!another reason", "1.5", ""},
		{beforeBracket, `""`, "!not YAML at line 1, column 2", "explicit-tag"},
		{beforeBracket, `""`, "null", "explicit-tag"},
		{beforeBracket, `""`, "!`a`: the key is defined twice", ""},
		{beforeBracket, `"]"`, "!not YAML at line 1, column 2", ""},
	} {
		question := asJSON(yamlQuestion{"yaml.read", test.text})
		p := &differential.Pair{Case: question, Theirs: readOrRefused(test.theirs), Ours: readOrRefused(test.ours)}
		if got := strings.Join(rowsOfYAML(p), ", "); got != test.row {
			t.Errorf("%q, %s and %s: got %q and not %q", test.text, test.theirs, test.ours, got, test.row)
		}
	}
}
