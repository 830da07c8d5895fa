// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"context"
	"os"
	"strconv"
	"time"
)

// DumpOptions say what is dumped, and where to. OPTIONS OF DUMP in rebind(1) describes each.
type DumpOptions struct {
	// ImagesDir is the directory of the image, which must exist. ImagesDirFile is that directory
	// as an open file, in its place; it stays the caller's, as all files do.
	ImagesDir     string
	ImagesDirFile *os.File

	// Pid is a process in the namespace. MntNs are nsfs files in its place; several are a set.
	Pid   int
	MntNs []*os.File
	// AllMntNs dumps also the mount namespaces of the processes below Pid.
	AllMntNs bool

	// External names external mounts: External("/data", "key"), "mnt[*]", "dev[8/1]:key" and the
	// other forms of --external. There may be a million of them.
	External []string
	SkipMnt  []string // paths of mounts that are left out, with all below
	Copy     []string // paths of filesystems that are copied although the caller has them mounted
	Bundle   string   // an OCI bundle that names the binds
	EnableFs []string

	Compress string // "gzip", "gzip:LEVEL" or "none"
	Freeze   bool   // freeze the cgroup of Pid meanwhile
	Strict   bool   // a file that changes while it is copied is an error

	Libdir        string        // the directory of the plugins
	PluginTimeout time.Duration // how long a plugin may take to answer, in whole seconds
	LogFile       string
	// Progress is called several times a second, from another goroutine, and not after the call has
	// returned. It may be nil.
	Progress func(Progress)

	// Args are further options of the command, as "--root-of=namespace".
	Args []string
}

// External is an argument for External of the options: of a dump the mount at the path of the container, with its key; of a
// restore the mount with the key, with its source on this host.
func External(what, is string) string {
	return "mnt[" + what + "]:" + is
}

// Dump writes an image. Its result lists files of a tmpfs that changed while they were copied. A
// dump that fails or is canceled leaves no image.
func (c *Client) Dump(ctx context.Context, options *DumpOptions) ([]Changed, error) {
	a := options.arguments()
	a.progress = options.Progress
	report, err := c.ask(ctx, a, 0)
	if err != nil {
		return nil, err
	}
	return report.Changed, nil
}

// PlanDump returns a line for each mount, with its owner; or the error that Dump would return. It
// writes nothing.
func (c *Client) PlanDump(ctx context.Context, options *DumpOptions) ([]string, error) {
	a := options.arguments()
	a.flag("--dry-run", true)
	report, err := c.ask(ctx, a, 0)
	if err != nil {
		return nil, err
	}
	return report.Lines, nil
}

func (o *DumpOptions) arguments() *arguments {
	a := newArguments("dump")

	a.place("--images-dir", o.ImagesDir, o.ImagesDirFile)
	if o.Pid != 0 {
		a.text("--tree", strconv.Itoa(o.Pid))
	}
	for _, file := range o.MntNs {
		a.text("--mntns", a.inherited(file))
	}
	a.flag("--all-mntns", o.AllMntNs)
	a.external = o.External
	a.list("--skip-mnt", o.SkipMnt)
	a.list("--copy", o.Copy)
	a.text("--bundle", o.Bundle)
	a.list("--enable-fs", o.EnableFs)
	a.text("--compress", o.Compress)
	a.flag("--freeze", o.Freeze)
	a.flag("--strict", o.Strict)
	a.text("--libdir", o.Libdir)
	a.seconds("--plugin-timeout", o.PluginTimeout)
	a.text("--log-file", o.LogFile)
	a.words = append(a.words, o.Args...)
	return a
}
