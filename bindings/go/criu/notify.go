// SPDX-License-Identifier: LGPL-2.1-or-later

package criu

import "fmt"

// Notify is called at the moments of a dump or a restore, in the order of the methods. An error fails
// the operation, and everything is undone. The methods are those of go-criu; a method PreResume() error
// is called as well, if there is one.
type Notify interface {
	PreDump() error
	NetworkLock() error
	PostDump() error

	PreRestore() error
	// SetupNamespaces: the namespaces exist, the mounts do not. pid is a process in them; a network
	// link can be moved to it.
	SetupNamespaces(pid int32) error
	// PostSetupNamespaces: the mounts are built, and compared with the image.
	PostSetupNamespaces() error
	PostRestore(pid int32) error
	NetworkUnlock() error
	PostResume() error
}

// NoNotify has all methods of Notify and PreResume, and does nothing. Embed it, and write those that you need.
type NoNotify struct{}

// PreDump does nothing.
func (NoNotify) PreDump() error { return nil }

// NetworkLock does nothing.
func (NoNotify) NetworkLock() error { return nil }

// PostDump does nothing.
func (NoNotify) PostDump() error { return nil }

// PreRestore does nothing.
func (NoNotify) PreRestore() error { return nil }

// SetupNamespaces does nothing.
func (NoNotify) SetupNamespaces(pid int32) error { return nil }

// PostSetupNamespaces does nothing.
func (NoNotify) PostSetupNamespaces() error { return nil }

// PostRestore does nothing.
func (NoNotify) PostRestore(pid int32) error { return nil }

// NetworkUnlock does nothing.
func (NoNotify) NetworkUnlock() error { return nil }

// PreResume does nothing.
func (NoNotify) PreResume() error { return nil }

// PostResume does nothing.
func (NoNotify) PostResume() error { return nil }

// preResumer is the moment that Notify of go-criu does not have. A Notify may have it as well.
type preResumer interface{ PreResume() error }

// call calls the method of a moment. A moment that this package does not know, of a later CRIU, is
// agreed to: refusing would fail each operation.
func call(nfy Notify, script string, pid int32) error {
	var err error

	switch script {
	case "pre-dump":
		err = nfy.PreDump()
	case "network-lock":
		err = nfy.NetworkLock()
	case "post-dump":
		err = nfy.PostDump()
	case "pre-restore":
		err = nfy.PreRestore()
	case "setup-namespaces":
		err = nfy.SetupNamespaces(pid)
	case "post-setup-namespaces":
		err = nfy.PostSetupNamespaces()
	case "post-restore":
		err = nfy.PostRestore(pid)
	case "network-unlock":
		err = nfy.NetworkUnlock()
	case "pre-resume":
		if n, ok := nfy.(preResumer); ok {
			err = n.PreResume()
		}
	case "post-resume":
		err = nfy.PostResume()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", script, err)
	}
	return nil
}
