package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
)

// compare asks upstream and a conformance driver generated questions of one area, or of all. Each
// difference must match exactly one row of the divergence file. Prints the counts; with records, prints
// the questions with equal answers instead. Returns the exit status.
func compare(driver, only string, count int, seed uint64, records bool) int {
	status := 2
	seen := map[string]int{}
	for n, area := range areas {
		if only != "all" && only != area.name {
			continue
		}
		t := tally{area: area, records: records, answers: map[string]int{}, rows: map[string]int{}}
		g := generator{newRand(seed + uint64(n)<<32)}
		const batch = 2000
		for from := 0; from < count; from += batch {
			t.add(driver, g, min(batch, count-from))
		}
		if !records {
			t.print()
		}
		for row, n := range t.rows {
			seen[row] += n
		}
		if t.unexplained > 0 {
			status = 1
		} else if status == 2 {
			status = 0
		}
	}
	if only == "all" && !records {
		for _, row := range rows {
			if seen[row.name] == 0 {
				fmt.Printf("row %s: never\n", row.name)
			}
		}
	}
	return status
}

type tally struct {
	area                       area
	records                    bool
	asked, agreed, unexplained int
	answers, rows              map[string]int
}

// add asks a batch of questions. The driver may read all of them before it answers the first.
func (t *tally) add(driver string, g generator, count int) {
	questions := make([]*question, count)
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for n := range questions {
		questions[n] = t.area.ask(g)
		questions[n].Version = release
		check(encoder.Encode(questions[n]))
	}
	// Upstream gets the JSON that the driver gets, not the generated value.
	asked := bufio.NewScanner(bytes.NewReader(lines.Bytes()))
	asked.Buffer(nil, 1<<26)
	command := exec.Command(driver)
	command.Stdin, command.Stderr = &lines, os.Stderr
	out, err := command.StdoutPipe()
	check(err)
	check(command.Start())
	answers := bufio.NewScanner(out)
	answers.Buffer(nil, 1<<26)
	for _, q := range questions {
		asked.Scan()
		read := new(question)
		check(json.Unmarshal(asked.Bytes(), read))
		theirs := ask(read)
		for _, class := range t.area.classes(q, theirs) {
			t.answers[class]++
		}
		if !answers.Scan() {
			check(fmt.Errorf("the driver has stopped: %v", answers.Err()))
		}
		var ours any
		check(json.Unmarshal(answers.Bytes(), &ours))
		t.judge(asked.Bytes(), q, plain(theirs), plain(ours))
	}
	check(command.Wait())
}

func (t *tally) judge(line []byte, q *question, theirs, ours any) {
	t.asked++
	p := pairing{q, theirs.(map[string]any), ours.(map[string]any)}
	if p.isSame() {
		t.agreed++
		t.record(p, line)
		return
	}
	of := p.rows()
	if len(of) == 1 {
		t.rows[of[0]]++
		return
	}
	t.unexplained++
	if t.unexplained <= 5 {
		fmt.Printf("unexplained %v: %s\n  upstream %s\n  ours     %s\n", of, line, raw(theirs), raw(ours))
	}
}

// record prints a question and upstream's answer. The body of field errors is left out, because it repeats
// them and the message.
func (t *tally) record(p pairing, line []byte) {
	if t.records {
		if p.theirs["errors"] != nil {
			delete(p.theirs, "body")
		}
		fmt.Printf("%s,\"answer\":%s}\n", bytes.TrimSuffix(line, []byte("}")), raw(withoutEmpty(p.theirs)))
	}
}

func (t *tally) print() {
	fmt.Printf("%s: %d asked, %d answered alike, %d differ by a row, %d unexplained\n",
		t.area.name, t.asked, t.agreed, t.asked-t.agreed-t.unexplained, t.unexplained)
	total := 0
	for _, n := range t.answers {
		total += n
	}
	for _, class := range slices.Sorted(maps.Keys(t.answers)) {
		fmt.Printf("  %5.1f %% %s\n", 100*float64(t.answers[class])/float64(max(total, 1)), class)
	}
	for _, row := range slices.Sorted(maps.Keys(t.rows)) {
		fmt.Printf("  row %s: %d\n", row, t.rows[row])
	}
}

// plain converts an answer to JSON values without empty fields, so that absent, null, "", [] and {} are
// equal.
func plain(of any) any {
	var v any
	check(json.Unmarshal(raw(of), &v))
	return withoutEmpty(v)
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			value = withoutEmpty(value)
			v[key] = value
			if isEmpty(value) {
				delete(v, key)
			}
		}
	case []any:
		for n := range v {
			v[n] = withoutEmpty(v[n])
		}
	}
	return v
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
