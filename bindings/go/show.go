// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"context"
	"os"
	"strconv"
	"strings"
)

// Target is a namespace: that of a process (PID), of an nsfs file, an image directory, a directory of
// RestorePinDir or a copy of a mountinfo file (Path), or of a descriptor (File). The zero value is
// the namespace of this process.
type Target struct {
	path string
	pid  int
	file *os.File
}

// PID is the namespace of a process.
func PID(pid int) Target { return Target{pid: pid} }

// Path is a namespace by the path of an nsfs file, an image, a directory of pins or a mountinfo file.
func Path(path string) Target { return Target{path: path} }

// File is a namespace by an open file, as Restore returns it, or an image by its open directory.
func File(file *os.File) Target { return Target{file: file} }

func (t Target) word(a *arguments) string {
	switch {
	case t.file != nil:
		return a.inherited(t.file)
	case t.pid != 0:
		return strconv.Itoa(t.pid)
	case t.path == "":
		return "/proc/self/ns/mnt"
	case strings.HasPrefix(t.path, "-") || isDigits(t.path):
		return "./" + t.path
	}
	return t.path
}

// isDigits tells a name that the command would take for a process id.
func isDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}

// ShowOptions choose a namespace of several.
type ShowOptions struct {
	NsID     uint32 // of an image that has several
	AllMntNs bool   // all of an image, or of the processes below a process
}

// Show returns the mounts of a namespace or an image, parents before their children. options may be nil.
func (c *Client) Show(ctx context.Context, what Target, options *ShowOptions) ([]Mount, error) {
	a := newArguments("show")
	if options != nil {
		a.number("--ns-id", uint64(options.NsID))
		a.flag("--all-mntns", options.AllMntNs)
	}
	a.rest = []string{what.word(a)}
	report, err := c.ask(ctx, a, 0)
	if err != nil {
		return nil, err
	}
	return report.Mounts, nil
}

// DiffOptions say what is compared, beside what is always compared.
type DiffOptions struct {
	Sources  bool // of the root, of external mounts and of plugins' mounts
	Contents bool // of tmpfs mounts
	NsID     uint32
	AllMntNs bool
}

// Diff returns what two namespaces have different; none if they are equal. options may be nil.
func (c *Client) Diff(ctx context.Context, left, right Target, options *DiffOptions) ([]Difference, error) {
	a := newArguments("diff")
	if options != nil {
		a.flag("--sources", options.Sources)
		a.flag("--contents", options.Contents)
		a.number("--ns-id", uint64(options.NsID))
		a.flag("--all-mntns", options.AllMntNs)
	}
	a.rest = []string{left.word(a), right.word(a)}
	report, err := c.ask(ctx, a, 0, 1)
	if err != nil {
		return nil, err
	}
	return report.Differences, nil
}
