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

// Main runs the program.
func (o *Oracle) Main() {
	// Half the time of an area was the collector's. A slice of questions needs little memory.
	debug.SetGCPercent(400)
	arguments := os.Args[1:]
	of := func(command string, least, most int) bool {
		return len(arguments) >= least && len(arguments) <= most && arguments[0] == command
	}
	switch {
	case len(arguments) == 0:
		o.serve()
	case of("areas", 1, 1):
		for _, area := range o.Areas {
			fmt.Println(area.Name)
		}
	case of("compare", 5, 6):
		length, err := parseExtent(arguments[3])
		fail(err)
		var stored *storage
		if len(arguments) == 6 {
			stored = openStorage(arguments[5])
		}
		if arguments[2] != "all" {
			o.area(arguments[2])
		}
		if !o.compare(arguments[1], arguments[2], length, parseSeed(arguments[4]), stored) {
			os.Exit(1)
		}
	case of("record", 5, 5):
		count, err := parseCount(arguments[3])
		fail(err)
		newRun(o.area(arguments[2]), arguments[1], parseSeed(arguments[4])).record(count)
	default:
		fmt.Fprintf(os.Stderr, usage, os.Args[0])
		os.Exit(2)
	}
}

// area finds an area by its name.
func (o *Oracle) area(name string) *Area {
	at := slices.IndexFunc(o.Areas, func(a Area) bool { return a.Name == name })
	if at < 0 {
		fail(fmt.Errorf("%s has no area %q", o.Name, name))
	}
	return &o.Areas[at]
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
