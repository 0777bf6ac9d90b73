package differential

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain is a driver as well: one that is wrong about texts with both an x and a y, and does not understand an m.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_DRIVER") == "" {
		os.Exit(m.Run())
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		q := textOf(in.Bytes())
		if strings.Contains(q, "m") {
			fmt.Printf("%s\n", Raw(Refusal(malformed, "m")))
			continue
		}
		fmt.Printf(`{"length":%d}`+"\n", len(q)+isWrong(q))
	}
}

func textOf(question []byte) string {
	var q struct{ Text string }
	Check(json.Unmarshal(question, &q))
	return q.Text
}

func isWrong(text string) int {
	if strings.Contains(text, "x") && strings.Contains(text, "y") {
		return 1
	}
	return 0
}

// lengths is an area of texts in which few have both an x and a y. Upstream is right.
var lengths = Area{
	Name: "lengths",
	Ask: func(g Generator) Case {
		var text strings.Builder
		for range 5 {
			text.WriteString(g.Pick("a", "b", "é", "\n", "x", "y", "z"))
		}
		return JSON(Raw(map[string]any{"op": "length", "text": text.String(), "more": []any{1, map[string]any{"a": "b"}}}))
	},
	Answer:  func(c Case) any { return map[string]any{"length": len(textOf(c.Question()))} },
	Classes: func(*Pair) []string { return []string{"text"} },
}

func compared(t *testing.T, area Area, count int) (output string, isGood bool) {
	t.Helper()
	return printed(t, func(program string) bool {
		stored := openStorage(filepath.Join(t.TempDir(), "slices"))
		o := &Oracle{Name: "upstream", Areas: []Area{area}}
		return o.compare(program, "all", extent{count: count}, 7, stored)
	})
}

// printed calls a function with the test's driver, and returns what it prints and returns.
func printed(t *testing.T, call func(program string) bool) (output string, isGood bool) {
	t.Helper()
	t.Setenv("TEST_DRIVER", "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	os.Stdout, err = os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	isGood = call(program)
	text, err := os.ReadFile(os.Stdout.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), isGood
}

// withFloors replaces the table of floors until the test ends.
func withFloors(t *testing.T, floors string) {
	table := floorTable
	t.Cleanup(func() { floorTable = table })
	floorTable = floors
}

func TestADifferenceWithoutARowIsShrunkAndFails(t *testing.T) {
	output, isGood := compared(t, lengths, 500)
	if isGood {
		t.Fatal("not found:", output)
	}
	for _, smallest := range []string{`smallest form: {"op":"length","text":"xy"}`, `smallest form: {"op":"length","text":"yx"}`} {
		if strings.Contains(output, smallest) {
			return
		}
	}
	t.Fatal("not shrunk:", output)
}

func TestADifferenceMustMatchOneRow(t *testing.T) {
	area := lengths
	area.Rows = func(*Pair) []string { return []string{"no-such-row"} }
	if output, isGood := compared(t, area, 500); isGood || !strings.Contains(output, "row no-such-row: ") {
		t.Fatal("a row that rows.txt does not list:", output)
	}
	area.Rows = func(*Pair) []string { return []string{"one", "two"} }
	if output, isGood := compared(t, area, 500); isGood {
		t.Fatal("two rows:", output)
	}
}

func TestSeveralRowsMayExplainTogether(t *testing.T) {
	area := lengths
	area.Rows = func(*Pair) []string { return []string{"one", "two"} }
	area.Explain = func(p *Pair, ask func(Case) *Pair) string {
		without := ask(JSON(Raw(map[string]any{"op": "length", "text": strings.ReplaceAll(textOf(p.Case.Question()), "y", "a")})))
		if !area.isSame(without) {
			return ""
		}
		return "together"
	}
	output, _ := compared(t, area, 500)
	if !strings.Contains(output, "row together: ") || !strings.Contains(output, " 0 unexplained") {
		t.Fatal(output)
	}
	area.Explain = func(*Pair, func(Case) *Pair) string { return "" }
	if output, isGood := compared(t, area, 500); isGood || strings.Contains(output, " 0 unexplained") {
		t.Fatal("explained by nothing:", output)
	}
}

func TestASmallerTextIsSmaller(t *testing.T) {
	for _, text := range []string{"", "a", "a\n", "a\nb\n", "\n\n"} {
		for _, smaller := range SmallerTexts(text) {
			if len(smaller) >= len(text) {
				t.Fatalf("%q of %q", smaller, text)
			}
		}
	}
}

func TestSlicesDoNotDependOnEachOther(t *testing.T) {
	ask := func(slice uint64) string { return string(lengths.Ask(newGenerator("lengths", 7, slice)).Question()) }
	if ask(0) == ask(1) || ask(1) != ask(1) {
		t.Fatal(ask(0), ask(1), ask(1))
	}
}

func TestStoredSlicesAreNotAskedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slices")
	r := &run{area: &lengths, driver: &driver{checksum: "one"}, seed: 7}
	part := newTally()
	part.Asked, part.Rows[alike] = 10, 10
	openStorage(path).add(r, 3, part)
	again := openStorage(path)
	if _, is := again.find(r, 4, 10); is {
		t.Fatal("another slice")
	}
	other := &run{area: &lengths, driver: &driver{checksum: "two"}, seed: 7}
	if _, is := again.find(other, 3, 10); is {
		t.Fatal("another driver")
	}
	if found, is := again.find(r, 3, 10); !is || found.Rows[alike] != 10 {
		t.Fatal(found)
	}
}

