package differential

import (
	"fmt"
	"os"
)

// Check panics on an error. While a question is answered, the panic becomes its answer.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

// fail ends the program with an error.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
