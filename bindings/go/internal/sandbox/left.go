// SPDX-License-Identifier: LGPL-2.1-or-later

package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// State is what a test must leave as it was.
type State struct {
	Mounts     string
	Files      string // of the work directory
	Processes  string
	Fds        int
	Goroutines int
}

// Now is the state of this moment.
func Now() State {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	fds, _ := os.ReadDir("/proc/self/fd")
	return State{Mounts: string(table), Files: files(), Processes: processes(), Fds: len(fds),
		Goroutines: runtime.NumGoroutine()}
}

// Unchanged is called first in a test; the function that it returns, at its end. What is just ending
// gets some seconds.
func Unchanged(t testing.TB) func() {
	t.Helper()
	before := Now()
	return func() {
		t.Helper()
		var after State
		for i := 0; i < 100; i++ {
			if after = Now(); after.differs(before) == "" {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error(after.differs(before))
	}
}

// differs returns what is other than before. A goroutine of earlier may end at any time.
func (s State) differs(before State) string {
	for _, pair := range [][3]string{
		{"mounts", before.Mounts, s.Mounts}, {"files", before.Files, s.Files},
		{"processes", before.Processes, s.Processes},
		{"descriptors", strconv.Itoa(before.Fds), strconv.Itoa(s.Fds)},
	} {
		if pair[1] != pair[2] {
			return fmt.Sprintf("%s differ:\nbefore:\n%s\nafter:\n%s", pair[0], pair[1], pair[2])
		}
	}
	if s.Goroutines > before.Goroutines {
		stacks := make([]byte, 1<<16)
		return "goroutines are left:\n" + string(stacks[:runtime.Stack(stacks, true)])
	}
	return ""
}

// files are the names in the work directory, with their kinds. What the tests write to is left out.
func files() string {
	var list []string
	_ = filepath.WalkDir(Work, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		list = append(list, path+" "+entry.Type().String())
		return nil
	})
	return strings.Join(list, "\n")
}

// processes are those of the pid namespace that have not ended.
func processes() string {
	var list []string
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			continue
		}
		command, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		list = append(list, fmt.Sprintf("%s %.60q", entry.Name(), command))
	}
	sort.Strings(list)
	return strings.Join(list, "\n")
}
