// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"rebind/internal/command"
)

const (
	nsGetNstype = 0xb703 // NS_GET_NSTYPE of ioctl_ns(2)
)

// receiver takes the descriptors that the command sends.
type receiver struct {
	sock *os.File
	all  []Namespace
	err  error
	done chan struct{}
}

// receive runs a restore that sends n namespaces; 0 stands for any number but none.
func (c *Client) receive(ctx context.Context, a *arguments, n int) ([]Namespace, error) {
	if err := ctx.Err(); err != nil {
		return nil, &CancelError{Verb: a.verb, Err: err}
	}
	ours, its, err := command.Pair()
	if err != nil {
		return nil, fmt.Errorf("rebind restore: %w", err)
	}
	a.text("--send-fd", strconv.Itoa(a.inherit(its)))
	running, err := c.start(a)
	its.Close()
	if err != nil {
		ours.Close()
		return nil, err
	}
	r := &receiver{sock: ours, done: make(chan struct{})}
	go r.loop()
	result, err := c.wait(ctx, running, a)
	r.finish()
	if err != nil {
		r.discard()
		return nil, err
	}
	return r.accept(ctx, a.verb, result, n)
}

// accept returns what came with an answer that is good, and closes it otherwise.
func (r *receiver) accept(ctx context.Context, verb string, result *command.Result, n int) ([]Namespace, error) {
	_, err := answer(ctx, verb, result, []int{0})
	if err == nil {
		err = r.check(verb, n)
	}
	if err != nil {
		r.discard()
		return nil, err
	}
	return r.all, nil
}

func (r *receiver) check(verb string, n int) error {
	got := len(r.all)

	if r.err != nil {
		return &OutputError{Verb: verb, Reason: "its namespaces cannot be received: " + r.err.Error()}
	}
	if n == 1 && got > 1 {
		return &ExitError{Verb: verb, Status: 2, Errors: []string{"the image is a set of " +
			strconv.Itoa(got) + " namespaces: use RestoreSet, or choose one by NsID"}}
	}
	if got == 0 || (n > 0 && got != n) {
		return &OutputError{Verb: verb, Reason: fmt.Sprintf("it has sent %d namespaces", got)}
	}
	for _, ns := range r.all {
		if !isMountNamespace(ns.File) {
			return &OutputError{Verb: verb, Reason: "it has sent a descriptor that is not of a mount namespace"}
		}
	}
	return nil
}

func isMountNamespace(file *os.File) bool {
	kind, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), nsGetNstype, 0)

	return errno == 0 && kind == syscall.CLONE_NEWNS
}

// loop ends at the end of the connection, which finish brings about.
func (r *receiver) loop() {
	defer close(r.done)
	for {
		word, files, err := command.Receive(r.sock, 64)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = r.add(string(word), files)
		}
		if err != nil && r.err == nil {
			r.err = err
		}
		if err != nil && r.isDead(err) {
			return
		}
	}
}

// isDead tells errors of the connection from those of a packet.
func (r *receiver) isDead(err error) bool {
	var errno syscall.Errno

	return errors.As(err, &errno) || errors.Is(err, os.ErrClosed)
}

// add takes "mnt" or, of a set, "mnt:NUMBER".
func (r *receiver) add(word string, files []*os.File) error {
	for i, file := range files {
		ns := Namespace{File: file}
		if i == 0 {
			if _, number, ok := strings.Cut(word, ":"); ok {
				id, err := strconv.ParseUint(number, 10, 32)
				if err != nil {
					closeFiles(files)
					return fmt.Errorf("it has the name %q", word)
				}
				ns.ID = uint32(id)
			}
		}
		r.all = append(r.all, ns)
	}
	return nil
}

func closeFiles(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// finish waits for what the command has sent before it ended.
func (r *receiver) finish() {
	// If this fails, the connection is at its end already.
	_ = command.Shutdown(r.sock)
	<-r.done
	r.sock.Close()
}

func (r *receiver) discard() {
	for _, ns := range r.all {
		ns.File.Close()
	}
	r.all = nil
}
