// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rebind"
	"rebind/internal/sandbox"
)

// stopAt makes an action script that waits at one moment, and a context that ends when it does.
func stopAt(t *testing.T, moment string) (context.Context, string) {
	t.Helper()
	dir := directory(t, "stop")
	pipe, script := filepath.Join(dir, "pipe"), filepath.Join(dir, "script")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\n[ \"$CRTOOLS_SCRIPT_ACTION\" != " + moment + " ] || { echo here >" + pipe + "; exec sleep 60; }\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		reader.Close()
		<-done
	})
	go func() {
		defer close(done)
		_, _ = reader.Read(make([]byte, 8))
		cancel()
	}()
	return ctx, script
}

func canceledWell(t *testing.T, err error) {
	t.Helper()
	var canceled *rebind.CancelError
	if !errors.As(err, &canceled) || !errors.Is(err, context.Canceled) || canceled.Unclean {
		t.Errorf("%v", err)
	}
}

func TestARestoreIsCanceledAtEachMoment(t *testing.T) {
	for _, moment := range []string{"pre-restore", "setup-namespaces", "post-setup-namespaces", "post-restore", "pre-resume"} {
		t.Run(moment, func(t *testing.T) {
			begin(t)
			image := dump(t)
			root := filepath.Join(sandbox.Work, "newroot")
			if err := os.Remove(filepath.Join(root, "ro")); err != nil {
				t.Fatal(err)
			}
			defer os.Mkdir(filepath.Join(root, "ro"), 0o755)
			options := good(image)
			options.CreateMountpoints, options.NewNs = true, []string{"pid", "net"}
			ctx, script := stopAt(t, moment)
			options.Args = []string{"--action-script=" + script}
			start := time.Now()
			namespace, err := new(rebind.Client).Restore(ctx, options)
			if namespace != nil {
				namespace.Close()
			}
			canceledWell(t, err)
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
			if _, err := os.Lstat(filepath.Join(root, "ro")); err == nil {
				t.Error("a mountpoint is left when the call returns")
			}
		})
	}
}

func TestADumpIsCanceledAtEachMoment(t *testing.T) {
	for _, moment := range []string{"pre-dump", "post-dump"} {
		t.Run(moment, func(t *testing.T) {
			begin(t)
			image := directory(t, "image")
			ctx, script := stopAt(t, moment)
			_, err := new(rebind.Client).Dump(ctx, &rebind.DumpOptions{ImagesDir: image, Pid: container,
				External: names(), Args: []string{"--action-script=" + script}})
			canceledWell(t, err)
			if entries, _ := os.ReadDir(image); len(entries) != 0 {
				t.Errorf("files are left when the call returns: %v", entries)
			}
		})
	}
}

// TestACancelAtAnyTime has either a result or an error, and never something in between.
func TestACancelAtAnyTime(t *testing.T) {
	begin(t)
	image := dump(t)
	second := directory(t, "second")
	client := new(rebind.Client)
	results := map[bool]int{}
	for i := 0; i < 60; i++ {
		limit := time.Duration(i) * 2 * time.Millisecond
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		namespace, err := client.Restore(ctx, good(image))
		if (namespace == nil) == (err == nil) || (err != nil && !errors.Is(err, context.DeadlineExceeded)) {
			t.Errorf("after %v: %v, %v", limit, namespace, err)
		}
		results[err == nil]++
		if namespace != nil {
			if got := in(t, namespace, "cat", "/data/file", "/etc/conf", "/tmp/note"); got != contents {
				t.Errorf("inside is %q", got)
			}
			namespace.Close()
		}
		cancel()

		ctx, cancel = context.WithTimeout(context.Background(), limit)
		_, err = client.Dump(ctx, &rebind.DumpOptions{ImagesDir: second, Pid: container, External: names()})
		entries, _ := os.ReadDir(second)
		whole := false
		for _, entry := range entries {
			whole = whole || entry.Name() == "inventory.img"
		}
		if whole != (err == nil) || (err != nil && len(entries) > 0) {
			var list []string
			for _, entry := range entries {
				list = append(list, entry.Name())
			}
			time.Sleep(time.Second)
			later, _ := os.ReadDir(second)
			t.Errorf("after %v: %v, a second later %v, %v", limit, list, later, err)
		}
		cancel()
		for _, entry := range entries {
			if err := os.Remove(filepath.Join(second, entry.Name())); err != nil && !strings.Contains(err.Error(), "no such file") {
				t.Error(err)
			}
		}
	}
	t.Logf("%d restores succeeded, %d were canceled", results[true], results[false])
	if results[false] == 0 {
		t.Error("none was canceled")
	}
}
