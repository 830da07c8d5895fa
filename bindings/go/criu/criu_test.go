// SPDX-License-Identifier: LGPL-2.1-or-later

package criu_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rebind"
	"rebind/criu"
	"rebind/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main(m)
}

// recorder writes down the moments, and fails at one.
type recorder struct {
	criu.NoNotify
	moments []string
	pids    map[string]int32
	failAt  string
	hook    func(moment string)
}

var errNo = errors.New("no, thank you")

func (r *recorder) at(moment string, pid int32) error {
	r.moments = append(r.moments, moment)
	if r.pids == nil {
		r.pids = map[string]int32{}
	}
	r.pids[moment] = pid
	if r.hook != nil {
		r.hook(moment)
	}
	if moment == r.failAt {
		return errNo
	}
	return nil
}

func (r *recorder) PreDump() error                  { return r.at("pre-dump", 0) }
func (r *recorder) PostDump() error                 { return r.at("post-dump", 0) }
func (r *recorder) PreRestore() error               { return r.at("pre-restore", 0) }
func (r *recorder) SetupNamespaces(pid int32) error { return r.at("setup-namespaces", pid) }
func (r *recorder) PostSetupNamespaces() error      { return r.at("post-setup-namespaces", 0) }
func (r *recorder) PostRestore(pid int32) error     { return r.at("post-restore", pid) }
func (r *recorder) NetworkUnlock() error            { return r.at("network-unlock", 0) }
func (r *recorder) PreResume() error                { return r.at("pre-resume", 0) }
func (r *recorder) PostResume() error               { return r.at("post-resume", 0) }

var (
	dumpMoments    = []string{"pre-dump", "post-dump"}
	restoreMoments = []string{"pre-restore", "setup-namespaces", "post-setup-namespaces", "post-restore",
		"network-unlock", "pre-resume", "post-resume"}
)

// begin starts a container, and opens a new image directory.
func begin(t testing.TB) (pid int, image *os.File) {
	t.Helper()
	t.Cleanup(sandbox.Unchanged(t))
	pid, end, err := sandbox.Container()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	dir := filepath.Join(sandbox.Work, "image")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	image, err = os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { image.Close() })
	return pid, image
}

func dumpOpts(pid int, image *os.File) *criu.CriuOpts {
	opts := &criu.CriuOpts{ImagesDirFd: criu.Int32(int32(image.Fd())), Pid: criu.Int32(int32(pid)),
		LeaveRunning: criu.Bool(true), LogLevel: criu.Int32(4), LogFile: criu.String("dump.log")}
	for path, key := range sandbox.Externals {
		opts.External = append(opts.External, rebind.External(path, key))
	}
	return opts
}

func restoreOpts(image *os.File) *criu.CriuOpts {
	opts := &criu.CriuOpts{ImagesDirFd: criu.Int32(int32(image.Fd())), LogFile: criu.String("restore.log"),
		Root: criu.String(filepath.Join(sandbox.Work, "newroot"))}
	for key, source := range sandbox.Sources {
		opts.ExtMnt = append(opts.ExtMnt, &criu.ExtMountMap{Key: criu.String(key), Val: criu.String(filepath.Join(sandbox.Work, source))})
	}
	return opts
}

