package main

import (
	"encoding/json"
	"strings"

	"sigs.k8s.io/yaml"

	"oracle/differential"
)

// yamlQuestion asks for the value of a YAML document.
type yamlQuestion struct {
	Op   string `json:"op"`
	Text string `json:"text"`
}

// readYAML converts a document to JSON. The answer has it as text, in which null and the empty values differ.
func readYAML(text string) differential.Answer {
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return differential.Refusal("refused", err.Error())
	}
	return differential.Answer{"json": canonicalJSON(converted)}
}

// canonicalJSON returns JSON with sorted keys, and numbers as float64 has them.
func canonicalJSON(text []byte) string {
	var value any
	differential.Check(json.Unmarshal(text, &value))
	return string(differential.Raw(value))
}

var yamlArea = differential.Area{
	Name: "yaml",
	Ask: func(g differential.Generator) differential.Case {
		return asJSON(yamlQuestion{"yaml.read", generator{g}.yaml()})
	},
	Answer: func(c differential.Case) any { return readYAML(textOf(c)) },
	IsSame: func(p *differential.Pair) bool {
		if differential.Code(p.Theirs) != "" {
			return differential.Code(p.Ours) != ""
		}
		ours, is := p.Ours["json"].(string)
		return is && canonicalJSON([]byte(ours)) == p.Theirs["json"]
	},
	Rows: rowsOfYAML,
	Classes: func(p *differential.Pair) []string {
		return []string{differential.Choose(differential.Code(p.Theirs) == "", "read", "refused")}
	},
}

func textOf(c differential.Case) string { return parse[yamlQuestion](c.Question()).Text }

// yaml generates a document, with a random change in some.
func (g generator) yaml() string {
	// Forms that random texts rarely have.
	switch g.IntN(3500) {
	case 0:
		return `"a" ` + g.yamlFlow(2) + g.Pick("", "{c:[", "{"+g.yamlKey()+":["+g.yamlScalar())
	case 1:
		return g.Pick("a", "b c", "1") + "\n%" + g.Pick("", "x", "YAML")
	case 2:
		return "[" + g.Pick("a:", "T:", "b, a:") + "]"
	case 3:
		return g.Pick("~", "null", "---") + "\n---\n" + g.yamlFlow(1)
	case 4:
		return `["\ud83d\ude00"]`
	case 5:
		return "a: &a [" + g.Pick("{b: 1}", "{b: x, c: [d]}, {b: y}", "") + "]\n<<: *a\n"
	case 6:
		null := g.Pick("~", "", "null") + ": " + g.yamlScalar()
		return g.Pick("a: {"+null+"}\n", "<<: {a: {"+null+"}}\n") + "a: " + g.yamlFlow(1)
	}
	var b strings.Builder
	g.yamlBlock(&b, "", 3)
	text := b.String()
	if g.One(4) {
		g.edit(&text)
		text = strings.ToValidUTF8(text, "é")
	}
	return text
}

var plainScalars = []string{
	"a", "b c", "x: y", "yes", "No", "on", "OFF", "y", "n", "true", "True", "FALSE", "null", "~", "NULL", "", "1", "-1", "+1", "0", "012", "0o14", "0x1F",
	"0b11", "1_000", "1.5", "1.10", ".5", "5.", "1e3", "1E+3", "-.5", ".inf", "-.INF", ".nan", "1:30", "2020-01-01", "2020-01-01T00:00:00Z", "9223372036854775807",
	"9223372036854775808", "18446744073709551616", "1e400", "=", "<<", "-", "a#b", "a #b", "@x", "%x", "`x", "é", "\u2028", "😀", "- a", "? a", ": a", "!x", "&a", "*a",
	"0x", "0o8", "08", "0.0", "-0", "1__0", "_1", "1_", "0x_1", "+.5", "+0x1", "-0b1", "1.5.6", "1.", "e3", "nan", "inf", "tRue",
}

// yamlScalar generates a scalar of one line.
func (g generator) yamlScalar() string {
	switch g.IntN(9) {
	case 0:
		return `"` + g.Pick(`a`, `\n`, `\x41`, `\u00e9`, `\U0001F600`, `\ud83d\ude00`, `\/`, `\e`, `\q`, `yes`, `1`, ``, `\0`, `a  b`) + `"`
	case 1:
		return "'" + g.Pick("a", "''", "yes", "1", "", `\n`, "a: b") + "'"
	case 2:
		return g.Pick("!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!binary ", "!x ", "! ", "!!map ", "!!timestamp ") + g.Pick("1", "yes", "a", `"1"`, "1.5", "true", "aGk=", "~", "2020-01-01")
	case 3:
		return g.Pick("&a x", "*a", "&b 1", "*b", "*c")
	}
	return g.Pick(plainScalars...)
}

func (g generator) yamlKey() string {
	if g.One(4) {
		return g.Pick(plainScalars...)
	}
	return g.Pick("a", "b", "c", "name", "rules", `"a"`, "'b'", "<<", `"<<"`, "'<<'", "!!str <<", "A", "? a\n")
}

// yamlFlow generates a value in flow style.
func (g generator) yamlFlow(depth int) string {
	switch {
	case depth > 0 && g.One(4):
		var parts []string
		for range g.IntN(4) {
			parts = append(parts, g.yamlFlow(depth-1))
		}
		return "[" + strings.Join(parts, g.Pick(", ", ",", " ,")) + g.Pick("", "", "", ",") + "]"
	case depth > 0 && g.One(4):
		var parts []string
		for range g.IntN(4) {
			parts = append(parts, g.yamlKey()+g.Pick(": ", ": ", ":", "")+g.yamlFlow(depth-1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return g.yamlScalar()
}

// yamlBlock writes a value in block style.
func (g generator) yamlBlock(b *strings.Builder, indent string, depth int) {
	isList := g.One(2)
	for range 1 + g.IntN(3) {
		b.WriteString(indent)
		if isList {
			b.WriteString("-")
		} else {
			b.WriteString(g.yamlKey() + g.Pick(":", ":", ":", ":", " :"))
		}
		switch {
		case depth > 0 && g.One(4):
			b.WriteString(g.Pick("\n", "\n", " &a\n", " &b\n", " # c\n", " !!map\n"))
			g.yamlBlock(b, indent+g.Pick("  ", "  ", " ", ""), depth-1)
		case g.One(8):
			b.WriteString(g.Pick(" |", " >", " |-", " >+", " |2") + "\n")
			for range g.IntN(3) {
				b.WriteString(indent + "  " + g.Pick("text", "", " more", "#no", "\ttab") + "\n")
			}
		default:
			b.WriteString(" " + g.yamlFlow(2) + g.Pick("", "", " # c", "  ") + g.Pick("\n", "\n", "\n", "\r\n"))
		}
	}
	if depth == 3 && g.One(12) {
		b.WriteString(g.Pick("---\n", "...\n", "---\na: 1\n", "%YAML 1.1\n", "# end\n"))
	}
}
