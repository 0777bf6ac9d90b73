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

// compare asks upstream and a conformance driver the questions of an area, or of all of them. A
// difference has to be of exactly one row of the divergence file. Prints what came of it, or, if it
// records, the questions that were answered alike, with the answer. Returns the exit status.
func compare(driver, only string, count int, seed uint64, records bool) int {
	status := 2
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
		if t.unexplained > 0 {
			status = 1
		} else if status == 2 {
			status = 0
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

// add asks some questions. The driver may answer only once it has read them all.
func (t *tally) add(driver string, g generator, count int) {
	questions := make([]*question, count)
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for n := range questions {
		questions[n] = t.area.ask(g)
		questions[n].Version = release
		check(encoder.Encode(questions[n]))
	}
	// Upstream is asked what the driver reads.
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
		for _, what := range t.area.what(q, theirs) {
			t.answers[what]++
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
		if of[0] == "update-repeats-causes" {
			t.record(p, line)
		}
		return
	}
	t.unexplained++
	if t.unexplained <= 5 {
		fmt.Printf("unexplained %v: %s\n  upstream %s\n  ours     %s\n", of, line, raw(theirs), raw(ours))
	}
}

// record prints a question and upstream's answer; of an update the message, which is without repeats.
func (t *tally) record(p pairing, line []byte) {
	if !t.records {
		return
	}
	theirs := p.theirs
	if t.area.name == "update" {
		theirs = map[string]any{"message": theirs["message"]}
	}
	fmt.Printf("%s,\"answer\":%s}\n", bytes.TrimSuffix(line, []byte("}")), raw(withoutEmpty(theirs)))
}

func (t *tally) print() {
	fmt.Printf("%s: %d asked, %d answered alike, %d differ by a row, %d unexplained\n",
		t.area.name, t.asked, t.agreed, t.asked-t.agreed-t.unexplained, t.unexplained)
	total := 0
	for _, n := range t.answers {
		total += n
	}
	for _, what := range slices.Sorted(maps.Keys(t.answers)) {
		fmt.Printf("  %5.1f %% %s\n", 100*float64(t.answers[what])/float64(max(total, 1)), what)
	}
	for _, row := range slices.Sorted(maps.Keys(t.rows)) {
		fmt.Printf("  row %s: %d\n", row, t.rows[row])
	}
}

// plain makes JSON of an answer again, without what is empty: absent, null, "", [] and {} are the same.
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