func kill(t testing.TB, pid int32) {
	t.Helper()
	if err := syscall.Kill(int(pid), syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

func TestDumpAndRestoreWithNotify(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	nfy := &recorder{}
	if err := c.Dump(dumpOpts(pid, image), nfy); err != nil || !reflect.DeepEqual(nfy.moments, dumpMoments) {
		t.Fatalf("%v, %v", nfy.moments, err)
	}
	nfy = &recorder{}
	restored, err := c.RestoreContext(context.Background(), restoreOpts(image), nfy)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.MntNs.Close()
	if !reflect.DeepEqual(nfy.moments, restoreMoments) || restored.Pid <= 0 ||
		nfy.pids["setup-namespaces"] != restored.Pid || nfy.pids["post-restore"] != restored.Pid {
		t.Errorf("%v, %v, process %d", nfy.moments, nfy.pids, restored.Pid)
	}
	cmd := exec.Command("/inside", "cat", "/data/file", "/tmp/note")
	var out strings.Builder
	cmd.Stdout = &out
	if err := rebind.Start(restored.MntNs, cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || out.String() != "data of src\nremember me\n" {
		t.Errorf("inside is %q, %v", out.String(), err)
	}
	differences, err := new(rebind.Client).Diff(context.Background(), rebind.PID(pid), rebind.PID(int(restored.Pid)), nil)
	if err != nil || len(differences) != 0 {
		t.Errorf("it differs: %v, %v", differences, err)
	}
	kill(t, restored.Pid)
}

func TestAnErrorOfNotifyUndoesAll(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	for _, moment := range dumpMoments {
		err := c.Dump(dumpOpts(pid, image), &recorder{failAt: moment})
		var failed *criu.Error
		if !errors.Is(err, errNo) || !errors.As(err, &failed) || failed.Request != "DUMP" || !strings.Contains(err.Error(), moment) {
			t.Errorf("%s: %v", moment, err)
		}
		if _, err := os.Stat(image.Name() + "/inventory.img"); err == nil {
			t.Errorf("%s: an image is left", moment)
		}
	}
	if err := c.Dump(dumpOpts(pid, image), nil); err != nil {
		t.Fatal(err)
	}
	for _, moment := range restoreMoments {
		before := sandbox.Now()
		err := c.Restore(restoreOpts(image), &recorder{failAt: moment})
		if !errors.Is(err, errNo) || !strings.Contains(err.Error(), moment) {
			t.Errorf("%s: %v", moment, err)
		}
		if after := sandbox.Now(); after.Processes != before.Processes || after.Mounts != before.Mounts {
			t.Errorf("%s: something is left when the call returns:\n%s", moment, after.Processes)
		}
	}
}

func TestCanceledAtEachMoment(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	if err := c.Dump(dumpOpts(pid, image), nil); err != nil {
		t.Fatal(err)
	}
	for _, moment := range restoreMoments {
		before := sandbox.Now()
		ctx, cancel := context.WithCancel(context.Background())
		nfy := &recorder{hook: func(now string) {
			if now == moment {
				cancel()
			}
		}}
		restored, err := c.RestoreContext(ctx, restoreOpts(image), nfy)
		var canceled *rebind.CancelError
		if restored != nil || !errors.Is(err, context.Canceled) || !errors.As(err, &canceled) || canceled.Unclean {
			t.Errorf("%s: %v, %v", moment, restored, err)
		}
		if after := sandbox.Now(); after.Processes != before.Processes || after.Mounts != before.Mounts {
			t.Errorf("%s: something is left when the call returns:\n%s", moment, after.Processes)
		}
	}
}

func TestAFailureHasItsErrnoAndText(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	opts := dumpOpts(pid, image)
	opts.External = nil
	var failed *criu.Error
	if err := c.Dump(opts, nil); !errors.As(err, &failed) || failed.Errno == 0 || !strings.Contains(err.Error(), "/data") {
		t.Errorf("%v", err)
	}
	opts = dumpOpts(pid, image)
	opts.LeaveRunning = nil
	if err := c.Dump(opts, nil); !errors.As(err, &failed) || !strings.Contains(err.Error(), "leave_running") {
		t.Errorf("%v", err)
	}
	if err := c.Restore(restoreOpts(image), nil); !errors.As(err, &failed) || failed.Request != "RESTORE" {
		t.Errorf("%v", err)
	}
	if err := c.Restore(nil, nil); !errors.As(err, &failed) {
		t.Errorf("%v", err)
	}
}

func TestTheRestOfGoCriu(t *testing.T) {
	begin(t)
	c := criu.MakeCriu()
	version, err := c.GetCriuVersion()
	if err != nil || version != 40200 {
		t.Errorf("%d, %v", version, err)
	}
	for number, want := range map[int]bool{30000: true, 40200: true, 50000: false} {
		if is, err := c.IsCriuAtLeast(number); is != want || err != nil {
			t.Errorf("%d: %v, %v", number, is, err)
		}
	}
	features, err := c.FeatureCheck(&criu.CriuFeatures{MemTrack: criu.Bool(true)})
	if err != nil || (features.MemTrack != nil && *features.MemTrack) {
		t.Errorf("%+v, %v", features, err)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if err := c.PreDump(&criu.CriuOpts{}, nil); err == nil {
		t.Error("memory is dumped")
	}
}

func TestPrepareServesManyRequestsByOneWorker(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	for i := 0; i < 2; i++ {
		if err := c.Prepare(); err != nil {
			t.Fatal(err)
		}
	}
	var wait sync.WaitGroup
	for i := 0; i < 20; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if _, err := c.GetCriuVersion(); err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	if err := c.Dump(dumpOpts(pid, image), nil); err != nil {
		t.Error(err)
	}
	// A failure ends that worker. The next request has one of its own.
	if err := c.PreDump(&criu.CriuOpts{}, nil); err == nil {
		t.Error("memory is dumped")
	}
	restored, err := c.RestoreContext(context.Background(), restoreOpts(image), nil)
	if err != nil {
		t.Fatal(err)
	}
	restored.MntNs.Close()
	kill(t, restored.Pid)
	for i := 0; i < 2; i++ {
		if err := c.Cleanup(); err != nil {
			t.Error(err)
		}
	}
}

func TestARestoredSiblingIsAChild(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	if err := c.Dump(dumpOpts(pid, image), nil); err != nil {
		t.Fatal(err)
	}
	opts := restoreOpts(image)
	opts.RstSibling = criu.Bool(true)
	for key, source := range sandbox.Sources {
		file, err := os.Open(filepath.Join(sandbox.Work, source))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		opts.InheritFd = append(opts.InheritFd, c.Inherit("mnt["+key+"]", file))
	}
	opts.ExtMnt = nil
	restored, err := c.RestoreContext(context.Background(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	restored.MntNs.Close()
	kill(t, restored.Pid)
	var status syscall.WaitStatus
	if got, err := syscall.Wait4(int(restored.Pid), &status, 0, nil); got != int(restored.Pid) || err != nil || status.Signal() != syscall.SIGKILL {
		t.Errorf("%d, %v, %v", got, status, err)
	}
}

func TestAService(t *testing.T) {
	pid, image := begin(t)
	address := filepath.Join(sandbox.Work, "socket")
	service := exec.Command(os.Getenv("REBIND"), "service", "--address", address)
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = service.Process.Signal(syscall.SIGTERM)
		if err := service.Wait(); err != nil {
			t.Error(err)
		}
	}()
	for i := 0; i < 200; i++ {
		if _, err := os.Stat(address); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	c := criu.MakeCriuService(address)
	var wait sync.WaitGroup
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if version, err := c.GetCriuVersion(); err != nil || version != 40200 {
				t.Errorf("%d, %v", version, err)
			}
		}()
	}
	wait.Wait()
	if err := c.Dump(dumpOpts(pid, image), &recorder{}); err != nil {
		t.Fatal(err)
	}
	restored, err := c.RestoreContext(context.Background(), restoreOpts(image), &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	restored.MntNs.Close()
	kill(t, restored.Pid)
}

func TestManyWorkersAtOnce(t *testing.T) {
	pid, image := begin(t)
	c := criu.MakeCriu()
	if err := c.Dump(dumpOpts(pid, image), nil); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := 0; i < 10; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			opts := restoreOpts(image)
			opts.LogFile = criu.String(fmt.Sprintf("restore-%d.log", i))
			restored, err := c.RestoreContext(context.Background(), opts, &recorder{})
			if err != nil {
				t.Error(err)
				return
			}
			restored.MntNs.Close()
			kill(t, restored.Pid)
		}(i)
	}
	wait.Wait()
}

func TestARequestOfAMegabyte(t *testing.T) {
	pid, image := begin(t)
	opts := dumpOpts(pid, image)
	for i := 0; i < 40000; i++ {
		opts.ExtMnt = append(opts.ExtMnt, &criu.ExtMountMap{Key: criu.String(fmt.Sprintf("/nothing/at/%d", i)), Val: criu.String("x")})
	}
	if err := criu.MakeCriu().Dump(opts, nil); err != nil {
		t.Error(err)
	}
}

func TestAMissingWorkerAndAMissingService(t *testing.T) {
	begin(t)
	c := criu.MakeCriu()
	c.SetCriuPath("/nowhere/criu")
	var start *rebind.StartError
	if err := c.Check(); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &start) {
		t.Errorf("%v", err)
	}
	if err := c.Prepare(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := criu.MakeCriuService("/nowhere/socket").Check(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/nowhere/socket") {
		t.Errorf("%v", err)
	}
}

// canceler cancels as soon as a worker says something.
type canceler struct{ cancel func() }

func (c canceler) Write(data []byte) (int, error) {
	c.cancel()
	return len(data), nil
}

func TestHostileWorkers(t *testing.T) {
	begin(t)
	for name, c := range map[string]struct{ answer, want string }{
		"none":                {"", "without an answer"},
		"no message":          {"ff", "not of CRIU's protocol"},
		"a text without end":  {"4aff7f", "not of CRIU's protocol"},
		"a type as text":      {"0a0141", "not of CRIU's protocol"},
		"no type":             {"1001", "no type"},
		"no success":          {"0802", "no type"},
		"a failure":           {"08021000", "CHECK failed"},
		"an errno and a text": {"0802100038054a036f6e65", "one"},
		"unknown fields":      {"0802100098c5010150005d00000000", "CHECK failed"},
	} {
		worker := criu.MakeCriu()
		worker.SetCriuPath(filepath.Join(sandbox.Work, "fake"))
		worker.Env = append(os.Environ(), "FAKE=swrk", "FAKE_ANSWER="+c.answer)
		if err := worker.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One that does not speak, and one that does not end.
	for _, what := range []string{"suicide", "text", "endless", "deaf"} {
		worker := criu.MakeCriu()
		worker.SetCriuPath(filepath.Join(sandbox.Work, "fake"))
		worker.Env, worker.Grace = append(os.Environ(), "FAKE="+what), 200*time.Millisecond
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		worker.Log = canceler{cancel}
		err := worker.DumpContext(ctx, nil, nil)
		if err == nil {
			t.Errorf("%s: it succeeds", what)
		}
		var canceled *rebind.CancelError
		if what == "deaf" && (!errors.As(err, &canceled) || !canceled.Unclean) {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
	}
}
