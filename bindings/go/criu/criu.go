// SPDX-License-Identifier: LGPL-2.1-or-later

package criu

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"rebind"
)

// Criu asks a worker, `rebind swrk`, or a service. The fields may be set before the first request.
type Criu struct {
	// Env is the environment of a worker; nil stands for that of this process. REBIND_CRIU in it
	// names the CRIU that does the processes.
	Env []string
	// Grace is how long a worker that is canceled may take to undo what it did; then it is killed.
	// 0 stands for rebind.DefaultGrace.
	Grace time.Duration
	// Log gets what a worker writes to standard error. It must not block.
	Log io.Writer

	files         []*os.File // of Inherit
	path, address string
	mu            sync.Mutex // of conn
	conn          *connection
}

// Restored is the answer of a restore.
type Restored struct {
	Pid int32 // the process
	// MntNs is its mount namespace, which the caller closes. It is nil if a CRIU has restored.
	MntNs *os.File
}

// MakeCriu returns a Criu that starts a worker for each request: the program of the variable REBIND,
// otherwise "rebind" of PATH.
func MakeCriu() *Criu {
	path := os.Getenv("REBIND")
	if path == "" {
		path = "rebind"
	}
	return &Criu{path: path}
}

// MakeCriuService returns a Criu that asks the service which listens on a socket, as /run/rebind.socket.
func MakeCriuService(address string) *Criu {
	return &Criu{address: address}
}

// SetCriuPath sets the program of a worker. A real criu is possible as well.
func (c *Criu) SetCriuPath(path string) {
	c.path = path
}

// firstInherited is the descriptor of the first file of Inherit in a worker; 3 is its socket.
const firstInherited = 4

// Inherit lets each worker that is started from now on inherit a file, and returns the option that
// gives it a name: "mnt[KEY]" for a volume, "extRootNetNS" for a namespace. (The numbers of InheritFd
// are those of the worker, the numbers of all other options those of this process.) The file stays the
// caller's. A service inherits nothing.
func (c *Criu) Inherit(name string, file *os.File) *InheritFd {
	c.files = append(c.files, file)
	return &InheritFd{Key: String(name), Fd: Int32(int32(firstInherited + len(c.files) - 1))}
}

// Prepare starts a worker that serves all requests until Cleanup, one at a time. Without it, each
// request has a worker of its own, and there may be many at once.
func (c *Criu) Prepare() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return nil
	}
	conn, err := c.open()
	if err != nil {
		return err
	}
	c.conn = conn
	return nil
}

// Cleanup ends the worker of Prepare, and waits for it.
func (c *Criu) Cleanup() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return nil
	}
	conn := c.conn
	c.conn = nil
	return conn.close(context.Background())
}

// Dump is DumpContext without a context.
func (c *Criu) Dump(opts *CriuOpts, nfy Notify) error {
	return c.DumpContext(context.Background(), opts, nfy)
}

// DumpContext dumps a container. nfy may be nil. If ctx ends first, everything is undone, and the
// error is a rebind.CancelError; a method of nfy that runs is waited for.
func (c *Criu) DumpContext(ctx context.Context, opts *CriuOpts, nfy Notify) error {
	_, err := c.ask(ctx, typeDump, opts, nil, nfy)
	return err
}

// PreDump dumps memory early. It takes a CRIU beside rebind.
func (c *Criu) PreDump(opts *CriuOpts, nfy Notify) error {
	_, err := c.ask(context.Background(), typePreDump, opts, nil, nfy)
	return err
}

// Restore is RestoreContext without a context and without an answer: Notify.PostRestore has the process.
func (c *Criu) Restore(opts *CriuOpts, nfy Notify) error {
	restored, err := c.RestoreContext(context.Background(), opts, nfy)
	if err == nil && restored.MntNs != nil {
		restored.MntNs.Close()
	}
	return err
}

// RestoreContext restores a container, or the mounts of one with a process that lives among them.
// nfy may be nil. See DumpContext for ctx.
func (c *Criu) RestoreContext(ctx context.Context, opts *CriuOpts, nfy Notify) (*Restored, error) {
	answer, err := c.ask(ctx, typeRestore, opts, nil, nfy)
	if err != nil {
		return nil, err
	}
	restored := &Restored{MntNs: answer.takeFile()}
	if answer.Restore != nil && answer.Restore.Pid != nil {
		restored.Pid = *answer.Restore.Pid
	}
	return restored, nil
}

