// SPDX-License-Identifier: LGPL-2.1-or-later

// Package rebind dumps a mount namespace, and builds it again under another root. It runs the command
// rebind(1), needs no cgo, and imports the standard library alone.
//
//	client := &rebind.Client{}
//	_, err := client.Dump(ctx, &rebind.DumpOptions{
//		ImagesDir: "/var/tmp/image", Pid: 4711,
//		External: []string{rebind.External("/data", "data")},
//	})
//	...
//	namespace, err := client.Restore(ctx, &rebind.RestoreOptions{
//		ImagesDir: "/var/tmp/image", Root: "/srv/newroot",
//		External: []string{rebind.External("data", "/srv/volumes/data")},
//	})
//	...
//	defer namespace.Close()
//	cmd := exec.Command("/bin/sh")
//	err = rebind.Start(namespace, cmd)
//
// # Errors
//
// FindingsError has all that is wrong with a namespace, an image or the options, each finding with its
// code, mount, path, sentence and help. ExitError is a failure without findings; StartError says that
// the command cannot be run; OutputError that it does not answer as rebind does; CancelError that the
// context has ended. errors.As finds each, errors.Is the error below: syscall.EPERM, fs.ErrNotExist,
// context.Canceled.
//
// # Cancellation
//
// When a context ends, the command gets SIGTERM. The call returns when the command and its processes
// have undone what they did: no mount, mountpoint, file or process is left. A command that has not ended
// after Client.Grace is killed, and CancelError.Unclean is set. If the command has succeeded although
// the context has ended, the call succeeds: a namespace is never lost.
//
// # Descriptors, goroutines and threads
//
// A namespace is an *os.File that the caller closes. It is not inherited by commands. Files in options
// stay the caller's, and must be open until the call returns. Every call ends its goroutines before it
// returns. Only Start locks a goroutine to a thread, and says why.
//
// # A process in a restored namespace
//
// A Go program cannot call setns(2) for a mount namespace: the kernel refuses it to a process with
// threads. There are three ways:
//
//   - Start starts a command in a namespace that Restore has returned.
//   - Client.Command runs rebind as the parent of the command. Use it for a user namespace.
//   - A program that re-executes itself as the first process of a container, as runc does, enters the
//     namespace before the Go runtime starts its threads: it takes the descriptor in
//     exec.Cmd.ExtraFiles.
//
// # Runtimes
//
// runc, crun and podman ask CRIU by its protocol. Package rebind/criu has the interface that they know
// from go-criu: replace the import, and set the program of the worker. With REBIND_CRIU in
// its environment, that CRIU restores the processes, and rebind the mounts.
//
// A shim of containerd, which runs its runtime's binary, needs no code: a directory in PATH has a link
// "criu" to rebind (rebind(1), RUNTIMES). A shim that makes containers itself calls RestoreOptions.Bundle
// with the bundle of the task, and starts the first process with Start.
//
// CRI-O and podman export checkpoints as archives: RestoreOptions.Checkpoint takes one, with the bundle
// of the new container; PlanRestore lists all that is wrong before a container is created.
// Client.Diff compares the container with its checkpoint.
package rebind
