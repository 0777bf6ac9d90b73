package differential

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
)

// Oracle is an upstream program.
type Oracle struct {
	// Name is the name and version of upstream.
	Name  string
	Areas []Area
	// Answer answers a question of the driver's protocol.
	Answer func(question []byte) any
}

const usage = `usage:
  %[1]s < QUESTIONS                          answers one JSON question per line
  %[1]s areas                                lists the areas
  %[1]s compare DRIVER AREA|all COUNT|SECONDSs SEED [FILE]
                                             compares with a driver; FILE has the finished slices
  %[1]s record DRIVER AREA COUNT SEED        prints questions with equal answers, and the answers
`

// Main runs the program. compare runs in the root of the repository, where it reads the divergence files.
func (o *Oracle) Main() {
	// Half the time of an area was the collector's. A slice of questions needs little memory.
	debug.SetGCPercent(400)
	switch arguments := os.Args[1:]; {
	case len(arguments) == 0:
		o.serve()
	case len(arguments) == 1 && arguments[0] == "areas":
		for _, area := range o.Areas {
			fmt.Println(area.Name)
		}
	case len(arguments) >= 5 && len(arguments) <= 6 && arguments[0] == "compare":
		length, err := parseExtent(arguments[3])
		fail(err)
		fail(checkRows("."))
		var stored *storage
		if len(arguments) == 6 {
			stored = openStorage(arguments[5], arguments[1])
		}
		o.checkArea(arguments[2])
		if !o.compare(arguments[1], arguments[2], length, parseSeed(arguments[4]), stored) {
			os.Exit(1)
		}
	case len(arguments) == 5 && arguments[0] == "record":
		o.checkArea(arguments[2])
		length, err := parseExtent(arguments[3])
		fail(err)
		at := slices.IndexFunc(o.Areas, func(a Area) bool { return a.Name == arguments[2] })
		r := &run{area: &o.Areas[max(at, 0)], driver: start(arguments[1] + o.Areas[max(at, 0)].Driver), seed: parseSeed(arguments[4]), records: true}
		r.slices(length, nil)
	default:
		fmt.Fprintf(os.Stderr, usage, os.Args[0])
		os.Exit(2)
	}
}

func (o *Oracle) checkArea(name string) {
	if name != "all" && !slices.ContainsFunc(o.Areas, func(a Area) bool { return a.Name == name }) {
		fail(fmt.Errorf("%s has no area %q", o.Name, name))
	}
}

func parseSeed(text string) uint64 {
	seed, err := strconv.ParseUint(text, 10, 64)
	fail(err)
	return seed
}

// serve answers each line before it waits for the next.
func (o *Oracle) serve() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	for in.Scan() {
		answer := o.answer(in.Bytes())
		var question struct {
			ID any `json:"id"`
		}
		if json.Unmarshal(in.Bytes(), &question) == nil && question.ID != nil {
			answer["id"] = question.ID
		}
		_, err := os.Stdout.Write(append(Raw(answer), '\n'))
		fail(err)
	}
	fail(in.Err())
}

func (o *Oracle) answer(line []byte) (answer Answer) {
	defer func() {
		if why := recover(); why != nil {
			answer = Refusal(malformed, fmt.Sprint(why))
		}
	}()
	Check(json.Unmarshal(Raw(o.Answer(line)), &answer))
	return answer
}
