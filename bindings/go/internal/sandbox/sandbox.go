// SPDX-License-Identifier: LGPL-2.1-or-later

// Package sandbox is for the tests of this module: they run, as root, in a mount namespace and a pid
// namespace of their own, with a container to dump. The test program is also the container's first
// process, the program inside of it, and a command that answers as no rebind does.
package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const variable = "REBIND_GO_SANDBOX"

// Work is a directory that is gone after the tests.
var Work string

// Main runs the tests, or what else this program is.
func Main(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "inside":
		os.Exit(inside(os.Args[1:]))
	case "fake":
		os.Exit(fake(os.Args[1:]))
	case "container":
		fail("container", container(os.Args[1]))
		os.Exit(0)
	}
	if os.Getuid() != 0 {
		fmt.Println("SKIP: these tests mount: run them as root")
		os.Exit(0)
	}
	Work = os.Getenv(variable)
	if Work == "" {
		os.Exit(enter())
	}
	fail("prepare", prepare())
	os.Exit(m.Run())
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "sandbox: %s: %v\n", what, err)
		os.Exit(1)
	}
}

// enter runs this program again, in namespaces of its own.
func enter() int {
	work, err := os.MkdirTemp("", "rebind-go-")
	fail("make a directory", err)
	defer os.Remove(work) // its contents are in the namespace
	self, err := os.Executable()
	fail("find this program", err)
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), variable+"="+work)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

type mount struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
}

func mountAll(list []mount) error {
	for _, m := range list {
		if err := syscall.Mount(m.source, m.target, m.fstype, m.flags, m.data); err != nil {
			return fmt.Errorf("mount '%s' at '%s': %w", m.source, m.target, err)
		}
	}
	return nil
}

func prepare() error {
	os.Unsetenv(variable)
	err := mountAll([]mount{
		{"none", "/", "", syscall.MS_REC | syscall.MS_PRIVATE, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"work", Work, "tmpfs", 0, "mode=755"},
	})
	if err != nil {
		return err
	}
	if err := os.Chdir(Work); err != nil {
		return err
	}
	// The runtime opens what it polls with at the first pipe, and keeps it.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	w.Close()
	for _, name := range []string{"inside", "fake", "container"} {
		if err := copySelf(filepath.Join(Work, name)); err != nil {
			return err
		}
	}
	for _, place := range []string{"a", "src"} {
		if err := makeSources(filepath.Join(Work, place)); err != nil {
			return err
		}
	}
	if err := MakeRoot(filepath.Join(Work, "a/root")); err != nil {
		return err
	}
	return MakeRoot(filepath.Join(Work, "newroot"))
}

func copySelf(path string) error {
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o755)
}

func makeSources(dir string) error {
	for _, name := range []string{"data", "ro"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	name := filepath.Base(dir)
	if err := os.WriteFile(filepath.Join(dir, "data/file"), []byte("data of "+name+"\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "conf"), []byte("conf of "+name+"\n"), 0o644)
}

// MakeRoot makes a root directory with a place for each mount of the container.
func MakeRoot(dir string) error {
	for _, name := range []string{"proc", "tmp", "data", "ro", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "etc/conf"), nil, 0o644); err != nil {
		return err
	}
	return os.Link(filepath.Join(Work, "inside"), filepath.Join(dir, "inside"))
}

// ---- the container ----

// Externals are the names of the container's external mounts, by their paths; Sources the sources
// for a restore, by name.
var (
	Externals = map[string]string{"/data": "data", "/etc/conf": "conf", "/ro": "ro"}
	Sources   = map[string]string{"data": "src/data", "conf": "src/conf", "ro": "src/ro"}
)

// Container starts a container; the function that it returns ends it.
func Container() (pid int, end func(), err error) {
	cmd := exec.Command(filepath.Join(Work, "container"), filepath.Join(Work, "a"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	end = func() {
		stdin.Close()
		_ = cmd.Wait()
	}
	if _, err := stdout.Read(make([]byte, 16)); err != nil {
		end()
		return 0, nil, fmt.Errorf("the container did not start: %w", err)
	}
	return cmd.Process.Pid, end, nil
}

// container is its first process, until its standard input is closed.
func container(a string) error {
	if err := syscall.Mount(a+"/root", a+"/root", "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	if err := os.Chdir(a + "/root"); err != nil {
		return err
	}
	err := mountAll([]mount{
		{"proc", "proc", "proc", 0, ""},
		{"tmp", "tmp", "tmpfs", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=1777"},
		{a + "/data", "data", "", syscall.MS_BIND, ""},
		{a + "/conf", "etc/conf", "", syscall.MS_BIND, ""},
		{a + "/ro", "ro", "", syscall.MS_BIND, ""},
		{"none", "ro", "", syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY, ""},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile("tmp/note", []byte("remember me\n"), 0o644); err != nil {
		return err
	}
	if err := pivot(); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = os.Stdin.Read(make([]byte, 1))
	if err.Error() == "EOF" {
		return nil
	}
	return err
}

func pivot() error {
	if err := syscall.PivotRoot(".", "."); err != nil {
		return err
	}
	return syscall.Unmount(".", syscall.MNT_DETACH)
}
