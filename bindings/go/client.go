// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"rebind/internal/command"
)

const (
	// DefaultGrace is the Grace of a Client that has none.
	DefaultGrace = 10 * time.Second
	// DefaultMaxOutput is the MaxOutput of a Client that has none. A mount takes about 500 bytes
	// of JSON.
	DefaultMaxOutput = 256 << 20
)

// Client runs the command rebind(1). The zero value is ready for use. Many goroutines may use one
// Client at once, as long as none of them changes it.
type Client struct {
	// Path is the program: a path, or a name that is looked up in PATH. If it is empty, the
	// variable REBIND gives it, and otherwise it is "rebind".
	Path string
	// Env is the environment of the command; nil stands for that of this process. rebind(1),
	// ENVIRONMENT, lists the variables.
	Env []string
	// Grace is how long a command that is canceled may take to undo what it did; then it is killed.
	Grace time.Duration
	// MaxOutput is how many bytes of JSON the command may print; more is an OutputError.
	MaxOutput int
	// Log gets what the command writes to standard error, as it comes. It must not block.
	Log io.Writer
}

func (c *Client) path() string {
	if c.Path != "" {
		return c.Path
	}
	if path := os.Getenv("REBIND"); path != "" {
		return path
	}
	return "rebind"
}

func (c *Client) grace() time.Duration {
	if c.Grace > 0 {
		return c.Grace
	}
	return DefaultGrace
}

func (c *Client) maxOutput() int {
	if c.MaxOutput > 0 {
		return c.MaxOutput
	}
	return DefaultMaxOutput
}

// run runs the command to its end. Its error says that there is no result.
func (c *Client) run(ctx context.Context, a *arguments) (*command.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, &CancelError{Verb: a.verb, Err: err}
	}
	running, err := c.start(a)
	if err != nil {
		return nil, err
	}
	return c.wait(ctx, running, a)
}

func (c *Client) wait(ctx context.Context, running *command.Running, a *arguments) (*command.Result, error) {
	result, err := running.Wait(ctx)
	if a.watch != nil {
		a.watch.finish()
	}
	if err != nil {
		return nil, &StartError{Verb: a.verb, Path: c.path(), Err: err}
	}
	return &result, nil
}

// start starts the command. If it does not, nothing of the arguments stays open.
func (c *Client) start(a *arguments) (*command.Running, error) {
	running, err := c.tryStart(a)
	if a.watch != nil && err != nil {
		a.watch.finish()
	} else if a.watch != nil {
		a.watch.started()
	}
	return running, err
}

func (c *Client) tryStart(a *arguments) (*command.Running, error) {
	if err := a.openWatch(); err != nil {
		return nil, err
	}
	if err := a.finish(); err != nil {
		return nil, err
	}
	defer a.close()
	running, err := (&command.Command{
		Path: c.path(), Args: a.words, Env: c.Env, Stdin: a.stdin, Files: a.files,
		MaxOutput: c.maxOutput(), Log: c.Log, Grace: c.grace(),
	}).Start()
	if err != nil {
		return nil, &StartError{Verb: a.verb, Path: c.path(), Err: err}
	}
	return running, nil
}

// ask runs the command, and takes what it prints with --json. A status in good is not a failure.
func (c *Client) ask(ctx context.Context, a *arguments, good ...int) (*report, error) {
	result, err := c.run(ctx, a)
	if err != nil {
		return nil, err
	}
	return answer(ctx, a.verb, result, good)
}

// Version returns the version of the command, as "0.1.0".
func (c *Client) Version(ctx context.Context) (string, error) {
	a := &arguments{verb: "--version", words: []string{"--version"}}
	result, err := c.run(ctx, a)
	if err != nil {
		return "", err
	}
	if err := unfinished(ctx, a.verb, result); err != nil {
		return "", err
	}
	name, version, _ := strings.Cut(strings.TrimSpace(string(result.Stdout)), " ")
	if result.Status != 0 || name != "rebind" || version == "" {
		return "", outputError(a.verb, result, "it is not the answer of rebind")
	}
	return version, nil
}

// Check tries what this kernel and these privileges allow. What is missing is no error: see
// Probes.Missing.
func (c *Client) Check(ctx context.Context) (Probes, error) {
	report, err := c.ask(ctx, newArguments("check"), 0, 1)
	if err != nil {
		return nil, err
	}
	return report.Probes, nil
}
