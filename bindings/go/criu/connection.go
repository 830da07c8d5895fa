// SPDX-License-Identifier: LGPL-2.1-or-later

package criu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"rebind"
	"rebind/internal/command"
)

const (
	maxAnswer = 1 << 20     // bytes; cr_errmsg has up to two kilobytes
	notice    = time.Second // until a worker has noticed that its client is gone
)

// Error is a request that failed. Nothing is left of it.
type Error struct {
	Request string        // as "RESTORE"
	Errno   syscall.Errno // cr_errno, or 0
	Message string        // cr_errmsg: the end of the log, or why the answer cannot be used
	Notify  error         // what a method of Notify returned, if that is why
}

func (e *Error) Error() string {
	text := "rebind: " + e.Request + " failed"
	if e.Notify != nil {
		return text + ": " + e.Notify.Error()
	}
	if message := strings.TrimSpace(e.Message); message != "" {
		text += ": " + message
	}
	if e.Errno != 0 {
		text += fmt.Sprintf(" (%v)", e.Errno)
	}
	return text
}

// Unwrap returns the error of Notify, or Errno.
func (e *Error) Unwrap() error {
	if e.Notify != nil {
		return e.Notify
	}
	if e.Errno != 0 {
		return e.Errno
	}
	return nil
}

// uncleanError says that a worker did not end in time.
type uncleanError struct{}

func (uncleanError) Error() string { return "the worker did not end in time and was killed" }

// connection is a socket, and the worker at its other end; a service has none.
type connection struct {
	sock    *os.File
	running *command.Running
}

// reply is an answer with the descriptors that came with it.
type reply struct {
	response
	files []*os.File
}

func (c *Criu) open() (*connection, error) {
	if c.address != "" {
		sock, err := command.Connect(c.address)
		if err != nil {
			return nil, &rebind.StartError{Verb: "service", Path: c.address, Err: err}
		}
		return &connection{sock: sock}, nil
	}
	ours, its, err := command.Pair()
	if err != nil {
		return nil, err
	}
	defer its.Close()
	grace := c.Grace
	if grace <= 0 {
		grace = rebind.DefaultGrace
	}
	running, err := (&command.Command{
		Path: c.path, Args: []string{"swrk", "3"}, Env: c.Env, Files: append([]*os.File{its}, c.files...),
		MaxOutput: maxAnswer, Log: c.Log, Grace: grace,
	}).Start()
	if err != nil {
		ours.Close()
		return nil, &rebind.StartError{Verb: "swrk", Path: c.path, Err: err}
	}
	return &connection{sock: ours, running: running}, nil
}

// close ends the connection, and waits for the worker. A worker undoes what it has not finished when
// its client is gone.
func (c *connection) close(ctx context.Context) error {
	// What fails here has ended already.
	_ = command.Shutdown(c.sock)
	c.sock.Close()
	if c.running == nil {
		return nil
	}
	// A worker that is not busy undoes everything now, better than one that is told to end.
	select {
	case <-c.running.Ended():
	case <-time.After(notice):
	}
	result, err := c.running.Wait(ctx)
	if err != nil {
		return err
	}
	if result.Unclean {
		return uncleanError{}
	}
	return nil
}

// ask sends a request, and calls nfy until the answer comes.
func (c *connection) ask(ctx context.Context, message *request, nfy Notify) (*reply, error) {
	stop := c.interruptAt(ctx)
	defer stop()
	name := requestType(*message.Type).String()
	var refused error

	packet := marshal(nil, message)
	for {
		if err := command.Send(c.sock, packet); err != nil {
			return nil, c.broken(name, refused, err)
		}
		answer, err := c.receive()
		if err != nil {
			return nil, c.broken(name, refused, err)
		}
		if requestType(*answer.Type) != typeNotify {
			return answer, answer.check(name, refused)
		}
		answer.close()
		if err := answer.notify(nfy); err != nil && refused == nil {
			refused = err
		}
		packet = marshal(nil, &request{Type: Int32(int32(typeNotify)), NotifySuccess: Bool(refused == nil)})
	}
}

// interruptAt ends the connection at the end of a context. The function that it returns must be called.
func (c *connection) interruptAt(ctx context.Context) func() {
	quit, done := make(chan struct{}), make(chan struct{})

	go func() {
		defer close(done)
		select {
		case <-ctx.Done():
			_ = command.Shutdown(c.sock)
		case <-quit:
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// broken is what a connection without an answer means.
func (c *connection) broken(name string, refused, err error) error {
	e := &Error{Request: name, Message: err.Error(), Notify: refused}

	if errors.Is(err, io.EOF) {
		e.Message = "the connection ended without an answer"
	} else {
		errors.As(err, &e.Errno)
	}
	return e
}

func (c *connection) receive() (*reply, error) {
	data, files, err := command.Receive(c.sock, maxAnswer)
	if err != nil {
		return nil, err
	}
	answer := &reply{files: files}
	if err := unmarshal(data, &answer.response); err != nil {
		answer.close()
		return nil, fmt.Errorf("the answer is not of CRIU's protocol: %w", err)
	}
	if answer.Type == nil || answer.Success == nil {
		answer.close()
		return nil, errors.New("the answer has no type or does not say whether it succeeded")
	}
	return answer, nil
}

func (r *reply) notify(nfy Notify) error {
	if r.Notify == nil || r.Notify.Script == nil || nfy == nil {
		return nil
	}
	pid := int32(0)
	if r.Notify.Pid != nil {
		pid = *r.Notify.Pid
	}
	return call(nfy, *r.Notify.Script, pid)
}

// check closes the descriptors of an answer that is none.
func (r *reply) check(name string, refused error) error {
	if *r.Success {
		return nil
	}
	r.close()
	e := &Error{Request: name, Notify: refused}
	if r.CrErrno != nil {
		e.Errno = syscall.Errno(*r.CrErrno)
	}
	if r.CrErrmsg != nil {
		e.Message = *r.CrErrmsg
	}
	return e
}

// takeFile returns the first descriptor, which is the caller's from now on, and closes the others.
func (r *reply) takeFile() *os.File {
	if len(r.files) == 0 {
		return nil
	}
	file := r.files[0]
	r.files = r.files[1:]
	r.close()
	return file
}

func (r *reply) close() {
	for _, file := range r.files {
		file.Close()
	}
	r.files = nil
}
