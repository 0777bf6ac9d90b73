package differential

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// table has a line for each row of the divergence files: the crate, the row, and the areas whose questions
// show it, or `-` and the reason why no question can.
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

var caseLine = regexp.MustCompile(`(?m)^case = "(.*)"$`)

// checkRows compares the table with the divergence files below the root of the repository. It returns an error
// for a row that only one of them has.
func checkRows(root string) error {
	files, err := filepath.Glob(filepath.Join(root, "crates/*/testdata/divergences.toml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no divergence files below %s: %v", root, err)
	}
	files = append(files, filepath.Join(root, "examples/online/signer/testdata/divergences.toml"))
	written := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		crate := filepath.Base(filepath.Dir(filepath.Dir(file)))
		for _, match := range caseLine.FindAllStringSubmatch(string(text), -1) {
			written[crate+" "+match[1]] = true
		}
	}
	var errors []string
	for _, one := range rows() {
		name := one.crate + " " + one.name
		if !written[name] {
			errors = append(errors, "rows.txt has a row that no divergence file has: "+name)
		}
		delete(written, name)
	}
	for name := range written {
		errors = append(errors, "rows.txt lacks a row: "+name)
	}
	if len(errors) == 0 {
		return nil
	}
	slices.Sort(errors)
	return fmt.Errorf("%s", strings.Join(errors, "\n"))
}
