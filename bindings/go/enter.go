// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// Start starts a command in a mount namespace; the caller waits for it with cmd.Wait. The path of the
// command is absolute, and looked up in the namespace. Its working directory is the root of the
// namespace, unless cmd.Dir is another directory there. It gets no descriptor of the namespace.
//
// others are namespaces of other kinds that the command enters as well, such as /proc/PID/ns/pid of a
// process of RestoreHolder. A user namespace is not possible: see Client.Command for that.
//
// A process with several threads cannot change its mount namespace (setns(2) fails with EINVAL), and
// every Go program has several. Start therefore locks a goroutine to a thread (runtime.LockOSThread),
// gives that thread its own working directory and root (unshare(2) with CLONE_FS), moves it into the
// namespace, and forks the command from there. The thread ends afterwards and runs nothing else. The
// other threads are not affected.
//
// SysProcAttr.Pdeathsig is refused: the kernel would send that signal when the thread ends.
func Start(namespace *os.File, cmd *exec.Cmd, others ...*os.File) error {
	if err := checkCommand(cmd); err != nil {
		return fmt.Errorf("cannot start '%s' in a mount namespace: %w", cmd.Path, err)
	}
	null, err := fillStandard(cmd)
	if err != nil {
		return err
	}
	defer null.close()
	return onThread(func() error {
		for _, other := range others {
			if err := setns(other, 0); err != nil {
				return fmt.Errorf("cannot enter the namespace '%s': %w", other.Name(), err)
			}
		}
		if err := enter(namespace); err != nil {
			return err
		}
		return cmd.Start()
	})
}

func checkCommand(cmd *exec.Cmd) error {
	if cmd.Process != nil {
		return errors.New("it was started before")
	}
	if !filepath.IsAbs(cmd.Path) {
		return errors.New("its path must be absolute: it is looked up in the namespace")
	}
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Pdeathsig != 0 {
		return errors.New("SysProcAttr.Pdeathsig is the end of a thread, which comes at once")
	}
	return nil
}

// null is the null device where the caller gave nothing. Package exec would open it in the
// namespace, where the name may be anything.
type null struct {
	file *os.File
	undo []func()
}

func fillStandard(cmd *exec.Cmd) (*null, error) {
	file, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	n := &null{file: file}
	if cmd.Stdin == nil {
		cmd.Stdin = file
		n.undo = append(n.undo, func() { cmd.Stdin = nil })
	}
	if cmd.Stdout == nil {
		cmd.Stdout = file
		n.undo = append(n.undo, func() { cmd.Stdout = nil })
	}
	if cmd.Stderr == nil {
		cmd.Stderr = file
		n.undo = append(n.undo, func() { cmd.Stderr = nil })
	}
	return n, nil
}

func (n *null) close() {
	for _, undo := range n.undo {
		undo()
	}
	n.file.Close()
}

func enter(namespace *os.File) error {
	if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
		return fmt.Errorf("cannot give a thread its own working directory: %w", err)
	}
	if err := setns(namespace, syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("cannot enter the mount namespace: %w", err)
	}
	return nil
}

func setns(file *os.File, kind uintptr) error {
	_, _, errno := syscall.RawSyscall(sysSetns, file.Fd(), kind, 0)
	runtime.KeepAlive(file)
	if errno != 0 {
		return errno
	}
	return nil
}

// onThread calls a function on a thread that ends with it.
func onThread(call func() error) error {
	done := make(chan error, 1)

	go func() {
		// Not unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		if syscall.Gettid() != syscall.Getpid() {
			done <- call()
			return
		}
		// The first thread of a process cannot end, and stands for the process in /proc. While it
		// is locked here another goroutine gets another.
		err := onThread(call)
		runtime.UnlockOSThread()
		done <- err
	}()
	return <-done
}
