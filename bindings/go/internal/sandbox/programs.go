// SPDX-License-Identifier: LGPL-2.1-or-later

package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// inside is a program of a container: cat FILE..., exit N, fds, where, sleep, kill.
func inside(args []string) int {
	switch args[0] {
	case "cat":
		return cat(args[1:])
	case "exit":
		status, _ := strconv.Atoi(args[1])
		return status
	case "fds":
		entries, _ := os.ReadDir("/proc/self/fd")
		fmt.Println(len(entries))
	case "where":
		dir, _ := os.Getwd()
		link, _ := os.Readlink("/proc/self/ns/mnt")
		fmt.Println(dir, link)
	case "sleep":
		time.Sleep(time.Minute)
	}
	return 0
}

func cat(files []string) int {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		os.Stdout.Write(data)
	}
	return 0
}

// fake is a command in rebind's place. The variable FAKE says what it does; in its text %VERB% is the verb.
func fake(args []string) int {
	status, _ := strconv.Atoi(os.Getenv("FAKE_STATUS"))
	switch what := os.Getenv("FAKE"); what {
	case "endless":
		for {
			if _, err := os.Stdout.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
				return 1
			}
		}
	case "deep":
		fmt.Print(strings.Repeat(`{"verb":`, 1<<20))
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "it is deaf now")
		time.Sleep(time.Minute)
	case "suicide":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "old":
		fmt.Fprintf(os.Stderr, "rebind: unknown option '%s'; see 'rebind --help'\n", args[len(args)-1])
		return 2
	case "child":
		return fakeChild()
	case "send":
		fakeSend(args)
		fmt.Print(`{"verb":"restore","ok":true}`)
	case "swrk":
		fakeWorker()
	default:
		io.WriteString(os.Stdout, strings.ReplaceAll(what, "%VERB%", args[0]))
		io.WriteString(os.Stderr, os.Getenv("FAKE_ERROR"))
	}
	return status
}

// fakeChild leaves a process behind that has its output open.
func fakeChild() int {
	os.Unsetenv("FAKE")
	_, err := os.StartProcess("/proc/self/exe", []string{"inside", "sleep"},
		&os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	if err != nil {
		return 1
	}
	fmt.Print(`{"verb":"check","ok":true,"probes":[]}`)
	return 0
}

// fakeSend sends FAKE_SEND: packets between spaces, each WORD=NUMBER of descriptors of /dev/null.
func fakeSend(args []string) {
	fd := -1
	for _, arg := range args {
		if number, ok := cutPrefix(arg, "--send-fd="); ok {
			fd, _ = strconv.Atoi(number)
		}
	}
	null, err := os.Open(os.DevNull)
	fail("open", err)
	for _, packet := range strings.Fields(os.Getenv("FAKE_SEND")) {
		word, number, _ := strings.Cut(packet, "=")
		n, _ := strconv.Atoi(number)
		fds := make([]int, n)
		for i := range fds {
			fds[i] = int(null.Fd())
		}
		var rights []byte
		if n > 0 {
			rights = syscall.UnixRights(fds...)
		}
		fail("send", syscall.Sendmsg(fd, []byte(word), rights, nil, 0))
	}
}

func cutPrefix(text, prefix string) (string, bool) {
	return strings.TrimPrefix(text, prefix), strings.HasPrefix(text, prefix)
}

// fakeWorker reads a request, and answers with the bytes of FAKE_ANSWER, in hexadecimal digits.
func fakeWorker() {
	sock := os.NewFile(3, "socket")
	_, err := sock.Read(make([]byte, 1<<16))
	fail("read", err)
	var answer []byte
	if text := os.Getenv("FAKE_ANSWER"); text != "" {
		_, err = fmt.Sscanf(text, "%x", &answer)
		fail("answer", err)
		_, err = sock.Write(answer)
		fail("write", err)
	}
}
