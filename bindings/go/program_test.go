// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind_test

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"rebind/internal/sandbox"
)

// program runs examples/runtime, which test/go.sh has built.
func program(t *testing.T, image string, sources map[string]string, command ...string) *exec.Cmd {
	t.Helper()
	path := os.Getenv("REBIND_GO_EXAMPLE")
	if path == "" {
		t.Skip("REBIND_GO_EXAMPLE names no program")
	}
	args := []string{image, filepath.Join(sandbox.Work, "newroot")}
	for key, source := range sources {
		args = append(args, key+"="+filepath.Join(sandbox.Work, source))
	}
	sort.Strings(args[2:])
	cmd := exec.Command(path, append(append(args, "--"), command...)...)
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return cmd
}

func TestTheExampleRunsACommand(t *testing.T) {
	begin(t)
	image := dump(t)
	cmd := program(t, image, sandbox.Sources, "/inside", "cat", "/data/file", "/tmp/note", "/proc/1/comm")
	err := cmd.Run()
	if out := cmd.Stdout.(*bytes.Buffer).String(); err != nil || !strings.HasPrefix(out, "data of src\nremember me\nrebind") {
		t.Errorf("%q, %v: %s", out, err, cmd.Stderr)
	}
	cmd = program(t, image, sandbox.Sources, "/inside", "exit", "9")
	if _ = cmd.Run(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("exit status %d: %s", cmd.ProcessState.ExitCode(), cmd.Stderr)
	}
}

func TestTheExampleSaysAllThatIsWrong(t *testing.T) {
	begin(t)
	image := dump(t)
	cmd := program(t, image, map[string]string{"data": "src/data"}, "/inside", "exit", "9")
	_ = cmd.Run()
	text := cmd.Stderr.(*bytes.Buffer).String()
	if cmd.ProcessState.ExitCode() != 125 || strings.Count(text, "(no-source)") != 2 {
		t.Errorf("exit status %d: %s", cmd.ProcessState.ExitCode(), text)
	}
}

func TestTheExampleIsEndedByASignal(t *testing.T) {
	begin(t)
	image := dump(t)
	for i := 0; i < 8; i++ {
		cmd := program(t, image, sandbox.Sources, "/inside", "exit", "9")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 10 * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Log(err)
		}
		_ = cmd.Wait()
		// A signal before it is expected ends any program.
		if status := cmd.ProcessState.ExitCode(); status != 125 && status != 9 && status != -1 {
			t.Errorf("exit status %d: %s", status, cmd.Stderr)
		}
	}
}

// Every exported name has a comment that begins as Go's tools expect it.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	_, file, _, ok := runtime.Caller(0)
	if _, err := os.Stat(file); !ok || err != nil {
		t.Skip("the sources are not there")
	}
	for _, dir := range []string{".", "criu", "internal/command", "internal/sandbox"} {
		set := token.NewFileSet()
		packages, err := parser.ParseDir(set, filepath.Join(filepath.Dir(file), dir), notATest, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for name, pkg := range packages {
			checkDocs(t, doc.New(pkg, name, 0))
		}
	}
}

func notATest(info fs.FileInfo) bool {
	return !strings.HasSuffix(info.Name(), "_test.go")
}

func checkDocs(t *testing.T, pkg *doc.Package) {
	t.Helper()
	if !strings.HasPrefix(pkg.Doc, "Package "+pkg.Name+" ") {
		t.Errorf("package %s has the comment %q", pkg.Name, pkg.Doc)
	}
	check := func(name, text string) {
		if ast.IsExported(name) && !strings.HasPrefix(text, name+" ") {
			t.Errorf("%s.%s has the comment %q", pkg.Name, name, text)
		}
	}
	for _, kind := range pkg.Types {
		check(kind.Name, kind.Doc)
		for _, f := range append(kind.Funcs, kind.Methods...) {
			// Methods of interfaces of the standard library need no words.
			if f.Name != "Error" && f.Name != "String" || f.Doc != "" {
				check(f.Name, f.Doc)
			}
		}
	}
	for _, f := range pkg.Funcs {
		check(f.Name, f.Doc)
	}
}
