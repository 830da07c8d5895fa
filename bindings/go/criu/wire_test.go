// SPDX-License-Identifier: LGPL-2.1-or-later

package criu

import (
	"bytes"
	"encoding/hex"
	"math/rand"
	"reflect"
	"testing"
)

func TestMarshalIsWhatProtobufWrites(t *testing.T) {
	message := &request{
		Type: Int32(1),
		Opts: &CriuOpts{
			ImagesDirFd: Int32(-1), Pid: Int32(300), LeaveRunning: Bool(true), ShellJob: Bool(false), LogFile: String("l"),
			ExtMnt:   []*ExtMountMap{{Key: String("a"), Val: String("b")}, {}},
			External: []string{"x", ""}, MaxContents: Uint64(1 << 40), Raw: []byte{0xb8, 0x3e, 0x01},
		},
		KeepOpen: Bool(true),
	}
	const want = "0801" + "1233" + "08ffffffffffffffffff01" + "10ac02" + "1801" + "3800" + "52016c" +
		"ba0106" + "0a0161120162" + "ba0100" + "aa020178" + "aa0200" + "c83e808080808020" + "b83e01" + "2001"
	got := hex.EncodeToString(marshal(nil, message))
	if got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	var back request
	if err := unmarshal(marshal(nil, message), &back); err != nil {
		t.Fatal(err)
	}
	if *back.Opts.ImagesDirFd != -1 || *back.Opts.Pid != 300 || !*back.Opts.LeaveRunning || *back.Opts.ShellJob || *back.Opts.LogFile != "l" {
		t.Errorf("%+v", back.Opts)
	}
}

func TestNoFieldHasTheNumberOfAnother(t *testing.T) {
	for _, message := range []any{CriuOpts{}, request{}, response{}, ExtMountMap{}, InheritFd{}, JoinNamespace{}, CgroupRoot{},
		CriuVethPair{}, CriuPageServerInfo{}, CriuFeatures{}, versionResponse{}, notifyResponse{}, restoreResponse{}} {
		kind, seen := reflect.TypeOf(message), map[uint64]bool{}
		for i := 0; i < kind.NumField(); i++ {
			number := fieldNumber(kind.Field(i))
			if seen[number] || (number == 0 && kind.Field(i).Name != "Raw") {
				t.Errorf("%v.%s: %d", kind, kind.Field(i).Name, number)
			}
			seen[number] = true
		}
	}
}

// Anything may come: it is read or refused, and takes no more memory than it has.
func TestUnmarshalTakesAnything(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	good := marshal(nil, &response{Type: Int32(6), Success: Bool(true), Notify: &notifyResponse{Script: String("pre-dump"), Pid: Int32(-7)},
		Version: &versionResponse{Major: Int32(4), Gitid: String("v4")}, CrErrmsg: String("text")})
	for i := 0; i < 200000; i++ {
		data := append([]byte{}, good...)
		for n := random.Intn(4); n >= 0; n-- {
			data[random.Intn(len(data))] = byte(random.Intn(256))
		}
		var r response
		_ = unmarshal(data[:random.Intn(len(data)+1)], &r)
	}
	var r response
	if err := unmarshal(bytes.Repeat([]byte{0x2a, 0x7f}, 1<<16), &r); err == nil {
		t.Error("it is read")
	}
}
