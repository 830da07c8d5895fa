// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rebind"
	"rebind/internal/sandbox"
)

// faked is a client whose command does what the variables say.
func faked(variables ...string) *rebind.Client {
	return &rebind.Client{Path: filepath.Join(sandbox.Work, "fake"), Env: append(os.Environ(), variables...)}
}

func TestAMissingProgramIsNamed(t *testing.T) {
	begin(t)
	plain := filepath.Join(sandbox.Work, "src/conf")
	for _, c := range []struct {
		path string
		want error
	}{{"/nowhere/rebind", fs.ErrNotExist}, {"no-such-rebind", exec.ErrNotFound}, {plain, fs.ErrPermission}} {
		client := &rebind.Client{Path: c.path}
		_, err := client.Restore(timeLimit(t), &rebind.RestoreOptions{ImagesDir: "image"})
		var start *rebind.StartError
		if !errors.Is(err, c.want) || !errors.As(err, &start) || start.Path != c.path || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v", c.path, err)
		}
		if _, err := client.Version(timeLimit(t)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

func TestAWrongOptionIsAUsageError(t *testing.T) {
	begin(t)
	client, ctx := new(rebind.Client), timeLimit(t)
	var exit *rebind.ExitError
	for name, options := range map[string]*rebind.RestoreOptions{
		"":              {},
		"sharing":       {ImagesDir: "image", Sharing: "sometimes"},
		"no-such":       {ImagesDir: "image", Args: []string{"--no-such"}},
		"NUL":           {ImagesDir: "ima\x00ge"},
		"negative":      {ImagesDir: "image", PluginTimeout: -time.Second},
		"--images-dir ": {ImagesDir: "image", ImagesDirFile: os.Stdin},
	} {
		_, err := client.Restore(ctx, options)
		if !errors.As(err, &exit) || !exit.Usage() || exit.Status != 2 || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An older command does not know an option.
	_, err := faked("FAKE=old").Restore(ctx, &rebind.RestoreOptions{ImagesDir: "image"})
	if !errors.As(err, &exit) || !exit.Usage() || !strings.Contains(err.Error(), "unknown option '--send-fd=3'") {
		t.Errorf("%v", err)
	}
	_, err = client.Diff(ctx, rebind.Path("/nowhere"), rebind.Target{}, nil)
	if !errors.As(err, &exit) || exit.Usage() || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an error of diff is none of usage: %v", err)
	}
}

func TestACommandThatIsKilledIsAnExitError(t *testing.T) {
	begin(t)
	_, err := faked("FAKE=suicide").Check(timeLimit(t))
	var exit *rebind.ExitError
	if !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL || exit.Status != -1 || !strings.Contains(err.Error(), "killed") {
		t.Errorf("%v", err)
	}
}

func TestHostileAnswers(t *testing.T) {
	begin(t)
	good := `{"verb":"show","ok":true,"mounts":[]}`
	for name, c := range map[string]struct{ said, status, want string }{
		"nothing":               {"", "0", "no JSON"},
		"text":                  {"usage: rebind", "0", "malformed JSON"},
		"an array":              {"[]", "0", "malformed JSON"},
		"null":                  {"null", "0", "verb ''"},
		"two objects":           {good + good, "0", "malformed JSON"},
		"half of one":           {good[:20], "0", "malformed JSON"},
		"another verb":          {`{"verb":"diff","ok":true}`, "0", "verb 'diff'"},
		"no ok":                 {`{"verb":"show"}`, "0", "succeeded"},
		"failed with status 0":  {`{"verb":"show","ok":false,"findings":[]}`, "0", "failed"},
		"another type":          {`{"verb":"show","ok":"yes"}`, "0", "malformed JSON"},
		"mounts as a number":    {`{"verb":"show","ok":true,"mounts":7}`, "0", "malformed JSON"},
		"a mount as a string":   {`{"verb":"show","ok":true,"mounts":["/"]}`, "0", "malformed JSON"},
		"an id too large":       {`{"verb":"show","ok":true,"mounts":[{"id":4294967296}]}`, "0", "malformed JSON"},
		"a negative id":         {`{"verb":"show","ok":true,"mounts":[{"id":-1}]}`, "0", "malformed JSON"},
		"a huge number":         {`{"verb":"show","ok":true,"mounts":[{"id":1e999}]}`, "0", "malformed JSON"},
		"escaped as a number":   {`{"verb":"show","ok":true,"mounts":[{"id":1,"escaped":7}]}`, "0", "malformed JSON"},
		"a verb without an end": {`{"verb":"` + strings.Repeat("x", 1<<16), "0", "malformed JSON"},
		"a long verb":           {`{"verb":"` + strings.Repeat("x", 1<<16) + `","ok":true}`, "0", "verb 'xxx"},
	} {
		_, err := faked("FAKE="+c.said, "FAKE_STATUS="+c.status, "FAKE_ERROR=words").Show(timeLimit(t), rebind.Target{}, nil)
		var output *rebind.OutputError
		if !errors.As(err, &output) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "words") || len(err.Error()) > 500 {
			t.Errorf("%s: %.600v", name, err)
		}
	}
	mounts, err := faked("FAKE="+`{"verb":"show","ok":true,"later":{},"mounts":[{"mountpoint":"/a\\377\\1\\9\\400\\","later":1,
		"escaped":["mountpoint","root","nothing"]},null]}`).Show(timeLimit(t), rebind.Target{}, nil)
	if err != nil || len(mounts) != 2 || mounts[0].Mountpoint != "/a\377\\1\\9\\400\\" {
		t.Errorf("%+v, %v", mounts, err)
	}
	// A failure is told with what there is.
	var exit *rebind.ExitError
	_, err = faked("FAKE=no JSON", "FAKE_STATUS=1", "FAKE_ERROR=rebind: it failed\n").Show(timeLimit(t), rebind.Target{}, nil)
	if !errors.As(err, &exit) || exit.Status != 1 || !strings.Contains(err.Error(), "it failed") {
		t.Errorf("%v", err)
	}
	_, err = faked("FAKE="+`{"verb":"show","ok":false,"errno":"EWHATEVER","findings":[{"code":7}]}`, "FAKE_STATUS=1").
		Show(timeLimit(t), rebind.Target{}, nil)
	if !errors.As(err, &exit) || exit.Status != 1 {
		t.Errorf("%v", err)
	}
	if version, err := faked("FAKE=criu 4.2").Version(timeLimit(t)); err == nil {
		t.Errorf("it is version %q", version)
	}
}

func TestTooMuchOutputEndsTheCommand(t *testing.T) {
	begin(t)
	for _, what := range []string{"endless", "deep"} {
		client := faked("FAKE=" + what)
		client.MaxOutput = 1 << 20
		start := time.Now()
		_, err := client.Check(timeLimit(t))
		var output *rebind.OutputError
		if !errors.As(err, &output) || !strings.Contains(err.Error(), "MaxOutput") || time.Since(start) > 30*time.Second {
			t.Errorf("%s: %v", what, err)
		}
	}
	client := faked("FAKE=deep")
	_, err := client.Check(timeLimit(t))
	var output *rebind.OutputError
	if !errors.As(err, &output) || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("%.300v", err)
	}
}

