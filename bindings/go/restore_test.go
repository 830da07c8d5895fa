// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rebind"
	"rebind/internal/sandbox"
)

const contents = "data of src\nconf of src\nremember me\n"

func TestDumpWithoutNamesListsAllThatIsWrong(t *testing.T) {
	begin(t)
	image := directory(t, "image")
	_, err := new(rebind.Client).Dump(timeLimit(t), &rebind.DumpOptions{ImagesDir: image, Pid: container})
	all := findings(t, err)
	if len(all.Findings) != len(sandbox.Externals) || all.Status != 1 {
		t.Errorf("%d findings, exit status %d: %v", len(all.Findings), all.Status, err)
	}
	for _, finding := range all.Findings {
		_, known := sandbox.Externals[finding.Path]
		if !known || finding.Code != "not-dumpable" || !strings.Contains(finding.Help, "--external") || finding.MountID == 0 {
			t.Errorf("%+v", finding)
		}
		if !strings.Contains(err.Error(), finding.Path+": "+finding.Text) {
			t.Errorf("the text lacks %s: %v", finding.Path, err)
		}
	}
	if all.Has("not-dumpable") == nil || all.Has("no-source") != nil {
		t.Error("Has finds another code")
	}
}

func TestPlanWritesNothing(t *testing.T) {
	begin(t)
	image := directory(t, "image")
	var client rebind.Client
	options := &rebind.DumpOptions{ImagesDir: image, Pid: container, External: names()}
	lines, err := client.PlanDump(timeLimit(t), options)
	if err != nil || !strings.Contains(strings.Join(lines, "\n"), "/data") {
		t.Errorf("%q, %v", lines, err)
	}
	if entries, _ := os.ReadDir(image); len(entries) != 0 {
		t.Errorf("there are files: %v", entries)
	}
	if _, err = client.Dump(timeLimit(t), options); err != nil {
		t.Fatal(err)
	}
	lines, err = client.PlanRestore(timeLimit(t), good(image))
	if err != nil || len(lines) < 6 {
		t.Errorf("%q, %v", lines, err)
	}
}

func TestShowOfAnImageHasTheKeys(t *testing.T) {
	begin(t)
	image := dump(t)
	mounts, err := new(rebind.Client).Show(timeLimit(t), rebind.Path(image), nil)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, mount := range mounts {
		if mount.Owner == "external" && sandbox.Externals[mount.Mountpoint] == mount.Key {
			found++
		}
	}
	if found != len(sandbox.Externals) || mounts[0].Mountpoint != "/" || mounts[0].Owner != "root" {
		t.Errorf("%+v", mounts)
	}
}

func TestRestoreGivesADescriptorOfWhatWasDumped(t *testing.T) {
	begin(t)
	image := dump(t)
	client := new(rebind.Client)
	namespace, err := client.Restore(timeLimit(t), good(image))
	if err != nil {
		t.Fatal(err)
	}
	defer namespace.Close()
	if got := in(t, namespace, "cat", "/data/file", "/etc/conf", "/tmp/note"); got != contents {
		t.Errorf("inside is %q", got)
	}
	differences, err := client.Diff(timeLimit(t), rebind.PID(container), rebind.File(namespace), &rebind.DiffOptions{Contents: true})
	if err != nil || len(differences) != 0 {
		t.Errorf("it differs: %v, %v", differences, err)
	}
	flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, namespace.Fd(), syscall.F_GETFD, 0)
	if flags&syscall.FD_CLOEXEC == 0 {
		t.Error("the descriptor is inherited by commands")
	}
}

