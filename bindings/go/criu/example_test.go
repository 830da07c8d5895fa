// SPDX-License-Identifier: LGPL-2.1-or-later

package criu_test

import (
	"fmt"
	"os"

	"rebind/criu"
	"rebind/internal/sandbox"
)

// mounter is told when the namespaces of the container exist.
type mounter struct {
	criu.NoNotify
}

func (mounter) SetupNamespaces(pid int32) error {
	fmt.Println("its namespaces exist:", pid > 0)
	return nil
}

func (mounter) PostRestore(pid int32) error {
	fmt.Println("it is restored:", pid > 0)
	return nil
}

func Example() {
	pid, end, err := sandbox.Container()
	if err != nil {
		panic(err)
	}
	defer end()
	if err := os.Mkdir("example", 0o755); err != nil {
		panic(err)
	}
	defer os.RemoveAll("example")
	dir, err := os.Open("example")
	if err != nil {
		panic(err)
	}
	defer dir.Close()

	c := criu.MakeCriu()
	err = c.Dump(&criu.CriuOpts{
		ImagesDirFd:  criu.Int32(int32(dir.Fd())),
		Pid:          criu.Int32(int32(pid)),
		LeaveRunning: criu.Bool(true),
		External:     []string{"mnt[/data]:data", "mnt[/etc/conf]:conf", "mnt[/ro]:ro"},
	}, criu.NoNotify{})
	fmt.Println("dumped:", err == nil)

	err = c.Restore(&criu.CriuOpts{
		ImagesDirFd: criu.Int32(int32(dir.Fd())),
		Root:        criu.String("/nowhere"),
	}, mounter{})
	fmt.Println("restored under a root that is missing:", err == nil)
	// Output:
	// dumped: true
	// restored under a root that is missing: false
}