func TestAnOutputThatStaysOpenIsNotWaitedFor(t *testing.T) {
	begin(t)
	start := time.Now()
	if _, err := faked("FAKE=child").Check(timeLimit(t)); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	// The process is this one's now: it is the first of its pid namespace.
	killOthers(t)
}

// killOthers ends the processes that a fake command has left.
func killOthers(t testing.TB) {
	t.Helper()
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		line, _ := os.ReadFile(path)
		if bytes.HasPrefix(line, []byte("inside\x00sleep")) {
			pid := 0
			for _, digit := range strings.Split(path, "/")[2] {
				pid = 10*pid + int(digit-'0')
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestHostileDescriptors(t *testing.T) {
	begin(t)
	for name, c := range map[string]struct{ packets, want string }{
		"none":              {"", "sent 0 namespaces"},
		"a word alone":      {"mnt", "sent 0 namespaces"},
		"another kind":      {"mnt=1", "not of a mount namespace"},
		"several at once":   {"mnt=5", "set of 5"},
		"as many as can be": {"mnt=253", "set of 253"},
		"a long word":       {strings.Repeat("x", 1000) + "=1", "packet of 1000 bytes"},
		"no number":         {"mnt:x=1", "name"},
		"a large number":    {"mnt:4294967296=1", "name"},
		"after a bad one":   {"mnt:x=1 mnt=1", "name"},
	} {
		namespace, err := faked("FAKE=send", "FAKE_SEND="+c.packets).Restore(timeLimit(t), &rebind.RestoreOptions{ImagesDir: "image"})
		if err == nil || namespace != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// More than this process may have open.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err := faked("FAKE=send", "FAKE_SEND=mnt=200").RestoreSet(timeLimit(t), &rebind.RestoreOptions{ImagesDir: "image"})
	if err == nil || !strings.Contains(err.Error(), "more descriptors") {
		t.Errorf("%v", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}

func TestAContextThatHasEndedStartsNothing(t *testing.T) {
	begin(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	client := &rebind.Client{Path: "/nowhere"}
	_, err := client.Restore(ctx, &rebind.RestoreOptions{})
	var canceled *rebind.CancelError
	if !errors.As(err, &canceled) || !errors.Is(err, context.Canceled) || canceled.Unclean {
		t.Errorf("%v", err)
	}
}

// writer is a function that takes what is written.
type writer func([]byte)

func (w writer) Write(data []byte) (int, error) {
	w(data)
	return len(data), nil
}

func TestADeafCommandIsKilled(t *testing.T) {
	begin(t)
	client := faked("FAKE=deaf")
	client.Grace = 300 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client.Log = writer(func([]byte) { cancel() })
	start := time.Now()
	_, err := client.Check(ctx)
	var canceled *rebind.CancelError
	if !errors.As(err, &canceled) || !canceled.Unclean || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "killed") {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
