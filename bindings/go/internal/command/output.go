// SPDX-License-Identifier: LGPL-2.1-or-later

package command

import (
	"io"
	"os"
	"time"
)

const maxStderr = 64 << 10 // bytes of standard error that are kept

// output is one end of a pipe, and what has come from it.
type output struct {
	r    *os.File
	log  io.Writer
	max  int
	data []byte
	full chan struct{} // closed when more than max bytes have come
	done chan struct{} // closed when all is read
	open bool          // the other end was still open
}

// newOutput returns also the other end of the pipe, which is the caller's.
func newOutput(max int, log io.Writer) (*output, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return &output{r: r, log: log, max: max, full: make(chan struct{}), done: make(chan struct{})}, w, nil
}

func (o *output) close() {
	o.r.Close()
}

// copy reads until the end of the pipe. What is too much is read as well: the program would wait
// for ever otherwise.
func (o *output) copy() {
	defer close(o.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := o.r.Read(buf)
		o.keep(buf[:n])
		if err != nil {
			o.open = os.IsTimeout(err)
			return
		}
	}
}

func (o *output) keep(data []byte) {
	if o.log != nil && len(data) > 0 {
		// The writer is the caller's; what it does not take is lost to it alone.
		_, _ = o.log.Write(data)
	}
	room := o.max - len(o.data)
	if len(data) > room {
		data = data[:room]
		if !o.isFull() {
			close(o.full)
		}
	}
	o.data = append(o.data, data...)
}

func (o *output) isFull() bool {
	select {
	case <-o.full:
		return true
	default:
		return false
	}
}

// finish waits for the end of the pipe, at most so long, and returns true if that did not come.
func (o *output) finish(linger time.Duration) bool {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
	}
	// A read that waits ends now.
	_ = o.r.SetReadDeadline(time.Now())
	<-o.done
	o.r.Close()
	return o.open
}

// bytes is what came, after finish.
func (o *output) bytes() []byte {
	return o.data
}
