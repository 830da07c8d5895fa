// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	firstFile = 3        // the descriptor of the first of exec.Cmd.ExtraFiles
	maxInline = 64 << 10 // bytes of externals on a command line
)

// arguments are those of a verb, with the files that it inherits.
type arguments struct {
	verb     string
	words    []string
	files    []*os.File
	external []string
	stdin    *os.File
	rest     []string // behind all options
	progress func(Progress)
	watch    *watch // of progress, while the command runs
	err      error  // the first value that is not possible
}

func newArguments(verb string) *arguments {
	return &arguments{verb: verb, words: []string{verb, "--json"}}
}

func (a *arguments) flag(name string, wanted bool) {
	if wanted {
		a.words = append(a.words, name)
	}
}

// text adds an option; an empty value is none. A value that begins with '-' stays a value.
func (a *arguments) text(name, value string) {
	if value != "" {
		a.words = append(a.words, name+"="+value)
	}
}

func (a *arguments) number(name string, value uint64) {
	if value != 0 {
		a.text(name, strconv.FormatUint(value, 10))
	}
}

// seconds adds a time, rounded up.
func (a *arguments) seconds(name string, value time.Duration) {
	if value < 0 {
		a.fail("%s is negative: %v", name, value)
	}
	a.number(name, uint64((value+time.Second-1)/time.Second))
}

func (a *arguments) list(name string, values []string) {
	for _, value := range values {
		a.words = append(a.words, name+"="+value)
	}
}

// inherit returns the number that the file has in the command.
func (a *arguments) inherit(file *os.File) int {
	a.files = append(a.files, file)
	return firstFile + len(a.files) - 1
}

// inherited is a path by which the command finds the file.
func (a *arguments) inherited(file *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d", a.inherit(file))
}

// place adds an option that is a path or a file.
func (a *arguments) place(name, path string, file *os.File) {
	if path != "" && file != nil {
		a.fail("%s is given as a path and as a file", name)
	}
	if file != nil {
		path = a.inherited(file)
	}
	a.text(name, path)
}

func (a *arguments) fail(format string, values ...any) {
	if a.err == nil {
		a.err = &ExitError{Verb: a.verb, Status: 2, Errors: []string{fmt.Sprintf(format, values...)}}
	}
}

// finish makes the command line. close must follow.
func (a *arguments) finish() error {
	for _, word := range append(append(append([]string{}, a.words...), a.external...), a.rest...) {
		if strings.IndexByte(word, 0) >= 0 {
			a.fail("%q contains a NUL byte", word)
		}
	}
	if a.err != nil {
		return a.err
	}
	if err := a.finishExternal(); err != nil {
		return err
	}
	a.words = append(a.words, a.rest...)
	return nil
}

// finishExternal writes what does not fit on a command line to a file without a name.
func (a *arguments) finishExternal() error {
	size := 0
	for _, external := range a.external {
		size += len(external)
	}
	if size <= maxInline {
		a.list("--external", a.external)
		return nil
	}
	file, err := os.CreateTemp("", "rebind-external-")
	if err != nil {
		return fmt.Errorf("rebind %s: cannot write the list of external mounts: %w", a.verb, err)
	}
	a.stdin = file
	if err := a.writeExternal(file); err != nil {
		a.close()
		return fmt.Errorf("rebind %s: cannot write the list of external mounts: %w", a.verb, err)
	}
	a.words = append(a.words, "--external-from=-")
	return nil
}

func (a *arguments) writeExternal(file *os.File) error {
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	var list bytes.Buffer
	for _, external := range a.external {
		list.WriteString(external)
		list.WriteByte(0)
	}
	if _, err := file.Write(list.Bytes()); err != nil {
		return err
	}
	_, err := file.Seek(0, 0)
	return err
}

// close closes what the command has a copy of, or what it did not get.
func (a *arguments) close() {
	if a.stdin != nil {
		a.stdin.Close()
		a.stdin = nil
	}
}
