// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Sharing is what becomes of a mount that was in a peer group with mounts outside, or a slave of one.
type Sharing string

// The values of Sharing. Strict is the default: the mount gets the same relation to its new source.
const (
	SharingStrict  Sharing = "strict"
	SharingSlave   Sharing = "slave"
	SharingPrivate Sharing = "private"
)

// RestoreOptions say what is restored, and with what. OPTIONS OF RESTORE in rebind(1) describes each.
type RestoreOptions struct {
	// ImagesDir is the directory of the image, ImagesDirFile the same as an open file. Checkpoint
	// is an archive of podman in their place.
	ImagesDir     string
	ImagesDirFile *os.File
	Checkpoint    string

	// Root is the directory that becomes the root, RootFile the same as an open file. Without
	// either it is the root of this process. Bundle is an OCI bundle that gives root and sources.
	Root     string
	RootFile *os.File
	Bundle   string

	// External gives sources to external mounts: External("key", "/srv/data").
	External []string
	// Files gives them as open directories, files or detached mounts, by key.
	Files         map[string]*os.File
	ExternalFlags []string // "KEY:FLAG[,FLAG...]": restrictions of an external mount

	// NewNs are new namespaces that filesystems like proc show: user, pid, net, ipc, uts, cgroup.
	// JoinNs are existing ones: "net:4711", "ipc:/path".
	NewNs  []string
	JoinNs []string

	Sharing           Sharing
	CreateMountpoints bool
	SkipMissingMasks  bool
	CgroupRoot        []string
	EnableFs          []string
	AllowDevices      bool
	MaxContents       uint64 // bytes of memory for contents of tmpfs; 0: half of the machine's
	LsmMountContext   string
	NsID              uint32 // which namespace of an image that has several
	Libdir            string
	PluginTimeout     time.Duration
	LogFile           string
	Progress          func(Progress) // see DumpOptions
	Args              []string       // further options of the command
}

// Namespace is one of a set.
type Namespace struct {
	ID   uint32 // its number in the image
	File *os.File
}

// Restore builds the namespace of an image, and returns its descriptor. The namespace lives as long
// as the descriptor is open, or a process is in it; the caller closes the file. After an error
// nothing is left.
func (c *Client) Restore(ctx context.Context, options *RestoreOptions) (*os.File, error) {
	all, err := c.receive(ctx, options.work(), 1)
	if err != nil {
		return nil, err
	}
	return all[0].File, nil
}

// RestoreSet builds all namespaces of an image that was dumped as a set. The caller closes all files.
func (c *Client) RestoreSet(ctx context.Context, options *RestoreOptions) ([]Namespace, error) {
	return c.receive(ctx, options.work(), 0)
}

// RestoreCopies builds n namespaces of an image, which share no filesystem that rebind creates. The
// caller closes all files.
func (c *Client) RestoreCopies(ctx context.Context, options *RestoreOptions, n int) ([]*os.File, error) {
	a := options.work()
	a.text("--copies", strconv.Itoa(n))
	all, err := c.receive(ctx, a, n)
	if err != nil {
		return nil, err
	}
	files := make([]*os.File, len(all))
	for i := range all {
		files[i] = all[i].File
	}
	return files, nil
}

// RestorePin builds the namespace of an image, and binds it to a file. It lives until the file is
// unmounted.
func (c *Client) RestorePin(ctx context.Context, options *RestoreOptions, file string) error {
	a := options.work()
	a.text("--pin", file)
	_, err := c.ask(ctx, a, 0)
	return err
}

// RestorePinDir binds each namespace of an image to a file in dir, its number.
func (c *Client) RestorePinDir(ctx context.Context, options *RestoreOptions, dir string) error {
	a := options.work()
	a.text("--pin-dir", dir)
	_, err := c.ask(ctx, a, 0)
	return err
}

// RestoreHolder builds the namespace of an image, and returns a process that holds it, and the
// namespaces of NewNs with it. They live until that process is killed. Its number is also in pidfile.
// It is not a child of this process.
func (c *Client) RestoreHolder(ctx context.Context, options *RestoreOptions, pidfile string) (int, error) {
	a := options.work()
	a.text("--pidfile", pidfile)
	report, err := c.ask(ctx, a, 0)
	if err != nil {
		return 0, err
	}
	if report.Holder <= 0 {
		return 0, &OutputError{Verb: a.verb, Reason: "it names no holder"}
	}
	return report.Holder, nil
}

// PlanRestore returns a line for each step; or the error that Restore would return. It does nothing.
func (c *Client) PlanRestore(ctx context.Context, options *RestoreOptions) ([]string, error) {
	a := options.arguments()
	a.flag("--dry-run", true)
	report, err := c.ask(ctx, a, 0)
	if err != nil {
		return nil, err
	}
	return report.Lines, nil
}

// Command returns a command that builds the namespace, runs a program in it and waits for it. The
// caller sets its standard input, output and error, and starts it. Its exit status is that of the
// program, 128 plus the signal that ended it, or 125 if the restore failed, 126 if the program
// cannot be executed, 127 if it was not found. What is wrong is text on standard error; Restore
// with Start has it as typed errors. A signal to the command is passed on to the program.
func (c *Client) Command(options *RestoreOptions, program string, args ...string) (*exec.Cmd, error) {
	a := options.arguments()
	a.words = append([]string{"restore"}, a.words[2:]...) // standard output is the program's
	a.rest = append([]string{"--", program}, args...)
	if len(strings.Join(a.external, "")) > maxInline {
		a.fail("Command takes at most %d bytes of External: its standard input is the program's", maxInline)
	}
	if err := a.finish(); err != nil {
		return nil, err
	}
	cmd := exec.Command(c.path(), a.words...)
	cmd.Env, cmd.ExtraFiles = c.Env, a.files
	return cmd, nil
}

// work is a restore that is not only planned.
func (o *RestoreOptions) work() *arguments {
	a := o.arguments()
	a.progress = o.Progress
	return a
}

func (o *RestoreOptions) arguments() *arguments {
	a := newArguments("restore")

	a.place("--images-dir", o.ImagesDir, o.ImagesDirFile)
	a.text("--checkpoint", o.Checkpoint)
	a.place("--root", o.Root, o.RootFile)
	a.text("--bundle", o.Bundle)
	a.external = o.External
	o.addFiles(a)
	a.list("--external-flags", o.ExternalFlags)
	a.text("--new-ns", strings.Join(o.NewNs, ","))
	a.list("--join-ns", o.JoinNs)
	a.text("--sharing", string(o.Sharing))
	a.flag("--create-mountpoints", o.CreateMountpoints)
	a.flag("--skip-missing-masks", o.SkipMissingMasks)
	a.list("--cgroup-root", o.CgroupRoot)
	a.list("--enable-fs", o.EnableFs)
	a.flag("--allow-devices", o.AllowDevices)
	a.number("--max-contents", o.MaxContents)
	a.text("--lsm-mount-context", o.LsmMountContext)
	a.number("--ns-id", uint64(o.NsID))
	a.text("--libdir", o.Libdir)
	a.seconds("--plugin-timeout", o.PluginTimeout)
	a.text("--log-file", o.LogFile)
	a.words = append(a.words, o.Args...)
	return a
}

func (o *RestoreOptions) addFiles(a *arguments) {
	keys := make([]string, 0, len(o.Files))

	for key := range o.Files {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		a.text("--inherit-fd", fmt.Sprintf("fd[%d]:mnt[%s]", a.inherit(o.Files[key]), key))
	}
}
