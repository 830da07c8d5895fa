// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import (
	"context"
	"encoding/json"
	"fmt"

	"rebind/internal/command"
)

// report is what the command prints with --json. Fields that it does not have are zero, those that
// this package does not know are left out.
type report struct {
	Verb        string       `json:"verb"`
	OK          *bool        `json:"ok"`
	Errno       string       `json:"errno"`
	Findings    []Finding    `json:"findings"`
	Differences []Difference `json:"differences"`
	Errors      []string     `json:"errors"`
	Lines       []string     `json:"lines"`
	Changed     []Changed    `json:"changed"`
	Mounts      []Mount      `json:"mounts"`
	Probes      Probes       `json:"probes"`
	Equal       *bool        `json:"equal"`
	Holder      int          `json:"holder"`
}

// answer is the report of a command that has ended, or its failure.
func answer(ctx context.Context, verb string, result *command.Result, good []int) (*report, error) {
	if err := unfinished(ctx, verb, result); err != nil {
		return nil, err
	}
	report, reason := parse(verb, result.Stdout)
	for _, status := range good {
		if result.Status != status {
			continue
		}
		if reason != "" {
			return nil, outputError(verb, result, reason)
		}
		// check and diff have a good answer that is not the best one.
		if status == 0 && !*report.OK {
			return nil, outputError(verb, result, "it says that it failed")
		}
		return report, nil
	}
	return nil, failure(verb, result, report)
}

// unfinished tells of a command that did not come to its end. One that was canceled too late has
// succeeded: what it made is handed over like any other.
func unfinished(ctx context.Context, verb string, result *command.Result) error {
	if result.Canceled && (result.Status != 0 || result.Unclean) {
		return &CancelError{Verb: verb, Err: ctx.Err(), Unclean: result.Unclean}
	}
	if result.TooLong {
		return outputError(verb, result, "it is too long; raise Client.MaxOutput")
	}
	return nil
}

func outputError(verb string, result *command.Result, reason string) error {
	return &OutputError{Verb: verb, Status: result.Status, Reason: reason, Stderr: result.Stderr}
}

// parse returns a report that has verb and ok, or why there is none.
func parse(verb string, data []byte) (*report, string) {
	var r report

	if len(data) == 0 {
		return nil, "it printed no JSON"
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, "it printed malformed JSON: " + err.Error()
	}
	if r.Verb != verb {
		return nil, fmt.Sprintf("its JSON is of the verb '%.40s'", r.Verb)
	}
	if r.OK == nil {
		return nil, "its JSON does not say whether it succeeded"
	}
	return &r, ""
}

// failure is what a command that failed has said. An old one may not have said it as JSON.
func failure(verb string, result *command.Result, r *report) error {
	exit := ExitError{Verb: verb, Status: result.Status, Signal: result.Signal, Stderr: result.Stderr}

	if r == nil {
		return &exit
	}
	exit.Errno, exit.Errors = r.Errno, r.Errors
	if len(r.Findings) > 0 || len(r.Differences) > 0 {
		return &FindingsError{ExitError: exit, Findings: r.Findings, Differences: r.Differences}
	}
	return &exit
}