// Check returns an error if this kernel and these privileges are not sufficient.
func (c *Criu) Check() error {
	_, err := c.ask(context.Background(), typeCheck, nil, nil, nil)
	return err
}

// FeatureCheck returns those of the features that exist.
func (c *Criu) FeatureCheck(features *CriuFeatures) (*CriuFeatures, error) {
	answer, err := c.ask(context.Background(), typeFeatureCheck, nil, features, nil)
	if err != nil {
		return nil, err
	}
	if answer.Features == nil {
		return &CriuFeatures{}, nil
	}
	return answer.Features, nil
}

// GetCriuVersion returns the version of CRIU that the worker answers for: 40200 is 4.2.
func (c *Criu) GetCriuVersion() (int, error) {
	answer, err := c.ask(context.Background(), typeVersion, nil, nil, nil)
	if err != nil {
		return 0, err
	}
	version := answer.Version
	if version == nil || version.Major == nil || version.Minor == nil {
		return 0, &Error{Request: "VERSION", Message: "the answer has no version"}
	}
	number := int(*version.Major)*10000 + int(*version.Minor)*100
	if version.Sublevel != nil {
		number += int(*version.Sublevel)
	}
	// A version that comes from git is as good as the next one.
	if version.Gitid != nil && *version.Gitid != "" {
		number -= number % 100
		number += 100
	}
	return number, nil
}

// IsCriuAtLeast returns whether GetCriuVersion is at least so high.
func (c *Criu) IsCriuAtLeast(version int) (bool, error) {
	has, err := c.GetCriuVersion()
	return err == nil && has >= version, err
}

// ask sends a request over the connection of Prepare, or over one of its own.
func (c *Criu) ask(ctx context.Context, kind requestType, opts *CriuOpts, features *CriuFeatures, nfy Notify) (*reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, &rebind.CancelError{Verb: "swrk", Err: err}
	}
	message := request{Type: Int32(int32(kind)), Features: features}
	if kind == typeDump || kind == typeRestore || kind == typePreDump {
		message.Opts = withNotify(opts, nfy)
	}
	answer, err := c.askAny(ctx, &message, nfy)
	if err == nil && kind != typeRestore {
		answer.close() // no other answer has a descriptor
	}
	return answer, err
}

func (c *Criu) askAny(ctx context.Context, message *request, nfy Notify) (*reply, error) {
	c.mu.Lock()
	if c.conn == nil {
		c.mu.Unlock()
		return c.askOnce(ctx, message, nfy)
	}
	defer c.mu.Unlock()
	message.KeepOpen = Bool(true)
	answer, err := c.conn.ask(ctx, message, nfy)
	if err != nil {
		// What state it is in is not known.
		closeErr := c.conn.close(ctx)
		c.conn = nil
		err = canceled(ctx, err, closeErr)
	}
	return answer, err
}

func (c *Criu) askOnce(ctx context.Context, message *request, nfy Notify) (*reply, error) {
	conn, err := c.open()
	if err != nil {
		return nil, err
	}
	answer, err := conn.ask(ctx, message, nfy)
	closeErr := conn.close(ctx)
	if err != nil {
		return nil, canceled(ctx, err, closeErr)
	}
	return answer, nil
}

// canceled returns the error of a context that has ended in place of what came of it.
func canceled(ctx context.Context, err, closeErr error) error {
	if ctx.Err() == nil {
		return err
	}
	cancel := &rebind.CancelError{Verb: "swrk", Err: ctx.Err()}
	if _, ok := closeErr.(uncleanError); ok {
		cancel.Unclean = true
	}
	return cancel
}

// withNotify is a copy of the options, which are the caller's.
func withNotify(opts *CriuOpts, nfy Notify) *CriuOpts {
	var copied CriuOpts

	if opts != nil {
		copied = *opts
	}
	if copied.ImagesDirFd == nil {
		copied.ImagesDirFd = Int32(-1) // the protocol requires it
	}
	if nfy != nil {
		copied.NotifyScripts = Bool(true)
	}
	return &copied
}

func (k requestType) String() string {
	if name, ok := typeNames[k]; ok {
		return name
	}
	return fmt.Sprintf("request %d", int32(k))
}
