// SPDX-License-Identifier: LGPL-2.1-or-later

// Runtime restores the mounts of a container, as a container runtime would, and runs a command among
// them, in a pid, net, ipc and uts namespace of its own.
//
// usage: runtime IMAGE ROOT [KEY=SOURCE...] -- COMMAND [ARG...]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"rebind"
)

const restoreFailed = 125 // as rebind(1) has it

var kinds = []string{"pid", "net", "ipc", "uts"}

func main() {
	words, command := split(os.Args[1:])
	if len(words) < 2 || len(command) == 0 {
		fmt.Fprintln(os.Stderr, "usage: runtime IMAGE ROOT [KEY=SOURCE...] -- COMMAND [ARG...]")
		os.Exit(restoreFailed)
	}
	status, err := run(words, command)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(restoreFailed)
	}
	os.Exit(status)
}

func split(args []string) (words, command []string) {
	for i, arg := range args {
		if arg == "--" {
			return args[:i], args[i+1:]
		}
	}
	return args, nil
}

func run(words, command []string) (int, error) {
	// A key of the terminal, or SIGTERM, cancels the restore: then nothing is left of it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options := &rebind.RestoreOptions{ImagesDir: words[0], Root: words[1], NewNs: kinds}
	for _, word := range words[2:] {
		key, source, _ := strings.Cut(word, "=")
		options.External = append(options.External, rebind.External(key, source))
	}
	dir, err := os.MkdirTemp("", "runtime-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	pid, err := new(rebind.Client).RestoreHolder(ctx, options, filepath.Join(dir, "pid"))
	if err != nil {
		return 0, explain(err)
	}
	// The first process of the pid namespace: all others end with it.
	defer syscall.Kill(pid, syscall.SIGKILL)
	return runIn(pid, command)
}

// explain shows how to take an error apart; its text would have all of this.
func explain(err error) error {
	var findings *rebind.FindingsError

	if !errors.As(err, &findings) {
		return err
	}
	for _, finding := range findings.Findings {
		fmt.Fprintf(os.Stderr, "%s: %s (%s)\n", finding.Path, finding.Text, finding.Code)
	}
	return errors.New("nothing was restored")
}

func runIn(pid int, command []string) (int, error) {
	var files []*os.File

	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	for _, kind := range append([]string{"mnt"}, kinds...) {
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err != nil {
			return 0, err
		}
		files = append(files, file)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := rebind.Start(files[0], cmd, files[1:]...); err != nil {
		return 0, err
	}
	err := cmd.Wait()
	if cmd.ProcessState == nil {
		return 0, err
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