func TestFilesStandForPaths(t *testing.T) {
	begin(t)
	open := func(path string) *os.File {
		file, err := os.Open(filepath.Join(sandbox.Work, path))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	image, client := open(filepath.Base(directory(t, "image"))), new(rebind.Client)
	namespaceOf, err := os.Open("/proc/" + strconv.Itoa(container) + "/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer namespaceOf.Close()
	_, err = client.Dump(timeLimit(t), &rebind.DumpOptions{ImagesDirFile: image, MntNs: []*os.File{namespaceOf}, External: names()})
	if err != nil {
		t.Fatal(err)
	}
	options := &rebind.RestoreOptions{ImagesDirFile: image, RootFile: open("newroot"), Files: map[string]*os.File{}}
	for key, source := range sandbox.Sources {
		options.Files[key] = open(source)
	}
	namespace, err := client.Restore(timeLimit(t), options)
	if err != nil {
		t.Fatal(err)
	}
	defer namespace.Close()
	if got := in(t, namespace, "cat", "/data/file", "/etc/conf", "/tmp/note"); got != contents {
		t.Errorf("inside is %q", got)
	}
}

func TestStartRunsInTheNamespaceAndNowhereElse(t *testing.T) {
	begin(t)
	image := dump(t)
	namespace, err := new(rebind.Client).Restore(timeLimit(t), good(image))
	if err != nil {
		t.Fatal(err)
	}
	defer namespace.Close()
	outside, err := exec.Command(filepath.Join(sandbox.Work, "inside"), "fds").Output()
	if got := in(t, namespace, "fds"); err != nil || got != string(outside) {
		t.Errorf("it has %s descriptors, outside %s: %v", got, outside, err)
	}
	where := in(t, namespace, "where")
	ours, _ := os.Readlink("/proc/self/ns/mnt")
	if !strings.HasPrefix(where, "/ mnt:") || strings.Contains(where, ours) {
		t.Errorf("it is at %q", where)
	}
	var wait sync.WaitGroup
	for i := 0; i < 50; i++ {
		wait.Add(1)
		go func(status int) {
			defer wait.Done()
			cmd := exec.Command("/inside", "exit", strconv.Itoa(status))
			if err := rebind.Start(namespace, cmd); err != nil {
				t.Error(err)
				return
			}
			if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != status {
				t.Errorf("exit status %d", cmd.ProcessState.ExitCode())
			}
		}(i)
	}
	wait.Wait()
	tasks, _ := filepath.Glob("/proc/self/task/*/ns/mnt")
	for _, task := range tasks {
		if link, err := os.Readlink(task); err == nil && link != ours {
			t.Errorf("%s is in %s", task, link)
		}
	}
	if _, err := os.Stat(filepath.Join(sandbox.Work, "newroot")); err != nil {
		t.Error(err)
	}
}

func TestStartRefuses(t *testing.T) {
	begin(t)
	self, err := os.Open("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	dying := exec.Command("/inside")
	dying.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for name, c := range map[string]struct {
		file *os.File
		cmd  *exec.Cmd
		want string
	}{
		"a relative path":       {self, exec.Command("./inside"), "absolute"},
		"a signal at the end":   {self, dying, "Pdeathsig"},
		"a missing program":     {self, exec.Command("/nowhere/program"), "no such file"},
		"another kind of file":  {null, exec.Command("/inside"), "enter the mount namespace"},
		"a descriptor that was": {os.NewFile(9999, "gone"), exec.Command("/inside"), "enter the mount namespace"},
	} {
		if err := rebind.Start(c.file, c.cmd); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRestoreListsAllThatIsWrong(t *testing.T) {
	begin(t)
	image := dump(t)
	client := new(rebind.Client)
	options := good(image)
	options.External = nil
	_, err := client.Restore(timeLimit(t), options)
	if all := findings(t, err); len(all.Findings) != 3 || all.Has("no-source") == nil {
		t.Errorf("%v", err)
	}
	options = good(image)
	options.External = append(options.External, rebind.External("other", "/"))
	_, err = client.Restore(timeLimit(t), options)
	if findings(t, err).Has("unknown-key") == nil {
		t.Errorf("%v", err)
	}
}

func TestHandovers(t *testing.T) {
	begin(t)
	image := dump(t)
	dir := directory(t, "handover")
	client, ctx := new(rebind.Client), timeLimit(t)

	pin := filepath.Join(dir, "pin")
	if err := client.RestorePin(ctx, good(image), pin); err != nil {
		t.Fatal(err)
	}
	differences, err := client.Diff(ctx, rebind.PID(container), rebind.Path(pin), nil)
	if err != nil || len(differences) != 0 {
		t.Errorf("the pin differs: %v, %v", differences, err)
	}
	if err := syscall.Unmount(pin, 0); err != nil {
		t.Error(err)
	}

	pid, err := client.RestoreHolder(ctx, good(image), filepath.Join(dir, "pidfile"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "pidfile")); strings.TrimSpace(string(text)) != strconv.Itoa(pid) {
		t.Errorf("the file has %q, not %d: %v", text, pid, err)
	}
	differences, err = client.Diff(ctx, rebind.PID(container), rebind.PID(pid), nil)
	if err != nil || len(differences) != 0 {
		t.Errorf("the holder differs: %v, %v", differences, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}

	copies, err := client.RestoreCopies(ctx, good(image), 40)
	if err != nil || len(copies) != 40 {
		t.Fatalf("%d copies: %v", len(copies), err)
	}
	seen := map[string]bool{}
	for _, file := range copies {
		seen[in(t, file, "where")] = true
		file.Close()
	}
	if len(seen) != 40 {
		t.Errorf("they are %d namespaces", len(seen))
	}
}

func TestSets(t *testing.T) {
	begin(t)
	client, ctx := new(rebind.Client), timeLimit(t)
	second, end, err := sandbox.Container()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	image, pins := directory(t, "image"), directory(t, "pins")
	options := &rebind.DumpOptions{ImagesDir: image, External: []string{"mnt[*]"}}
	for _, pid := range []int{container, second} {
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/mnt", pid))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		options.MntNs = append(options.MntNs, file)
	}
	if _, err := client.Dump(ctx, options); err != nil {
		t.Fatal(err)
	}
	how := &rebind.RestoreOptions{ImagesDir: image, Root: filepath.Join(sandbox.Work, "newroot")}
	mounts, err := client.Show(ctx, rebind.Path(image), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, mount := range mounts {
		source := sandbox.Sources[sandbox.Externals[mount.Mountpoint]]
		if mount.Owner == "external" && source == "" {
			source = "newroot"
		}
		if mount.Owner == "external" {
			how.External = append(how.External, rebind.External(mount.Key, filepath.Join(sandbox.Work, source)))
		}
	}
	set, err := client.RestoreSet(ctx, how)
	if err != nil || len(set) != 2 || set[0].ID == set[1].ID || set[0].ID == 0 {
		t.Fatalf("%+v, %v", set, err)
	}
	for _, ns := range set {
		if got := in(t, ns.File, "cat", "/data/file", "/tmp/note"); got != "data of src\nremember me\n" {
			t.Errorf("inside of %d is %q", ns.ID, got)
		}
		ns.File.Close()
	}
	if namespace, err := client.Restore(ctx, how); err == nil || !strings.Contains(err.Error(), "RestoreSet") {
		t.Errorf("%v, %v", namespace, err)
	}
	if err := client.RestorePinDir(ctx, how, pins); err != nil {
		t.Fatal(err)
	}
	differences, err := client.Diff(ctx, rebind.Path(image), rebind.Path(pins), nil)
	if err != nil || len(differences) != 0 {
		t.Errorf("%v, %v", differences, err)
	}
	for _, ns := range set {
		if err := syscall.Unmount(filepath.Join(pins, fmt.Sprint(ns.ID)), 0); err != nil {
			t.Error(err)
		}
	}
}

func TestCommandHasTheStatusOfTheProgram(t *testing.T) {
	begin(t)
	image := dump(t)
	for _, c := range []struct {
		args   []string
		status int
	}{{[]string{"/inside", "exit", "7"}, 7}, {[]string{"/nowhere"}, 127}, {[]string{"/etc/conf"}, 126}} {
		cmd, err := new(rebind.Client).Command(good(image), c.args[0], c.args[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		if err = cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != c.status {
			t.Errorf("%v: %v", c.args, err)
		}
	}
	cmd, err := new(rebind.Client).Command(good(image), "/inside", "cat", "/data/file", "/etc/conf", "/tmp/note")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.Output(); err != nil || string(out) != contents {
		t.Errorf("%q, %v", out, err)
	}
	cmd, _ = new(rebind.Client).Command(&rebind.RestoreOptions{ImagesDir: "/nowhere"}, "/inside")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 125 || !strings.Contains(stderr.String(), "/nowhere") {
		t.Errorf("%v: %s", err, stderr.String())
	}
	many := good(image)
	many.External = strings.Split(strings.Repeat("mnt[a]:/b ", 10000), " ")
	if _, err := new(rebind.Client).Command(many, "/inside"); err == nil {
		t.Error("too many externals are taken")
	}
}

func TestMoreExternalsThanACommandLineHolds(t *testing.T) {
	begin(t)
	image := dump(t)
	options := good(image)
	for i := 0; i < 10000; i++ {
		options.External = append(options.External, rebind.External(fmt.Sprintf("key-%d\n", i), "/"))
	}
	_, err := new(rebind.Client).Restore(timeLimit(t), options)
	if all := findings(t, err); len(all.Findings) != 10000 || all.Findings[0].Code != "unknown-key" {
		t.Errorf("%d findings", len(all.Findings))
	}
}

func TestManyGoroutinesAtOnce(t *testing.T) {
	begin(t)
	image := dump(t)
	client := new(rebind.Client)
	var wait sync.WaitGroup
	for i := 0; i < 12; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			for j := 0; j < 3; j++ {
				namespace, err := client.Restore(timeLimit(t), good(image))
				if err != nil {
					t.Error(err)
					return
				}
				if got := in(t, namespace, "cat", "/data/file", "/etc/conf", "/tmp/note"); got != contents {
					t.Errorf("inside is %q", got)
				}
				namespace.Close()
				bad := good(image)
				bad.External = bad.External[1:]
				if _, err := client.Restore(timeLimit(t), bad); findings(t, err).Has("no-source") == nil {
					t.Error(err)
				}
			}
		}(i)
	}
	wait.Wait()
}

func TestPathsThatAreNotUTF8ComeBack(t *testing.T) {
	begin(t)
	dir := directory(t, "odd-\377\\")
	if err := syscall.Mount("odd", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, 0)
	mounts, err := new(rebind.Client).Show(timeLimit(t), rebind.Target{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if mounts[len(mounts)-1].Mountpoint != dir {
		t.Errorf("%q", mounts[len(mounts)-1].Mountpoint)
	}
}

func TestCheckAndVersion(t *testing.T) {
	begin(t)
	client := new(rebind.Client)
	probes, err := client.Check(timeLimit(t))
	if err != nil || len(probes) < 5 || len(probes.Missing()) != 0 {
		t.Errorf("%v, %v", probes, err)
	}
	version, err := client.Version(timeLimit(t))
	if err != nil || !strings.Contains(version, ".") {
		t.Errorf("%q, %v", version, err)
	}
	_, err = client.Show(timeLimit(t), rebind.Path("/nowhere"), nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	differences, err := client.Diff(timeLimit(t), rebind.Target{}, rebind.PID(container), nil)
	if err != nil || len(differences) == 0 || differences[0].Path == "" {
		t.Errorf("%v, %v", differences, err)
	}
}

func TestProgressIsTold(t *testing.T) {
	begin(t)
	// More than takes no time at all: 64 MiB that do not compress.
	large := filepath.Join("/proc", strconv.Itoa(container), "root/tmp/large")
	data := make([]byte, 64<<20)
	rand.New(rand.NewSource(1)).Read(data)
	if err := os.WriteFile(large, data, 0o644); err != nil {
		t.Fatal(err)
	}
	image := directory(t, "image")
	var told []rebind.Progress
	progress := func(now rebind.Progress) { told = append(told, now) }
	client, ctx := new(rebind.Client), timeLimit(t)
	_, err := client.Dump(ctx, &rebind.DumpOptions{ImagesDir: image, Pid: container, External: names(), Compress: "gzip:9", Progress: progress})
	if err != nil || len(told) == 0 || told[0].Doing == "" {
		t.Fatalf("%+v, %v", told, err)
	}
	// Those of a command that fails, and of one that says something else, are nothing to wait for.
	options := good(image)
	options.Progress, options.External = progress, nil
	if _, err := client.Restore(ctx, options); findings(t, err).Has("no-source") == nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := client.Restore(ended, options); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	client.Path = "/nowhere"
	if _, err := client.Restore(ctx, options); err == nil {
		t.Error("it succeeds")
	}
	if err := faked("FAKE=suicide").RestorePin(ctx, options, "pin"); err == nil {
		t.Error("it succeeds")
	}
}
