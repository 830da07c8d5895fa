// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Progress is how far a dump or a restore is. A total that is not known is 0.
type Progress struct {
	Doing     string `json:"doing"` // a few words, as "reading contents"
	Mounts    uint32 `json:"mounts"`
	AllMounts uint32 `json:"all_mounts"`
	Bytes     uint64 `json:"bytes"` // of the contents of tmpfs
	AllBytes  uint64 `json:"all_bytes"`
}

const (
	progressMax  = 4096                   // bytes of a line
	progressLast = 100 * time.Millisecond // for the last lines, after the command has ended
)

// watch reads progress, and calls a function with it.
type watch struct {
	call func(Progress)
	r, w *os.File
	done chan struct{}
}

// openWatch adds the option for the function of Progress, if there is one.
func (a *arguments) openWatch() error {
	if a.progress == nil {
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("rebind %s: cannot make a pipe for Progress: %w", a.verb, err)
	}
	a.watch = &watch{call: a.progress, r: r, w: w, done: make(chan struct{})}
	a.text("--progress-fd", strconv.Itoa(a.inherit(w)))
	return nil
}

// run ends at the end of the pipe, or at a line that is none.
func (w *watch) run() {
	defer close(w.done)
	lines := bufio.NewScanner(w.r)
	lines.Buffer(nil, progressMax)
	for lines.Scan() {
		var now Progress
		if json.Unmarshal(lines.Bytes(), &now) != nil {
			return
		}
		w.call(now)
	}
}

// started is called when the command has its end of the pipe.
func (w *watch) started() {
	w.w.Close()
	w.w = nil
	go w.run()
}

// finish returns when the function has been called for the last time.
func (w *watch) finish() {
	if w.w != nil { // not started
		w.w.Close()
		w.r.Close()
		return
	}
	// A pipe has a deadline: this does not fail.
	_ = w.r.SetReadDeadline(time.Now().Add(progressLast))
	<-w.done
	w.r.Close()
}
