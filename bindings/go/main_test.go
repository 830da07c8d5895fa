// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"rebind"
	"rebind/internal/sandbox"
)

var container int

func TestMain(m *testing.M) {
	sandbox.Main(m)
}

// begin is called first in a test that dumps or restores: there is a container, and what the test
// leaves behind is an error.
func begin(t testing.TB) {
	t.Helper()
	t.Cleanup(sandbox.Unchanged(t))
	pid, end, err := sandbox.Container()
	if err != nil {
		t.Fatal(err)
	}
	container = pid
	t.Cleanup(end)
}

// directory is a new one, until the end of the test.
func directory(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(sandbox.Work, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// timeLimit is that of a single command.
func timeLimit(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func names() []string {
	var list []string
	for path, key := range sandbox.Externals {
		list = append(list, rebind.External(path, key))
	}
	sort.Strings(list)
	return list
}

func sources() []string {
	var list []string
	for key, source := range sandbox.Sources {
		list = append(list, rebind.External(key, filepath.Join(sandbox.Work, source)))
	}
	sort.Strings(list)
	return list
}

// dump makes an image of the container, until the end of the test.
func dump(t testing.TB) string {
	t.Helper()
	image := directory(t, "image")
	var client rebind.Client
	_, err := client.Dump(timeLimit(t), &rebind.DumpOptions{ImagesDir: image, Pid: container, External: names()})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// good are options that restore that image.
func good(image string) *rebind.RestoreOptions {
	return &rebind.RestoreOptions{ImagesDir: image, Root: filepath.Join(sandbox.Work, "newroot"), External: sources()}
}

// in runs the program of the container in a namespace, and returns what it prints.
func in(t testing.TB, namespace *os.File, args ...string) string {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.Command("/inside", args...)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := rebind.Start(namespace, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, stderr.String())
	}
	return out.String()
}

func findings(t testing.TB, err error) *rebind.FindingsError {
	t.Helper()
	var all *rebind.FindingsError
	if !errors.As(err, &all) {
		t.Fatalf("not findings: %v", err)
	}
	var exit *rebind.ExitError
	if !errors.As(err, &exit) || exit.Verb != all.Verb {
		t.Errorf("it is no ExitError: %v", err)
	}
	return all
}
