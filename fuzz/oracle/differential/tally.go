package differential

import (
	"bufio"
	"encoding/json"
	"os"
)

// The counts of a tally beside those of the rows.
const (
	alike       = "alike"
	unexplained = "unexplained"
)

// tally counts outcomes.
type tally struct {
	Asked int `json:"asked"`
	// Rows counts the differences by row, and the questions that are alike or unexplained.
	Rows    map[string]int `json:"rows"`
	Classes map[string]int `json:"classes"`
}

func newTally() tally { return tally{Rows: map[string]int{}, Classes: map[string]int{}} }

func (t *tally) add(part tally) {
	t.Asked += part.Asked
	for row, n := range part.Rows {
		t.Rows[row] += n
	}
	for class, n := range part.Classes {
		t.Classes[class] += n
	}
}

// share returns the percentage of a class among the classes of all answers, or that of the questions with equal answers.
func (t *tally) share(class string) float64 {
	if class == alike {
		return 100 * float64(t.Rows[alike]) / float64(t.Asked)
	}
	all := 0
	for _, n := range t.Classes {
		all += n
	}
	return 100 * float64(t.Classes[class]) / float64(max(all, 1))
}

// sliceID names a slice of a run of two programs.
type sliceID struct {
	Oracle string `json:"oracle"`
	Driver string `json:"driver"`
	Area   string `json:"area"`
	Seed   uint64 `json:"seed"`
	Slice  uint64 `json:"slice"`
	Count  int    `json:"count"`
}

// storage is a file of finished slices, so that an interrupted run continues where it stopped.
type storage struct {
	file   *os.File
	oracle string
	slices map[sliceID]tally
}

// storedSlice is a line of the file.
type storedSlice struct {
	sliceID
	Tally tally `json:"tally"`
}

// openStorage reads the finished slices.
func openStorage(path string) *storage {
	own, err := os.Executable()
	fail(err)
	s := &storage{oracle: checksum(own), slices: map[sliceID]tally{}}
	s.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	fail(err)
	lines := bufio.NewScanner(s.file)
	for lines.Scan() {
		var line storedSlice
		// The last line may have been cut.
		if json.Unmarshal(lines.Bytes(), &line) == nil {
			s.slices[line.sliceID] = line.Tally
		}
	}
	fail(lines.Err())
	return s
}

func (s *storage) id(r *run, slice uint64, count int) sliceID {
	return sliceID{s.oracle, r.driver.checksum, r.area.Name, r.seed, slice, count}
}

// find returns the stored tally of a slice.
func (s *storage) find(r *run, slice uint64, count int) (tally, bool) {
	if s == nil {
		return tally{}, false
	}
	part, is := s.slices[s.id(r, slice, count)]
	return part, is
}

// add stores the tally of a slice. One with an unexplained difference is asked again the next time.
func (s *storage) add(r *run, slice uint64, part tally) {
	if s == nil || part.Rows[unexplained] > 0 {
		return
	}
	line := storedSlice{s.id(r, slice, part.Asked), part}
	_, err := s.file.Write(append(Raw(line), '\n'))
	fail(err)
}
