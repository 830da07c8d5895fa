// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"fmt"
	"strings"
	"syscall"
)

// StartError says that the command could not be run: errors.Is with fs.ErrNotExist or
// exec.ErrNotFound tells that there is none.
type StartError struct {
	Verb string
	Path string // the program, as it was looked for
	Err  error
}

func (e *StartError) Error() string {
	return fmt.Sprintf("rebind %s: cannot run '%s': %v; set Client.Path or the variable REBIND",
		e.Verb, e.Path, e.Err)
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// ExitError says that the command failed. Nothing was dumped or restored, and nothing is left of it.
type ExitError struct {
	Verb   string
	Status int            // 1: it failed; 2: a usage error, and for diff any error; -1: a signal
	Signal syscall.Signal // what ended it, or 0
	Errno  string         // name of the error, as "ENOENT", or empty
	Errors []string       // sentences
	Stderr string         // the first 64 KiB of what it wrote to standard error
}

func (e *ExitError) Error() string {
	return "rebind " + e.Verb + ": " + e.reason()
}

func (e *ExitError) reason() string {
	if len(e.Errors) > 0 {
		return strings.Join(e.Errors, "; ")
	}
	if e.Signal != 0 {
		return "the command was ended by signal " + e.Signal.String()
	}
	if text := strings.TrimSpace(e.Stderr); text != "" {
		return text
	}
	if e.Errno != "" {
		return e.Errno
	}
	return fmt.Sprintf("exit status %d", e.Status)
}

// Usage returns true if an option or an argument is malformed, or the command does not know it: it
// may be older than this package.
func (e *ExitError) Usage() bool {
	return e.Status == 2 && e.Verb != "diff"
}

// Unwrap returns the syscall.Errno of Errno, so that errors.Is finds fs.ErrNotExist and its like.
func (e *ExitError) Unwrap() error {
	if errno, ok := errnos[e.Errno]; ok {
		return errno
	}
	return nil
}

// FindingsError says that the command refused, and has all that is wrong. errors.As finds the
// ExitError in it as well.
type FindingsError struct {
	ExitError
	Findings []Finding
	// Differences are those of a restored namespace from its image; it was discarded.
	Differences []Difference
}

// Error returns a line for each finding, as the command prints them.
func (e *FindingsError) Error() string {
	lines := make([]string, 0, len(e.Findings)+len(e.Differences)+1)

	for _, finding := range e.Findings {
		lines = append(lines, finding.String())
	}
	for _, difference := range e.Differences {
		lines = append(lines, difference.String())
	}
	lines = append(lines, e.Errors...)
	return "rebind " + e.Verb + ": " + strings.Join(lines, "\n")
}

// Unwrap returns the ExitError.
func (e *FindingsError) Unwrap() error { return &e.ExitError }

// Has returns the first finding with this code, or nil.
func (e *FindingsError) Has(code string) *Finding {
	for i := range e.Findings {
		if e.Findings[i].Code == code {
			return &e.Findings[i]
		}
	}
	return nil
}

// OutputError says that the command did not answer as rebind does: it is another program, a much
// older rebind, or its answer is longer than Client.MaxOutput.
type OutputError struct {
	Verb   string
	Status int
	Reason string
	Stderr string // the first 64 KiB
}

func (e *OutputError) Error() string {
	text := fmt.Sprintf("rebind %s: its answer cannot be used: %s (exit status %d)", e.Verb, e.Reason, e.Status)
	if said := strings.TrimSpace(e.Stderr); said != "" {
		text += ": " + said
	}
	return text
}

// CancelError says that the context ended before the command did. The command was told to end, and
// has undone what it did.
type CancelError struct {
	Verb string
	Err  error // that of the context
	// Unclean says that the command did not end within Client.Grace and was killed, or that a
	// process of its own had not ended by then. rebind(1), LIMITS, lists what may be left.
	Unclean bool
}

func (e *CancelError) Error() string {
	text := "rebind " + e.Verb + ": " + e.Err.Error()
	if e.Unclean {
		text += "; the command did not end in time and was killed"
	}
	return text
}

// Unwrap returns the error of the context: context.Canceled or context.DeadlineExceeded.
func (e *CancelError) Unwrap() error { return e.Err }

// errnos are the names that the command uses.
var errnos = map[string]syscall.Errno{
	"E2BIG": syscall.E2BIG, "EACCES": syscall.EACCES, "EAGAIN": syscall.EAGAIN, "EBADF": syscall.EBADF,
	"EBADMSG": syscall.EBADMSG, "EBUSY": syscall.EBUSY, "ECANCELED": syscall.ECANCELED,
	"ECHILD": syscall.ECHILD, "EEXIST": syscall.EEXIST, "EFBIG": syscall.EFBIG, "EINTR": syscall.EINTR,
	"EINVAL": syscall.EINVAL, "EIO": syscall.EIO, "EISDIR": syscall.EISDIR, "ELIBACC": syscall.ELIBACC,
	"ELOOP": syscall.ELOOP, "EMFILE": syscall.EMFILE, "EMSGSIZE": syscall.EMSGSIZE,
	"ENAMETOOLONG": syscall.ENAMETOOLONG, "ENFILE": syscall.ENFILE, "ENODATA": syscall.ENODATA,
	"ENODEV": syscall.ENODEV, "ENOENT": syscall.ENOENT, "ENOEXEC": syscall.ENOEXEC, "ENOMEM": syscall.ENOMEM,
	"ENOSPC": syscall.ENOSPC, "ENOSYS": syscall.ENOSYS, "ENOTDIR": syscall.ENOTDIR,
	"ENOTEMPTY": syscall.ENOTEMPTY, "ENOTSUP": syscall.ENOTSUP, "ENXIO": syscall.ENXIO,
	"EOPNOTSUPP": syscall.EOPNOTSUPP, "EOVERFLOW": syscall.EOVERFLOW, "EPERM": syscall.EPERM,
	"EPIPE": syscall.EPIPE, "EPROTO": syscall.EPROTO, "ERANGE": syscall.ERANGE, "EROFS": syscall.EROFS,
	"ESRCH": syscall.ESRCH, "ESTALE": syscall.ESTALE, "ETIMEDOUT": syscall.ETIMEDOUT,
	"ETXTBSY": syscall.ETXTBSY, "EUCLEAN": syscall.EUCLEAN, "EUSERS": syscall.EUSERS, "EXDEV": syscall.EXDEV,
}
