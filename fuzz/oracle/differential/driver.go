package differential

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// driver is a running conformance driver, which answers each line before it waits for the next.
type driver struct {
	questions io.WriteCloser
	answers   *bufio.Reader
	// checksum is that of the program.
	checksum string
}

func start(program string) *driver {
	command := exec.Command(program)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	fail(err)
	out, err := command.StdoutPipe()
	fail(err)
	fail(command.Start())
	return &driver{in, bufio.NewReaderSize(out, 1<<20), checksum(program)}
}

// ask asks all questions. It returns at once; receive the answers from the channel.
func (d *driver) ask(cases []Case) <-chan []Answer {
	go func() {
		var lines bytes.Buffer
		for _, c := range cases {
			lines.Write(c.Question())
			lines.WriteByte('\n')
		}
		_, err := d.questions.Write(lines.Bytes())
		fail(err)
	}()
	done := make(chan []Answer, 1)
	go func() {
		answers := make([]Answer, len(cases))
		for n := range answers {
			line, err := d.answers.ReadBytes('\n')
			if err != nil {
				fail(fmt.Errorf("the driver has stopped: %w", err))
			}
			var answer any
			fail(json.Unmarshal(line, &answer))
			answers[n] = withoutEmpty(answer).(map[string]any)
		}
		done <- answers
	}()
	return done
}

// checksum returns the start of the SHA-256 of a program.
func checksum(program string) string {
	file, err := os.Open(program)
	fail(err)
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	fail(err)
	return hex.EncodeToString(hash.Sum(nil))[:16]
}
