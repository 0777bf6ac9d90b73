package differential

import (
	_ "embed"
	"slices"
	"strings"
)

// table has a line for each row of the divergence files: the crate, the row, and the areas whose questions
// show it, or `-` and the reason why no question can. `.ci/run rows` compares it with those files.
//
//go:embed rows.txt
var table string

// row is a row of the divergence file of a crate.
type row struct {
	crate, name string
	areas       []string
}

func rows() []row {
	var all []row
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) < 3 {
			panic("rows.txt: " + line)
		}
		one := row{crate: fields[0], name: fields[1]}
		if fields[2] != "-" {
			one.areas = fields[2:]
		}
		all = append(all, one)
	}
	return all
}

// rowsOf returns the names of the rows that the questions of an area show.
func rowsOf(area string) []string {
	var names []string
	for _, one := range rows() {
		if slices.Contains(one.areas, area) {
			names = append(names, one.name)
		}
	}
	return names
}
