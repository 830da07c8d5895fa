// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"rebind"
	"rebind/internal/sandbox"
)

// exampleContainer starts a container with volumes at /data, /etc/conf and /ro, and makes a directory
// "image"; the function that it returns ends it. Of the container's volumes, src has others.
func exampleContainer() (pid int, end func()) {
	pid, stop, err := sandbox.Container()
	if err != nil {
		panic(err)
	}
	if err := os.Mkdir("image", 0o755); err != nil {
		panic(err)
	}
	return pid, func() {
		stop()
		os.RemoveAll("image")
	}
}

// Dump a container, restore it with other volumes, and run a command in it.
func Example() {
	pid, end := exampleContainer()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	client := &rebind.Client{}
	_, err := client.Dump(ctx, &rebind.DumpOptions{
		ImagesDir: "image",
		Pid:       pid,
		External: []string{
			rebind.External("/data", "data"),
			rebind.External("/etc/conf", "conf"),
			rebind.External("/ro", "ro"),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	namespace, err := client.Restore(ctx, &rebind.RestoreOptions{
		ImagesDir: "image",
		Root:      "newroot",
		External: []string{
			rebind.External("data", "src/data"),
			rebind.External("conf", "src/conf"),
			rebind.External("ro", "src/ro"),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer namespace.Close()
	cmd := exec.Command("/inside", "cat", "/data/file", "/tmp/note")
	cmd.Stdout = os.Stdout
	if err := rebind.Start(namespace, cmd); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cmd.Wait())
	// Output:
	// data of src
	// remember me
	// <nil>
}

// All that is wrong is in one error.
func ExampleFindingsError() {
	pid, end := exampleContainer()
	defer end()

	client := &rebind.Client{}
	_, err := client.Dump(context.Background(), &rebind.DumpOptions{ImagesDir: "image", Pid: pid})
	var findings *rebind.FindingsError
	if errors.As(err, &findings) {
		for _, finding := range findings.Findings {
			fmt.Println(finding.Code, finding.Path)
		}
	}
	// Unordered output:
	// not-dumpable /data
	// not-dumpable /etc/conf
	// not-dumpable /ro
}

// A namespace is compared with another, or with an image.
func ExampleClient_Diff() {
	pid, end := exampleContainer()
	defer end()

	client := &rebind.Client{}
	differences, err := client.Diff(context.Background(), rebind.PID(pid), rebind.Target{}, nil)
	fmt.Println(len(differences) > 0, err)
	differences, err = client.Diff(context.Background(), rebind.PID(pid), rebind.PID(pid), nil)
	fmt.Println(len(differences) > 0, err)
	// Output:
	// true <nil>
	// false <nil>
}
