// SPDX-License-Identifier: LGPL-2.1-or-later

// Package criu speaks CRIU's protocol with a worker, `rebind swrk`, or a service, `rebind service`. Its
// types and methods are those that users of go-criu know. Messages are encoded here: no generated code,
// no module beside the standard library.
//
//	c := criu.MakeCriu()
//	err := c.Dump(&criu.CriuOpts{
//		ImagesDirFd:  criu.Int32(int32(dir.Fd())),
//		Pid:          criu.Int32(4711),
//		LeaveRunning: criu.Bool(true),
//		External:     []string{"mnt[/data]:data"},
//	}, criu.NoNotify{})
//
// Without a CRIU beside it (REBIND_CRIU), rebind dumps and restores mounts, not processes: a dump needs
// LeaveRunning, and the process of a restore is a pause process in the restored namespaces.
//
// # From go-criu
//
// The options have the names of rpc.CriuOpts. proto.Int32 and its like are Int32 and its like here.
// DumpContext and RestoreContext take a context; RestoreContext returns the mount namespace as well. An
// error is an Error, with CRIU's errno and the end of its log, and with the error of a Notify method.
package criu