func TestAQuestionThatIsNotUnderstoodIsUnexplained(t *testing.T) {
	withFloors(t, "lengths 100 alike")
	refusesBoth := func(p *Pair) bool { return Code(p.Theirs) != "" && Code(p.Ours) != "" }
	area := Area{
		Name:    "lengths",
		Classes: func(*Pair) []string { return nil },
		IsSame:  func(p *Pair) bool { return refusesBoth(p) || fmt.Sprint(p.Theirs) == fmt.Sprint(p.Ours) },
	}
	panics := func(Case) any { panic("upstream") }
	refuses := func(Case) any { return Refusal("too-long", "") }
	right := func(c Case) any { return map[string]any{"length": len(textOf(c.Question()))} }
	for _, one := range []struct {
		text    string
		answer  func(Case) any
		isAlike bool
	}{{"a", right, true}, {"a", panics, false}, {"m", refuses, false}, {"m", panics, false}} {
		area.Ask = func(Generator) Case { return JSON(Raw(map[string]any{"op": "length", "text": one.text})) }
		area.Answer = one.answer
		output, isGood := compared(t, area, 3)
		if isGood != one.isAlike || strings.Contains(output, "not understood: ") == one.isAlike {
			t.Fatal(one.text, output)
		}
	}
}

func TestAShareBelowItsFloorFails(t *testing.T) {
	area := lengths
	area.Answer = func(c Case) any {
		text := textOf(c.Question())
		return map[string]any{"length": len(text) + isWrong(text)}
	}
	for _, one := range []struct {
		floors string
		isGood bool
	}{
		{"lengths 100 alike\nlengths 100 text", true},
		// It demands fewer than 50 questions of these 500.
		{"lengths 100 alike\nlengths 9 number", true},
		{"lengths 100 alike\nlengths 10 number", false},
		// It leaves fewer than 50 of them to other answers.
		{"lengths 100 alike\nlengths 91 number", true},
		{"lengths 100 alike\nlengths 90 number", false},
		{"lengths 100 text", false},
		{"other 100 alike", false},
	} {
		withFloors(t, one.floors)
		if output, isGood := compared(t, area, 500); isGood != one.isGood {
			t.Fatal(one.floors, output)
		}
	}
	area.Answer = func(Case) any { return map[string]any{"length": 5} }
	area.Rows = func(*Pair) []string { return []string{"one"} }
	withFloors(t, "lengths 100 alike")
	if output, isGood := compared(t, area, 500); isGood || !strings.Contains(output, "at least 100 %") {
		t.Fatal(output)
	}
}

func TestOnlyQuestionsWithEqualAnswersAreRecorded(t *testing.T) {
	output, _ := printed(t, func(program string) bool {
		newRun(&lengths, program, 7).record(sliceLen + 500)
		return true
	})
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if len(lines) < 1500 || len(lines) >= sliceLen+500 {
		t.Fatal(len(lines))
	}
	for _, line := range lines {
		if !strings.Contains(line, `"answer":{"length":`) || isWrong(textOf([]byte(line))) == 1 {
			t.Fatal(line)
		}
	}
}

func TestARunHasQuestions(t *testing.T) {
	for _, text := range []string{"0", "0s", "-1", "s", "", "1.5", "1m"} {
		if _, err := parseExtent(text); err == nil {
			t.Fatal(text)
		}
	}
	for text, length := range map[string]extent{"1": {count: 1}, "60s": {time: time.Minute}} {
		if got, err := parseExtent(text); err != nil || got != length {
			t.Fatal(text, got, err)
		}
	}
}

func TestTheTablesCanBeRead(t *testing.T) {
	if !slices.Contains(rowsOf("arn_like"), "question-mark-in-a-pattern") {
		t.Fatal(rowsOf("arn_like"))
	}
	if !slices.ContainsFunc(floors(), func(one floor) bool { return one.area == "authorize" && one.class == "allowed" }) {
		t.Fatal(floors())
	}
}
