package differential

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// demanded is the number of questions that a floor must demand, and must leave to other answers, before it is checked. If a
// share is twice its floor, chance takes it below the floor in fewer than one run of a million. Our choice.
const demanded = 50

// floorTable has a line for each floor: the area, the percentage, and the class of answers. The class `alike` is the
// share of the questions with equal answers.
//
//go:embed floors.txt
var floorTable string

// floor is the least share of a class of answers in an area.
type floor struct {
	area, class string
	percent     float64
}

// isChecked returns whether so many questions are enough for chance not to decide.
func (f floor) isChecked(asked int) bool {
	least := f.percent
	if f.percent < 100 {
		least = min(least, 100-f.percent)
	}
	return float64(asked)*least/100 >= demanded
}

func floors() []floor {
	var all []floor
	for line := range strings.Lines(floorTable) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		area, rest, _ := strings.Cut(line, " ")
		number, class, _ := strings.Cut(rest, " ")
		percent, err := strconv.ParseFloat(number, 64)
		if class == "" || err != nil || percent <= 0 || percent > 100 {
			panic("floors.txt: " + line)
		}
		all = append(all, floor{area, class, percent})
	}
	return all
}

// reportFloors prints the shares that are below their floors. Returns whether there is none.
func (t *tally) reportFloors(area string) bool {
	isGood, isListed := true, false
	for _, one := range floors() {
		if one.area != area {
			continue
		}
		isListed = isListed || one.class == alike
		share := t.share(one.class)
		if one.isChecked(t.Asked) && share < one.percent {
			isGood = false
			fmt.Printf("  %s: %.2f %%, and at least %v %% are expected\n", one.class, share, one.percent)
		}
	}
	if !isListed {
		fmt.Printf("  floors.txt has no floor of %q for this area\n", alike)
	}
	return isGood && isListed
}
