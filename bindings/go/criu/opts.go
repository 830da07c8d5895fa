// SPDX-License-Identifier: LGPL-2.1-or-later

package criu

// CriuOpts are the options of a request. A nil pointer is an option that is not set; Int32, Uint32,
// Uint64, Bool and String make pointers. rebind(1), RUNTIMES, says which of them concern mounts; with
// REBIND_CRIU all others go to that CRIU.
type CriuOpts struct {
	ImagesDirFd      *int32              `rpc:"1"` // a descriptor of this process
	Pid              *int32              `rpc:"2"`
	LeaveRunning     *bool               `rpc:"3"`
	ExtUnixSk        *bool               `rpc:"4"`
	TcpEstablished   *bool               `rpc:"5"`
	EvasiveDevices   *bool               `rpc:"6"`
	ShellJob         *bool               `rpc:"7"`
	FileLocks        *bool               `rpc:"8"`
	LogLevel         *int32              `rpc:"9"`
	LogFile          *string             `rpc:"10"` // a name in the directory of WorkDirFd
	Ps               *CriuPageServerInfo `rpc:"11"`
	NotifyScripts    *bool               `rpc:"12"` // set by Dump and Restore if there is a Notify
	Root             *string             `rpc:"13"`
	ParentImg        *string             `rpc:"14"`
	TrackMem         *bool               `rpc:"15"`
	AutoDedup        *bool               `rpc:"16"`
	WorkDirFd        *int32              `rpc:"17"`
	LinkRemap        *bool               `rpc:"18"`
	Veths            []*CriuVethPair     `rpc:"19"`
	CpuCap           *uint32             `rpc:"20"`
	ForceIrmap       *bool               `rpc:"21"`
	ExecCmd          []string            `rpc:"22"`
	ExtMnt           []*ExtMountMap      `rpc:"23"`
	ManageCgroups    *bool               `rpc:"24"`
	CgRoot           []*CgroupRoot       `rpc:"25"`
	RstSibling       *bool               `rpc:"26"` // the restored process is a child of this one
	InheritFd        []*InheritFd        `rpc:"27"`
	AutoExtMnt       *bool               `rpc:"28"`
	ExtSharing       *bool               `rpc:"29"`
	ExtMasters       *bool               `rpc:"30"`
	SkipMnt          []string            `rpc:"31"`
	EnableFs         []string            `rpc:"32"`
	GhostLimit       *uint32             `rpc:"35"`
	External         []string            `rpc:"37"`
	EmptyNs          *uint32             `rpc:"38"` // CLONE_NEWNET, or nothing
	JoinNs           []*JoinNamespace    `rpc:"39"`
	FreezeCgroup     *string             `rpc:"44"`
	Timeout          *uint32             `rpc:"45"`
	TcpSkipInFlight  *bool               `rpc:"46"`
	LazyPages        *bool               `rpc:"48"`
	StatusFd         *int32              `rpc:"49"`
	OrphanPtsMaster  *bool               `rpc:"50"`
	ConfigFile       *string             `rpc:"51"`
	TcpClose         *bool               `rpc:"52"`
	LsmProfile       *string             `rpc:"53"`
	LsmMountContext  *string             `rpc:"63"`
	MntnsCompatMode  *bool               `rpc:"65"`
	SkipFileRwxCheck *bool               `rpc:"66"`
	Unprivileged     *bool               `rpc:"67"`
	ImagesDir        *string             `rpc:"68"` // in place of ImagesDirFd
	LeaveStopped     *bool               `rpc:"69"`
	LogToStderr      *bool               `rpc:"71"`
	MaxContents      *uint64             `rpc:"1001"` // rebind's own: bytes, as --max-contents

	// Raw are further fields, encoded as protobuf has them.
	Raw []byte
}

// ExtMountMap is a volume: of a dump its path inside and its name; of a restore its name and its
// path outside.
type ExtMountMap struct {
	Key *string `rpc:"1"`
	Val *string `rpc:"2"`
}

// InheritFd gives a descriptor of a worker by a name: see Criu.Inherit.
type InheritFd struct {
	Key *string `rpc:"1"`
	Fd  *int32  `rpc:"2"`
}

// JoinNamespace is a namespace that the restored process joins.
type JoinNamespace struct {
	Ns       *string `rpc:"1"`
	NsFile   *string `rpc:"2"` // a path, or a process id
	ExtraOpt *string `rpc:"3"`
}

// CgroupRoot replaces the cgroup of a controller. For a CRIU beside rebind.
type CgroupRoot struct {
	Ctrl *string `rpc:"1"`
	Path *string `rpc:"2"`
}

// CriuVethPair is a network link. For a CRIU beside rebind.
type CriuVethPair struct {
	IfIn  *string `rpc:"1"`
	IfOut *string `rpc:"2"`
}

// CriuPageServerInfo is a page server. For a CRIU beside rebind.
type CriuPageServerInfo struct {
	Address *string `rpc:"1"`
	Port    *int32  `rpc:"2"`
	Pid     *int32  `rpc:"3"`
	Fd      *int32  `rpc:"4"`
}

// CriuFeatures are asked for, and answered, by FeatureCheck. rebind alone has none of them.
type CriuFeatures struct {
	MemTrack   *bool `rpc:"1"`
	LazyPages  *bool `rpc:"2"`
	PidfdStore *bool `rpc:"3"`
}

// Int32 returns a pointer to a value, as options have it.
func Int32(value int32) *int32 { return &value }

// Uint32 returns a pointer to a value.
func Uint32(value uint32) *uint32 { return &value }

// Uint64 returns a pointer to a value.
func Uint64(value uint64) *uint64 { return &value }

// Bool returns a pointer to a value.
func Bool(value bool) *bool { return &value }

// String returns a pointer to a value.
func String(value string) *string { return &value }

// ---- requests and answers ----

// requestType is also the type of answers.
type requestType int32

const (
	typeEmpty        requestType = 0
	typeDump         requestType = 1
	typeRestore      requestType = 2
	typeCheck        requestType = 3
	typePreDump      requestType = 4
	typeNotify       requestType = 6
	typeFeatureCheck requestType = 9
	typeVersion      requestType = 10
)

var typeNames = map[requestType]string{
	typeEmpty: "EMPTY", typeDump: "DUMP", typeRestore: "RESTORE", typeCheck: "CHECK", typePreDump: "PRE_DUMP",
	typeNotify: "NOTIFY", typeFeatureCheck: "FEATURE_CHECK", typeVersion: "VERSION",
}

type request struct {
	Type          *int32        `rpc:"1"`
	Opts          *CriuOpts     `rpc:"2"`
	NotifySuccess *bool         `rpc:"3"`
	KeepOpen      *bool         `rpc:"4"`
	Features      *CriuFeatures `rpc:"5"`
}

type response struct {
	Type     *int32           `rpc:"1"`
	Success  *bool            `rpc:"2"`
	Restore  *restoreResponse `rpc:"4"`
	Notify   *notifyResponse  `rpc:"5"`
	CrErrno  *int32           `rpc:"7"`
	Features *CriuFeatures    `rpc:"8"`
	CrErrmsg *string          `rpc:"9"`
	Version  *versionResponse `rpc:"10"`
}

type restoreResponse struct {
	Pid *int32 `rpc:"1"`
}

type notifyResponse struct {
	Script *string `rpc:"1"`
	Pid    *int32  `rpc:"2"`
}

type versionResponse struct {
	Major    *int32  `rpc:"1"`
	Minor    *int32  `rpc:"2"`
	Gitid    *string `rpc:"3"`
	Sublevel *int32  `rpc:"4"`
}
