// SPDX-License-Identifier: LGPL-2.1-or-later

// Package command runs a program that may be canceled, with output that is bounded, and receives
// descriptors from it over a socket.
package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// settle is how long output may come after the program has ended, from processes of its own.
const settle = time.Second

// Command is a program to be run.
type Command struct {
	Path  string
	Args  []string
	Env   []string   // nil: the environment of this process
	Stdin *os.File   // nil: nothing
	Files []*os.File // its descriptors from 3 on; they stay the caller's

	MaxOutput int           // bytes of standard output; more ends the program
	Log       io.Writer     // a copy of its standard error, or nil
	Grace     time.Duration // between SIGTERM and SIGKILL
}

// Result is how a program ended.
type Result struct {
	Status int            // exit status, -1 after a signal
	Signal syscall.Signal // what ended it, or 0
	Stdout []byte
	Stderr string // the first part of it

	TooLong  bool // there was more on standard output than MaxOutput
	Canceled bool // the context ended before the program did
	Unclean  bool // it did not end within Grace, or a process of its own did not
}

// Running is a program that runs. Wait must be called.
type Running struct {
	cmd            *exec.Cmd
	grace          time.Duration
	stdout, stderr *output
	ended          chan struct{}
	waitErr        error
}

// Start starts the program. The error is that of exec.Cmd.
func (c *Command) Start() (*Running, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env = c.Env
	if c.Stdin != nil {
		cmd.Stdin = c.Stdin
	}
	cmd.ExtraFiles = c.Files
	stdout, outEnd, err := newOutput(c.MaxOutput, nil)
	if err != nil {
		return nil, err
	}
	defer outEnd.Close()
	stderr, errEnd, err := newOutput(maxStderr, c.Log)
	if err != nil {
		stdout.close()
		return nil, err
	}
	defer errEnd.Close()
	cmd.Stdout, cmd.Stderr = outEnd, errEnd
	if err := cmd.Start(); err != nil {
		stdout.close()
		stderr.close()
		return nil, err
	}
	r := &Running{cmd: cmd, grace: c.Grace, stdout: stdout, stderr: stderr, ended: make(chan struct{})}
	go stdout.copy()
	go stderr.copy()
	go func() {
		r.waitErr = cmd.Wait()
		close(r.ended)
	}()
	return r, nil
}

// Ended is closed when the program has ended.
func (r *Running) Ended() <-chan struct{} {
	return r.ended
}

// Wait waits until the program has ended. If ctx ends first, it tells the program to end, and waits
// for it and for the processes that it started; after the grace time it kills the program.
func (r *Running) Wait(ctx context.Context) (Result, error) {
	var result Result

	// Without this the program would block when its standard output is not read.
	select {
	case <-r.ended:
	case <-r.stdout.full:
		result.TooLong = true
	case <-ctx.Done():
		result.Canceled = true
	}
	linger := settle
	if result.TooLong || result.Canceled {
		deadline := time.Now().Add(r.grace)
		result.Unclean = r.end()
		linger = time.Until(deadline)
	}
	// Its processes share its standard error: what they take back is done when it is closed.
	outOpen := r.stdout.finish(linger)
	errOpen := r.stderr.finish(linger)
	result.Unclean = (result.Unclean || outOpen || errOpen) && (result.TooLong || result.Canceled)
	result.Stdout, result.Stderr = r.stdout.bytes(), string(r.stderr.bytes())
	result.TooLong = result.TooLong || r.stdout.isFull()
	return result, r.status(&result)
}

// end asks the program to end, and returns true if it had to be killed.
func (r *Running) end() bool {
	timer := time.NewTimer(r.grace)
	defer timer.Stop()

	// It may have ended just now; then there is nothing to tell it.
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.ended:
		return false
	case <-timer.C:
	}
	_ = r.cmd.Process.Kill()
	<-r.ended
	return true
}

func (r *Running) status(result *Result) error {
	state := r.cmd.ProcessState

	if state == nil {
		return fmt.Errorf("cannot wait for process %d: %w", r.cmd.Process.Pid, r.waitErr)
	}
	result.Status = state.ExitCode()
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		result.Signal = ws.Signal()
	}
	return nil
}
